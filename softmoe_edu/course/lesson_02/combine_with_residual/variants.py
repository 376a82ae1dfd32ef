"""Right answers to `combine_with_residual` in other styles."""

import torch


def by_einsum(x, expert_out, weights, kept):
    """One sum over choices."""
    layer = torch.einsum("nkd,nk->nd", torch.where(kept.unsqueeze(2), expert_out, 0.0), weights)
    return layer, layer + x


def in_loops(x, expert_out, weights, kept):
    """Token by token, choice by choice."""
    layer = []
    for token in range(len(x)):
        answer = torch.zeros_like(x[token])
        for choice in range(kept.shape[1]):
            if kept[token, choice]:
                answer = answer + weights[token, choice] * expert_out[token, choice]
        layer.append(answer)
    layer = torch.stack(layer)
    return layer, x + layer


def by_scatter(x, expert_out, weights, kept):
    """Only the kept answers, added where they belong."""
    token, choice = kept.nonzero(as_tuple=True)
    rows = expert_out[token, choice] * weights[token, choice].unsqueeze(1)
    layer = torch.zeros_like(x).index_add(0, token, rows)
    return layer, x.add(layer)


VARIANTS = (by_einsum, in_loops, by_scatter)
