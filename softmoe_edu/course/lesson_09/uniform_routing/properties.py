"""What a right `uniform_routing` does."""

import math

import torch

from softmoe_edu.teaching.check.gradient import gradients
from softmoe_edu.teaching.check.properties import (
    as_defined,
    brief,
    by_hand,
    close,
    each_of,
    finite,
    span_of_sums,
)
from softmoe_edu.teaching.exercise import Finding, Property

SIDES = ("dispatch", "combine", "both")


def case(uniform, b, n, e, p, scale=1.0):
    """Return a function that draws scores of these sizes and names the uniform side."""
    return lambda draw: (scale * draw.normal(b, n, e, p), uniform)


def hand(uniform):
    """Return a function that makes the scores of lesson 05's example by hand."""
    return lambda draw: (
        draw.tensor([[[[math.log(v)] for v in row] for row in ((3, 1, 2), (1, 2, 1))]]),
        uniform,
    )


def _show(args, output):
    dispatch, combine = (part[0, :, :, 0] for part in output)
    return f"dispatch {brief(dispatch)}; combine {brief(combine)}"


def _example(uniform, should):
    given = f'exp(scores) of 2 tokens and 3 slots: [[3, 1, 2], [1, 2, 1]]; uniform="{uniform}"'
    return by_hand(hand(uniform), should, given, show=_show, name=f"by hand, {uniform}")


def _sums(answer, draw):
    for uniform in SIDES:
        dispatch, combine = answer(*case(uniform, 3, 7, 4, 2)(draw.sub(uniform)))
        given = f'3 examples, 7 tokens, 4 experts of 2 slots, uniform="{uniform}"'
        for name, sums, over in (
            ("dispatch", dispatch.sum(1), "over the tokens of a slot"),
            ("combine", combine.sum((2, 3)), "over all slots of a token"),
        ):
            if not close(sums, torch.ones_like(sums)):
                should = f"{name} weights sum to 1 {over}, whether they are learned or not"
                return Finding(should, given, "every sum 1", f"sums {span_of_sums(sums)}")
    return None


def _which_side_moves(answer, draw):
    for uniform in SIDES:
        part = draw.sub(uniform)
        logits, _ = case(uniform, 3, 7, 4, 2)(part)
        outputs = answer(logits, uniform), answer(logits + part.sub("other").normal(*logits.shape), uniform)
        for name, before, now in zip(("dispatch", "combine"), *outputs, strict=True):
            still = uniform in (name, "both")
            if close(before, now) == still:
                continue
            should = f'with uniform="{uniform}", {name} {"is the same whatever" if still else "depends on"} the scores'
            words = ("the same weights", "other weights")
            return Finding(should, "two sets of scores, 7 tokens, 8 slots", *(words if still else words[::-1]))
    return None


DEFINITION = "a uniform side has equal weights, the other side is Soft MoE's (Eq. 1 or Eq. 2)"

PROPERTIES = (
    _example("dispatch", "dispatch is 1/2 for each of 2 tokens; combine is exp(score) over the sum of its row"),
    _example("combine", "dispatch is exp(score) over the sum of its column; combine is 1/3 for each of 3 slots"),
    _example("both", "dispatch is 1/2 for each of 2 tokens, combine 1/3 for each of 3 slots"),
    Property("sums", _sums),
    Property("which side depends on the scores", _which_side_moves),
    gradients(
        "the learned side passes a gradient to the scores", case("dispatch", 2, 4, 3, 2), ("logits",), name="gradients"
    ),
    gradients(
        "the learned side passes a gradient to the scores",
        case("combine", 2, 4, 3, 2),
        ("logits",),
        name="gradients of dispatch",
    ),
    as_defined(
        DEFINITION,
        *(case(uniform, 3, 7, 4, 2) for uniform in SIDES),
        *(case(uniform, 1, 6, 3, 1) for uniform in SIDES),
        *(case(uniform, 2, 1, 2, 3) for uniform in SIDES),
        *(case(uniform, 2, 5, 1, 4) for uniform in SIDES),
        repeats=1,
    ),
    each_of(
        "large scores",
        *(
            finite("scores of a few thousand give finite weights", case(uniform, 2, 5, 4, 3, scale=1000.0))
            for uniform in SIDES
        ),
    ),
)
