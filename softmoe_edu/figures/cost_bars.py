"""Costs as stacked bars, part by part: the static twin of the CostExplorer."""

from collections.abc import Mapping, Sequence

import numpy as np

from softmoe_edu.figures.canvas import many_axes
from softmoe_edu.figures.description import describe
from softmoe_edu.figures.style import text_colour
from softmoe_edu.palette import EXPERTS, PARTS
from softmoe_edu.text import abbreviated, plural

NAMES = {
    "parameters": "parameters",
    "active": "active parameters",
    "macs": "MACs of an example",
    "activations": "numbers read and written",
    "bytes": "bytes of a batch",
    "seconds": "least time of a batch (s)",
}
# As in the widgets; a part that they do not have takes the next.
OWN_HATCHES = {"routing logits": "..", "dispatch": "//", "experts": "", "combine": "\\\\", "dense MLP": "||"}
HATCHES = ("", "xx", "--", "++", "oo", "..", "//", "\\\\")


def cost_bars(
    costs: Mapping[str, Mapping[str, Mapping[str, float | int | str]]],
    quantities: Sequence[str] = ("parameters", "active", "macs"),
    *,
    ax: np.ndarray | None = None,
) -> np.ndarray:
    """Draw what layers cost: one panel for each quantity, one bar for each layer, its parts stacked.

    Totals stand at the bars' ends.

    Args:
        costs: {layer: {part: {quantity: number}}}, which `{name: {p.name: vars(p) for p in cost.parts}}` makes of
            costs; bytes and seconds are added with `p.bytes(batch)` and `p.seconds(device, batch)`. A part that a layer
            lacks, or a quantity that a part lacks, counts as 0.
        quantities: names that the parts have.
        ax: one Axes for each quantity; None for a new figure.

    Returns:
        (1, quantities) Axes.

    Raises:
        TypeError: a layer is no mapping.
        ValueError: there are no layers or quantities, no part has a quantity, or a number is negative or not finite.
    """
    for layer in costs.values():
        if not isinstance(layer, Mapping):
            raise TypeError(
                f"costs must be {{layer: {{part: {{quantity: number}}}}}}, got {type(layer).__name__} for a layer: "
                "make it of a Cost with {p.name: vars(p) for p in cost.parts}"
            )
    if not costs or not all(costs.values()):
        raise ValueError("costs must be {layer: {part: {quantity: number}}} with at least one part each, got none")
    parts = list(dict.fromkeys(part for layer in costs.values() for part in layer))
    known = list(dict.fromkeys(q for layer in costs.values() for part in layer.values() for q in part if q != "name"))
    if not quantities:
        raise ValueError(f"quantities must name at least one of {', '.join(known)}, got none")
    values = np.zeros((len(quantities), len(costs), len(parts)))
    for q, quantity in enumerate(quantities):
        if quantity not in known:
            raise ValueError(f"quantities must be among {', '.join(known)}, got {quantity!r}")
        for i, layer in enumerate(costs.values()):
            values[q, i] = [layer.get(part, {}).get(quantity, 0) for part in parts]
        if not (np.isfinite(values[q]).all() and (values[q] >= 0).all()):
            raise ValueError(f"{quantity} must be finite and at least 0, got {values[q].min()} to {values[q].max()}")

    panels = many_axes(ax, 1, len(quantities), 3.4 * len(quantities), 1.5 + 0.45 * len(costs))
    words = []
    for panel, quantity, numbers in zip(panels[0], quantities, values, strict=True):
        totals, left = numbers.sum(1), np.zeros(len(costs))
        for k, part in enumerate(parts):
            look = {**_look(part, k), "edgecolor": text_colour()}
            panel.barh(range(len(costs)), numbers[:, k], left=left, height=0.7, linewidth=0.8, label=part, **look)
            left = left + numbers[:, k]
        for i, total in enumerate(totals):
            panel.annotate(
                abbreviated(total, 3), (total, i), (4, 0), textcoords="offset points", va="center", fontsize=8
            )
        panel.set_xlim(0, (totals.max() or 1.0) * 1.3)
        panel.set_ylim(len(costs) - 0.5, -0.5)
        panel.set_yticks(range(len(costs)), list(costs) if panel is panels[0, 0] else [""] * len(costs))
        panel.locator_params(axis="x", nbins=4)
        panel.xaxis.set_major_formatter(lambda value, _: abbreviated(value, 3))
        name = NAMES.get(quantity, quantity.replace("_", " "))
        panel.set_xlabel(name)
        panel.set_title(name[0].upper() + name[1:])
        each = (f"{layer} {abbreviated(total, 3)}" for layer, total in zip(costs, totals, strict=True))
        words.append(f"{name}: {', '.join(each)}")
    panels[0, 0].figure.legend(
        *panels[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=len(parts), frameon=False
    )
    most = (
        " and ".join(part for part, value in zip(parts, own, strict=True) if value == own.max() > 0) or "none"
        for own in values[0]
    )
    named = ", ".join(f"{layer} {part}" for layer, part in zip(costs, most, strict=True))
    words.append(f"largest part in {NAMES.get(quantities[0], quantities[0])}: {named}")
    describe(panels, f"Cost of {plural(len(costs), 'layer')} by part. {'; '.join(words)}.")
    return panels


def _look(part: str, place: int) -> dict[str, str]:
    """Return the colour and pattern that a part has in the widgets too; one that they do not have takes the next."""
    hatch = OWN_HATCHES.get(part, HATCHES[place % len(HATCHES)])
    return {"color": EXPERTS[PARTS.get(part, place) % len(EXPERTS)], "hatch": hatch}
