"""Intervals over seeds, and tests of paired differences: SciPy's, with what this package needs of them."""

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

import numpy as np
from scipy import stats

from softmoe_edu.evidence.claim import Measured

LEVEL = 0.95
"""How often an interval is meant to hold the true mean."""
ERROR = 0.05
"""How often at most chance alone may tell any of several differences apart."""

Name = TypeVar("Name", bound=Hashable)


def mean_of(name: str, values: Sequence[float], unit: str = "") -> Measured:
    """Compute the mean over seeds with its bootstrap interval at 95 %.

    The interval is SciPy's, bias-corrected and accelerated, from 9,999 resamples of a fixed seed; values that are all
    the same have an interval of no width.

    Args:
        name: what is measured.
        values: one for each seed, two or more.
        unit: of the values.

    Raises:
        ValueError: there are fewer than two values, or one is not finite.
    """
    array = np.asarray(values, dtype=float)
    if array.ndim != 1 or len(array) < 2 or not np.isfinite(array).all():
        raise ValueError(f"values must be two or more finite numbers, got {list(values)!r}: run more seeds")
    mean = float(array.mean())
    if np.ptp(array) == 0:
        return Measured(name, mean, mean, mean, unit)
    drawn = stats.bootstrap((array,), np.mean, confidence_level=LEVEL, rng=np.random.default_rng(0))
    return Measured(name, mean, float(drawn.confidence_interval.low), float(drawn.confidence_interval.high), unit)


def sign_test(differences: Sequence[float]) -> float:
    """Return how likely signs as one-sided as these are, or more so, if either sign were equally likely.

    The exact two-sided sign test; differences of 0 say nothing and are left out.
    """
    array = np.asarray(differences, dtype=float)
    up, down = int((array > 0).sum()), int((array < 0).sum())
    return float(stats.binomtest(up, up + down).pvalue) if up + down else 1.0


def holm(chances: Sequence[float]) -> list[float]:
    """Correct the p-values of several tests by the method of Holm (1979), so that one level applies to all of them.

    The smallest is multiplied by the number of tests, the next by one less, and so on; none becomes smaller than the
    one before it or larger than 1.
    """
    order = sorted(range(len(chances)), key=lambda i: chances[i])
    corrected, least = [0.0] * len(chances), 0.0
    for rank, i in enumerate(order):
        least = max(least, min(1.0, chances[i] * (len(chances) - rank)))
        corrected[i] = least
    return corrected


def directions(paired: Mapping[Name, Sequence[float]]) -> dict[Name, int]:
    """Say which way each of several paired differences goes: sign tests, corrected by Holm, at level `ERROR`.

    Args:
        paired: the differences of each comparison, one for each seed.

    Returns:
        1 where they are above 0, -1 where they are below, 0 where they cannot be told from chance.
    """
    chances = holm([sign_test(values) for values in paired.values()])
    signs = {
        name: int((np.asarray(values) > 0).sum() * 2 > np.count_nonzero(values)) for name, values in paired.items()
    }
    return {name: 0 if chance >= ERROR else 2 * signs[name] - 1 for name, chance in zip(paired, chances, strict=True)}
