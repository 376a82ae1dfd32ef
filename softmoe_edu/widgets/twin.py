"""What stands for a widget where none can be drawn: a picture and a sentence in plain HTML, kept in its output."""

import html

MARK = "softmoe-twin"
"""The class by which the extension for JupyterLab (js/labextensions) knows what may stand for a lost widget."""

PICTURE = "This is a picture of the widget as it was; run the cell again to make it live."
WORDS = "This says what the widget held; run the cell again to make it live."


def twin_of(description: str, still: str = "", shown: str = "") -> str:
    """Return the HTML that stands for a widget in a notebook without its kernel, and where no script runs.

    Args:
        description: the widget in words.
        still: a picture of it as the address of an image, "" for none.
        shown: what the picture shows.
    """
    words = [html.escape(description), f"<em>{PICTURE if still else WORDS}</em>"]
    if still:
        alt = html.escape(shown)
        words[:0] = [f'<img src="{still}" alt="{alt}" style="max-width: 100%">', alt]
    return f'<div class="{MARK}">{"".join(f"<p>{each}</p>" for each in words)}</div>'
