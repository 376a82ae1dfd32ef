"""Every lesson as a learner sees it: each card is locked with the mouse, and all that is shown is audited.

A lesson runs once in JupyterLab for all tests of this module.
"""

import re
from pathlib import Path

import pytest
from flowkit import WHY, flow_of
from labkit import take_screenshot
from lenskit import HASH, NEXT_FRAME, set_theme
from lessonkit import LESSONS, PLANNED, asking, cells_of
from pagekit import audit
from picturekit import blanks, pictures
from playwright.sync_api import Page, expect
from workbench import Workbench

pytestmark = [pytest.mark.browser, pytest.mark.notebook]

VERDICT = re.compile(r"^\s*(Right\. You|Not so: you) predicted ")
SEEN = ".jp-OutputArea-output, .jp-RenderedMarkdown"
# One in an output, one at the end of the text and one in a card.
PLANT = """() => {
    const plant = (place, html) => [...document.querySelectorAll(place)].at(-1).insertAdjacentHTML("beforeend", html);
    plant(".jp-OutputArea-output figure", "<img class='planted' src='data:,'>");
    plant(".jp-RenderedMarkdown", "<p class='planted' style='color: #999; background: #fff'>pale</p>");
    plant(".jp-OutputArea-output .prediction-view", "<input class='planted' type='text'>");
}"""
UPROOT = "() => document.querySelectorAll('.planted').forEach(e => e.remove())"


# The notebook scrolls within JupyterLab's page, and axe does not tell the contrast of what is scrolled away.
HEIGHT = "() => Math.ceil(document.querySelector('.jp-WindowedPanel-viewport').getBoundingClientRect().height) + 200"


def unroll(page: Page) -> None:
    """Make the page as high as its notebook."""
    page.set_viewport_size({"width": 1280, "height": page.evaluate(HEIGHT)})
    page.evaluate(NEXT_FRAME)


@pytest.fixture(scope="module", params=PLANNED)
def name(request: pytest.FixtureRequest) -> str:
    """A lesson of the plan; tests of one lesson follow each other."""
    return request.param


@pytest.fixture
def cells(name: str, tmp_path_factory: pytest.TempPathFactory) -> list[dict]:
    """The cells of a lesson, whose workspace is the same for all tests."""
    workspace = tmp_path_factory.getbasetemp() / name
    (workspace / ".softmoe").mkdir(parents=True, exist_ok=True)
    return cells_of(LESSONS[name], workspace)


@pytest.fixture
def lesson(cells: list[dict], workbench: Workbench) -> Page:
    """A lesson in JupyterLab, run whole."""
    return workbench.keep(*cells)


@pytest.mark.parametrize("name", PLANNED[:1], indirect=True)
def test_a_learner_runs_the_first_lesson_and_looks_inside(lesson: Page, workbench: Workbench) -> None:
    """Run all cells, move to another image, point at a patch: the view follows, in light and in dark."""
    flow = flow_of(lesson)
    expect(flow.get_by_role("status")).to_contain_text(f"token 10 asks expert 0, but {WHY}.")
    take_screenshot(flow, "lesson-00-flow")
    assert flow.locator(".routing-flow-knobs input[type=range]:visible").count() == 3
    where = lesson.get_by_role("region", name=re.compile("^Lesson 00 in the course: "))
    expect(where.locator("[aria-current=step]")).to_contain_text("00 Look inside you are here")
    take_screenshot(where, "lesson-00-course-map")
    lens = lesson.locator(".routing-lens").first
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
        set_theme(lesson, theme)
        take_screenshot(lesson, f"lesson-00-{theme.lower()}")
        take_screenshot(lens, f"lesson-00-lens-{theme.lower()}")
    workbench.check()


@pytest.mark.parametrize("name", PLANNED[:1], indirect=True)
def test_the_audit_sees_what_a_lesson_shows(lesson: Page, axe: str) -> None:
    """Faults that are planted in a figure, a text and a card are each named."""
    set_theme(lesson, "Light")
    unroll(lesson)
    lesson.evaluate(PLANT)
    found = audit(lesson, axe, SEEN)
    lesson.evaluate(UPROOT)

    assert [fault.split(":")[0] for fault in found] == [
        "color-contrast (serious)",
        "image-alt (critical)",
        "label (critical)",
    ]


def test_every_locked_prediction_is_answered_and_its_figures_are_whole(
    name: str, cells: list[dict], lesson: Page, workbench: Workbench
) -> None:
    """Each card of a lesson is locked by a click and replies, and each figure that its cell promises is drawn.

    It is locked when the whole lesson has run, as by who runs all cells first.
    """
    expected = asking(cells)
    expect(lesson.locator(".prediction-view")).to_have_count(len(expected))
    for index, figures in expected.items():
        cell = lesson.locator(".jp-Cell").nth(index)
        view = cell.locator(".prediction-view")
        view.scroll_into_view_if_needed()
        for part in ("answer", "confidence"):
            choices = view.locator(f'[data-part="{part}"]').get_by_role("radio")
            if choices.count():
                choices.first.check()
            else:
                view.get_by_role("textbox").fill("20")
        view.get_by_role("button", name="Lock my answer").click()
        status = view.locator('[role="status"]:not([data-kind="waiting"])')
        expect(status).not_to_be_empty()
        assert VERDICT.match(status.inner_text()), status.inner_text()
        expect(cell.locator(".jp-OutputArea img")).to_have_count(figures)
        assert blanks(pictures(cell)) == []
        take_screenshot(cell, f"{name}-prediction-{index}")
    workbench.check()


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_what_a_lesson_shows_has_no_serious_fault(theme: str, lesson: Page, workbench: Workbench, axe: str) -> None:
    """Its text, figures, cards, checks and widgets: names, roles, contrast and structure hold in both themes."""
    set_theme(lesson, theme)
    unroll(lesson)

    assert audit(lesson, axe, SEEN) == []
    workbench.check()


def test_every_lesson_of_the_plan_is_looked_at(cells: list[dict]) -> None:
    """The plan holds every notebook, and each has cards; some show figures, and some show none."""
    assert list(LESSONS) == PLANNED
    assert asking(cells)


def test_cards_with_and_without_figures_are_found(tmp_path: Path) -> None:
    """The search tells them apart."""
    found = [figures for name in PLANNED for figures in asking(cells_of(LESSONS[name], tmp_path)).values()]
    assert len(found) >= 30 and len(found) > sum(map(bool, found)) >= 6
