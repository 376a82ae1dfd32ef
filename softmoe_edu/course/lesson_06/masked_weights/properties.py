"""What a right `masked_weights` does."""

import torch

from softmoe_edu.teaching.check.gradient import gradients
from softmoe_edu.teaching.check.properties import (
    as_defined,
    brief,
    by_hand,
    changed,
    close,
    each_of,
    finite,
    span_of_sums,
)
from softmoe_edu.teaching.draw import Draw
from softmoe_edu.teaching.exercise import Finding, Property

PADDED = "print both weights at the padding, and their sums over the real tokens"


def masked(draw: Draw, b: int, n: int):
    """Return a mask in which every example has real tokens and, from two tokens on, padding; no two are alike."""
    mask = torch.zeros(b, n, dtype=torch.bool, device=draw.device)
    for row in range(b):
        real = 1 if n == 1 else 1 + int(draw.integers(0, n - 1, 1))
        mask[row, draw.permutation(n)[:real]] = True
    return mask


def case(b: int, n: int, e: int, p: int, scale: float = 1.0):
    """Return a function that draws scores of these sizes, and a mask."""
    return lambda draw: (scale * draw.normal(b, n, e, p), masked(draw, b, n))


def all_real(draw: Draw) -> tuple:
    """Draw scores without padding."""
    logits = draw.normal(3, 6, 4, 2)
    return logits, torch.ones(3, 6, dtype=torch.bool, device=logits.device)


def one_example_of_padding(draw: Draw) -> tuple:
    """Draw scores of three examples, of which the second has no real token."""
    logits, mask = case(3, 6, 4, 2)(draw)
    mask[1] = False
    return logits, mask


def some_real(draw: Draw) -> tuple:
    """Draw scores of two examples with four and three real tokens: among fewer, dispatch may have no gradient."""
    logits = draw.normal(2, 5, 3, 2)
    mask = torch.ones(2, 5, dtype=torch.bool, device=logits.device)
    mask[0, 1] = False
    mask[1, 3:] = False
    return logits, mask


def far_apart(draw: Draw) -> tuple:
    """Draw scores of real tokens near 0 or -50,000, and those of the padding far above them, or far below."""
    logits, mask = case(4, 6, 3, 2, 1000.0)(draw)
    lift = draw.tensor([5000, -5000, 5000, -5000])[:, None, None, None]
    level = draw.tensor([0, 0, -50000, -50000])[:, None, None, None]
    return torch.where(mask[:, :, None, None], logits, logits + lift) + level, mask


def hand(draw: Draw) -> tuple:
    """Return two tokens, one padding, and two experts of one slot: fifths, thirds and quarters (section 5)."""
    logits = draw.tensor([[[3, 2], [1, 4], [1, 1]]]).log()[..., None]
    return logits, torch.tensor([[True, True, False]], device=logits.device)


def _show(args, output):
    dispatch, combine = (weights[0].flatten(1) for weights in output)
    return (
        f"dispatch of slot 0 {brief(dispatch[:, 0], 2)}, slot 1 {brief(dispatch[:, 1], 2)}; "
        f"combine of the tokens {brief(combine, 2)}"
    )


def _sums(answer, draw):
    logits, mask = case(3, 7, 4, 2)(draw)
    dispatch, combine = answer(logits, mask)
    given = "3 examples of 7 tokens, some of them padding, 4 experts x 2 slots"
    real, padding = mask[:, :, None, None], ~mask[:, :, None, None]
    for name, weights, what in (
        ("dispatch", dispatch, "no slot holds any padding"),
        ("combine", combine, "padding gets no answer"),
    ):
        most = float((weights * padding).abs().max())
        if not most <= 1e-6:
            should = f"{name} is 0 at padding: {what}"
            return Finding(should, given, "0 at every padding", f"up to {brief(most)}")
    for should, sums in (
        ("for each slot, dispatch sums to 1 over the real tokens of its example (Eq. 1)", (dispatch * real).sum(1)),
        ("for each real token, combine sums to 1 over all slots (Eq. 2)", combine.sum((2, 3))[mask]),
    ):
        if not close(sums, torch.ones_like(sums)):
            return Finding(should, given, "every sum 1", f"sums {span_of_sums(sums)}")
    return None


def _other_padding(args, draw):
    logits, mask = args
    return (torch.where(mask[:, :, None, None], logits, 3 * draw.normal(*logits.shape)), mask), None


def _cut_off(answer, draw):
    logits, _ = case(2, 7, 4, 2)(draw)
    mask = (torch.arange(7, device=logits.device) < 4).expand(2, 7)
    padded = [weights[:, :4] for weights in answer(logits, mask)]
    alone = answer.expected(logits[:, :4], mask[:, :4])
    for name, expected, got in zip(("dispatch", "combine"), alone, padded, strict=True):
        if not close(expected, got):
            gap = float((expected - got).abs().max())
            should = f"{name} of real tokens is what it would be if the padding were cut off"
            return Finding(should, "7 tokens, the last 3 of them padding", "no difference", f"up to {brief(gap)}")
    return None


def _others_changed(args, draw):
    logits, mask = args
    others = case(*logits.shape)(draw)
    return tuple(torch.cat([mine[:1], other[1:]]) for mine, other in zip((logits, mask), others, strict=True)), None


def _padding_alone(answer, draw):
    logits, mask = one_example_of_padding(draw)
    given = "3 examples, of which the second is all padding"
    for name, weights in zip(("dispatch", "combine"), answer(logits, mask), strict=True):
        there = weights[1]
        if not there.isfinite().all():
            should = f"{name} of an example without real tokens is 0, not NaN: where all scores are -inf, 0 / 0 is left"
            return Finding(should, given, "all 0", f"{int((~there.isfinite()).sum())} that are not finite")
        if not close(there, torch.zeros_like(there)):
            should = f"{name} of an example without real tokens is 0: there is nothing to average"
            return Finding(should, given, "all 0", f"up to {brief(float(there.max()))}")
    with torch.enable_grad():
        logits.requires_grad_()
        weights = [part for part in answer.raw(logits, mask) if part.requires_grad]
        slopes = [torch.autograd.grad((part * part).sum(), logits, retain_graph=True)[0] for part in weights]
    bad = sum(int((~slope.isfinite()).sum()) for slope in slopes)
    if bad:
        should = (
            "an example without real tokens leaves the gradient finite: a NaN that is replaced later is still there"
        )
        return Finding(should, given, "a finite gradient", f"{bad} numbers that are not")
    return None


PROPERTIES = (
    by_hand(
        hand,
        "padding takes no part: columns are divided by the sum of the real tokens, rows as before, and padding has 0",
        "exp(scores) of two tokens [3, 2] and [1, 4], and of a padding [1, 1]; two experts of one slot",
        show=_show,
        next_step=PADDED,
    ),
    as_defined(
        "without padding, both weights are those of lesson 05",
        all_real,
        name="no padding",
    ),
    Property("sums beside padding", _sums, PADDED),
    Property("padding cut off", _cut_off, PADDED),
    changed(
        "what the padding holds changes nothing",
        case(3, 7, 4, 2),
        _other_padding,
        lambda before, words: before,
        name="other padding",
    ),
    changed(
        "an example's weights do not change with the other examples, or with their padding",
        case(3, 7, 4, 2),
        _others_changed,
        lambda before, words: before,
        name="examples apart",
        view=lambda both: tuple(weights[:1] for weights in both),
    ),
    gradients("the scores get a gradient through both weights", some_real, ("logits",)),
    as_defined(
        "dispatch and combine beside padding, whatever the sizes",
        case(3, 7, 4, 2),
        case(1, 6, 3, 1),
        case(2, 1, 2, 3),
        case(2, 5, 1, 4),
    ),
    Property("an example of padding", _padding_alone, "try an example whose mask is False throughout"),
    each_of(
        "large scores",
        finite("scores of a few thousand, at padding too, give finite weights", case(2, 5, 4, 3, 1000.0)),
        finite("scores of a few thousand, at padding too, give finite weights", far_apart),
    ),
)
