"""What a right `slot_similarity` does."""

import torch

from softmoe_edu.teaching.check.properties import as_defined, brief, by_hand, close
from softmoe_edu.teaching.exercise import Finding, Property


def case(d, e, p, r, alike=0.3):
    """Return a function that draws slots, each with a part that its expert's slots share, and deals.

    No deal leaves every slot beside the same others: its gap would be the true one, up to rounding.
    """

    def make(draw):
        shared = draw.normal(d, e, 1)
        length = 0.3 + 2 * draw.uniform(1, e, p)
        phi = length * (alike * shared + draw.normal(d, e, p))
        return phi, torch.stack([_apart(draw, e, p) for _ in range(r)])

    return make


def _apart(draw, e, p):
    """Draw an order of all slots in which some expert has slots of two."""
    while True:
        deal = draw.permutation(e * p)
        expert = (deal // p).view(e, p)
        if bool((expert != expert[:, :1]).any()):
            return deal


def hand(draw):
    """Return two experts whose slots point the same way, of several lengths, and three deals."""
    phi = draw.tensor([[[1, 2], [0, 0]], [[0, 0], [1, 3]]])
    deals = torch.tensor([[2, 3, 0, 1], [0, 2, 1, 3], [3, 1, 2, 0]], device=phi.device)
    return phi, deals


def opposite(draw):
    """Return two experts whose two slots point in opposite directions, and three deals."""
    phi = draw.tensor([[[1, -2], [0, 0]], [[0, 0], [1, -3]]])
    deals = torch.tensor([[0, 2, 1, 3], [0, 3, 1, 2], [2, 0, 3, 1]], device=phi.device)
    return phi, deals


def _show(args, output):
    gap, chance = output
    return f"gap {brief(float(gap), 4)}, chance {brief(float(chance), 4)}"


def _lengths(answer, draw):
    phi, deals = case(5, 4, 3, 19)(draw)
    expected, got = answer(phi, deals), answer(phi * (0.5 + 3 * draw.uniform(1, 4, 3)), deals)
    if close(expected, got):
        return None
    return Finding(
        "only directions count: other lengths of the slots' vectors change nothing",
        "12 slots; then the same with every vector some times as long",
        _show((), expected),
        _show((), got),
    )


def _never_zero(answer, draw):
    phi, deals = case(40, 3, 3, 9, alike=4.0)(draw)
    _, chance = answer(phi, deals)
    if close(float(chance), 0.1):
        return None
    return Finding(
        "the true deal is one of all deals and counts: with 9 others, none of which reaches it, 1 of 10",
        "9 slots, those of an expert nearly the same, and 9 random deals",
        "chance 0.1",
        f"chance {brief(float(chance), 4)}",
    )


DEFINITION = (
    "gap: mean cosine of two slots of one expert, less that of two slots of different experts; "
    "chance: (1 + deals with at least this gap) / (1 + deals)"
)

PROPERTIES = (
    by_hand(
        hand,
        "cosine 1 inside an expert, 0 between them: gap 1. Deal 0 swaps the experts and has gap 1 too: chance 2/4",
        "slots [1, 0] and [2, 0] of expert 0, [0, 1] and [0, 3] of expert 1; deals [2, 3, 0, 1], [0, 2, 1, 3], "
        "[3, 1, 2, 0]",
        show=_show,
    ),
    by_hand(
        opposite,
        "opposite vectors have cosine -1: the gap is -1, and every deal has at least that",
        "slots [1, 0] and [-2, 0] of expert 0, [0, 1] and [0, -3] of expert 1, three deals",
        show=_show,
        name="opposite slots",
    ),
    Property("lengths", _lengths),
    as_defined(DEFINITION, case(5, 4, 3, 19), case(6, 3, 2, 30, alike=1.0), case(4, 2, 5, 11), repeats=2),
    Property("the true deal counts", _never_zero),
    as_defined(DEFINITION, case(3, 2, 4, 1), case(2, 5, 3, 8), name="few deals, few numbers", repeats=1),
)
