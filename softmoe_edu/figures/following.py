"""A figure as SVG that is light on a light page and dark on a dark one, whichever theme the reader chooses.

An `<img>` with an SVG file takes the colour scheme of the element around it, which JupyterLab sets with its theme. So
one file holds both: the colours of page, text and lines become variables, which a media query inside the file sets.
Pixels of maps and pictures stay as they are, and so does what is marked upon them (`palette.OVER_DARK`).
"""

import contextlib
import io
import re
from collections.abc import Iterator

import matplotlib
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from softmoe_edu.palette import DARK, LIGHT, ON_DARK, OVER_DARK, OVER_LIGHT

# Names of variables by the colours of a light page: those of `style`, and matplotlib's own.
ROLES = {
    **{colour: role for role, colour in LIGHT.items()},
    "#000000": "text",
    "#b0b0b0": "grid",
    "#cccccc": "grid",
    **{colour: f"on-{colour[1:]}" for colour in ON_DARK},
}
_COLOUR = re.compile(r"""((?:fill|stroke)(?:: |="))(#[0-9a-f]{6})\b""")
ON_PAPER = "<style>@media print{.softmoe-figure img{color-scheme:light}}</style>"
"""Beside such an image: what is printed is light."""
_PIXELS = 2  # of a map, for one pixel of a page: dense screens show no blur


def follows(figure: Figure) -> bool:
    """Whether a figure is drawn for a light page, and can follow the page; a dark one was asked for and stays dark."""
    return to_hex(figure.get_facecolor()) == LIGHT["page"]


def as_svg(figure: Figure, dpi: int) -> str:
    """Render a figure as SVG, whose colours follow the page where it `follows` it.

    Args:
        figure: any figure.
        dpi: pixels per inch of the page.

    Returns:
        The file.
    """
    file = io.StringIO()
    # The same figure gives the same file, so that a notebook that ran again has not changed.
    with matplotlib.rc_context({"svg.hashsalt": "softmoe_edu"}), _fixed_upon_pictures(figure):
        figure.savefig(file, format="svg", dpi=_PIXELS * dpi, bbox_inches="tight", metadata={"Date": None})
    text = file.getvalue()
    if not follows(figure):
        return text
    text = _COLOUR.sub(lambda found: found[1] + _variable(found[2]), text)
    return text.replace("<defs>", f"<defs>\n  <style>{_rules()}</style>", 1)


@contextlib.contextmanager
def _fixed_upon_pictures(figure: Figure) -> Iterator[None]:
    """Keep black and white of words that stand in a map's or a picture's cells, whose pixels do not follow the page."""
    stay = {"#000000": OVER_LIGHT, LIGHT["text"]: OVER_LIGHT, "#ffffff": OVER_DARK}
    words = [
        text
        for ax in figure.axes
        if ax.images
        for text in ax.texts
        if text.get_transform().contains_branch(ax.transData) and to_hex(text.get_color()) in stay
    ]
    before = [text.get_color() for text in words]
    for text in words:
        text.set_color(stay[to_hex(text.get_color())])
    try:
        yield
    finally:
        for text, colour in zip(words, before, strict=True):
            text.set_color(colour)


def _variable(colour: str) -> str:
    return f"var(--{ROLES[colour]})" if colour in ROLES else colour


def _rules() -> str:
    light = {**LIGHT, **{f"on-{colour[1:]}": colour for colour in ON_DARK}}
    dark = {**DARK, **{f"on-{colour[1:]}": other for colour, other in ON_DARK.items()}}
    light_rules, dark_rules = (
        "".join(f"--{name}:{value};" for name, value in rules.items()) for rules in (light, dark)
    )
    # Letters without a colour of their own would be black.
    return f"svg{{{light_rules}fill:var(--text)}}@media (prefers-color-scheme:dark){{svg{{{dark_rules}}}}}"
