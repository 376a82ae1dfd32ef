import re

import pytest
from flowkit import WHY, flow_of
from labkit import take_screenshot
from lenskit import HASH, set_theme
from lessonkit import LESSONS, cells_of
from playwright.sync_api import expect
from workbench import Workbench

pytestmark = [pytest.mark.browser, pytest.mark.notebook]


def test_a_learner_runs_the_first_lesson_and_looks_inside(workbench: Workbench) -> None:
    """Run all cells, move to another image, point at a patch: the view follows, in light and in dark."""
    page = workbench.open(*cells_of(LESSONS["00_look_inside"]))
    flow = flow_of(page)
    expect(flow.get_by_role("status")).to_contain_text(f"token 10 asks expert 0, but {WHY}.")
    take_screenshot(flow, "lesson-00-flow")
    assert flow.locator(".routing-flow-knobs input[type=range]:visible").count() == 3
    where = page.get_by_role("region", name=re.compile("^Lesson 00 in the course: "))
    expect(where.locator("[aria-current=step]")).to_contain_text("00 Look inside you are here")
    take_screenshot(where, "lesson-00-course-map")
    lens = page.locator(".routing-lens").first
    lens.scroll_into_view_if_needed()
    status = lens.get_by_role("status")
    expect(status).to_contain_text("is dropped: ")
    expect(lens.locator('[data-part="why"]')).to_contain_text("It asked for expert ")
    ground = lens.locator('[data-panel="tokens"] canvas').first
    before = ground.evaluate(HASH)
    lens.locator('[data-part="image_index"]').press("ArrowRight")
    expect(lens.locator('[data-part="caption"]')).to_have_text(re.compile("^Image 8: "))
    assert ground.evaluate(HASH) != before
    above = lens.locator('[data-part="map"]')
    unlit = above.evaluate(HASH)
    lens.locator('[data-part="tokens"]').hover(position={"x": 200, "y": 130})
    expect(lens.locator('[data-part="pin"]')).to_be_empty()
    expect(status).to_have_text(re.compile(r"^token \d+ \(row \d+, column \d+\): token \d+ .*fills [\d.]+ slots?, "))
    assert above.evaluate(HASH) != unlit
    for theme in ("Light", "Dark"):
        set_theme(page, theme)
        take_screenshot(page, f"lesson-00-{theme.lower()}")
        take_screenshot(lens, f"lesson-00-lens-{theme.lower()}")
    workbench.check()
