"""Right answers to `token_importance` in other styles."""

import torch


def by_the_mean(dispatch):
    """Divided by the mean of what tokens give."""
    given = dispatch.flatten(2).sum(-1)
    importance = given / given.mean(1, keepdim=True)
    return importance, (importance > 2).float().mean(), (importance <= 0.25).float().mean()


def mean_over_slots(dispatch):
    """The mean weight over slots, times the tokens."""
    importance = dispatch.mean((2, 3)) * dispatch.shape[1]
    over = importance.gt(2).float().mean().item()
    return importance, over, 1 - importance.gt(0.25).float().mean().item()


def in_loops(dispatch):
    """One token after the other."""
    b, n, e, p = dispatch.shape
    importance = torch.zeros(b, n, dtype=dispatch.dtype, device=dispatch.device)
    much = little = 0
    for g in range(b):
        for t in range(n):
            value = sum(dispatch[g, t, i, j] for i in range(e) for j in range(p)) * n / (e * p)
            importance[g, t] = value
            much += bool(value > 2)
            little += bool(value <= 0.25)
    return importance, much / (b * n), little / (b * n)


def by_einsum(dispatch):
    """A sum written as einsum, in a list."""
    _, n, e, p = dispatch.shape
    importance = torch.einsum("bnep->bn", dispatch) * (n / (e * p))
    flat = importance.flatten()
    return [importance, len(flat[flat > 2]) / len(flat), len(flat[flat <= 0.25]) / len(flat)]


VARIANTS = (by_the_mean, mean_over_slots, in_loops, by_einsum)
