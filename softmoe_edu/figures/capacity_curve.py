"""Dropped tokens over the capacity factor: the static twin of the CapacityExplorer."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from torch import Tensor

from softmoe_edu.capacity import capacity_for
from softmoe_edu.figures.canvas import array, one_axes
from softmoe_edu.figures.description import describe
from softmoe_edu.figures.style import categories, count, span, text_colour
from softmoe_edu.metrics import expected_drop_fraction

MOST_FACTOR = 4.0


def capacity_curve(
    tokens: int,
    num_experts: int,
    measured: Mapping[float | int, Sequence[float] | np.ndarray | Tensor] | None = None,
    *,
    factor: float | int = 1.0,
    ax: Axes | None = None,
) -> Axes:
    """Draw which share of tokens a top-1 router drops at each capacity factor, expected and measured.

    The line is exact for a uniformly random router (`metrics.expected_drop_fraction`); it is level where rounding up
    gives the same capacity. measured: {capacity factor: dropped fractions of samples}; a dot is their mean, a whisker
    goes from the smallest to the largest. factor: the one that is marked and named with its numbers.
    Raises ValueError for a factor that is not over 0 and at most 4, and for fractions outside 0 to 1.
    """
    measured = dict(measured or {})
    for value in (factor, *measured):
        if not 0 < value <= MOST_FACTOR:
            raise ValueError(f"a capacity factor must be over 0 and at most {MOST_FACTOR:g}, got {value}")
    rates = {}
    for at, given in measured.items():
        values = array(given).ravel()
        if not len(values) or not ((values >= 0) & (values <= 1)).all():
            raise ValueError(f"measured[{at}] must hold dropped fractions from 0 to 1, got {values.tolist()}")
        rates[at] = values

    capacities = [capacity_for(tokens, num_experts, factor=at) for at in np.linspace(0.005, MOST_FACTOR, 800)]
    expected = {capacity: expected_drop_fraction(tokens, num_experts, capacity) for capacity in set(capacities)}
    capacity = capacity_for(tokens, num_experts, factor=factor)
    here = expected_drop_fraction(tokens, num_experts, capacity)

    ax = one_axes(ax, 6.4, 3.6)
    ax.plot(
        np.linspace(0.005, MOST_FACTOR, 800),
        [100 * expected[each] for each in capacities],
        color=text_colour(),
        drawstyle="steps-post",
        label="uniform router, exact",
    )
    if rates:
        middle = np.array([values.mean() for values in rates.values()])
        reach = np.array([[v.mean() - v.min(), v.max() - v.mean()] for v in rates.values()]).T.clip(min=0)
        least, most = _sizes(rates)
        made = count(least, "sample") if least == most else f"{least} to {most} samples"
        label = f"measured: mean of {made}, least to most"
        style = {"fmt": "o", "color": categories()[0], "elinewidth": 1, "capsize": 3, "markersize": 5}
        ax.errorbar(list(rates), 100 * middle, 100 * reach, label=label, **style)
    ax.axvline(factor, color=text_colour(), linestyle=":", linewidth=1.2)
    ax.set_xlim(0, MOST_FACTOR)
    ax.set_ylim(0, 100)
    ax.grid(True, axis="y", linewidth=0.6)
    ax.set_xlabel(f"capacity factor (dotted: {factor:g}, {count(capacity, 'slot')} per expert)")
    ax.set_ylabel("dropped tokens (%)")
    ax.set_title(f"Dropped: {count(tokens, 'token')}, {count(num_experts, 'expert')}, one choice each")
    ax.legend(frameon=False, loc="upper right")
    seen = ""
    if factor in rates:
        values = 100 * rates[factor]
        seen = f", and {span(values.min(), values.max(), '{:.1f}'.format)} % in {count(len(values), 'sample')}"
    describe(
        ax,
        f"Share of {count(tokens, 'token')} that {count(num_experts, 'expert')} drop, over the capacity factor: at "
        f"{factor:g}, {count(capacity, 'slot')} per expert, a uniform top-1 router drops {100 * here:.1f} % "
        f"(exact){seen}; at {MOST_FACTOR:g}, {100 * expected[capacities[-1]]:.1f} %.",
    )
    return ax


def _sizes(rates: Mapping[float | int, np.ndarray]) -> tuple[int, int]:
    sizes = [len(values) for values in rates.values()]
    return min(sizes), max(sizes)
