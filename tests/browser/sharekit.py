"""What tests of sharing use: the Save menu of a widget, and what comes out of it."""

import csv
import io
from pathlib import Path

import numpy as np
from lenskit import NEXT_FRAME, into_view, part
from PIL import Image
from playwright.sync_api import Locator


def save(widget: Locator, entry: str) -> tuple[str, bytes]:
    """Choose an entry of a widget's Save menu; give the name and the content of the file that is downloaded."""
    into_view(part(widget, "save"))
    part(widget, "save").click()
    with widget.page.expect_download() as coming:
        widget.get_by_role("menuitem", name=entry, exact=True).click()
    return coming.value.suggested_filename, Path(coming.value.path()).read_bytes()


def pixels(content: bytes) -> np.ndarray:
    """The pixels of a PNG file as rows of red, green, blue and opacity, 0 to 255."""
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGBA"), np.int16)


def table(content: bytes) -> list[dict[str, str]]:
    """The rows of a CSV file by the names in its first one."""
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def column(rows: list[dict[str, str]], name: str) -> np.ndarray:
    """The numbers of a column."""
    return np.array([float(row[name]) for row in rows])


GROUNDS = """root => [...root.querySelectorAll("canvas:has(+ canvas)")].filter(c => c.offsetWidth).map(canvas => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height), counts = {};
    for (let i = 0; i < data.length; i += 4)
        if (data[i + 3] === 255) {
            const colour = data.slice(i, i + 3).join();
            counts[colour] = (counts[colour] ?? 0) + 1;
        }
    const [[colour, count]] = [...Object.entries(counts), ["", 0]].sort((a, b) => b[1] - a[1]);
    return { colour: colour.split(",").map(Number), count };
}).filter(each => each.count)"""


def grounds(widget: Locator) -> list[dict]:
    """The most frequent colour of each panel's ground, and how many of the screen's pixels it fills.

    A ground of thin lines between pixels has none.
    """
    widget.page.evaluate(NEXT_FRAME)
    return widget.evaluate(GROUNDS)


def count(picture: np.ndarray, colour: list[int]) -> int:
    """How many pixels of a picture have a colour, up to rounding."""
    return int((abs(picture[..., :3] - colour).max(-1) <= 1).sum())
