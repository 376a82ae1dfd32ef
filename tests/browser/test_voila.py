import pytest
from labkit import Server, take_screenshot, write_notebook
from playwright.sync_api import Page, expect
from sharekit import pixels, save, table
from voilakit import voila_page

pytestmark = pytest.mark.browser

NOTEBOOK = """
import torch
from softmoe_edu.routing import SoftRouting
from softmoe_edu.widgets import RoutingLens

logits = torch.arange(2 * 4 * 4).view(2, 4, 2, 2) / 8
routing = SoftRouting(logits.softmax(1), logits.flatten(2).softmax(2).view_as(logits))
RoutingLens(routing, torch.linspace(0, 1, 2 * 16).view(2, 1, 4, 4))
"""


def test_the_lens_works_in_a_dark_voila_page(page: Page, voila: Server) -> None:
    """The code is hidden, the theme is followed, and pointing and sliding work without a notebook around them."""
    notebook = write_notebook(voila.root / "lens.ipynb", NOTEBOOK)
    with voila_page(page, voila, notebook, ".routing-lens [role=status]"):
        lens = page.locator(".routing-lens")
        status = lens.get_by_role("status")
        expect(status).to_contain_text("token ")
        expect(page.locator("body")).not_to_contain_text("import torch")
        lens.locator('[data-part="tokens"]').hover(position={"x": 20, "y": 20})
        expect(status).to_contain_text("token 0 (row 0, column 0): token 0 fills ")
        lens.locator('[data-part="image_index"]').press("ArrowRight")
        expect(lens.locator('[data-part="image"]')).to_have_text("1")
        red, green, blue = lens.evaluate("root => getComputedStyle(root).color.match(/\\d+/g).slice(0, 3).map(Number)")
        assert min(red, green, blue) > 180
        take_screenshot(page, "lens-voila")
        lens.locator('[data-part="image_index"]').press("Control+z")
        expect(lens.locator('[data-part="image"]')).to_have_text("0")
        assert len(table(save(lens, "Numbers (CSV)")[1])) == 4 * 2 * 2
        picture = pixels(save(lens, "Picture (PNG)")[1])
        assert max(picture[0, 0, :3]) < 60 and picture.shape[1] > 1000
