"""What a right `soft_moe_layer` does: the module that it builds, called as a function of its parameters."""

import inspect
import math
from collections.abc import Callable, Sequence

import torch
from torch import nn

from softmoe_edu.course.lesson_06.official import PLAIN, official
from softmoe_edu.teaching.check.attempt import Attempt
from softmoe_edu.teaching.check.gradient import gradients
from softmoe_edu.teaching.check.properties import (
    as_defined,
    brief,
    changed,
    close,
    farthest,
    finite,
    telling_apart,
)
from softmoe_edu.teaching.draw import Draw
from softmoe_edu.teaching.exercise import Exercise, Finding, Kind, Property
from softmoe_edu.text import plural

PARAMETERS = ("phi", "scale", "w_in", "b_in", "w_out", "b_out")
SIZES = 5, 4, 2, 6
"""Numbers of a token, experts, slots of each and hidden numbers of the layers that are looked at."""
PRINT = "print the names and shapes of layer.named_parameters()"
BATCH = "call your layer with one example alone, and with others beside it"


def shapes(d: int, e: int, p: int, f: int) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a layer's parameters."""
    return dict(zip(PARAMETERS, ((d, e, p), (1,), (e, d, f), (e, f), (e, f, d), (e, d)), strict=True))


def run_of(build: Callable) -> Callable:
    """Return a function that builds a layer and calls it with these parameters in place of its own."""

    def run(x, mask, phi, scale, w_in, b_in, w_out, b_out):
        layer = build(*phi.shape, w_in.shape[2]).to(x)
        given = dict(zip(PARAMETERS, (phi, scale, w_in, b_in, w_out, b_out), strict=True))
        known = layer.state_dict()
        return torch.func.functional_call(
            layer, {name: value for name, value in given.items() if name in known}, (x,) if mask is None else (x, mask)
        )

    run.__name__ = "the layer"
    return run


class Call(Attempt):
    """A layer that a learner's function builds, as a function of tokens, mask and parameters."""

    def __init__(self, answer: Attempt) -> None:
        super().__init__(as_function(answer.exercise), run_of(answer.function), form=answer.form)
        self.traps = answer.traps
        self.function.__wrapped__ = answer.function  # errors are looked for in the learner's lines

    def given(self, args: tuple) -> str:
        """Describe the sizes in words."""
        x, mask, phi = args[:3]
        (b, n, d), (_, e, p) = x.shape, phi.shape
        padding = "no mask" if mask is None else f"{int((~mask).sum())} of {mask.numel()} tokens padding"
        return f"x ({b}, {n}, {d}), {padding}, {e} experts x {p} slots, {str(x.dtype).removeprefix('torch.')}"


def as_function(exercise: Exercise) -> Exercise:
    """Return an exercise whose answer is the reference's layer as a function of its parameters."""
    return Exercise(
        id=exercise.id,
        lesson=exercise.lesson,
        title=exercise.title,
        answer=run_of(exercise.answer),
        probe=masked(3, 7, *SIZES),
        probes=(case(3, 7, *SIZES), all_padding, case(2, 5, 3, 4, 2, 6, scale=900.0)),
        properties=(),
        hints=(),
        variants=(),
        mistakes=(),
        minutes=exercise.minutes,
        difficulty=exercise.difficulty,
        points=exercise.points,
    )


def case(b: int, n: int, d: int, e: int, p: int, f: int, scale: float = 3.0) -> Callable[[Draw], tuple]:
    """Return a function that draws tokens without a mask, and parameters."""

    def make(draw: Draw) -> tuple:
        w_in, w_out = draw.normal(e, d, f), draw.normal(e, f, d) / f**0.5
        phi, b_in, b_out = draw.normal(d, e, p), draw.normal(e, f), draw.normal(e, d)
        return draw.normal(b, n, d), None, phi, scale * (1 + draw.uniform(1)), w_in, b_in, w_out, b_out

    return make


def masked(b: int, n: int, d: int, e: int, p: int, f: int) -> Callable[[Draw], tuple]:
    """Return a function that draws tokens of which the last ones of each example are padding, and parameters."""

    def make(draw: Draw) -> tuple:
        x, _, *parameters = case(b, n, d, e, p, f)(draw)
        real = 2 + torch.arange(b, device=x.device) % max(n - 2, 1)
        return x, torch.arange(n, device=x.device) < real[:, None], *parameters

    return make


def all_padding(draw: Draw) -> tuple:
    """Draw arguments with an example that has no real token."""
    x, mask, *parameters = masked(3, 7, *SIZES)(draw)
    mask[1] = False
    return x, mask, *parameters


def hand(draw: Draw) -> tuple:
    """Return tokens [3, 4] and [0, 2], two experts that answer their slot and twice their slot, and scale 5 ln 2."""
    x, phi = draw.tensor([[[3, 4], [0, 2]]]), draw.tensor([[2, 3], [0, 4]])[..., None]
    same, none = torch.eye(2, dtype=x.dtype, device=x.device), torch.zeros(2, 2, dtype=x.dtype, device=x.device)
    w_in, w_out = torch.stack([100 * same] * 2), torch.stack([same / 100, same / 50])
    return x, None, phi, draw.tensor([5 * math.log(2)]), w_in, none, w_out, none


def of_layer(each: Property) -> Property:
    """Return a property of the layer as one of the function that builds it."""
    return Property(each.name, lambda answer, draw: _of_call(each, answer, draw), each.next_step)


def _of_call(each: Property, answer: Attempt, draw: Draw) -> Finding | None:
    call = Call(answer)
    return call.look(each, draw)


def built(answer: Attempt) -> nn.Module:
    """Return the layer that the function builds; end the property if it is none."""
    layer = answer.raw(*SIZES)
    if not isinstance(layer, nn.Module):
        kind = Kind.NO_RESULT if layer is None else Kind.STRUCTURE
        if isinstance(layer, type) and issubclass(layer, nn.Module):
            got = f"the class {layer.__name__} itself: call it, so that a layer is built"
        else:
            got = "None" if layer is None else f"an object of the class {type(layer).__name__}"
        should = "soft_moe_layer returns a layer, an object of a class made from torch.nn.Module"
        answer.stop(Finding(should, f"sizes {SIZES}", "a module", got, kind=kind))
    return layer


def _listed(named: dict[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{name} {shape}" for name, shape in named.items()) or "none"


def _parameters(answer: Attempt, draw: Draw) -> Finding | None:
    layer, right = built(answer), shapes(*SIZES)
    found = {name: tuple(value.shape) for name, value in layer.named_parameters() if value.requires_grad}
    given = "dim 5, 4 experts, 2 slots each, hidden_dim 6"
    expected, got = set(right.items()), set(found.items())
    if expected == got:
        return None
    count = [sum(math.prod(shape) for shape in each.values()) for each in (right, found)]
    missing = {name: shape for name, shape in right.items() if name not in found}
    if missing and set(missing) <= {name for name, _ in layer.named_buffers()}:
        should = "a buffer is kept and not trained: what is learned is a torch.nn.Parameter"
    elif missing and len(found) < len(right):
        should = (
            f"the layer learns {count[0]} numbers: what is not a torch.nn.Parameter of the module, or stands in a "
            "plain list, is neither trained nor saved"
        )
    else:
        should = "the layer's parameters have these names and shapes, so that a saved layer can be loaded"
    wrong = {name: shape for name, shape in found.items() if right.get(name) != shape}
    words = f"missing: {_listed(missing)}" if missing else ""
    more = f"found instead: {_listed(wrong)}" if wrong else ""
    off = {name: right[name] for name in right if name in missing or name in wrong}
    return Finding(should, given, f"{count[0]} numbers, with {_listed(off)}", "; ".join(filter(None, (words, more))))


def _forward(answer: Attempt, draw: Draw) -> Finding | None:
    should = "the layer's class has a method forward(self, x, mask=None)"
    layer = built(answer)
    if type(layer).forward is nn.Module.forward:
        return Finding(should, "layer(x)", "a forward of its own", "none is written yet")
    try:
        for given in (1, 2):
            inspect.signature(layer.forward).bind(*range(given))
    except TypeError as error:
        words = ", ".join(("x", "mask")[:given])
        return Finding(
            should, f"layer({words})", f"takes {words}", f"forward{inspect.signature(layer.forward)}: {error}"
        )
    return None


def _by_hand(answer: Attempt, draw: Draw) -> Finding | None:
    args = hand(draw)
    expected, got = answer.beside(*args)
    if close(expected, got):
        return None
    return Finding(
        "exp(score) is [8, 32] and [1, 16]; slots are 8/9 [3, 4] + 1/9 [0, 2] and 2/3 [3, 4] + 1/3 [0, 2]; combine is "
        "[1/5, 4/5] and [1/17, 16/17]",
        "tokens [3, 4], [0, 2]; phi [2, 0], [3, 4]; scale 5 ln 2; experts times 1 and 2",
        *telling_apart(lambda: (f"answers {brief(expected[0])}", f"answers {brief(got[0])}")),
    )


def _others_changed(args: tuple, draw: Draw) -> tuple:
    x, mask, *parameters = args
    return (torch.cat([x[:1], 3 * draw.normal(*x[1:].shape)]), mask, *parameters), None


def _cut_off(answer: Attempt, draw: Draw) -> Finding | None:
    x, _, *parameters = case(3, 7, *SIZES)(draw)
    mask = (torch.arange(7, device=x.device) < 4).expand(3, 7)
    padded = answer(x, mask, *parameters)
    given = "3 examples of 7 tokens, the last 3 of each padding"
    alone = answer.expected(x[:, :4], None, *parameters)
    if not close(alone, padded[:, :4]):
        should = "real tokens are answered as if the padding were cut off: it feeds no slot, whatever it holds"
        return Finding(should, given, *farthest(alone, padded[:, :4]))
    if not close(padded[:, 4:], torch.zeros_like(padded[:, 4:])):
        most = brief(float(padded[:, 4:].abs().max()))
        return Finding("padding is answered with 0", given, "0 at every padding", f"up to {most}")
    return None


def _all_padding(answer: Attempt, draw: Draw) -> Finding | None:
    args = all_padding(draw)
    got = answer(*args)
    given = "3 examples, of which the second is all padding"
    if not got.isfinite().all():
        bad = int((~got.isfinite()).sum())
        should = "an example without real tokens is answered with 0, not NaN"
        return Finding(should, given, "only finite numbers", f"inf or NaN in {plural(bad, 'place')}")
    expected = answer.expected(*args)
    return None if close(expected, got) else Finding("answers beside padding", given, *farthest(expected, got))


def _relabelled(args: tuple, draw: Draw) -> tuple:
    x, mask, phi, scale, *bank = args
    order = draw.permutation(phi.shape[1])
    return (x, mask, phi[:, order], scale, *(each[order] for each in bank)), None


def _official(answer: Attempt, draw: Draw) -> Finding | None:
    arrays = official(PLAIN)
    names = ("inputs", "mu", "scale", "kernel1", "bias1", "kernel2", "bias2", "output_f32")
    x, phi, scale, *bank, expected = (draw.tensor(arrays[name].tolist()) for name in names)
    got = answer(x, None, phi, scale[None], *bank)
    if close(expected, got):
        return None
    given = "2 examples of 7 tokens, 2 experts of 3 slots, scale 1"
    return Finding("the answers are those of the authors' own code", given, *farthest(expected, got))


def _dtypes(answer: Attempt, draw: Draw) -> None:
    for dtype in (torch.float64, torch.float32):
        answer.in_its_dtype(*masked(3, 7, *SIZES)(draw.sub(dtype=dtype)))
    args = masked(3, 7, *SIZES)(draw.sub(dtype=torch.float32))
    answer.in_its_dtype(*(each if each.dtype == torch.bool else each.bfloat16() for each in args))


def _inputs(answer: Attempt, draw: Draw) -> Finding | None:
    x, mask, *parameters = masked(3, 7, *SIZES)(draw)
    given = x.clone(), mask.clone()
    answer.raw(*given, *parameters)
    for name, before, after in zip(("x", "mask"), (x, mask), given, strict=True):
        if not torch.equal(before, after):
            should = f"the layer leaves its input alone: the block still adds {name} to the answers"
            return Finding(should, answer.given((x, mask, *parameters)), f"{name} as it was", f"{name} is changed")
    return None


def starts(layer: nn.Module) -> list[bool]:
    """Return whether scale starts at 1, slots at different vectors, experts at different weights, biases at 0."""
    state = {name: value.detach() for name, value in layer.named_parameters()}
    slots = state["phi"].flatten(1).T
    kernels = [torch.cat([state[name].flatten(1) for name in ("w_in", "w_out")], 1)]

    def apart(rows: Sequence) -> bool:
        return all(not torch.allclose(a, b) for i, a in enumerate(rows) for b in rows[:i])

    finite_start = all(bool(value.isfinite().all()) for value in state.values())
    return [
        bool((state["scale"] == 1).all()),
        finite_start and apart(slots),
        finite_start and apart(kernels[0]),
        all(bool((state[name].abs() < 1e-3).all()) for name in ("b_in", "b_out")),
    ]


def _start(answer: Attempt, draw: Draw) -> Finding | None:
    layer = built(answer)
    names = {name for name, _ in layer.named_parameters()}
    if not names >= set(PARAMETERS):
        return Finding("the layer has its parameters", got=f"without {', '.join(sorted(set(PARAMETERS) - names))}")
    wanted = (
        ("the scale starts at 1", f"scale {brief(layer.scale.detach())}"),
        ("every slot starts from a vector of its own, or slots stay alike", "slots that are equal or not finite"),
        ("every expert starts from weights of its own", "experts that are equal or not finite"),
        ("biases start at 0", "biases that are not 0"),
    )
    for (should, got), holds in zip(wanted, starts(layer), strict=True):
        if not holds:
            return Finding(should, "a new layer", got=got)
    return None


PROPERTIES = (
    Property("parameters", _parameters, PRINT),
    Property("forward", _forward, "write forward below __init__, at the same depth"),
    *map(
        of_layer,
        (
            Property("the example by hand", _by_hand),
            as_defined(
                "answers = combine · experts(dispatch · tokens), with scores scale · cosine, whatever the sizes",
                case(3, 7, *SIZES),
                case(1, 6, 4, 3, 1, 2),
                case(2, 1, 3, 2, 3, 5),
                case(2, 5, 1, 1, 4, 3),
            ),
            changed(
                "an example's answers do not change with the others in its batch",
                case(3, 7, *SIZES),
                _others_changed,
                lambda before, words: before,
                name="examples apart",
                view=lambda y: y[:1],
            ),
            Property("padding cut off", _cut_off, "print your dispatch weights at the padding, and their sums"),
            as_defined(
                "answers beside padding: each example has its own number of real tokens",
                masked(3, 7, *SIZES),
                masked(4, 6, 4, 3, 1, 2),
                name="padding",
            ),
            Property("an example of padding", _all_padding, "try an example whose mask is False throughout"),
            changed(
                "experts in another order, with their slots' vectors, give the same answers",
                case(3, 7, *SIZES),
                _relabelled,
                lambda before, words: before,
                name="order of experts",
            ),
            gradients(
                "tokens and every parameter get a gradient",
                case(2, 4, 3, 3, 2, 4),
                ("x", *PARAMETERS),
            ),
            Property("the official arrays", _official),
            finite("scores of a few hundred give finite answers", case(2, 5, 3, 4, 2, 6, scale=900.0)),
            Property("input left alone", _inputs, "make a new tensor instead of changing this one"),
        ),
    ),
    Property("start", _start, PRINT),
    of_layer(Property("dtype", _dtypes)),
)
