"""Training runs of several models, with a band over seeds."""

import math
from collections.abc import Mapping, Sequence
from itertools import cycle

import numpy as np
from matplotlib.axes import Axes

from softmoe_edu.figures.canvas import array, one_axes
from softmoe_edu.figures.description import describe
from softmoe_edu.figures.style import DASHES, MARKERS, categories
from softmoe_edu.shapes import check_choice
from softmoe_edu.text import number, plural, span

BANDS = {"range": "band: smallest to largest run", "error": "band: mean ± standard error of the runs"}
UNITS = {"accuracy": "fraction correct", "loss": "nats", "dropped": "fraction of tokens", "seconds": "s"}

Run = Mapping[str, Sequence[float | int] | np.ndarray]


def training_curves(
    runs: Mapping[str, Sequence[Run]],
    x: str = "step",
    y: str = "accuracy",
    *,
    band: str = "range",
    ax: Axes | None = None,
) -> Axes:
    """Draw the mean of each model's runs as a line, and a band over them.

    A run is a mapping from column names to sequences of equal length, such as {"step": [...], "loss": [...]}; the
    runs of one model are drawn where all of them have a value of x. A single run has no band, and the legend says so.

    Args:
        runs: {name of the model: its runs}.
        x: the column on the horizontal axis.
        y: the column on the vertical axis.
        band: "range" for smallest to largest, "error" for the standard error of the mean (over runs, with n - 1).
        ax: the Axes to draw on; None for a new figure.

    Returns:
        The Axes.

    Raises:
        ValueError: no run is given, a column is missing, or lengths differ.
    """
    check_choice("band", band, tuple(BANDS))
    if not runs or not all(len(group) for group in runs.values()):
        raise ValueError('runs must be {name: [run, ...]} with at least one run each: {"soft": [history.columns]}')
    ax = one_axes(ax, 6.4, 4.0)
    colours, words = categories(), []
    several = any(len(group) > 1 for group in runs.values())
    looks = zip(cycle(colours), cycle(MARKERS), (dash for dash in cycle(DASHES) for _ in colours), strict=False)
    for (name, group), (colour, marker, dash) in zip(runs.items(), looks, strict=False):
        at, values = _align(name, group, x, y)
        middle, low, high = _band(values, band)
        made = plural(len(values), "run") + (", no band" if len(values) == 1 else "")
        ax.plot(at, middle, color=colour, linestyle=dash, marker=marker, markersize=5,
                label=f"{name} ({made})" if several else name, markevery=max(1, len(at) // 8))  # fmt: skip
        if len(values) > 1:
            ax.fill_between(at, low, high, color=colour, alpha=0.22, linewidth=0)
        spread = f", {span(low[-1], high[-1])}" if len(values) > 1 else ""
        words.append(f"{name} ends at {number(middle[-1])} ({made}{spread}) at {x} {at[-1]:g}")
    ax.set_title(f"{_spaced(y).capitalize()} by {_spaced(x)}")
    ax.set_xlabel(_axis_name(x))
    ax.set_ylabel(_axis_name(y))
    ax.grid(True, linewidth=0.6)
    legend = ax.legend(title=f"line: mean; {BANDS[band]}" if several else "one run each, no band", framealpha=0.85)
    legend.get_title().set_fontsize("small")
    caption = f" {BANDS[band].capitalize()}." if several else ""
    describe(ax, f"{_spaced(y).capitalize()} over {_spaced(x)}: {'; '.join(words)}.{caption}")
    return ax


def _align(name: str, group: Sequence[Run], x: str, y: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the values of x that all runs have, in order, and y as (runs, values)."""
    columns = []
    for run in group:
        missing = [column for column in (x, y) if column not in run]
        if missing:
            raise ValueError(
                f"runs of {name!r} must have the column {missing[0]!r}, got {', '.join(run)}: choose x and y"
            )
        at, values = array(run[x]), array(run[y])
        if at.shape != values.shape or at.ndim != 1 or not len(at):
            raise ValueError(
                f"columns {x!r} and {y!r} of {name!r} must have the same length, at least 1, "
                f"got {at.shape} and {values.shape}"
            )
        columns.append(dict(zip(at.tolist(), values.tolist(), strict=True)))
    shared = sorted(set(columns[0]).intersection(*columns[1:]))
    if not shared:
        raise ValueError(f"runs of {name!r} must share values of {x!r}, got none in common: log them at the same {x}")
    return np.array(shared), np.array([[column[at] for at in shared] for column in columns])


def _band(values: np.ndarray, band: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    middle = values.mean(0)
    if band == "range" or len(values) == 1:
        return middle, values.min(0), values.max(0)
    error = values.std(0, ddof=1) / math.sqrt(len(values))
    return middle, middle - error, middle + error


def _spaced(name: str) -> str:
    return name.replace("_", " ")


def _axis_name(name: str) -> str:
    unit = next((unit for word, unit in UNITS.items() if name.endswith(word)), None)
    return f"{_spaced(name)} ({unit})" if unit else _spaced(name)
