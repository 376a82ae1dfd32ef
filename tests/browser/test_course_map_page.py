"""The map of the course on a page of nbconvert: it wraps, is readable in every scheme, and has no faults for axe."""

from pathlib import Path

import nbformat
import pytest
from labkit import take_screenshot
from nbconvert import HTMLExporter
from pagekit import SavedPages, audit
from playwright.sync_api import Browser

from softmoe_edu.teaching import course_map, progress

pytestmark = pytest.mark.browser


def exported(folder: Path) -> Path:
    """A notebook that shows the map of lesson 02, as the page that nbconvert makes of it, without its scripts."""
    shown = course_map("02")
    data = {"text/plain": repr(shown), "text/html": shown._repr_html_()}
    output = nbformat.v4.new_output("execute_result", data, execution_count=1)
    cell = nbformat.v4.new_code_cell('course_map("02")', outputs=[output], execution_count=1)
    exporter = HTMLExporter(mathjax_url="", require_js_url="", jquery_url="", mermaid_js_url="")
    text, _ = exporter.from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))
    path = folder / "map.html"
    path.write_text(text, "utf-8")
    return path


@pytest.fixture
def page_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The page of somebody who has done the predictions of lesson 00."""
    monkeypatch.setattr(progress, "events", lambda kind=None, id=None: _events(kind))
    return exported(tmp_path)


def _events(kind: str | None) -> list[dict]:
    ids = ["m37-more-parameters", "m15-as-many-slots", "m01-sums"]
    return [{"kind": "prediction", "id": id} for id in ids] if kind == "prediction" else []


def test_it_wraps_and_is_read_in_every_scheme(
    page_path: Path, saved_pages: SavedPages, browser: Browser, axe: str
) -> None:
    """Columns side by side on a laptop, one below the other on a telephone, never wider than the page."""
    saved_pages.begin()
    for width, columns in ((1280, 3), (390, 1)):
        page = saved_pages.open(page_path, viewport={"width": width, "height": 844})
        region = page.get_by_role("region", name="Lesson 02 in the course: 1 of 12 lessons done")
        lefts = region.get_by_role("list").evaluate_all("lists => lists.map(e => e.getBoundingClientRect().left)")
        assert len({round(left) for left in lefts}) == columns, lefts
        assert region.evaluate("e => [...e.querySelectorAll('*')].every(x => x.scrollWidth <= e.clientWidth + 1)")
        for scheme in ({}, {"color_scheme": "dark"}, {"forced_colors": "active"}):
            page.emulate_media(**({"color_scheme": "light", "forced_colors": "none"} | scheme))
            take_screenshot(region, f"course-map-{width}-{'-'.join(scheme.values())}")
        assert audit(page, axe, "section[role=region]") == []
        here = region.locator("[aria-current=step]")
        assert here.inner_text().startswith("▶\n02 A finite buffer you are here")
        assert here.locator("div").first.evaluate("e => getComputedStyle(e).borderTopWidth") == "2px"
    saved_pages.check()
