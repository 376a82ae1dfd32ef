"""Several routers on one batch, side by side."""

import textwrap
from collections.abc import Mapping

import numpy as np

from softmoe_edu import metrics
from softmoe_edu.figures.bars import draw_load
from softmoe_edu.figures.canvas import array, many_axes, one_group
from softmoe_edu.figures.description import describe
from softmoe_edu.figures.maps import draw_map
from softmoe_edu.routing import Routing
from softmoe_edu.text import percent, plural, span

MOST_COLUMNS = 64  # of a map this narrow, so that a column is wider than the lines between experts


def compare_routers(routings: Mapping[str, Routing], example: int = 0, *, ax: np.ndarray | None = None) -> np.ndarray:
    """Draw one row per router: dispatch and combine of one example, and the experts' load over all groups.

    Routers may merge the examples of one batch into groups differently: the router with most groups shows what an
    example is, and a map has the example's tokens against the slots of its group. Titles give the fraction of tokens
    that were dropped in all groups. Where slots are too many to be told apart, a map adds up each expert's. Each map
    has its own colour scale, from 0 to its largest weight.

    Args:
        routings: {name of the router: its routing of the same tokens}.
        example: the example whose weights are drawn.
        ax: three Axes for each router; None for a new figure.

    Returns:
        (routers, 3) Axes.

    Raises:
        ValueError: there is no routing, they did not read the same tokens, or example is out of range.
    """
    if not routings:
        raise ValueError('routings must be {name: Routing} with at least one router, got none: {"soft": router(x)}')
    batches = {name: routing.sizes[:2] for name, routing in routings.items()}
    examples = max(b for b, _ in batches.values())
    if len({b * n for b, n in batches.values()}) > 1 or any(examples % b for b, _ in batches.values()):
        got = ", ".join(f"{name} {b} x {n}" for name, (b, n) in batches.items())
        raise ValueError(f"routings must read one batch of the same tokens in groups, got {got}: route the same x")
    if not 0 <= example < examples:
        raise ValueError(f"example must be from 0 to {examples - 1}, got {example}: the batch has {examples} examples")
    panels = many_axes(ax, len(routings), 3, 9.0, 2.5 * len(routings))
    words = []
    for (name, routing), row in zip(routings.items(), panels, strict=True):
        together = examples // routing.sizes[0]
        one, own = one_group(routing, example // together), routing.sizes[1] // together
        rows = slice(example % together * own, (example % together + 1) * own)
        real = None if one.mask is None else array(one.mask)[0, rows] > 0
        for panel, kind in zip(row, ("dispatch", "combine"), strict=False):
            weights = array(getattr(one, kind))[0, rows]
            added = routing.sizes[3] > 1 and routing.sizes[2] * routing.sizes[3] > MOST_COLUMNS
            image = draw_map(panel, weights.sum(2, keepdims=True) if added else weights, real, room=8)
            if added:
                panel.set_xlabel(f"expert (its {routing.sizes[3]} slots added up)")
            bar = panel.figure.colorbar(image, ax=panel, pad=0.02)
            bar.set_label(f"{kind} weight")
        lost = percent(float(metrics.dropped_fraction(routing)))
        load = array(metrics.expert_load(routing))
        draw_load(row[2], load, routing.sizes[3], room=8)
        row[0].set_title(textwrap.fill(f"{name}: dispatch", 28), loc="left")
        row[1].set_title("combine")
        row[2].set_title(f"all groups: {lost} dropped")
        words.append(
            f"{name} drops {lost} of tokens, and its experts have "
            f"loads of {span(load.mean(0).min(), load.mean(0).max())} in {plural(routing.sizes[3], 'slot')} each"
        )
    describe(panels, f"{plural(len(routings), 'router')} on one batch, maps of example {example}: {'; '.join(words)}.")
    return panels
