"""nbgrader and Otter hand out and grade a lesson that lies in a folder of its own."""

import json
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
    """A right answer has both points, a mistake fewer than one."""
    beside("softmoe-edu", "export", "nbgrader", "graded", "--lesson", "71", cwd=tmp_path)
    folder = tmp_path / "graded"
    beside("nbgrader", "generate_assignment", NAME, cwd=folder)
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
    """The solutions pass Otter's own tests when they are made, and a mistake is graded below the right answer."""
    beside("softmoe-edu", "export", "otter", "graded", "--lesson", "71", cwd=tmp_path)
    folder = tmp_path / "graded"
    beside("otter", "assign", f"{NAME}.ipynb", "dist", cwd=folder)
    (autograder,) = (folder / "dist" / "autograder").glob("*.zip")
    points = {}
    for student, source in (("ada", RIGHT), ("ben", WRONG)):
        (folder / student).mkdir()
        notebook = handed_in(folder / "dist" / "student" / f"{NAME}.ipynb", source)
        nbformat.write(notebook, folder / student / f"{NAME}.ipynb")
        beside("otter", "run", "-a", autograder, "-o", folder / student, f"{NAME}.ipynb", cwd=folder / student)
        results = json.loads((folder / student / "results.json").read_text("utf-8"))["tests"]
        points[student] = sum(each["score"] for each in results if "tokens-per-expert" in each["name"])
    assert points["ada"] == 2 and points["ben"] < 1
