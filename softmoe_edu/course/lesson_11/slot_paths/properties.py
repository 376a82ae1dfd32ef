"""What a right `slot_paths` does: counts by hand, and on weights with zeros."""

import torch

from softmoe_edu.teaching.check.properties import as_defined, brief, by_hand
from softmoe_edu.teaching.exercise import Finding, Property


def by_chance(b, n, e, p):
    """Return a function that draws weights of which about half are 0; they need not sum to 1."""

    def make(draw):
        dispatch, combine = draw.normal(b, n, e, p).exp(), draw.normal(b, n, e, p).exp()
        return dispatch * (draw.uniform(b, n, e, p) > 0.4), combine * (draw.uniform(b, n, e, p) > 0.6)

    return make


def masked(b, n, e, p):
    """Return a function that draws softmax weights; in combine, token i reads slots 0 to i only."""

    def make(draw):
        scores = draw.normal(b, n, e * p)
        early = torch.ones(n, e * p, device=scores.device).tril() > 0
        combine = scores.masked_fill(~early, -torch.inf).softmax(-1)
        return scores.softmax(1).view(b, n, e, p), combine.view(b, n, e, p)

    return make


def _three_tokens(draw):
    dispatch = draw.tensor([[0.5, 0.0], [0.5, 0.25], [0.0, 0.75]])
    combine = draw.tensor([[1.0, 0.0], [0.25, 0.75], [0.5, 0.5]])
    return dispatch.view(1, 3, 2, 1), combine.view(1, 3, 2, 1)


def tiny(draw):
    """Draw weights that are far below any limit, and not 0."""
    dispatch, combine = by_chance(2, 4, 3, 2)(draw)
    return dispatch * 1e-20, combine * 1e-20


def _whole_numbers(answer, draw):
    args = by_chance(2, 5, 3, 2)(draw)
    got = answer(*args)
    if torch.is_tensor(got) and not got.is_floating_point() and got.dtype != torch.bool:
        return None
    return Finding("a count is a whole number", answer.given(args), "int64", brief(str(getattr(got, "dtype", got))))


PROPERTIES = (
    by_hand(
        _three_tokens,
        "a slot counts where it holds token j and output i reads it",
        "dispatch [[0.5, 0], [0.5, 0.25], [0, 0.75]], combine [[1, 0], [0.25, 0.75], [0.5, 0.5]]; 2 experts of 1 slot",
    ),
    as_defined(
        "row i, column j: the number of slots in which dispatch of token j and combine of token i both are not 0",
        by_chance(2, 5, 3, 2),
        by_chance(3, 4, 2, 4),
        name="weights with zeros",
    ),
    as_defined("slots of all experts count", masked(2, 6, 3, 2), masked(2, 8, 2, 4), name="a mask"),
    as_defined("a weight that is not 0 is a path, however small it is", tiny, name="tiny weights"),
    as_defined("other sizes", by_chance(1, 1, 2, 1), by_chance(4, 6, 1, 3), name="other sizes"),
    Property("whole numbers", _whole_numbers, "turn the result into int64 with .long()"),
)
