"""Means with intervals, sign tests and the correction for many tests, against numbers worked out by hand."""

import numpy as np
import pytest

from softmoe_edu.evidence import holm, mean_of, sign_test
from softmoe_edu.evidence.statistics import directions


def test_the_interval_is_that_of_the_mean():
    """A mean of eight numbers lies inside its interval, whose width is near that of Student's t."""
    values = [3.0, 5.0, 4.0, 6.0, 5.0, 4.0, 5.0, 8.0]
    found = mean_of("x", values, "%")
    half = 2.365 * np.std(values, ddof=1) / 8**0.5

    assert found.value == 5.0 and found.unit == "%"
    assert found.low < 5.0 < found.high
    assert 0.6 * 2 * half < found.high - found.low < 1.1 * 2 * half


def test_the_interval_covers_as_often_as_it_says():
    """Of 400 samples of 12 normal numbers, between 88 and 98 % of the intervals hold the true mean."""
    rng = np.random.default_rng(0)
    found = [mean_of("x", rng.normal(2, 3, 12)) for _ in range(400)]

    assert 0.88 < np.mean([each.low <= 2 <= each.high for each in found]) < 0.98


def test_equal_values_have_no_width():
    """Eight equal numbers have an interval of no width, and the same numbers the same interval twice."""
    assert mean_of("x", [7.0] * 8).low == mean_of("x", [7.0] * 8).high == 7.0
    assert mean_of("x", [1.0, 2.0, 4.0]) == mean_of("x", [1.0, 2.0, 4.0])


@pytest.mark.parametrize("values", [[], [1.0], [1.0, float("nan")], [[1.0, 2.0]]])
def test_too_few_or_no_numbers_are_refused(values):
    """One seed has no interval, and NaN is not averaged away."""
    with pytest.raises(ValueError, match=r"two or more finite numbers, got .*: run more seeds"):
        mean_of("x", values)


@pytest.mark.parametrize(
    "differences, chance",
    [([1] * 8, 2 / 2**8), ([-1] * 8, 2 / 2**8), ([1, 1, 1, -1], 10 / 16), ([1, 1, 0, 0, 0], 0.5), ([0, 0], 1), ([], 1)],
)
def test_the_sign_test_counts_signs(differences, chance):
    """Eight of eight have a chance of 2 in 256, three of four one of 10 in 16; zeros are left out."""
    assert sign_test(differences) == pytest.approx(chance)


def test_holm_multiplies_by_what_is_left():
    """0.01, 0.04 and 0.03 become 0.03, 0.06 and 0.06: three times the least, then no less than the one before."""
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_directions_are_told_apart_only_after_the_correction():
    """Eight of eight seeds tell six comparisons from chance, and not seven; zeros and mixed signs tell nothing."""
    up, down, mixed = [0.1] * 8, [-3.0] * 8, [9.0] * 5 + [-0.1] * 3

    assert directions({"up": up, "down": down, "mixed": mixed}) == {"up": 1, "down": -1, "mixed": 0}
    assert set(directions(dict.fromkeys(range(6), up)).values()) == {1}
    assert set(directions(dict.fromkeys(range(7), up)).values()) == {0}
    assert directions({"same": [0.0] * 8}) == {"same": 0}
    assert directions({"skewed": [-0.1] * 8 + [100.0]}) == {"skewed": -1}  # signs count, and not the mean
