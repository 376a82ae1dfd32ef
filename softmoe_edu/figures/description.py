"""Words for pictures: the alt text that a figure carries, and picture and text as one object."""

import base64
import html
import io

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes


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
    """A picture as PNG with its alt text; a notebook shows both, and print shows the text.

    Attributes:
        png: the file's bytes.
        alt: the description.
        caption: what stands under the picture.
    """

    def __init__(self, png: bytes, alt: str, caption: str):
        self.png = png
        self.alt = alt
        self.caption = caption

    def _repr_html_(self) -> str:
        source = base64.b64encode(self.png).decode()
        return (
            f'<figure style="margin: 0"><img alt="{html.escape(self.alt)}" style="max-width: 100%" '
            f'src="data:image/png;base64,{source}"><figcaption>{html.escape(self.caption)}</figcaption></figure>'
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
    plt.close(figure)
    return Described(file.getvalue(), alt, alt if caption is None else caption)
