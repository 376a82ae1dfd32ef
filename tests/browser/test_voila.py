from pathlib import Path

import pytest
from labkit import SCREENSHOTS, voila, watch, write_notebook
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

NOTEBOOK = """
import torch
from softmoe_edu.routing import SoftRouting
from softmoe_edu.widgets import RoutingLens

logits = torch.arange(2 * 4 * 4).view(2, 4, 2, 2) / 8
routing = SoftRouting(logits.softmax(1), logits.flatten(2).softmax(2).view_as(logits))
RoutingLens(routing, torch.linspace(0, 1, 2 * 16).view(2, 1, 4, 4))
"""


def test_the_lens_works_in_a_dark_voila_page(page: Page, tmp_path: Path) -> None:
    """The code is hidden, the theme is followed, and pointing and sliding work without a notebook around them."""
    faults = watch(page)
    (tmp_path / "served").mkdir()
    notebook = write_notebook(tmp_path / "served" / "lens.ipynb", NOTEBOOK)
    with voila(notebook, tmp_path / "scratch", "dark") as server:
        page.goto(f"{server.base}/?token={server.token}")
        lens = page.locator(".routing-lens")
        status = lens.get_by_role("status")
        expect(status).to_contain_text("Point at", timeout=60_000)
        expect(page.locator("body")).not_to_contain_text("import torch")
        lens.locator('[data-part="tokens"]').hover(position={"x": 20, "y": 20})
        expect(status).to_contain_text("token 0 (row 0, column 0): token 0 fills ")
        lens.locator('[data-part="image_index"]').press("ArrowRight")
        expect(lens.locator('[data-part="image"]')).to_have_text("1")
        red, green, blue = lens.evaluate("root => getComputedStyle(root).color.match(/\\d+/g).slice(0, 3).map(Number)")
        assert min(red, green, blue) > 180
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / "lens-voila.png")
        # The page is left before its server goes, so that no request of it fails.
        page.goto("about:blank")
    # Voila's own page asks for an icon font, which it does without.
    assert [fault for fault in faults if "font-awesome" not in fault and "fontawesome" not in fault] == []
