"""Figures on a page that is light or dark: what a reader sees of a described figure, and what is printed."""

import io
from pathlib import Path

import numpy as np
import pytest
from labkit import take_screenshot
from lenskit import NEXT_FRAME, set_theme
from matplotlib import image
from pagekit import SavedPages, audit
from picturekit import blanks, pictures
from playwright.sync_api import Browser, Locator, Page
from test_figures_following import soft

from softmoe_edu import figures
from softmoe_edu.figures.style import contrast

pytestmark = pytest.mark.browser

FIGURE = """
import torch
from softmoe_edu import figures
from softmoe_edu.routing import SoftRouting

weights = torch.full((1, 5, 2, 3), 0.2)
figures.described(figures.expert_load(SoftRouting(weights, weights)))
"""


@pytest.fixture
def cells() -> tuple[str, ...]:
    """A figure in JupyterLab."""
    return (FIGURE, "")


def page_and_text(picture: Locator) -> tuple[np.ndarray, float]:
    """The colour of a picture's corner, and the contrast of the pixel that stands out most from it."""
    seen = image.imread(io.BytesIO(picture.screenshot()))[..., :3]
    corner = seen[3, 3]
    far = seen.reshape(-1, 3)[np.abs(seen - corner).sum(2).argmax()]
    return corner, contrast(tuple(corner), tuple(far))


def test_a_figure_takes_the_scheme_of_the_element_around_it(browser: Browser, tmp_path: Path) -> None:
    """Light, then dark, then light again without loading anything; in print it is light."""
    path = tmp_path / "figure.html"
    shown = figures.described(figures.expert_load(soft()))
    path.write_text(f"<!doctype html><title>A figure</title><div>{shown._repr_html_()}</div>", "utf-8")
    with browser.new_context(offline=True) as context:
        page = context.new_page()
        page.goto(path.as_uri())
        picture = page.locator("img")
        for scheme in ("light", "dark", "light"):
            page.evaluate("scheme => document.querySelector('div').style.colorScheme = scheme", scheme)
            page.evaluate(NEXT_FRAME)
            corner, most = page_and_text(picture)
            assert (corner.max() < 0.2, corner.min() > 0.9) == (scheme == "dark", scheme == "light")
            assert most > 7
        page.evaluate("document.querySelector('div').style.colorScheme = 'dark'")
        page.emulate_media(media="print")
        page.evaluate(NEXT_FRAME)
        assert page_and_text(picture)[0].min() > 0.9
        assert picture.evaluate("e => e.naturalWidth * e.naturalHeight") > 0
        assert picture.get_attribute("alt") == shown.alt


def test_a_wide_figure_is_legible_on_a_phone(saved_pages: SavedPages, axe: str, tmp_path: Path) -> None:
    """It keeps over half of its size and is moved sideways, also by keys; the page is no wider than the phone."""
    shown = figures.described(figures.compare_routers({"one": soft(), "two": soft(), "three": soft()}))
    path = tmp_path / "figure.html"
    path.write_text(f'<!doctype html><html lang="en"><title>A figure</title>{shown._repr_html_()}', "utf-8")
    saved_pages.begin()
    page = saved_pages.open(path, viewport={"width": 390, "height": 844})

    assert page.locator("img").bounding_box()["width"] > 0.55 * shown.width > 390
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.keyboard.press("Tab")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('figure div').scrollLeft > 0")
    # A page of a figure alone has no landmarks.
    assert audit(page, axe, "figure") == []
    saved_pages.check()


def test_a_figure_follows_the_theme_of_jupyterlab(notebook: Page) -> None:
    """It turns dark with the theme and light again, and is drawn to its edges in both."""
    cell = notebook.locator(".jp-CodeCell").first
    picture = cell.locator("figure img")
    for theme, dark in (("Light", False), ("Dark", True), ("Light", False)):
        set_theme(notebook, theme)
        notebook.evaluate(NEXT_FRAME)
        corner, most = page_and_text(picture)
        assert (corner.max() < 0.2, corner.min() > 0.9) == (dark, not dark), theme
        assert most > 7
        assert blanks(pictures(cell)) == []
        take_screenshot(cell, f"figure-{theme.lower()}")
