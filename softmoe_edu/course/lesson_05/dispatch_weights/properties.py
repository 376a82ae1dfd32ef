"""What a right `dispatch_weights` does."""

import math

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


def case(b: int, n: int, e: int, p: int, scale: float = 1.0):
    """Return a function that draws scores of these sizes."""
    return lambda draw: (scale * draw.normal(b, n, e, p),)


def far_slots(draw: Draw) -> tuple:
    """Draw scores that are 1000 higher for every other slot."""
    logits = draw.normal(2, 5, 4, 3)
    odd = torch.arange(12, device=logits.device).view(4, 3) % 2
    return (logits + 1000 * odd,)


def hand(draw: Draw) -> tuple:
    """Return scores of two tokens with three slots, one for each expert (lesson 05, section 3)."""
    return (draw.tensor([[[[math.log(v)] for v in row] for row in ((3, 1, 2), (1, 2, 1))]]),)


def _show(args, output):
    table, sums = output[0, :, :, 0], output[0, :, :, 0].sum(0)
    return f"weights of token 0 {brief(table[0])}, of token 1 {brief(table[1])}; sums over tokens {brief(sums)}"


def _are_averages(answer, draw):
    logits = 2 * draw.normal(3, 7, 4, 2)
    got = answer(logits)
    if got.min() < -1e-6:
        return Finding("no weight is below 0: exp is positive", "3 examples, 7 tokens, 8 slots", got=brief(got.min()))
    sums = got.sum(1)
    if close(sums, torch.ones_like(sums)):
        return None
    return Finding(
        "every slot is an average of the tokens of its example: its weights sum to 1 over tokens (Eq. 1)",
        "3 examples, 7 tokens, 4 experts x 2 slots",
        "every sum over tokens 1",
        f"sums over tokens {span_of_sums(sums)}",
    )


def _others_changed(args, draw):
    (logits,) = args
    return (torch.cat([logits[:1], 3 * draw.normal(*logits[1:].shape)]),), None


def _first_changed(args, draw):
    (logits,) = args
    return (torch.cat([3 * draw.normal(*logits[:1].shape), logits[1:]]),), None


def _slot_raised(args, draw):
    (logits,) = args
    return (logits + 3 * draw.normal(1, 1, *logits.shape[2:]),), None


def examples_apart(should: str) -> Property:
    """Change all examples but the first, then the first alone, and look at the others."""
    return each_of(
        "examples apart",
        *(
            changed(should, case(3, 7, 4, 2), change, lambda before, words: before, name="", view=view)
            for change, view in ((_others_changed, lambda y: y[:1]), (_first_changed, lambda y: y[1:]))
        ),
    )


PROPERTIES = (
    by_hand(
        hand,
        "every weight is its exp(score) over the sum of its own column, that of the slot",
        "exp(scores) of 2 tokens and 3 slots: [[3, 1, 2], [1, 2, 1]]",
        show=_show,
    ),
    Property("slots are averages", _are_averages),
    examples_apart("an example's weights do not change with the other examples of the batch"),
    changed(
        "a number added to all scores of one slot changes nothing: only tokens are compared, not slots",
        case(3, 7, 4, 2),
        _slot_raised,
        lambda before, words: before,
        name="slots apart",
    ),
    gradients("the scores get a gradient", case(2, 4, 3, 2), ("logits",)),
    as_defined(
        "weights are exp(score) / sum over tokens of exp(score), whatever the sizes",
        case(3, 7, 4, 2),
        case(1, 6, 3, 1),
        case(2, 1, 2, 3),
        case(2, 5, 1, 4),
        case(2, 3, 1, 1),
    ),
    each_of(
        "large scores",
        *(
            finite("scores of a few thousand give finite weights: subtract each slot's largest score before exp", make)
            for make in (case(2, 5, 4, 3, scale=1000.0), far_slots)
        ),
    ),
)
