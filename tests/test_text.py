import math

import pytest

from softmoe_edu.text import abbreviated, number, percent, plural, span


@pytest.mark.parametrize(("count", "text"), [(0, "0 slots"), (1, "1 slot"), (2, "2 slots")])
def test_one_alone_is_singular(count, text):
    """A count of one is followed by the noun as it is, and every other count, 0 too, by its plural."""
    assert plural(count, "slot") == text


def test_a_plural_of_its_own_is_used():
    """A noun whose plural does not end in a mere s is given both, and one alone is singular still."""
    assert [plural(count, "property", "properties") for count in (1, 2)] == ["1 property", "2 properties"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (7, "7"),
        (0.125, "0.125"),
        (1 / 3, "0.333"),
        (-2 / 3, "-0.667"),
        (0.00123456, "0.00123"),
        (0.000456, "0.0005"),
        (0.00003, "0.00003"),
        (0.000001, "0.000001"),
        (3e-7, "3e-07"),
        (999.4, "999"),
        (999.6, "1000"),
        (1234.56, "1235"),
        (25_088, "25088"),
        (-25_088, "-25088"),
        (math.inf, "inf"),
        (math.nan, "nan"),
    ],
)
def test_a_number_has_three_digits(value, text):
    """A number shows three significant digits, all of its whole part, and no power of ten from a millionth on."""
    assert number(value) == text


def test_equal_ends_are_one_number():
    """A range whose ends print the same is one number, and its ends are printed as the caller wants them."""
    assert span(0.25, 2) == "0.25 to 2"
    assert span(0.33333, 0.33334) == "0.333"
    assert span(0.33333, 0.33334, "{:.5f}".format) == "0.33333 to 0.33334"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1k"),
        (1001, "1.001k"),
        (999_949, "999.9k"),
        (999_999, "1M"),
        (999.96, "1k"),
        (1e6, "1M"),
        (1e9, "1B"),
        (1e12, "1T"),
        (33_083_929, "33.08M"),
    ],
)
def test_a_unit_begins_at_its_own_number(value, text):
    """A thousand is 1k, and so is what four digits round up to it."""
    assert abbreviated(value) == text


@pytest.mark.parametrize(("value", "text"), [(37_883_905, "37.9M"), (999_600, "1M"), (999.6, "1k"), (0.0125, "0.0125")])
def test_fewer_digits_round_to_the_next_unit_sooner(value, text):
    """What three digits round up to a million is 1M, and never a thousand of thousands."""
    assert abbreviated(value, 3) == text


def test_half_a_tenth_of_a_percent_is_rounded_up():
    """6.25 % is 6.3 % in Python as in the widgets, where Python's own format says 6.2 %."""
    assert [percent(share) for share in (0, 0.0625, 0.1875, 1)] == ["0.0 %", "6.3 %", "18.8 %", "100.0 %"]
    assert f"{0.0625:.1%}" == "6.2%"
