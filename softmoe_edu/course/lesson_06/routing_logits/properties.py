"""What a right `routing_logits` does."""

import torch

from softmoe_edu.course.lesson_06.official import PLAIN, SHORT, official
from softmoe_edu.teaching.check.gradient import gradients
from softmoe_edu.teaching.check.properties import as_defined, brief, by_hand, changed, close, farthest
from softmoe_edu.teaching.draw import Draw
from softmoe_edu.teaching.exercise import Finding, Property
from softmoe_edu.text import plural

EPSILON = "put 1e-6 under the root, beside the sum of squares"


def case(b: int, n: int, d: int, e: int, p: int):
    """Return a function that draws arguments of these sizes; the scale is between 2 and 4."""
    return lambda draw: (draw.normal(b, n, d), draw.normal(d, e, p), 2 + 2 * draw.uniform(1))


def with_a_zero_token(draw: Draw) -> tuple:
    """Draw arguments in which one token is all zeros."""
    x, phi, scale = case(2, 5, 3, 4, 2)(draw)
    x[1, 2] = 0
    return x, phi, scale


def short(draw: Draw) -> tuple:
    """Draw arguments whose tokens are about a thousandth long."""
    x, phi, scale = case(2, 5, 3, 4, 2)(draw)
    return x / 1000, phi, scale


def small_scale(draw: Draw) -> tuple:
    """Draw arguments with a scale of a thousandth, by which 1e-6 under a root tells where it was multiplied."""
    x, phi, scale = case(2, 5, 3, 4, 2)(draw)
    return x, phi, scale / 1000


def hand(draw: Draw) -> tuple:
    """Return tokens of lengths 5 and 2, and slot vectors of lengths 2 and 5 (lesson 06, section 2)."""
    return draw.tensor([[[3, 4], [0, 2]]]), draw.tensor([[2, 3], [0, 4]])[..., None], draw.tensor([5])


def of_official(draw: Draw, name: str) -> tuple:
    """Return official arguments and logits in the dtype and on the device of a draw."""
    arrays = official(name)
    x, phi, scale, logits = (draw.tensor(arrays[key].tolist()) for key in ("inputs", "mu", "scale", "logits"))
    return (x, phi, scale[None]), logits


def _show(args, output):
    return f"scores of token 0 {brief(output[0, 0].flatten(), 2)}, of token 1 {brief(output[0, 1].flatten(), 2)}"


def _longer(args, draw):
    x, phi, scale = args
    tokens, slots = (1 + 9 * draw.uniform(*shape) for shape in ((*x.shape[:2], 1), (1, *phi.shape[1:])))
    return (x * tokens, phi * slots, scale), None


def _larger_scale(args, draw):
    x, phi, scale = args
    return (x, phi, 3 * scale), None


def _others_changed(args, draw):
    x, *rest = args
    return (torch.cat([x[:1], draw.normal(*x[1:].shape)]), *rest), None


def as_official(name: str, words: str, title: str, next_step: str = "") -> Property:
    """Return the property that the scores are those that the official code computed."""

    def test(answer, draw):
        args, expected = of_official(draw, name)
        got = answer(*args)
        if close(expected, got):
            return None
        return Finding("the scores are those of the authors' own code", words, *farthest(expected, got))

    return Property(title, test, next_step)


def _zero_token(answer, draw):
    x, phi, scale = with_a_zero_token(draw)
    given = "5 tokens, one of them all zeros"
    got = answer(x, phi, scale)
    if not got.isfinite().all():
        bad = int((~got.isfinite()).sum())
        return Finding(
            "a token of zeros has finite scores", given, "only finite numbers", f"inf or NaN in {plural(bad, 'place')}"
        )
    x.requires_grad_()
    with torch.enable_grad():
        output = answer.raw(x, phi, scale)
        slope = torch.autograd.grad(output.sum(), x)[0] if output.requires_grad else x
    if slope.isfinite().all():
        return None
    bad = int((~slope.isfinite()).sum())
    should = "a token of zeros has a finite gradient: a root has an infinite slope at 0, so add 1e-6 before it"
    return Finding(should, given, "a finite gradient", f"{bad} numbers that are not")


PROPERTIES = (
    by_hand(
        hand,
        "score = scale · cosine: the product of token and slot vector, over both lengths, times the scale",
        "tokens [3, 4] and [0, 2]; slot vectors [2, 0] and [3, 4]; scale 5",
        show=_show,
    ),
    changed(
        "lengths do not matter: longer tokens and longer slot vectors have the same scores",
        case(3, 7, 5, 4, 2),
        _longer,
        lambda before, words: before,
        name="lengths",
    ),
    changed(
        "a scale three times as large makes every score three times as large",
        case(3, 7, 5, 4, 2),
        _larger_scale,
        lambda before, words: 3 * before,
        name="scale",
    ),
    changed(
        "an example's scores do not change with the other examples of the batch",
        case(3, 7, 5, 4, 2),
        _others_changed,
        lambda before, words: before,
        name="examples apart",
        view=lambda logits: logits[:1],
    ),
    gradients(
        "tokens, slot vectors and the scale all get a gradient",
        case(2, 4, 3, 3, 2),
        ("x", "phi", "scale"),
        name="gradients",
    ),
    as_defined(
        "score = scale · (x / |x|) · (phi / |phi|), whatever the sizes",
        case(3, 7, 5, 4, 2),
        case(1, 6, 4, 3, 1),
        case(2, 1, 3, 2, 3),
        case(2, 5, 1, 1, 4),
        case(1, 3, 2, 5, 1),
    ),
    as_official(PLAIN, "2 examples of 7 tokens, 2 experts of 3 slots, scale 1", "the official arrays"),
    Property("a token of zeros", _zero_token, EPSILON),
    as_official(SHORT, "tokens about 0.003 long, scale 10", "very short tokens", EPSILON),
)
