"""Right answers to `matched_hidden` in other styles."""

import math
from fractions import Fraction


def by_trying(tokens, dim, hidden, experts, slots_per_expert):
    """Try every width."""
    slots, dense = experts * slots_per_expert, 2 * tokens * dim * hidden

    def gap(width):
        return abs(3 * tokens * dim * slots + 2 * slots * dim * width - dense)

    best = min(range(1, tokens * hidden + 2), key=gap)
    return best if gap(best) * 100 <= dense else 0


def with_fractions(tokens, dim, hidden, experts, slots_per_expert):
    """Exact arithmetic; an exact half is rounded up."""
    slots = experts * slots_per_expert
    width = math.floor(Fraction(tokens * hidden, slots) - Fraction(3 * tokens, 2) + Fraction(1, 2))
    share = Fraction(slots * width * 2 + 3 * tokens * slots, 2 * tokens * hidden)
    return width if width > 0 and abs(share - 1) <= Fraction(1, 100) else 0


def by_bisection(tokens, dim, hidden, experts, slots_per_expert):
    """Bisect the first width that costs enough, and compare it with the one below."""
    slots, wanted = experts * slots_per_expert, tokens * hidden * dim * 2

    def cost(width):
        return (3 * tokens + 2 * width) * dim * slots

    low, high = 1, wanted
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if cost(middle) < wanted else (low, middle)
    near = [width for width in (low - 1, low) if width >= 1 and abs(cost(width) / wanted - 1) <= 0.01]
    return min(near, key=lambda width: abs(cost(width) - wanted), default=0)


VARIANTS = (by_trying, with_fractions, by_bisection)
