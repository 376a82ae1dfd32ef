"""Light and dark, colours that survive colour blindness, and the names of experts and slots."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import matplotlib
import numpy as np
from matplotlib.colors import to_rgb, to_rgba
from matplotlib.typing import ColorType

from softmoe_edu.palette import DARK, EXPERTS, LIGHT, ON_DARK
from softmoe_edu.text import number, plural, span

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DASHES = ("-", "--", "-.", ":")


def style(dark: bool = False) -> dict[str, Any]:
    """Return the rcParams of the light or the dark theme, for `plt.rcParams.update` in a notebook's first cell.

    Text stands out from the page at 7:1 or more and lines at 4.5:1 or more (WCAG 2.2 contrast ratio).

    Args:
        dark: whether the page is dark.

    Returns:
        {rcParam: value}.
    """
    colour = DARK if dark else LIGHT
    return {
        "figure.facecolor": colour["page"],
        "axes.facecolor": colour["page"],
        "savefig.facecolor": "auto",
        "savefig.bbox": "tight",  # sums and colour bars stand outside a map
        "text.color": colour["text"],
        "axes.labelcolor": colour["text"],
        "axes.titlecolor": colour["text"],
        "xtick.labelcolor": colour["text"],
        "ytick.labelcolor": colour["text"],
        "axes.edgecolor": colour["line"],
        "xtick.color": colour["line"],
        "ytick.color": colour["line"],
        "grid.color": colour["grid"],
        "legend.facecolor": colour["page"],
        "legend.edgecolor": colour["grid"],
        "font.size": 9,
        "axes.titlesize": 10,
        "axes.labelsize": 9,
        "xtick.labelsize": 8,
        "ytick.labelsize": 8,
        "legend.fontsize": 8,
        "hatch.linewidth": 1.0,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }


@contextlib.contextmanager
def theme(dark: bool = False) -> Iterator[None]:
    """Draw what is made inside the block in the light or the dark style; the global rcParams come back after it."""
    with matplotlib.rc_context(style(dark)):  # type: ignore[arg-type]  # matplotlib lists every key by name
        yield


def contrast(first: ColorType, second: ColorType) -> float:
    """Compute the WCAG 2.2 contrast ratio of two colours, from 1 to 21."""
    light, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: ColorType) -> float:
    value = np.array(to_rgb(colour))
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def page() -> ColorType:
    """Return the background colour of new Axes; white where they have none."""
    colour = matplotlib.rcParams["axes.facecolor"]
    return "white" if to_rgba(colour)[3] == 0 else colour


def text_colour() -> ColorType:
    """Return the colour of text in the current rcParams."""
    return matplotlib.rcParams["text.color"]


def categories() -> list[str]:
    """Return the experts' colours, as they stand out from the current background at 3:1 or more."""
    dark = _luminance(page()) < 0.18
    own = [ON_DARK.get(colour, colour) if dark else colour for colour in EXPERTS]
    return [colour for colour in own if contrast(colour, page()) >= 3]


def slot_name(slot: int, slots_per_expert: int) -> str:
    """Name the expert and slot of an expert-major slot number: 31 where experts have one slot, else 31.0, 31.1."""
    expert, own = divmod(slot, slots_per_expert)
    return f"{expert}" if slots_per_expert == 1 else f"{expert}.{own}"


def every(count: int, most: int) -> range:
    """Return numbers from 0 below count in steps of 1, 2 or 5 times a power of ten, `most` of them at most."""
    step = next(
        step for power in range(9) for step in (10**power, 2 * 10**power, 5 * 10**power) if count <= most * step
    )
    return range(0, count, step)


def others(values: np.ndarray, value: float | int) -> str:
    """Return how many values beside the one that was named are equal to it, "2 others"; "" where there is none."""
    more = int((values == value).sum()) - 1
    return plural(more, "other") if more > 0 else ""


def largest(values: np.ndarray, place: Callable[[int], str]) -> str:
    """Describe which of the values is the largest, or that all are equal; `place` names one by its flat index."""
    flat = values.ravel()
    top = int(flat.argmax())
    if flat.size > 1 and (flat == flat[top]).all():
        return f"all are {number(flat[top])}"
    equal = others(flat, flat[top])
    return f"the largest is {number(flat[top])}, of {place(top)}{f' (and of {equal})' if equal else ''}"


def hundredths(values: np.ndarray) -> str:
    """Return the smallest to the largest of some sums, with two decimals."""
    return span(values.min(), values.max(), "{:.2f}".format)
