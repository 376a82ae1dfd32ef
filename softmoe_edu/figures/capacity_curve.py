"""Dropped tokens over the capacity factor: the static twin of the CapacityExplorer."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from torch import Tensor

from softmoe_edu import metrics
from softmoe_edu.capacity import capacity_for
from softmoe_edu.figures.canvas import array, one_axes
from softmoe_edu.figures.description import describe
from softmoe_edu.figures.style import categories, text_colour
from softmoe_edu.shapes import check_at_least
from softmoe_edu.text import plural, span

MOST_FACTOR = 4.0


def capacity_curve(
    tokens: int,
    num_experts: int,
    measured: Mapping[float | int, Sequence[float] | np.ndarray | Tensor] | None = None,
    *,
    top_k: int = 1,
    skew: float | int = 0.0,
    factor: float | int = 1.0,
    ax: Axes | None = None,
) -> Axes:
    """Draw which share of tokens a tokens choice router drops at each capacity factor, expected and measured.

    The line is exact for a uniformly random router (`metrics.expected_drop_curve`); it is level where rounding up
    gives the same capacity.

    Args:
        tokens: tokens of a group.
        num_experts: experts that they choose from.
        measured: {capacity factor: fractions of samples} of what the line is of; a dot is their mean, a whisker goes
            from the smallest to the largest.
        top_k: choices of a token; with several the line is the share of choices without a slot.
        skew: expert e is chosen in proportion to 1 / (e + 1) ** skew; a dashed line is exact for that router, where a
            token makes one choice.
        factor: the capacity factor that is marked on both lines and named.
        ax: the Axes to draw on; None for a new figure.

    Returns:
        The Axes.

    Raises:
        ValueError: a factor is not over 0 and at most 4, there are more choices than experts, skew is negative or not
            finite, or a fraction is outside 0 to 1.
    """
    top_k = check_at_least("top_k", top_k)
    if top_k > num_experts:
        raise ValueError(f"top_k must be at most num_experts={num_experts}, got {top_k}: lower top_k")
    if not 0 <= skew < math.inf:
        raise ValueError(f"skew must be at least 0 and finite, got {skew}: 0 is a uniform router")
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

    factors = np.linspace(0.005, MOST_FACTOR, 800)
    capacities = [capacity_for(tokens, num_experts, top_k=top_k, factor=at) for at in factors]
    capacity = capacity_for(tokens, num_experts, top_k=top_k, factor=factor)
    lines = {"uniform": metrics.expected_drop_curve(tokens, [top_k / num_experts] * num_experts).numpy()}
    if skew and top_k == 1:
        sizes = np.arange(1, num_experts + 1) ** -float(skew)
        lines["skewed"] = metrics.expected_drop_curve(tokens, sizes / sizes.sum()).numpy()

    ax = one_axes(ax, 6.4, 3.6)
    for (name, expected), dashes in zip(lines.items(), ("-", "--"), strict=False):
        drawn = [100 * expected[min(each, tokens)] for each in capacities]
        here = 100 * expected[min(capacity, tokens)]
        label = f"{name} router, exact: {here:.1f} % at {factor:g}"
        ax.plot(factors, drawn, color=text_colour(), linestyle=dashes, drawstyle="steps-post", label=label)
        ax.plot([factor], [here], "o", color=text_colour(), fillstyle="none", markersize=9, gid=f"{name} here")
    if rates:
        middle = np.array([values.mean() for values in rates.values()])
        reach = np.array([[v.mean() - v.min(), v.max() - v.mean()] for v in rates.values()]).T.clip(min=0)
        least, most = _sizes(rates)
        made = plural(least, "sample") if least == most else f"{least} to {most} samples"
        label = f"measured: mean of {made}, least to most"
        style: dict[str, Any] = {"fmt": "o", "color": categories()[0], "elinewidth": 1, "capsize": 3, "markersize": 5}
        ax.errorbar(list(rates), 100 * middle, 100 * reach, label=label, **style)
    ax.axvline(factor, color=text_colour(), linestyle=":", linewidth=1.2)
    ax.set_xlim(0, MOST_FACTOR)
    ax.set_ylim(0, 100)
    ax.grid(True, axis="y", linewidth=0.6)
    ax.set_xlabel(f"capacity factor (dotted: {factor:g}, {plural(capacity, 'slot')} per expert)")
    ax.set_ylabel("dropped tokens (%)" if top_k == 1 else "choices without a slot (%)")
    lost, choices = ("Dropped", "one choice each") if top_k == 1 else ("Lost", f"{top_k} choices each")
    choices += f", skew {skew:g}" if skew else ""
    ax.set_title(f"{lost}: {plural(tokens, 'token')}, {plural(num_experts, 'expert')}, {choices}")
    ax.legend(frameon=False, loc="upper right")
    seen = ""
    if factor in rates:
        values = 100 * rates[factor]
        seen = f", and {span(values.min(), values.max(), '{:.1f}'.format)} % in {plural(len(values), 'sample')}"
    exact = [f"{100 * expected[min(capacity, tokens)]:.1f} % (exact)" for expected in lines.values()]
    loses = "drops" if top_k == 1 else "loses"
    said = f"a uniform top-{top_k} router {loses} {exact[0]}"
    said += f", one of skew {skew:g} {exact[1]}" if len(exact) > 1 else ""
    ends = " and ".join(f"{100 * expected[min(capacities[-1], tokens)]:.1f} %" for expected in lines.values())
    experts = plural(num_experts, "expert")
    if top_k == 1:
        what = f"{plural(tokens, 'token')} that {experts} drop"
    else:
        what = f"choices of {plural(tokens, 'token')} that find no slot of {experts}"
    describe(
        ax,
        f"Share of {what}, over the capacity factor: at {factor:g}, {plural(capacity, 'slot')} per expert, {said}{seen}"
        f"; at {MOST_FACTOR:g}, {ends}.",
    )
    return ax


def _sizes(rates: Mapping[float | int, np.ndarray]) -> tuple[int, int]:
    sizes = [len(values) for values in rates.values()]
    return min(sizes), max(sizes)
