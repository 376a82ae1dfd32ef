"""Right answers to `expert_capacity` in other styles."""

import math
from fractions import Fraction

import numpy as np


def by_counting(tokens, experts, k, factor, multiple_of=1):
    """Add a block of rows until they are enough."""
    rows = multiple_of
    while rows < tokens * factor * k / experts:
        rows += multiple_of
    return rows


def with_fractions(tokens, experts, k, factor, multiple_of=1):
    """Exact arithmetic on the factor as the machine holds it."""
    rows = math.ceil(Fraction(factor) * tokens * k / experts)
    return math.ceil(Fraction(rows, multiple_of)) * multiple_of


def by_numpy(tokens, experts, k, factor, multiple_of=1):
    """NumPy's ceil, twice."""
    rows = np.ceil(factor * k * tokens / experts)
    return int(np.ceil(rows / multiple_of) * multiple_of)


VARIANTS = (by_counting, with_fractions, by_numpy)
