import re
import shutil
from collections.abc import Callable

import pytest
from labkit import REPOSITORY, SCREENSHOTS, Server, run_all, settled
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.notebook]

LESSON = REPOSITORY / "notebooks" / "00_look_inside.ipynb"
HASH = "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.reduce((h, x) => (31 * h + x) >>> 0, 7)"


def test_a_learner_runs_the_first_lesson_and_looks_inside(open_notebook: Callable, lab: Server) -> None:
    """Run all cells, move to another image, point at a patch: the view follows, in light and in dark."""
    page = open_notebook(shutil.copy(LESSON, lab.root / LESSON.name))
    run_all(page)
    lens = page.locator(".routing-lens").first
    lens.scroll_into_view_if_needed()
    status = lens.get_by_role("status")
    expect(status).to_contain_text("Point at")
    ground = lens.locator('[data-panel="tokens"] canvas').first
    before = ground.evaluate(HASH)
    lens.locator('[data-part="image_index"]').press("ArrowRight")
    expect(lens.locator('[data-part="caption"]')).to_have_text(re.compile("^Image 1: "))
    assert ground.evaluate(HASH) != before
    above = lens.locator('[data-part="map"]')
    unlit = above.evaluate(HASH)
    lens.locator('[data-part="tokens"]').hover(position={"x": 60, "y": 60})
    expect(status).to_have_text(re.compile(r"^token \d+ \(row \d+, column \d+\): token \d+ .*fills [\d.]+ slots?, "))
    assert above.evaluate(HASH) != unlit
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for theme in ("Light", "Dark"):
        settled(page, f"window.jupyterapp.commands.execute('apputils:change-theme', {{ theme: 'JupyterLab {theme}' }})")
        expect(page.locator("body")).to_have_attribute("data-jp-theme-name", f"JupyterLab {theme}")
        page.wait_for_timeout(500)
        page.screenshot(path=SCREENSHOTS / f"lesson-00-{theme.lower()}.png")
        lens.screenshot(path=SCREENSHOTS / f"lesson-00-lens-{theme.lower()}.png")
    assert page.faults == []
