"""nbgrader and Otter hand out and grade a lesson that lies in a folder of its own."""

import csv
import shutil
from pathlib import Path

import nbformat
import pytest
from graders.course import cell

from softmoe_edu import lessons

pytestmark = [pytest.mark.grader, pytest.mark.filterwarnings("default")]  # the tools' own warnings are not ours

SMALL = Path(__file__).parents[1] / "small_course"
NAME = "71_small"
WRONG = "def tokens_per_expert(indices, experts):\n    return torch.bincount(indices[:, 0], minlength=experts)"
RIGHT = "def tokens_per_expert(indices, experts):\n    return torch.bincount(indices.flatten(), minlength=experts)"


@pytest.fixture
def beside(command, tmp_path):
    """Return a function that runs a command with the small lesson on the course's search path."""
    shutil.copytree(SMALL, tmp_path / "course")
    assert lessons.sync(tmp_path / "course") == []
    return lambda *words, cwd: command(*words, cwd=cwd, env={"SOFTMOE_COURSE": str(tmp_path / "course")})


def handed_in(path, source):
    """Return a copy of the released notebook with an answer filled in."""
    notebook = nbformat.read(path, 4)
    cell(notebook, "exercise:tokens-per-expert").source = source
    return notebook


def test_nbgrader_grades_it(beside, tmp_path):
    """A right answer has both points, a mistake fewer than one; `nbgrader validate` shows what the check says."""
    beside("softmoe-edu", "export", "nbgrader", "graded", "--lesson", "71", cwd=tmp_path)
    folder = tmp_path / "graded"
    beside("nbgrader", "generate_assignment", NAME, cwd=folder)
    said = beside("nbgrader", "validate", folder / "release" / NAME / f"{NAME}.ipynb", cwd=tmp_path)
    assert "tokens-per-expert · not started" in said and "Next: write tokens_per_expert" in said
    for student, source in (("ada", RIGHT), ("ben", WRONG)):
        (folder / "submitted" / student / NAME).mkdir(parents=True)
        notebook = handed_in(folder / "release" / NAME / f"{NAME}.ipynb", source)
        nbformat.write(notebook, folder / "submitted" / student / NAME / f"{NAME}.ipynb")
    beside("nbgrader", "autograde", NAME, cwd=folder)

    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as book:
        points = {student: book.find_submission_notebook(NAME, NAME, student).score for student in ("ada", "ben")}
    assert points["ada"] == 2 and 0 < points["ben"] < 1


def test_otter_grades_it(beside, tmp_path):
    """A right answer has both points, a mistake fewer than one."""
    beside("softmoe-edu", "export", "otter", "graded", "--lesson", "71", cwd=tmp_path)
    folder = tmp_path / "graded"
    beside("otter", "assign", "--no-run-tests", f"{NAME}.ipynb", f"dist/{NAME}", cwd=folder)
    (folder / "came back").mkdir()
    for student, source in (("ada", RIGHT), ("ben", WRONG)):
        notebook = handed_in(folder / "dist" / NAME / "student" / f"{NAME}.ipynb", source)
        nbformat.write(notebook, folder / "came back" / f"{student}.ipynb")
    words = ("softmoe-edu", "grade", "came back", "--otter", "dist", "--out", "graded", "--workers", "2", "--yes")
    assert "Otter runs each whole notebook as you" in beside(*words, cwd=folder)
    with (folder / "graded" / "grades.csv").open(encoding="utf-8-sig") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    assert {who: (row["lesson"], row["status"]) for who, row in rows.items()} == dict.fromkeys(
        ("ada", "ben"), (NAME, "graded")
    )
    assert float(rows["ada"]["points"]) == 2 and float(rows["ben"]["points"]) < 1
