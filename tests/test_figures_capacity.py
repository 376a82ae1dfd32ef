"""The capacity curve of skewed routers and of several choices, against the metrics."""

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot as plt

from softmoe_edu import figures, metrics
from softmoe_edu.capacity import capacity_for
from softmoe_edu.figures.capacity_curve import capacity_curve

matplotlib.use("agg")


@pytest.fixture(autouse=True)
def nothing_stays():
    """A test's figures end with it."""
    yield
    plt.close("all")


def expected(tokens, shares, capacity):
    """Expected percentage of choices without a slot."""
    return 100 * float(metrics.expected_drop_curve(tokens, shares)[capacity])


def test_a_skewed_router_has_a_curve_of_its_own():
    """Dashed beside the uniform one, both exact, both ringed at the factor, with their numbers and in words."""
    sizes = [1 / (e + 1) ** 1.5 for e in range(8)]
    shares = [size / sum(sizes) for size in sizes]
    ax = capacity_curve(30, 8, skew=1.5, factor=1.25)
    lines = {line.get_linestyle(): line for line in ax.lines if line.get_drawstyle() == "steps-post"}

    assert list(lines) == ["-", "--"]
    for line, chosen in zip(lines.values(), ([1 / 8] * 8, shares), strict=True):
        drawn = dict(zip(np.round(line.get_xdata(), 3), line.get_ydata(), strict=True))
        for factor, capacity in ((0.25, 1), (1.25, 5), (4.0, 15)):
            assert drawn[factor] == pytest.approx(expected(30, chosen, capacity), abs=1e-9)
    uniform, skewed = expected(30, [1 / 8] * 8, 5), expected(30, shares, 5)
    rings = {
        line.get_gid(): (line.get_xdata()[0], line.get_ydata()[0]) for line in ax.lines if line.get_marker() == "o"
    }
    assert rings == {"uniform here": (1.25, pytest.approx(uniform)), "skewed here": (1.25, pytest.approx(skewed))}
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == [f"{n} router, exact: {x:.1f} % at 1.25" for n, x in (("uniform", uniform), ("skewed", skewed))]
    said = (
        f"a uniform top-1 router drops {uniform:.1f} % (exact), one of skew 1.5 {skewed:.1f} % (exact); at 4, 0.0 % and"
    )
    assert said in figures.alt_text(ax)
    assert ax.get_title() == "Dropped: 30 tokens, 8 experts, one choice each, skew 1.5"


def test_several_choices_are_lost_one_by_one():
    """The line is of choices without a slot, where a token chooses each expert with chance top_k / experts."""
    ax = capacity_curve(23, 9, top_k=3, skew=0.5)
    (line,) = [line for line in ax.lines if line.get_drawstyle() == "steps-post"]
    drawn = dict(zip(np.round(line.get_xdata(), 3), line.get_ydata(), strict=True))

    for factor, capacity in ((0.5, 4), (1.0, 8), (2.0, 16)):
        assert drawn[factor] == pytest.approx(expected(23, [1 / 3] * 9, capacity), abs=1e-9)
    assert ax.get_ylabel() == "choices without a slot (%)"
    assert ax.get_title() == "Lost: 23 tokens, 9 experts, 3 choices each, skew 0.5"
    assert figures.alt_text(ax).startswith(
        "Share of choices of 23 tokens that find no slot of 9 experts, over the capacity factor: at 1, 8 slots per "
        f"expert, a uniform top-3 router loses {drawn[1.0]:.1f} % (exact); at 4, "
    )
    everyone = capacity_curve(5, 2, top_k=2)
    assert dict(zip(np.round(everyone.lines[0].get_xdata(), 3), everyone.lines[0].get_ydata(), strict=True))[0.5] == 40


@pytest.mark.parametrize(("tokens", "experts"), [(1, 1), (7, 1), (49, 32), (4096, 256)])
def test_the_curve_is_that_of_the_metrics(tokens, experts):
    """At every capacity that it draws, for one expert and for the most tokens."""
    ax = capacity_curve(tokens, experts, factor=2)
    for at, drawn in list(zip(ax.lines[0].get_xdata(), ax.lines[0].get_ydata(), strict=True))[::97]:
        capacity = capacity_for(tokens, experts, factor=at)
        assert drawn == pytest.approx(100 * metrics.expected_drop_fraction(tokens, experts, capacity), abs=1e-7)
