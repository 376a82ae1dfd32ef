"""A report on routing as panels: loads of all layers, what is uneven, what would be dropped, what experts tell."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes

from softmoe_edu.figures.canvas import array, many_axes, one_axes
from softmoe_edu.figures.description import describe
from softmoe_edu.figures.style import DASHES, MARKERS, categories, every, text_colour
from softmoe_edu.palette import WEIGHTS
from softmoe_edu.report import Estimate, LayerReport, RoutingReport, Told
from softmoe_edu.text import number, percent, plural, span

Panel = Callable[[Axes, RoutingReport], str]


def routing_report(report: RoutingReport, *, ax: np.ndarray | None = None) -> np.ndarray:
    """Draw a report: one panel for each thing that it knows, layers in their order.

    Panels: the load of every expert over the mean of its layer; balancedness and the entropy of the load; what would
    be dropped; what experts tell of a token's domain and of the token, above what chance tells; which experts are
    chosen together in the layer where they are most; and how much of its final choices each checkpoint makes.

    Args:
        report: what `softmoe_edu.report.routing_report` returned.
        ax: as many Axes as `panels_of` names; None for a new figure.

    Returns:
        The Axes, (rows, columns); the last one is empty where panels do not fill the rows.

    Raises:
        ValueError: ax holds another number of Axes.
    """
    panels = panels_of(report)
    columns = min(2, len(panels))
    rows = math.ceil(len(panels) / columns)
    axes = many_axes(ax, rows, columns, 5.2 * columns, 3.1 * rows)
    flat = axes.ravel()
    said = [draw(flat[i], report) for i, draw in enumerate(panels)]
    for spare in flat[len(panels) :]:
        spare.set_axis_off()
    describe(axes, f"Report on {report.summary()} {' '.join(said)} Intervals at 95 %: {report.intervals}.")
    return axes


def routing_panels(report: RoutingReport) -> list[Axes]:
    """Draw the panels of `routing_report` as figures of their own, which fit a narrow page.

    Args:
        report: what `softmoe_edu.report.routing_report` returned.

    Returns:
        The Axes of each, with its own description.
    """
    drawn = []
    for draw in panels_of(report):
        ax = one_axes(None, 5.0, 3.1)
        describe(ax, draw(ax, report))
        drawn.append(ax)
    return drawn


def panels_of(report: RoutingReport) -> list[Panel]:
    """Return what draws each panel that a report has numbers for."""
    layers = report.layers
    panels: list[tuple[Panel, bool]] = [
        (_loads, True),
        (_evenness, True),
        (_lost, any(layer.would_lose for layer in layers)),
        (_told, any(layer.by_domain or layer.by_token for layer in layers)),
        (_together, any(layer.coactivation is not None for layer in layers)),
        (_saturated, any(layer.saturation for layer in layers)),
    ]
    return [draw for draw, wanted in panels if wanted]


def _loads(ax: Axes, report: RoutingReport) -> str:
    most = max(layer.experts for layer in report.layers)
    over = np.full((len(report.layers), most), np.nan)
    for row, layer in zip(over, report.layers, strict=True):
        load = array(layer.load)
        row[: layer.experts] = load / load.mean() if load.sum() else np.nan
    image = ax.imshow(over, cmap=WEIGHTS, vmin=0, aspect="auto", interpolation="nearest")
    ax.figure.colorbar(image, ax=ax, pad=0.02).set_label("load over the layer's mean")
    ax.set_title("Load of each expert")
    ax.set_xlabel("expert")
    ax.set_xticks(every(most, 16))
    ax.set_yticks(ticks := every(len(over), 16), [_short(report.layers[i].name) for i in ticks])
    ax.set_ylabel("layer")
    ax.spines[:].set_visible(False)
    if not np.isfinite(over).any():
        return "No expert has any load."
    at, expert = np.unravel_index(np.nanargmax(over), over.shape)
    return (
        f"Load of {plural(most, 'expert')} in {plural(len(over), 'layer')} over the mean of their layer: the busiest "
        f"has {number(over[at, expert])} times the mean (expert {expert} of {report.layers[at].name})."
    )


def _evenness(ax: Axes, report: RoutingReport) -> str:
    said = []
    for place, (label, estimates) in enumerate(
        (
            ("balancedness (mean over largest)", [layer.balancedness for layer in report.layers]),
            ("entropy of the load, over even", [layer.entropy for layer in report.layers]),
        )
    ):
        _line(ax, estimates, label, place)
        said.append(f"{label.partition(' (')[0].partition(',')[0]} {_span(estimates, number)}")
    _layers(ax, report, "How even loads are", "share (1: even)")
    return f"Over layers, {' and '.join(said)}, where 1 is even."


def _lost(ax: Axes, report: RoutingReport) -> str:
    said = []
    for place, (label, estimates) in enumerate(
        (
            ("choices lost", [layer.would_lose for layer in report.layers]),
            ("tokens dropped (all choices lost)", [layer.would_drop for layer in report.layers]),
        )
    ):
        known = [each or Estimate(math.nan) for each in estimates]
        if any(each.value == each.value for each in known):
            _line(ax, known, label, place, scale=100)
            said.append(f"{label.partition(' (')[0]} {_span(known, percent)}")
    _layers(ax, report, f"Lost at capacity factor {report.capacity_factor:g}", "share [%]")
    return f"At capacity factor {report.capacity_factor:g}: {', '.join(said)}."


def _told(ax: Axes, report: RoutingReport) -> str:
    said = []
    kinds: Sequence[tuple[str, list[Told | None]]] = (
        ("domain", [layer.by_domain for layer in report.layers]),
        ("token", [layer.by_token for layer in report.layers]),
    )
    for place, (what, told) in enumerate(kinds):
        if not any(told):
            continue
        _line(ax, [Estimate(each.told if each else math.nan) for each in told], f"{what}", place, scale=100)
        chance = [100 * each.chance_high if each else math.nan for each in told]
        ax.plot(chance, DASHES[1], color=_colour(place), linewidth=1, label=f"{what}: chance exceeds it once in 20")
        beyond = sum(each is not None and each.p < 0.05 for each in told)
        values = _span([Estimate(each.told) for each in told if each], percent)
        said.append(f"of the {what} {values}, more than chance (p < 0.05) in {beyond} of {plural(len(told), 'layer')}")
    _layers(ax, report, "What a token's experts tell of it", "of what there is to know [%]")
    return f"Experts tell {'; '.join(said)}."


def _together(ax: Axes, report: RoutingReport) -> str:
    layer, shares = max(
        ((layer, _pairs(layer)) for layer in report.layers if layer.coactivation is not None),
        key=lambda each: float(np.nanmax(each[1], initial=0)),
    )
    image = ax.imshow(100 * shares, cmap=WEIGHTS, vmin=0, aspect="auto", interpolation="nearest")
    ax.figure.colorbar(image, ax=ax, pad=0.02).set_label("of the row's tokens [%]")
    ax.set_title(f"Chosen together: {layer.name if len(layer.name) <= 24 else _short(layer.name)}")
    ax.set_xlabel("also chose expert")
    ax.set_ylabel("tokens of expert")
    ax.set_xticks(every(layer.experts, 12))
    ax.set_yticks(every(layer.experts, 12))
    ax.spines[:].set_visible(False)
    if not np.nansum(shares):
        return "No token chose two experts."
    one, other = np.unravel_index(np.nanargmax(shares), shares.shape)
    return (
        f"In {layer.name}, where experts go together most, {percent(shares[one, other])} of the tokens of expert {one} "
        f"chose expert {other} too."
    )


def _pairs(layer: LayerReport) -> np.ndarray:
    """Return the share of each expert's tokens (rows) that chose each other one; NaN for itself and without tokens."""
    assert layer.coactivation is not None
    pairs = array(layer.coactivation)
    own = pairs.diagonal().copy()
    np.fill_diagonal(pairs, np.nan)
    return np.divide(pairs, own[:, None], out=np.full_like(pairs, np.nan), where=own[:, None] > 0)


def _saturated(ax: Axes, report: RoutingReport) -> str:
    layers = [layer for layer in report.layers if layer.saturation]
    steps = [each.checkpoint for each in layers[0].saturation]
    said = []
    for place, layer in enumerate(layers):
        shown = [each.overlap for each in layer.saturation]
        label = _short(layer.name) if len(layers) <= 8 else None
        _line(ax, shown, label, place, scale=100)
        said.append(shown[-1])
    chance = [100 * float(np.mean([layer.saturation[i].chance for layer in layers])) for i in range(len(steps))]
    ax.plot(chance, DASHES[1], color=text_colour(), linewidth=1, label="chance, mean of layers")
    ax.set_xticks(range(len(steps)), [str(step) for step in steps])
    ax.set_title("Saturation: choices that are final already")
    ax.set_xlabel("checkpoint")
    ax.set_ylabel("final choices made [%]")
    ax.set_ylim(0, 140)
    ax.set_yticks(range(0, 101, 20))
    ax.legend(frameon=False, fontsize="small", loc="upper left", ncols=4)
    return (
        f"Of their final choices, layers make {_span(said, percent)} at the last of {plural(len(steps), 'checkpoint')} "
        f"({steps[-1]}), where chance makes {percent(chance[-1] / 100)}."
    )


def _line(ax: Axes, estimates: Sequence[Estimate], label: str | None, place: int, scale: int = 1) -> None:
    """Draw estimates from left to right with their intervals; a marker and a colour tell lines apart."""
    values = scale * np.array([each.value for each in estimates])
    ends = [(each.low, each.high) for each in estimates]
    known = [(math.nan, math.nan) if low is None or high is None else (low, high) for low, high in ends]
    reach = np.abs(scale * np.array(known).T - values)
    colour, marker = _colour(place), MARKERS[place % len(MARKERS)]
    ax.plot(values, color=colour, marker=marker, markersize=4, linewidth=1.2, label=label)
    if np.isfinite(reach).any():
        ax.errorbar(range(len(values)), values, np.nan_to_num(reach), fmt="none", ecolor=colour, capsize=2, linewidth=1)


def _layers(ax: Axes, report: RoutingReport, title: str, unit: str) -> None:
    """Name layers across and what is measured up, from 0."""
    names = [_short(layer.name) for layer in report.layers]
    ticks = every(len(names), 16 if max(map(len, names)) <= 3 else 6)
    ax.set_xticks(ticks, [names[i] for i in ticks])
    ax.set_xlim(-0.5, len(names) - 0.5)
    ax.set_ylim(0, max(ax.get_ylim()[1], 1e-9) * (1.25 if len(ax.get_legend_handles_labels()[0]) < 3 else 1.5))
    ax.set_title(title)
    ax.set_xlabel("layer")
    ax.set_ylabel(unit)
    ax.legend(frameon=False, fontsize="small", loc="upper right")


def _colour(place: int) -> str:
    colours = categories()
    return colours[place % len(colours)]


def _short(name: str) -> str:
    """Return a layer's number, where its name holds just one, or the end of its name."""
    digits = [part for part in name.replace(".", " ").split() if part.isdigit()]
    return digits[0] if len(digits) == 1 else name[-14:]


def _span(estimates: Sequence[Estimate], show: Callable[[float], str]) -> str:
    values = [each.value for each in estimates if each.value == each.value]
    return span(min(values), max(values), show) if values else "unknown"
