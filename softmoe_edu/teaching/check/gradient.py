"""The property that a gradient flows through an answer, and that it is the definition's."""

from collections.abc import Callable

import torch
from torch import Tensor

from softmoe_edu.teaching.check.attempt import Attempt, copied, in_words
from softmoe_edu.teaching.check.diagnosis import flat
from softmoe_edu.teaching.check.properties import close, farthest
from softmoe_edu.teaching.draw import Draw
from softmoe_edu.teaching.exercise import Finding, Kind, Property

FLOW = "go through your function: does a gradient flow through each step?"


def gradients(
    should: str, case: Callable[[Draw], tuple], names: tuple[str, ...], *, name: str = "gradients", about: str = ""
) -> Property:
    """Return the property that the floating point arguments, called `names`, have the definition's gradient.

    about: what the report says about the arguments besides their shapes.
    """

    def test(answer: Attempt, draw: Draw) -> Finding | None:
        args = case(draw)
        given = f"{about}; {answer.given(args)}" if about else answer.given(args)
        right = _of(answer.exercise.answer, args, answer, draw)
        try:
            found = _of(answer.raw, args, answer, draw)
        except RuntimeError as error:
            over = "inplace" in str(error)
            why = "a tensor that it needs was overwritten, as /= and sub_ do" if over else in_words(error)
            words = (f"a gradient for {' and '.join(names)}", f"autograd cannot compute one: {why}")
            return Finding(should, given, *words, kind=Kind.WRITES_OVER if over else Kind.OTHER)
        for word, expected, got in zip(names, right, found, strict=True):
            if expected is None:
                continue
            if got is None:
                none = f"none: the path from {word} is cut"
                return Finding(should, given, f"a gradient for {word}", none, kind=Kind.CUTS_GRADIENT)
            if not close(expected, got):
                return Finding(should, f"{given}; gradient of {word}", *farthest(expected, got))
        return None

    return Property(name, test, next_step=FLOW)


def _of(function: Callable, args: tuple, answer: Attempt, draw: Draw) -> list[Tensor | None]:
    # Not through answer(...), which copies its arguments and would cut the graph that the gradient is asked of.
    with torch.enable_grad():
        given = tuple(
            a.requires_grad_() if isinstance(a, Tensor) and a.is_floating_point() else a for a in copied(args)
        )
        leaves = [a for a in given if isinstance(a, Tensor) and a.requires_grad]
        output = answer.exercise.same(given, function(*given))
        parts = [p for p in flat(output) if isinstance(p, Tensor) and p.is_floating_point()]
        weights = draw.sub("weights")
        # Every part has weights of its own, also those that pass no gradient: where one does, others keep theirs.
        weighed = [(p, weights.normal(*p.shape)) for p in parts]
        total = sum((p * weight).sum() for p, weight in weighed if p.requires_grad)
        if not isinstance(total, Tensor):
            return [None] * len(leaves)
        return list(torch.autograd.grad(total, leaves, allow_unused=True))
