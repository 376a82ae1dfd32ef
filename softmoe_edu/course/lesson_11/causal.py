"""Soft MoE for text, in several ways: functions (x, phi, experts) -> answers, none of them a solution to everything.

x (b, n, d) are tokens, phi (d, e, p) the slots' vectors, experts a list of e functions (..., d) -> (..., d). Scores are
those of Algorithm 1, without normalisation. The exact one by prefixes is an exercise of the lesson.
"""

import torch
from torch import Tensor


def scores_of(x, phi):
    """Return the score of each token with each slot, (b, n, e, p)."""
    return torch.einsum("bnd,dep->bnep", x, phi)


def over_slots(scores):
    """Return the softmax over all slots of all experts."""
    return scores.flatten(2).softmax(-1).view_as(scores)


def through_slots(x, dispatch, combine, experts):
    """Fill the slots, run the experts, and mix their answers."""
    slots = torch.einsum("bnep,bnd->bepd", dispatch, x)
    answers = torch.stack([expert(slots[:, i]) for i, expert in enumerate(experts)], 1)
    return torch.einsum("bnep,bepd->bnd", combine, answers)


def full(x, phi, experts):
    """Soft MoE as it is."""
    scores = scores_of(x, phi)
    return through_slots(x, scores.softmax(1), over_slots(scores), experts)


def places(scores):
    """Whether slot k comes no later than token i, (n, e, p): there must be as many slots as tokens."""
    n, slots = scores.shape[1], scores[0, 0].numel()
    return torch.ones(n, slots, dtype=torch.bool, device=scores.device).tril().view(scores.shape[1:])


def masked_weights(scores, mask_dispatch):
    """Return dispatch and combine; combine has a causal mask, and dispatch has one if you say so."""
    early = places(scores)
    combine = over_slots(scores.masked_fill(~early, -torch.inf))
    late = places(scores).flatten(1).T.view_as(early)  # token j comes no later than slot k
    dispatch = scores.masked_fill(~late, -torch.inf).softmax(1) if mask_dispatch else scores.softmax(1)
    return dispatch, combine


def masked_combine(x, phi, experts):
    """Token i reads slots 0 to i only."""
    return through_slots(x, *masked_weights(scores_of(x, phi), mask_dispatch=False), experts)


def masked_both(x, phi, experts):
    """Token i reads slots 0 to i, and slot k holds tokens 0 to k."""
    return through_slots(x, *masked_weights(scores_of(x, phi), mask_dispatch=True), experts)


def previous_segment(x, phi, experts, length=4):
    """The slots hold the segment before: tokens 0 to 3 read nothing, tokens 4 to 7 read 0 to 3, and so on."""
    scores, answers = scores_of(x, phi), [torch.zeros_like(x[:, :length])]
    for start in range(length, x.shape[1], length):
        before, here = slice(start - length, start), slice(start, start + length)
        dispatch, combine = scores[:, before].softmax(1), over_slots(scores[:, here])
        slots = torch.einsum("bnep,bnd->bepd", dispatch, x[:, before])
        rows = torch.stack([expert(slots[:, i]) for i, expert in enumerate(experts)], 1)
        answers.append(torch.einsum("bnep,bepd->bnd", combine, rows))
    return torch.cat(answers, 1)


def same_position(x, phi, experts):
    """The slots hold the tokens at the same position of all examples in the batch."""
    return full(x.transpose(0, 1), phi, experts).transpose(0, 1)


def own_token(x, phi, experts):
    """Every token has slots of its own that hold it and nothing else: a dense mixture of experts."""
    combine = over_slots(scores_of(x, phi)).sum(-1)
    answers = torch.stack([expert(x) for expert in experts], 2)
    return torch.einsum("bne,bned->bnd", combine, answers)


def batch_effect(layer, x: Tensor, others: Tensor) -> float:
    """Return the share of x's tokens whose answer changes with the rest of the batch; others (2, m, n, d)."""
    with torch.no_grad():
        first, second = (layer(torch.cat([company, x]))[len(company) :] for company in others)
    return ((first - second).abs().amax(-1) > 1e-5 * first.abs().max()).double().mean().item()


def expert_rows(layer, x: Tensor, phi: Tensor) -> float:
    """Return how many rows all experts together compute for one token of x."""
    rows = []

    def counted(slots: Tensor) -> Tensor:
        rows.append(slots[..., 0].numel())
        return slots

    layer(x, phi, [counted] * phi.shape[1])
    return sum(rows) / x[..., 0].numel()
