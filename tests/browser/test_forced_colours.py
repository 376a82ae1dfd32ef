"""Widgets where the reader forces a few colours of their own: bars, swatches and legends keep theirs, words are read.

Read from screenshots and from the canvases, under a light and a dark set of forced colours.
"""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ipywidgets import Output
from lenskit import COUNT, NEXT_FRAME
from matplotlib import image
from pagekit import SHOWCASE, SavedPages, make, root_of
from playwright.sync_api import Locator, Page

from softmoe_edu.teaching import Report
from softmoe_edu.teaching.discovery import find_question
from softmoe_edu.teaching.predict.prediction import Prediction
from softmoe_edu.teaching.predict.prediction_view import PredictionView
from softmoe_edu.widgets.page import build_page, write_page

pytestmark = pytest.mark.browser

# What a widget paints with its own colours, outside of canvases.
PAINTED = {
    "CostExplorer": (".line .bar i", ".cost-explorer-parts i:visible"),
    "CausalityExplorer": ('[data-part="ramp"]',),
    "RouterExplorer": (".router-explorer-scale i",),
    "RoutingLens": (".routing-lens-ramp i",),
    "CapacityExplorer": (),
}
# A panel of each whose leftmost pixels hold names of rows, and the width of that margin.
MARGINS = {
    "CapacityExplorer": ("curve", 36),
    "CausalityExplorer": ("map-0", 36),
    "RouterExplorer": ("map", 40),
    "RoutingLens": ("map", 40),
    "RunBrowser": ("chart", 24),
}
SYSTEM = """name => {
    const probe = document.body.appendChild(document.createElement("i"));
    probe.style.color = name;
    const colour = getComputedStyle(probe).color.match(/[\\d.]+/g).slice(0, 3).map(Number);
    probe.remove();
    return colour;
}"""


def pixels(seen: Locator) -> np.ndarray:
    """Colours of an element's screenshot, from 0 to 255."""
    return 255 * image.imread(io.BytesIO(seen.screenshot()))[..., :3].reshape(-1, 3)


def away(colours: np.ndarray, *others: list[float]) -> np.ndarray:
    """Which of the colours are none of the others, by more than a blurred edge."""
    return np.min([np.abs(colours - other).max(1) for other in others], axis=0) > 40


def opened(open_saved: Callable, name: str, scheme: str) -> Page:
    page = open_saved(make(name), color_scheme=scheme, forced_colors="active")
    page.locator(f"{root_of(name)} :is(canvas, table):visible").first.wait_for()
    page.evaluate(NEXT_FRAME)
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", [name for name in SHOWCASE if PAINTED.get(name)])
def test_bars_swatches_and_legends_keep_their_colours(open_saved: Callable, name: str, scheme: str) -> None:
    """A third of what is painted is neither of the reader's page nor of their text, and it has an edge of the text."""
    page = opened(open_saved, name, scheme)
    canvas, text = (page.evaluate(SYSTEM, each) for each in ("Canvas", "CanvasText"))
    assert (sum(canvas) < sum(text)) == (scheme == "dark")
    for selector in PAINTED[name]:
        found = [each for each in page.locator(f"{root_of(name)} {selector}").all() if wide(each)]
        assert found, selector
        for each in found:
            colours = pixels(each)
            assert away(colours, canvas, text).mean() > 1 / 3, selector
            assert not away(colours, text).all(), selector


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_boxes_of_a_report_stay_filled(saved_pages: SavedPages, tmp_path: Path, scheme: str) -> None:
    """Of seven properties three hold: their boxes have a colour of their own, the others only an edge."""
    path = tmp_path / "report.html"
    report = Report("soft-moe", "failed", ("a", "b", "c"), 7)
    path.write_text(f"<!doctype html><title>Report</title>{report._repr_html_()}", "utf-8")
    saved_pages.begin()
    page = saved_pages.open(path, color_scheme=scheme, forced_colors="active")
    canvas, text = (page.evaluate(SYSTEM, each) for each in ("Canvas", "CanvasText"))
    shares = [away(pixels(box), canvas, text).mean() for box in page.locator("section i").all()]

    assert [share > 0.8 for share in shares] == [True, True, True, False, False, False, False]
    assert all(0.1 < share < 0.7 for share in shares[3:])
    saved_pages.check()


def test_the_chosen_answer_of_a_prediction_is_outlined(
    saved_pages: SavedPages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The border of what is chosen is a colour, which is not there when colours are forced: it has an outline."""
    monkeypatch.setenv("SOFTMOE_PROGRESS", "off")
    view = PredictionView(Prediction(find_question("m01-sums")), Output())
    path = write_page(tmp_path / "card.html", build_page(view, "Card", "A card"))
    saved_pages.begin()
    page = saved_pages.open(path, forced_colors="active")
    labels = page.locator('[data-part="answer"] label')
    labels.nth(1).click()
    outlines = labels.evaluate_all("all => all.map(each => getComputedStyle(each).outlineStyle)")

    assert outlines == ["none", "solid", "none", "none"]
    saved_pages.check()


def wide(seen: Locator) -> bool:
    """Whether an element has pixels of its own."""
    box = seen.bounding_box()
    return box is not None and min(box["width"], box["height"]) >= 5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", MARGINS)
def test_words_of_drawings_have_the_colour_of_text(open_saved: Callable, name: str, scheme: str) -> None:
    """Names beside a panel are painted, each full pixel in the reader's colour of text."""
    page = opened(open_saved, name, scheme)
    panel, margin = MARGINS[name]
    ground = page.locator(f'{root_of(name)} [data-part="{panel}"]').locator("xpath=preceding-sibling::canvas")
    height = ground.evaluate("c => c.clientHeight")
    red, green, blue = page.evaluate(SYSTEM, "CanvasText")
    near = f"Math.max(Math.abs(all[i-3]-{red}), Math.abs(all[i-2]-{green}), Math.abs(all[i-1]-{blue})) < 10"
    full, right = (
        ground.evaluate(f"(c, box) => ({COUNT})(c, box, (all, i) => {test})", [0, 0, margin, height])
        for test in ("all[i] > 220", f"all[i] > 220 && {near}")
    )

    assert full == right >= 8


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_bars_of_the_capacity_explorer_have_an_edge(open_saved: Callable, scheme: str) -> None:
    """Bars in any of the experts' colours begin with a line of the text's colour, on a light and on a dark page."""
    page = opened(open_saved, "CapacityExplorer", scheme)
    ground = page.locator('[data-part="buffer"]').locator("xpath=preceding-sibling::canvas")
    text = page.evaluate(SYSTEM, "CanvasText")
    row = ground.evaluate(
        """c => { const scale = c.width / c.clientWidth, y = Math.round((c.clientHeight - 36) * scale);
            return [...c.getContext("2d").getImageData(0, y, c.width, 1).data] }"""
    )
    colours = np.array(row).reshape(-1, 4)
    own = (colours[:, 3] > 250) & away(colours[:, :3].astype(float), text)
    starts = np.flatnonzero(own & ~np.roll(own, 1))

    assert len(starts) >= 4
    before = [colours[at - 2 : at] for at in starts]
    assert all(any(each[3] > 220 and np.abs(each[:3] - text).max() < 60 for each in pair) for pair in before)
