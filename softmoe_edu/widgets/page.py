"""A widget as one HTML file that works from disk, without a network and without a kernel."""

import html
import json
import os
import re
from pathlib import Path
from typing import Any

import anywidget

from softmoe_edu.files import write_atomically

HOST = Path(__file__).parent / "static" / "page_host.js"

# The browser itself refuses whatever a widget would ask of the network.
POLICY = "default-src 'none'; script-src 'unsafe-inline' blob:; style-src 'unsafe-inline'; img-src data: blob:"

STYLE = """
:root { color-scheme: light dark; }
body { margin: 0; background: canvas; color: canvastext; font: 15px/1.5 system-ui, sans-serif; }
main { box-sizing: border-box; max-width: 1128px; margin: 0 auto; padding: 12px 20px 24px; }
h1 { margin: 0 6px 10px; font-size: 20px; font-weight: 600; }
"""


def title_of(widget: anywidget.AnyWidget) -> str:
    """Return the class's name in words: RoutingLens is "Routing lens"."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", type(widget).__name__).capitalize()


def build_page(widget: anywidget.AnyWidget, title: str, description: str) -> str:
    """Return the page that shows a widget as it is now: its traits, module and style sheet, and what hosts them.

    The same widget in the same state gives the same text.

    Args:
        widget: the widget.
        title: the heading of the page.
        description: what stands in for the widget where no script runs.
    """
    # `<` could end the script element that holds the state; in JSON it has another spelling.
    saved = json.dumps(_saved(widget), allow_nan=False, separators=(",", ":")).replace("<", r"\u003c")
    css = str(getattr(widget, "_css", "")).replace("</", r"<\/")
    title, description = html.escape(title), html.escape(description)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="{description}">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>{STYLE}</style>
<style>
{css}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
<div id="widget"></div>
<noscript><p>{description}</p><p>This page draws it with JavaScript, which is switched off here.</p></noscript>
</main>
<script type="application/json" id="saved-widget">{saved}</script>
<script type="module">
{HOST.read_text("utf-8")}</script>
</body>
</html>
"""


def write_page(path: str | os.PathLike[str], page: str) -> Path:
    """Write a page at once, in place of an older one.

    Args:
        path: the file, whose name ends in .html.
        page: its text.

    Returns:
        The path.

    Raises:
        ValueError: a browser would not take the name as that of a page.
        IsADirectoryError: path is a folder.
        FileNotFoundError: the folder to write into is missing.
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"path must name a file, got the folder {str(path)!r}: add a name such as widget.html")
    if path.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"path must end in .html, so that it opens as a page, got {path.name!r}: rename it")
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"path must lie in a folder that exists, got {str(path)!r}: make {str(path.parent)!r} first"
        )
    write_atomically(path, page.encode())
    return path


def _saved(widget: anywidget.AnyWidget) -> dict[str, Any]:
    """Return the widget's own traits, its bytes as base64 with the keys that lead to each, and its module."""
    (record,) = widget.get_manager_state(widgets=[widget])["state"].values()
    notebooks = [*anywidget.AnyWidget.class_trait_names(sync=True), "_anywidget_id", "_esm", "_css", "_fault", "_needs"]
    own = {name: value for name, value in record["state"].items() if name not in notebooks}
    buffers = [{"path": each["path"], "data": each["data"]} for each in record.get("buffers", ())]
    return {"state": own, "buffers": buffers, "module": str(widget._esm)}
