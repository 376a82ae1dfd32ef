"""What slots see and which tokens were dropped, drawn on the images that the tokens were cut from."""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Num
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.patches import Rectangle
from torch import Tensor

from softmoe_edu import metrics
from softmoe_edu.figures.canvas import array, check_images, many_axes, one_group, patch_side, tokens_per_example
from softmoe_edu.figures.description import describe
from softmoe_edu.figures.style import largest, slot_name
from softmoe_edu.palette import DROPPED, OVER_DARK, OVER_LIGHT, WEIGHTS
from softmoe_edu.routing import Routing
from softmoe_edu.shapes import check_at_least
from softmoe_edu.text import percent, plural, span

Image = Num[Tensor, "c h w"] | Num[np.ndarray, "c h w"]
Images = Num[Tensor, "i c h w"] | Num[np.ndarray, "i c h w"]


def slot_views(
    routing: Routing,
    image: Image,
    slots: int | Sequence[int] = 8,
    *,
    group: int = 0,
    example: int = 0,
    examples_per_group: int = 1,
    columns: int = 4,
    ax: np.ndarray | None = None,
) -> np.ndarray:
    """Draw what slots see: each patch's dispatch weight over the image it was cut from, one Axes per slot.

    The image is grey, so that colour is weight alone, and shows through where a slot does not look. All slots share one
    colour scale, from 0 to the largest weight shown.

    Args:
        routing: any routing.
        image: (c, h, w), with 1 or 3 channels.
        slots: how many, spread evenly over the experts, or which (expert-major numbers).
        group: the group that holds the image.
        example: which of the group's images this is.
        examples_per_group: how many images a group holds.
        columns: Axes in a row.
        ax: as many Axes as needed; None for a new figure.

    Returns:
        The Axes, in rows.

    Raises:
        ValueError: the image does not cut into the tokens, or a group, example or slot is out of range.
    """
    columns = check_at_least("columns", columns)
    one = one_group(routing, group)
    _, n, e, p = one.sizes
    picture = array(image)
    check_images("image", picture, 3)
    own = tokens_per_example(n, examples_per_group)
    if not 0 <= example < examples_per_group:
        raise ValueError(f"example must be from 0 to {examples_per_group - 1}, got {example}")
    _, height, width = picture.shape
    side = patch_side(own, height, width)
    chosen = _choose(slots, e * p)
    weights = array(one.dispatch)[0].reshape(n, e * p)[example * own : (example + 1) * own, chosen]
    usage = array(metrics.slot_usage(one))[0].ravel().astype(int)[chosen].tolist()

    rows = math.ceil(len(chosen) / columns)
    columns = min(columns, len(chosen))
    panels = many_axes(ax, rows, columns, 1.75 * columns + 0.9, 2.05 * rows + 0.3)
    top = weights.max() or 1.0
    for panel, slot, column, used in zip(panels.flat, chosen, weights.T, usage, strict=False):
        grid = column.reshape(height // side, width // side)
        seen = panel.imshow(
            grid, cmap=WEIGHTS, vmin=0, vmax=top, interpolation="nearest",
            extent=(-0.5, width - 0.5, height - 0.5, -0.5),
        )  # fmt: skip
        _outline(panel, picture.mean(0))
        panel.set_title(f"slot {slot_name(slot, p)}\n90 % in {plural(used, 'token')}", fontsize="medium")
    _hide(panels.flat[len(chosen) :])
    bar = panels.flat[0].figure.colorbar(seen, ax=list(panels.flat), shrink=0.9)
    bar.set_label("dispatch weight of a patch\n(line: the image at half brightness)")
    most = largest(weights, lambda at: f"patch {at // len(chosen)} in slot {slot_name(chosen[at % len(chosen)], p)}")
    describe(
        panels,
        f"Dispatch weights of {own} patches of {side} x {side} pixels in {len(chosen)} of {e * p} slots, over the "
        f"image: {most}; 90 % of a slot's weight is in {span(min(usage), max(usage))} tokens.",
    )
    return panels


def dropped_tokens(
    routing: Routing,
    images: Images,
    *,
    examples_per_group: int = 1,
    limit: int = 8,
    columns: int = 4,
    ax: np.ndarray | None = None,
) -> np.ndarray:
    """Draw images with the patches that no slot received hatched, and their number in each title.

    Args:
        routing: any routing.
        images: the b * examples_per_group examples of the routing in order, (N, c, h, w).
        examples_per_group: how many images a group holds.
        limit: how many are drawn, from the first on.
        columns: Axes in a row.
        ax: as many Axes as needed; None for a new figure.

    Returns:
        The Axes, in rows.

    Raises:
        ValueError: there is another number of images, or they do not cut into the tokens.
    """
    columns = check_at_least("columns", columns)
    limit = check_at_least("limit", limit)
    b, n, _, _ = routing.sizes
    pictures = array(images)
    check_images("images", pictures, 4)
    own = tokens_per_example(n, examples_per_group)
    if len(pictures) != b * examples_per_group:
        raise ValueError(
            f"images must be the {b * examples_per_group} examples of the routing ({b} groups of "
            f"{examples_per_group}), got {len(pictures)}: give the batch that was routed, and examples_per_group"
        )
    _, _, height, width = pictures.shape
    side = patch_side(own, height, width)
    lost = array(metrics.dropped(routing)).reshape(-1, own) > 0

    shown = min(limit, len(pictures))
    rows, columns = math.ceil(shown / columns), min(columns, shown)
    panels = many_axes(ax, rows, columns, 1.75 * columns, 1.95 * rows + 0.4)
    for panel, picture, missing in zip(panels.flat, pictures[:shown], lost, strict=False):
        _draw_image(panel, picture)
        for patch in np.flatnonzero(missing):
            row, column = divmod(int(patch), width // side)
            _hatch(panel, column * side - 0.5, row * side - 0.5, side)
        panel.set_title(f"{missing.sum()} of {own} dropped", fontsize="medium")
    _hide(panels.flat[shown:])
    counts = lost[:shown].sum(1).tolist()
    batch = plural(len(pictures), "image")
    describe(
        panels,
        f"{shown} of {batch} with their dropped patches hatched: {span(min(counts), max(counts))} of "
        f"{own} patches of an image. In all {batch} {lost.sum()} of {lost.size} patches are dropped, "
        f"{percent(float(metrics.dropped_fraction(routing)))} of the real ones.",
    )
    return panels


def _choose(slots: int | Sequence[int], count: int) -> list[int]:
    if isinstance(slots, int):
        slots = check_at_least("slots", slots)
        return np.linspace(0, count, min(slots, count), endpoint=False).astype(int).tolist()
    chosen = [int(slot) for slot in slots]
    wrong = [slot for slot in chosen if not 0 <= slot < count]
    if wrong or not chosen:
        raise ValueError(f"slots must be numbers from 0 to {count - 1}, got {wrong or chosen}: number e * p + slot")
    return chosen


def _draw_image(ax: Axes, image: np.ndarray) -> None:
    """Draw (c, h, w); values outside 0 to 1 are stretched to that range."""
    low, high = min(image.min(), 0.0), max(image.max(), 1.0)
    if (low, high) != (0.0, 1.0):
        image = (image - image.min()) / (np.ptp(image) or 1.0)
    if len(image) == 1:
        ax.imshow(image[0], cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    else:
        ax.imshow(image.transpose(1, 2, 0), interpolation="nearest")
    ax.spines[:].set_visible(False)
    ax.set_xticks([])
    ax.set_yticks([])


def _outline(ax: Axes, image: np.ndarray) -> None:
    """Draw where an image (h, w) crosses the middle of its range, in a line that shows on every colour."""
    low, high = image.min(), image.max()
    if min(image.shape) > 1 and high > low:
        for colour, width in ((OVER_LIGHT, 2.4), (OVER_DARK, 1.2)):
            ax.contour(image, levels=[(low + high) / 2], colors=colour, linewidths=width)
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)


def _hatch(ax: Axes, x: float, y: float, side: int) -> None:
    """Cover a square with a tint and white hatching, which shows on light and dark pixels."""
    square = Rectangle(
        (x, y), side, side, facecolor=to_rgba(DROPPED, 0.45), edgecolor=OVER_DARK, hatch="//", linewidth=0.8
    )
    square.set_gid("dropped")
    ax.add_patch(square)


def _hide(panels: np.ndarray) -> None:
    for panel in panels:
        panel.axis("off")
