"""The predictions of the lessons, each locked with the mouse: what is then drawn arrives whole."""

import ast
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from labkit import REPOSITORY, Server, run_all_above, take_screenshot
from picturekit import blanks, pictures
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.notebook]

SHOWS = "display(figures.described("


def asking(lesson: Path) -> dict[int, int]:
    """Which cells of a lesson ask for a prediction, and how many figures what each reveals shows."""
    cells = json.loads(lesson.read_text("utf-8"))["cells"]
    sources = {i: "".join(cell["source"]) for i, cell in enumerate(cells) if cell["cell_type"] == "code"}
    functions = {
        node.name: ast.unparse(node)
        for source in sources.values()
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef)
    }
    asked = {i: re.search(r"^predict\(.*\breveal=(\w+)", source, re.MULTILINE) for i, source in sources.items()}
    return {i: functions[found[1]].count(SHOWS) for i, found in asked.items() if found}


LESSONS = {lesson.stem: lesson for lesson in sorted((REPOSITORY / "notebooks").glob("*.ipynb"))}
DRAWING = [name for name, lesson in LESSONS.items() if any(asking(lesson).values())]


@pytest.mark.parametrize("name", DRAWING)
def test_a_locked_prediction_shows_its_figures_whole(name: str, open_notebook: Callable, lab: Server) -> None:
    """Every card of a lesson is locked by a click, and each figure that its cell promises is drawn to its edges."""
    folder = lab.root / name
    (folder / ".softmoe").mkdir(parents=True)
    page = open_notebook(Path(shutil.copy(LESSONS[name], folder)))
    expected = asking(LESSONS[name])
    run_all_above(page, max(expected) + 1)
    for index, figures in expected.items():
        cell = page.locator(".jp-Cell").nth(index)
        view = cell.locator(".prediction-view")
        view.scroll_into_view_if_needed()
        for part in ("answer", "confidence"):
            choices = view.locator(f'[data-part="{part}"]').get_by_role("radio")
            if choices.count():
                choices.first.check()
            else:
                view.get_by_role("textbox").fill("20")
        view.get_by_role("button", name="Lock my answer").click()
        expect(view.get_by_role("status")).to_contain_text("you predicted", timeout=60_000)
        expect(cell.locator(".jp-OutputArea img")).to_have_count(figures)
        assert blanks(pictures(cell)) == []
        take_screenshot(view, f"{name}-prediction-{index}")
    assert page.faults == []


def test_the_lessons_have_predictions_with_figures() -> None:
    """The search finds lessons, cards with figures and cards without."""
    found = [figures for name in DRAWING for figures in asking(LESSONS[name]).values()]
    assert len(DRAWING) >= 3 and len(found) > sum(map(bool, found)) >= 4
