"""Right answers to `paired_bootstrap` in other styles."""

import numpy as np
import torch


def both_indexed(a, b, draws):
    """The same pairs of both, their means, and one call for both ends."""
    means = a[draws].mean(-1) - b[draws].mean(-1)
    low, high = torch.quantile(means, torch.tensor([0.025, 0.975], dtype=means.dtype, device=means.device))
    return (a - b).mean(), low, high


def by_numpy(a, b, draws):
    """NumPy's percentiles."""
    apart = (a - b).detach().cpu().numpy()
    means = np.array([apart[row].mean() for row in draws.cpu().numpy()])
    return float(apart.mean()), float(np.percentile(means, 2.5)), float(np.percentile(means, 97.5))


def by_counting(a, b, draws):
    """How often each pair was drawn, times its difference."""
    seeds = len(a)
    often = torch.nn.functional.one_hot(draws.long(), seeds).sum(1).to(a.dtype)
    means = (often @ (a - b)).sort().values / seeds
    ends = []
    for share in (0.025, 0.975):
        place = share * (len(means) - 1)
        below = int(place)
        above = min(below + 1, len(means) - 1)
        ends.append(float(means[below] + (place - below) * (means[above] - means[below])))
    return float((a - b).sum() / seeds), *ends


VARIANTS = (both_indexed, by_numpy, by_counting)
