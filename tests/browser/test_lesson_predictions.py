"""The predictions of the lessons, each locked with the mouse: what is then drawn arrives whole."""

import ast
import re
from pathlib import Path

import pytest
from labkit import take_screenshot
from lessonkit import LESSONS, cells_of
from picturekit import blanks, pictures
from playwright.sync_api import expect
from workbench import Workbench

pytestmark = [pytest.mark.browser, pytest.mark.notebook]

SHOWS = "display(figures.described("
VERDICT = re.compile(r"^\s*(Right\. You|Not so: you) predicted ")


def code_of(lesson: Path) -> list[str]:
    """The code cells of a lesson."""
    return [cell["source"] for cell in cells_of(lesson) if cell["cell_type"] == "code"]


def asking(lesson: Path) -> dict[int, int]:
    """Which code cells of a lesson ask for a prediction, and how many figures what each reveals shows."""
    sources = dict(enumerate(code_of(lesson)))
    functions = {
        node.name: ast.unparse(node)
        for source in sources.values()
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef)
    }
    asked = {i: re.search(r"^predict\(.*\breveal=(\w+)", source, re.MULTILINE) for i, source in sources.items()}
    return {i: functions[found[1]].count(SHOWS) for i, found in asked.items() if found}


DRAWING = [name for name, lesson in LESSONS.items() if any(asking(lesson).values())]


@pytest.mark.parametrize("name", DRAWING)
def test_a_locked_prediction_shows_its_figures_whole(name: str, workbench: Workbench, tmp_path: Path) -> None:
    """Every card of a lesson is locked by a click, and each figure that its cell promises is drawn to its edges."""
    (tmp_path / ".softmoe").mkdir()
    expected = asking(LESSONS[name])
    last = max(expected) + 1
    page = workbench.open(f"%cd -q {tmp_path}", *code_of(LESSONS[name])[:last])
    for index, figures in expected.items():
        cell = page.locator(".jp-Cell").nth(index + 1)
        view = cell.locator(".prediction-view")
        view.scroll_into_view_if_needed()
        for part in ("answer", "confidence"):
            choices = view.locator(f'[data-part="{part}"]').get_by_role("radio")
            if choices.count():
                choices.first.check()
            else:
                view.get_by_role("textbox").fill("20")
        view.get_by_role("button", name="Lock my answer").click()
        expect(view.get_by_role("status")).to_have_text(VERDICT)
        expect(cell.locator(".jp-OutputArea img")).to_have_count(figures)
        assert blanks(pictures(cell)) == []
        take_screenshot(view, f"{name}-prediction-{index}")
    workbench.check()


def test_the_lessons_have_predictions_with_figures() -> None:
    """The search finds lessons, cards with figures and cards without."""
    found = [figures for name in DRAWING for figures in asking(LESSONS[name]).values()]
    assert len(DRAWING) >= 3 and len(found) > sum(map(bool, found)) >= 4
