"""Exercise: the scores of tokens and slots, normalised as in Algorithm 2 (lesson 06)."""

import torch

from softmoe_edu.course.lesson_06.routing_logits.mistakes import MISTAKES
from softmoe_edu.course.lesson_06.routing_logits.properties import (
    PROPERTIES,
    case,
    short,
    small_scale,
    with_a_zero_token,
)
from softmoe_edu.course.lesson_06.routing_logits.variants import VARIANTS
from softmoe_edu.routers.soft import SlotLogits, l2_normalize
from softmoe_edu.teaching.exercise import Exercise, Hint


def routing_logits(x, phi, scale):
    """Compute the scores of Algorithm 2: scale times the cosine of token and slot.

    x (b, n, d): tokens. phi (d, e, p): a vector for each slot. scale (1,): learned.
    Returns (b, n, e, p). Lengths as in the official code: sqrt(sum of squares + 1e-6).
    """
    tokens = x / (x.square().sum(dim=-1, keepdim=True) + 1e-6).sqrt()
    slots = phi / (phi.square().sum(dim=0, keepdim=True) + 1e-6).sqrt()
    return scale * torch.einsum("bnd,dep->bnep", tokens, slots)


EXERCISE = Exercise(
    id="routing-logits",
    lesson="06",
    order=1,
    title="Scores that length cannot move",
    answer=routing_logits,
    probe=case(3, 7, 5, 4, 2),
    probes=(with_a_zero_token, short, small_scale),
    properties=PROPERTIES,
    hints=(
        Hint(
            "A token's numbers lie along the last axis of x. Along which axis of phi do the numbers of one slot's "
            "vector lie? Print the shape of each length.",
            "def routing_logits(x, phi, scale):\n"
            "    squares = x.square().sum(-1, keepdim=True)\n"
            "    print('a length for each token', tuple(squares.shape), 'phi', tuple(phi.shape))\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "Divide tokens by theirs and slot vectors by theirs: a length is the root of (the sum of squares, plus "
            "1e-6). Then multiply the two as in lesson 05, and once by the scale.",
            "def routing_logits(x, phi, scale):\n"
            "    lengths = (phi.square().sum(0) + 1e-6).sqrt()\n"
            "    print('a length for each slot', tuple(lengths.shape))\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "One right answer of several.",
            "def routing_logits(x, phi, scale):\n"
            "    def unit(v, axis):\n"
            "        return v * torch.rsqrt(v.pow(2).sum(axis, keepdim=True) + 1e-6)\n\n"
            "    logits = unit(x, -1) @ unit(phi, 0).flatten(1)\n"
            "    return (scale * logits).unflatten(-1, phi.shape[1:])",
        ),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=10,
    difficulty=2,
    points=3,
    essential=True,
    library=(l2_normalize, SlotLogits.score, SlotLogits.directions),
)
