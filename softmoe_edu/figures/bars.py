"""Load of the experts, and how many tokens a slot listens to."""

import math

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes

from softmoe_edu import metrics
from softmoe_edu.figures.canvas import array, one_axes
from softmoe_edu.figures.description import describe
from softmoe_edu.figures.style import categories, every, others, text_colour
from softmoe_edu.routing import Routing
from softmoe_edu.text import number, plural, span


def expert_load(routing: Routing, *, ax: Axes | None = None) -> Axes:
    """Draw the load of each expert, its dispatch weights summed, against its p slots.

    A bar is the mean over groups; a whisker goes from the group with the least to the one with the most.

    Args:
        routing: any routing.
        ax: the Axes to draw on; None for a new figure.

    Returns:
        The Axes.
    """
    b, _, e, p = routing.sizes
    load = array(metrics.expert_load(routing))
    mean, low, high = load.mean(0), load.min(0), load.max(0)
    ax = one_axes(ax, 6.4, 3.4)
    draw_load(ax, load, p)
    ax.set_title(f"Load of {plural(e, 'expert')}, {plural(b, 'group')}")
    if b > 1:
        ax.legend(loc="upper right", ncols=2, frameon=False)
    words = f"{number(mean[0])} each"
    if span(mean.min(), mean.max()) != number(mean[0]):
        least, most = (
            f"{number(mean[at])} ({' and '.join(filter(None, (f'expert {at}', others(mean, mean[at]))))})"
            for at in (mean.argmin(), mean.argmax())
        )
        words = f"from {least} to {most}"
    apart = float((high - low).max())
    # Sums of softmax weights differ by rounding.
    groups = f", groups {number(apart)} apart at most" if apart > 1e-3 else ""
    made = f"{plural(e, 'expert')} of {plural(p, 'slot')}"
    describe(ax, f"Load (summed dispatch) of {made}, mean of {plural(b, 'group')}: {words}{groups}.")
    return ax


def draw_load(ax: Axes, load: np.ndarray, capacity: int, room: int = 16) -> None:
    """Draw (b, e) loads as bars with whiskers and the capacity as a dashed line."""
    b, e = load.shape
    mean = load.mean(0)
    ax.bar(
        range(e),
        mean,
        width=0.8 if e <= 32 else 1.0,
        color=categories()[0],
        label="mean of groups" if b > 1 else "load",
    )
    if b > 1:
        reach = np.stack([mean - load.min(0), load.max(0) - mean]).clip(min=0)
        ax.errorbar(range(e), mean, reach, fmt="none", ecolor=text_colour(), elinewidth=1, capsize=3 if e <= 32 else 0,
                    label="least to most")  # fmt: skip
    ax.axhline(capacity, color=text_colour(), linestyle="--", linewidth=1)
    ax.set_xlim(-0.6, e - 0.4)
    ax.set_ylim(0, capacity * 1.35)
    ax.set_xticks(every(e, room))
    ax.set_xlabel(f"expert (dashed: capacity {capacity}" + ("; whiskers: groups)" if b > 1 else ")"))
    ax.set_ylabel("load (summed dispatch)")


def slot_usage(routing: Routing, share: float = 0.9, *, ax: Axes | None = None) -> Axes:
    """Draw how many tokens hold `share` of a slot's dispatch weight, over the slots of all groups (appendix G).

    Empty slots, of 0 tokens, are counted in the title and left out of the median.

    Args:
        routing: any routing.
        share: over 0 and at most 1.
        ax: the Axes to draw on; None for a new figure.

    Returns:
        The Axes.

    Raises:
        ValueError: share is out of range.
    """
    usage = array(metrics.slot_usage(routing, share)).ravel().astype(int)
    tokens = routing.sizes[1]
    filled = usage[usage > 0]
    ax = one_axes(ax, 6.4, 3.4)
    width = max(1, math.ceil((usage.max() - usage.min() + 1) / 30))
    edges = np.arange(usage.min(), usage.max() + width + 1, width) - 0.5
    sns.histplot(x=usage, bins=edges, color=categories()[0], edgecolor=ax.get_facecolor(), alpha=1, ax=ax)
    percent = f"{100 * share:g} %"
    empty = f"; {len(usage) - len(filled)} empty" if len(filled) < len(usage) else ""
    ax.set_title(f"Tokens that hold {percent} of a slot: {plural(len(usage), 'slot')}{empty}")
    ax.set_xlabel(f"tokens that hold {percent} of a slot's dispatch weight (group of {tokens})")
    ax.set_ylabel(f"slots{f' per {width} tokens' if width > 1 else ''}")
    ax.locator_params(integer=True)
    words = "every slot is empty."
    if len(filled):
        median = float(np.median(filled))
        ax.axvline(median, color=text_colour(), linestyle="--", linewidth=1.2, label=f"median: {number(median)}")
        ax.legend(frameon=False)
        held = f"{span(int(filled.min()), int(filled.max()))} of {plural(tokens, 'token')}"
        words = f"{held}, median {number(median)}{empty}."
    each = "the only slot" if len(usage) == 1 else f"each of {len(usage)} slots"
    describe(ax, f"How many tokens hold {percent} of the dispatch weight of {each}: {words}")
    return ax
