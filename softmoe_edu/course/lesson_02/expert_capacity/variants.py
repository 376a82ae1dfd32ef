"""Right answers to `expert_capacity` in other styles."""

import math
from fractions import Fraction

import numpy as np


def by_counting(tokens, experts, k, factor, multiple_of=1):
    """Add a block of slots until there are enough."""
    slots = multiple_of
    while slots < tokens * factor * k / experts:
        slots += multiple_of
    return slots


def with_fractions(tokens, experts, k, factor, multiple_of=1):
    """Exact arithmetic on the factor as the machine holds it."""
    slots = math.ceil(Fraction(factor) * tokens * k / experts)
    return math.ceil(Fraction(slots, multiple_of)) * multiple_of


def by_numpy(tokens, experts, k, factor, multiple_of=1):
    """NumPy's ceil, twice."""
    slots = np.ceil(factor * k * tokens / experts)
    return int(np.ceil(slots / multiple_of) * multiple_of)


VARIANTS = (by_counting, with_fractions, by_numpy)
