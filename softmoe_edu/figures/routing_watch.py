"""What routers did while a model trained: the busiest expert, dropped tokens, and how even the load was."""

from collections.abc import Mapping, Sequence
from itertools import cycle

import matplotlib
import numpy as np
from matplotlib.axes import Axes

from softmoe_edu.figures.canvas import many_axes
from softmoe_edu.figures.description import describe
from softmoe_edu.figures.style import DASHES, MARKERS, categories
from softmoe_edu.text import number, plural

PANELS = {
    "busiest": ("Busiest expert", "load over the mean load", 1.0, "even"),
    "dropped": ("Dropped tokens", "% of tokens", None, ""),
    "entropy": ("Evenness of the load", "entropy over its maximum", 1.0, "even"),
}
MOST_NAMED = 8

Columns = Mapping[str, Sequence[float]]


def routing_watch(layers: Mapping[str, Columns], *, ax: np.ndarray | None = None) -> np.ndarray:
    """Draw load, drops and entropy of each layer over the steps of a training run.

    Up to eight layers have a line style of their own; of more, the colour says how deep a layer is.

    Args:
        layers: {layer: {"step": ..., "busiest": ..., "dropped": ..., "entropy": ...}}, as `RoutingWatch.layers`.
        ax: three Axes to draw on; None for a new figure.

    Returns:
        Three Axes: the busiest expert, dropped tokens, evenness.

    Raises:
        ValueError: there is no layer, or a column is missing.
    """
    if not layers:
        raise ValueError("layers must hold one layer or more, got none: watch a model that has a router")
    for name, columns in layers.items():
        missing = [column for column in ("step", *PANELS) if column not in columns]
        if missing:
            raise ValueError(f"layer {name!r} lacks {', '.join(missing)}: give RoutingWatch.layers")
    axes = many_axes(ax, 1, 3, 10.5, 3.2)
    words = []
    for panel, (column, (title, unit, even, name)) in zip(axes.ravel(), PANELS.items(), strict=True):
        _lines(panel, layers, column)
        if even is not None:
            panel.axhline(even, color=matplotlib.rcParams["axes.edgecolor"], linewidth=0.8, linestyle=":")
        panel.set(title=title, xlabel="step", ylabel=unit + (f" ({even:g}: {name})" if name else ""))
        panel.grid(True, linewidth=0.6)
        last = [columns[column][-1] * (100 if column == "dropped" else 1) for columns in layers.values()]
        words.append(f"{title.lower()} at the end {number(min(last))} to {number(max(last))}")
    axes[0, 0].legend(title="layer", framealpha=0.85)
    steps = max(columns["step"][-1] for columns in layers.values())
    describe(axes, f"Routing of {plural(len(layers), 'layer')} over {steps:g} steps: {'; '.join(words)}.")
    return axes


def _lines(panel: Axes, layers: Mapping[str, Columns], column: str) -> None:
    few = len(layers) <= MOST_NAMED
    depth = matplotlib.colormaps["cividis"](np.linspace(0.1, 0.9, len(layers)))
    shown = {0, len(layers) // 2, len(layers) - 1}
    looks = zip(cycle(categories()), cycle(MARKERS), cycle(DASHES), strict=False)
    for i, ((name, columns), (colour, marker, dash)) in enumerate(zip(layers.items(), looks, strict=False)):
        values = np.asarray(columns[column], dtype=float) * (100 if column == "dropped" else 1)
        every = max(1, len(values) // 6)
        style = {"marker": marker, "linestyle": dash, "markersize": 4, "markevery": every} if few else {"linewidth": 1}
        label = name if few or i in shown else None
        panel.plot(columns["step"], values, color=colour if few else depth[i], label=label, **style)
