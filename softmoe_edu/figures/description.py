"""Words for pictures: the alt text that a figure carries, and picture and text as one object."""

import base64
import html
import io

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from softmoe_edu.figures.following import ON_PAPER, as_svg

LEGIBLE = 0.56
"""The share of its size below which the words of a figure are too small; on a narrower page it is moved sideways."""


def _each(axes: Axes | np.ndarray) -> list[Axes]:
    return list(np.asarray(axes, dtype=object).ravel())


def describe(axes: Axes | np.ndarray, text: str) -> None:
    """Leave the text on every Axes of a picture."""
    for ax in _each(axes):
        ax.set_label(text)


def alt_text(axes: Axes | np.ndarray) -> str:
    """Return the description that a figure function left; each stands once for several Axes, joined by spaces.

    Args:
        axes: what a figure function returned.

    Raises:
        ValueError: no function of `softmoe_edu.figures` drew on these Axes.
    """
    # matplotlib labels the Axes of colour bars <colorbar>.
    texts = [text for ax in _each(axes) if (text := str(ax.get_label()))[:1] not in ("", "<")]
    if not texts:
        raise ValueError("these Axes carry no description: draw on them with a function of softmoe_edu.figures first")
    return " ".join(dict.fromkeys(texts))


class Described:
    """A picture with its alt text; a notebook shows both, light or dark like the page, and print shows the text.

    Attributes:
        png: the picture as a file's bytes, in the colours in which it was drawn.
        svg: the picture as a notebook shows it.
        alt: the description.
        caption: what stands under the picture.
        width: pixels that the picture takes on a page with room for it.
    """

    def __init__(self, png: bytes, svg: str, alt: str, caption: str, width: int):
        self.png = png
        self.svg = svg
        self.alt = alt
        self.caption = caption
        self.width = width

    def _repr_html_(self) -> str:
        source = base64.b64encode(self.svg.encode()).decode()
        return (
            f'<figure class="softmoe-figure" style="margin: 0">{ON_PAPER}'
            '<div style="overflow-x: auto" tabindex="0" role="group" aria-label="Figure">'
            f'<img alt="{html.escape(self.alt)}" width="{self.width}" style="max-width: 100%; '
            f'min-width: {round(LEGIBLE * self.width)}px; height: auto" src="data:image/svg+xml;base64,{source}"></div>'
            f"<figcaption>{html.escape(self.caption)}</figcaption></figure>"
        )

    def __repr__(self) -> str:
        return self.alt


def described(axes: Axes | np.ndarray, caption: str | None = None, *, dpi: int = 110) -> Described:
    """Render the figure of these Axes with its alt text, and close it so that a notebook does not draw it twice.

    Args:
        axes: what a figure function returned, or several of one figure.
        caption: what stands under the picture; None for the alt text.
        dpi: pixels per inch.

    Returns:
        The picture with its texts.

    Raises:
        ValueError: no function of `softmoe_edu.figures` drew on these Axes.
    """
    alt = alt_text(axes)
    figure = _each(axes)[0].get_figure(root=True)
    assert figure  # Axes that were drawn on stand in one
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=dpi, bbox_inches="tight")
    png = file.getvalue()
    svg = as_svg(figure, dpi)
    plt.close(figure)
    width = int.from_bytes(png[16:20], "big")  # of the PNG, in its header
    return Described(png, svg, alt, alt if caption is None else caption, width)
