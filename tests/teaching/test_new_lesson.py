"""A lesson is one folder and one notebook pair: a small one, in a folder of its own, does all that lessons do."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from softmoe_edu import lessons

SMALL = Path(__file__).parents[1] / "small_course"
USES = """
import json, torch
from softmoe_edu.teaching import check, clinic, hint, predict, returning, use
from softmoe_edu.teaching.discovery import find_exercise, lessons
from softmoe_edu.teaching.kill_matrix import from_text, own, render, rows

exercise = find_exercise("tokens-per-expert")
found = {
    "lessons": {number: lesson.title for number, lesson in lessons().items()},
    "stub": check("tokens-per-expert", from_text(exercise, exercise.stub)).status,
    "right": check("tokens-per-expert", from_text(exercise, exercise.solution)).status,
    "mistakes": [check("tokens-per-expert", own(each.function)).mistake for each in exercise.mistakes],
    "used": use("tokens-per-expert", own(exercise.mistakes[0].function))(torch.tensor([[0, 1]]), 2).tolist(),
    "hint": str(hint("tokens-per-expert")),
    "patient": clinic("71").how_many,
    "diagnosis": [clinic("71", n).diagnose("first-choices").partition(":")[0] for n in range(1, 9)],
}
predict("m15-small", answer=0, confidence=90)
returning("72")
everything = [*rows(exercise)]
found["faults"] = [fault for row in everything for fault in row.faults]
found["matrix"] = render(everything)
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A folder that holds the small lesson and its notebook, built as every lesson's is."""
    folder = tmp_path_factory.mktemp("course")
    shutil.copytree(SMALL, folder, dirs_exist_ok=True)
    assert lessons.sync(folder) == []
    return folder


def python(*words, course, cwd):
    """Run Python in a workspace, with one more folder to look for lessons in, and give what it printed."""
    env = os.environ | {"SOFTMOE_COURSE": str(course), "SOFTMOE_PLAIN": "1"}
    env.pop("SOFTMOE_PROGRESS", None)
    done = subprocess.run([sys.executable, *words], cwd=cwd, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def found(course, tmp_path_factory):
    """What a session with the small lesson gives, and what it printed before."""
    workspace = tmp_path_factory.mktemp("workspace")
    (workspace / ".softmoe").mkdir()
    *printed, last = python("-c", USES, course=course, cwd=workspace).splitlines()
    return json.loads(last) | {"printed": "\n".join(printed)}


def test_a_folder_is_a_lesson(found):
    """A new lesson comes after the others, by its number, and they stay as they were."""
    assert list(found["lessons"])[-1] == "71" and found["lessons"]["71"] == "A small lesson"
    assert found["lessons"]["05"] == "Soft MoE by hand"


def test_its_check_tells_stub_answer_and_mistakes_apart(found):
    """The stub is not started, the reference passes, each mistake is named, and `use` goes on with the reference."""
    assert (found["stub"], found["right"]) == ("not started", "passed")
    assert found["mistakes"] == ["first-choices", "no-empty-experts"]
    assert found["used"] == [1, 1]


def test_its_hints_questions_and_patients_are_there(found):
    """The first hint is shown, a confident miss is refuted and returns in the next lesson, and patients differ."""
    assert found["hint"].startswith("Hint 1 of 2 for tokens-per-expert")
    assert "Many think that chance fills all experts evenly. The reason: the second coin" in found["printed"]
    assert "Two tokens choose one of three experts at random." in found["printed"]
    assert found["patient"] == 1 and {"Right.\nfirst-choices", "Not right"} == {*found["diagnosis"]}


def test_its_kill_matrix_is_built(found):
    """Every mistake is rejected and named, every right answer accepted, and the table has them all."""
    assert found["faults"] == []
    assert "2 wrong answers are rejected and named, 3 right" in found["matrix"]
    assert "## tokens-per-expert (lesson 71)" in found["matrix"] and "| no-empty-experts |" in found["matrix"]


@pytest.mark.notebook
@pytest.mark.filterwarnings("default")
def test_it_is_exported(course, tmp_path):
    """All four exports write a new lesson: as assignments, solved and run, and as a computed card."""
    for kind in ("nbgrader", "otter", "solutions", "instructor"):
        words = ["-m", "softmoe_edu.cli", "export", kind, tmp_path / kind, "--lesson", "71"]
        assert "1 exercise (tokens-per-expert)" in python(*map(str, words), course=course, cwd=tmp_path)

    solved = nbformat.read(tmp_path / "solutions" / "71_small.ipynb", 4)
    shown = [
        output.get("data", {}).get("text/plain", "") for cell in solved.cells for output in cell.get("outputs", [])
    ]
    card = (tmp_path / "instructor" / "71_small.md").read_text("utf-8")
    assert any(text.startswith("✓ tokens-per-expert · passed") for text in shown)
    assert card.startswith("# 71 · A small lesson: for the teacher") and "`no-empty-experts`" in card
    assert (tmp_path / "nbgrader" / "source" / "71_small" / "71_small.ipynb").exists()
    assert (tmp_path / "otter" / "71_small.ipynb").exists()
