"""The page of a class, opened from disk."""

from collections.abc import Callable
from pathlib import Path

import pytest
from classkit import LEARNERS, text_of
from labkit import take_screenshot
from pagekit import SavedPages, audit
from playwright.sync_api import Page, expect

from softmoe_edu.teaching.class_report.page import write_page
from softmoe_edu.teaching.class_report.report import report

pytestmark = pytest.mark.browser


@pytest.fixture
def open_class(saved_pages: SavedPages, tmp_path: Path) -> Callable[..., Page]:
    """Open the report on a class with the network closed; it has no faults at the end."""
    for name, lines in LEARNERS.items():
        (tmp_path / f"{name}.jsonl").write_text(text_of(lines))
    path = tmp_path / "class.html"
    write_page(report([tmp_path]), path)
    saved_pages.begin()
    yield lambda **options: saved_pages.open(path, **options)
    saved_pages.check()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_a_class_report_is_read_on_any_page(open_class: Callable, axe: str, scheme: str, width: int) -> None:
    """It is as dark as the reader wants, nothing is wider than the page, and an audit finds no serious fault."""
    page = open_class(color_scheme=scheme, viewport={"width": width, "height": 900})
    expect(page.get_by_role("heading", name="What a class believes")).to_be_visible()
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    take_screenshot(page.locator("main"), f"class-{width}-{scheme}")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)")

    assert (max(ground) < 60) is (scheme == "dark")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert audit(page, axe) == []


def test_each_number_has_its_headers(open_class: Callable) -> None:
    """A screen reader says row and column of a cell: two learners matched a mistake in dispatch-weights."""
    page = open_class(viewport={"width": 390, "height": 900})
    table = page.get_by_role("table", name="Exercises, in learners")
    names = table.get_by_role("columnheader").all_inner_texts()
    cells = table.get_by_role("row", name="dispatch-weights").get_by_role("cell").all_inner_texts()

    assert dict(zip(names[1:], cells, strict=True))["mistake matched"] == "2"
