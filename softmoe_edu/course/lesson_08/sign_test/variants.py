"""Right answers to `sign_test` in other styles."""

import itertools
import math

import torch
from scipy import stats


def by_scipy(differences):
    """SciPy's binomial test."""
    up, down = (differences > 0).sum().item(), (differences < 0).sum().item()
    return stats.binomtest(up, up + down, 0.5).pvalue if up + down else 1.0


def by_all_rows(differences):
    """Go through all rows of coins."""
    signs = [1 if value > 0 else -1 for value in differences.tolist() if value]
    rows = list(itertools.product((1, -1), repeat=len(signs)))
    return sum(abs(sum(row)) >= abs(sum(signs)) for row in rows) / len(rows)


def by_both_tails(differences):
    """Add all probabilities that are no larger than that of what was seen, as a tensor."""
    kept = differences[differences != 0]
    n, up = len(kept), int((kept > 0).sum())
    chances = torch.tensor([math.comb(n, k) / 2**n for k in range(n + 1)], dtype=torch.float64)
    return chances[chances <= chances[up] * (1 + 1e-9)].sum()


VARIANTS = (by_scipy, by_all_rows, by_both_tails)
