"""Right answers to `all_to_all_bytes` in other styles."""

from fractions import Fraction


def by_share(seqs, slots, dim, bytes_per, devices):
    """All rows, times the share that leaves."""
    return 2 * seqs * slots * dim * bytes_per * (1 - 1 / devices)


def pair_by_pair(seqs, slots, dim, bytes_per, devices):
    """Every device sends to every other one, twice."""
    total = 0
    for source in range(devices):
        for target in range(devices):
            if source != target:
                rows = (seqs // devices) * (slots // devices)
                total += 2 * rows * dim * bytes_per
    return total


def exactly(seqs, slots, dim, bytes_per, devices):
    """With an exact fraction."""
    return int(2 * seqs * slots * dim * bytes_per * (1 - Fraction(1, devices)))


VARIANTS = (by_share, pair_by_pair, exactly)
