"""Dispatch and combine as heat maps, tokens down and slots across, with the sums that tell a wrong softmax."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from softmoe_edu.figures.canvas import array, one_axes, one_group
from softmoe_edu.figures.description import describe
from softmoe_edu.figures.style import every, hundredths, largest, slot_name, text_colour
from softmoe_edu.palette import OVER_DARK, WEIGHTS
from softmoe_edu.routing import Routing
from softmoe_edu.text import number, plural


def dispatch_map(routing: Routing, group: int = 0, *, vmax: float | None = None, ax: Axes | None = None) -> Axes:
    """Draw how the tokens of one group fill the slots; a softmax over tokens gives every column the sum 1.

    Above the map stand the sums of its columns (what a slot received), beside it those of its rows (what a token
    gave).

    Args:
        routing: any routing.
        group: the group that is drawn.
        vmax: the weight at the end of the colours; None for the largest. Weights above it are counted in the colour
            bar's label.
        ax: the Axes to draw on; None for a new figure.

    Returns:
        The Axes.

    Raises:
        ValueError: the routing has no such group, or vmax is not over 0.
    """
    return _map_with_sums(routing, "dispatch", group, vmax, ax)


def combine_map(routing: Routing, group: int = 0, *, vmax: float | None = None, ax: Axes | None = None) -> Axes:
    """Draw how the slots answer the tokens of one group; a softmax over slots gives every row the sum 1.

    Above the map stands how much a slot says, beside it how much a token hears.

    Args:
        routing: any routing.
        group: the group that is drawn.
        vmax: as in `dispatch_map`.
        ax: the Axes to draw on; None for a new figure.

    Returns:
        The Axes.

    Raises:
        ValueError: the routing has no such group, or vmax is not over 0.
    """
    return _map_with_sums(routing, "combine", group, vmax, ax)


def _map_with_sums(routing: Routing, kind: str, group: int, vmax: float | None, ax: Axes | None) -> Axes:
    one = one_group(routing, group)
    _, n, e, p = one.sizes
    weights = array(getattr(one, kind))[0]
    ax = one_axes(ax, 7.2, 4.8 if n <= 64 else 6.4)
    real = None if one.mask is None else array(one.mask)[0] > 0
    image = draw_map(ax, weights, real, vmax)
    ax.set_title({"dispatch": "Dispatch: tokens fill slots", "combine": "Combine: slots answer tokens"}[kind], pad=8)

    flat = weights.reshape(n, e * p)
    # The sums of padding are 0 by definition and would hide a wrong softmax in the range.
    present = flat if real is None or not real.any() else flat[real]
    _draw_sums(ax, flat, hundredths(present.sum(1)))
    bar = ax.figure.colorbar(image, cax=ax.inset_axes((1.27, 0, 0.035, 1)), extend=_extend(flat, image))
    bar.set_label(f"{kind} weight ({_clipped(flat, image)})")
    describe(ax, _words(kind, group, flat, one.sizes, hundredths(present.sum(1))))
    return ax


def draw_map(
    ax: Axes, weights: np.ndarray, real: np.ndarray | None, vmax: float | None = None, room: int = 16
) -> AxesImage:
    """Draw (n, e, p) weights with separators and hatched padding; at most `room` tick labels along an axis."""
    n, e, p = weights.shape
    if vmax is not None and vmax <= 0:
        raise ValueError(f"vmax must be over 0, got {vmax}: it is the weight at the end of the colours")
    top = (weights.max() or 1.0) if vmax is None else vmax
    image = ax.imshow(weights.reshape(n, e * p), cmap=WEIGHTS, vmin=0, vmax=top, aspect="auto", interpolation="nearest")
    if p > 1:
        lines = ax.vlines(
            np.arange(1, e) * p - 0.5, -0.5, n - 0.5, colors=OVER_DARK, linewidths=min(1.2, 40 / e, 60 / (e * p))
        )
        lines.set_gid("separators")
    for token in np.flatnonzero(~real) if real is not None else []:
        row = ax.axhspan(token - 0.5, token + 0.5, facecolor="none", edgecolor=OVER_DARK, linewidth=0, hatch="////")
        row.set_gid("padding")
    ax.set_xlim(-0.5, e * p - 0.5)
    ax.set_ylim(n - 0.5, -0.5)
    ax.set_yticks(every(n, room))
    ax.set_ylabel("token" if real is None or real.all() else "token (hatched: padding)")
    _name_slots(ax, e, p, room)
    ax.spines[:].set_visible(False)
    return image


def _name_slots(ax: Axes, e: int, p: int, room: int) -> None:
    """Name every slot where there is room, else the experts at the middle of their slots."""
    if 1 < p and e * p <= room:
        ax.set_xticks(range(e * p), [slot_name(slot, p) for slot in range(e * p)])
        ax.set_xlabel("slot (expert.slot)")
        return
    shown = every(e, room)
    ax.set_xticks([expert * p + (p - 1) / 2 for expert in shown], [str(expert) for expert in shown])
    ax.set_xlabel(f"expert ({plural(p, 'slot')} each)")


def _draw_sums(ax: Axes, weights: np.ndarray, range_of_rows: str) -> None:
    """Draw both sums as steps outside the map, with a dashed line at 1."""
    columns, rows, colour = weights.sum(0), weights.sum(1), text_colour()
    above = ax.inset_axes((0, 1.03, 1, 0.15), sharex=ax)
    above.stairs(columns, np.arange(len(columns) + 1) - 0.5, fill=True, color=colour, alpha=0.45)
    above.axhline(1, color=colour, linestyle="--", linewidth=1)
    above.set_ylim(0, max(1.0, columns.max()) * 1.2)
    above.set_ylabel(f"sum\n{hundredths(columns)}", rotation=0, ha="right", va="center", fontsize="small")
    beside = ax.inset_axes((1.03, 0, 0.2, 1), sharey=ax)
    beside.stairs(rows, np.arange(len(rows) + 1) - 0.5, orientation="horizontal", fill=True, color=colour, alpha=0.45)
    beside.axvline(1, color=colour, linestyle="--", linewidth=1)
    beside.set_xlim(0, max(1.0, rows.max()) * 1.2)
    beside.set_xlabel(f"sum\n{range_of_rows}", fontsize="small")
    for side in (above, beside):
        side.tick_params(labelleft=side is above, labelbottom=side is beside, left=side is above, bottom=side is beside)
        side.spines[["top", "right"]].set_visible(False)
        side.locator_params(axis="y" if side is above else "x", nbins=2)


def _over_top(weights: np.ndarray, image: AxesImage) -> int:
    return int((weights > image.get_clim()[1] * (1 + 1e-6)).sum())


def _extend(weights: np.ndarray, image: AxesImage) -> str:
    return "max" if _over_top(weights, image) else "neither"


def _clipped(weights: np.ndarray, image: AxesImage) -> str:
    over = _over_top(weights, image)
    return f"{over} of {weights.size} clipped at {number(image.get_clim()[1])}" if over else "none clipped"


def _words(kind: str, group: int, weights: np.ndarray, sizes: tuple[int, int, int, int], range_of_rows: str) -> str:
    _, n, e, p = sizes
    most = largest(weights, lambda at: f"token {at // (e * p)} and slot {slot_name(at % (e * p), p)}")
    return (
        f"{kind.capitalize()} weights of group {group}, {plural(n, 'token')} by {plural(e * p, 'slot')} "
        f"({plural(e, 'expert')} of {p}): {most}. Over tokens a slot's weights sum to "
        f"{hundredths(weights.sum(0))}; over slots a token's sum to {range_of_rows}."
    )
