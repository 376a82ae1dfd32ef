from collections.abc import Callable
from pathlib import Path

import pytest
from labkit import take_screenshot
from pagekit import SavedPages, audit
from playwright.sync_api import Page, expect
from reportkit import report_of

from softmoe_edu.report_page import save_report

pytestmark = pytest.mark.browser


@pytest.fixture
def open_report(saved_pages: SavedPages, tmp_path: Path) -> Callable[..., Page]:
    """Open a saved report from disk with the network closed; it has no faults at the end."""
    path = save_report(report_of(), tmp_path / "report.html")
    saved_pages.begin()
    yield lambda **options: saved_pages.open(path, **options)
    saved_pages.check()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_a_report_is_read_on_any_page(open_report: Callable, axe: str, scheme: str, width: int) -> None:
    """It is as dark as the reader wants, nothing is wider than the page, and an audit finds no serious fault."""
    page = open_report(color_scheme=scheme, viewport={"width": width, "height": 900})
    expect(page.get_by_role("heading", name="Routing report")).to_be_visible()
    take_screenshot(page.locator("main"), f"report-{width}-{scheme}")
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)")

    assert (max(ground) < 60) is (scheme == "dark")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert audit(page, axe) == []


def test_wide_tables_scroll_by_key(open_report: Callable) -> None:
    """On a narrow page the table of layers is reached with the keyboard and scrolls in itself."""
    page = open_report(viewport={"width": 390, "height": 900})
    region = page.get_by_role("region").first
    region.focus()
    page.keyboard.press("ArrowRight")

    page.wait_for_function("region => region.scrollLeft > 0", arg=region.element_handle())
