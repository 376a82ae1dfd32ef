"""Otter itself makes the assignment of a small lesson and grades submissions; each test looks at one side of that."""

import copy
import json
import shutil
from concurrent.futures import ThreadPoolExecutor

import nbformat
import pytest
from graders.course import EVERYTHING, FLOAT32, HANGS, LEAVES, NAME, POINTS, cell, small_lesson, submissions, with_loop

from softmoe_edu.teaching.discovery import exercises, find_exercise
from softmoe_edu.teaching.exports import otter
from softmoe_edu.teaching.exports.leaks import leaks

pytestmark = [pytest.mark.grader, pytest.mark.filterwarnings("default")]  # the tools' own warnings are not ours

LIMIT = 15  # seconds for the submission that never ends


def without_its_tests(notebook):
    """Return a submission from which the student has removed every test that Otter added."""
    bare = copy.deepcopy(notebook)
    bare.metadata.otter.tests = {}
    bare.cells = [cell for cell in bare.cells if not cell.source.startswith("grader.check")]
    return bare


@pytest.fixture(scope="module")
def dist(command, tmp_path_factory):
    """What `otter assign` made: it ran the tests on the solutions, and stops where one fails."""
    folder = tmp_path_factory.mktemp("otter")
    lessons = [small_lesson(folder / "lesson"), small_lesson(folder / "lesson", exercises(), EVERYTHING)]
    otter.export(folder, lessons)
    command("otter", "assign", f"{NAME}.ipynb", "dist", cwd=folder)
    command("otter", "assign", "--no-run-tests", f"{EVERYTHING}.ipynb", "everything", cwd=folder)
    return folder / "dist"


@pytest.fixture(scope="module")
def results(command, dist):
    """Points and what is said by exercise for each student, from results.json; None where there is none."""
    (autograder,) = (dist / "autograder").glob("*.zip")
    handed_in = submissions(nbformat.read(dist / "student" / f"{NAME}.ipynb", 4))
    handed_in["dan"] = without_its_tests(handed_in["dan"])
    handed_in["eve"] = with_loop(handed_in["ada"])
    changes = (("fay", "soft-moe", LEAVES), ("gus", "dispatch-weights", HANGS), ("hal", "dispatch-weights", FLOAT32))
    for student, id, source in changes:
        handed_in[student] = copy.deepcopy(handed_in["ada"])
        cell(handed_in[student], f"exercise:{id}").source = source

    def grade(student):
        folder = dist.parent / student
        folder.mkdir()
        nbformat.write(handed_in[student], folder / f"{NAME}.ipynb")
        endless = student == "eve"
        limit = ["timeout", LIMIT] if endless else []
        words = [*limit, "otter", "run", "-a", autograder, "-o", folder, f"{NAME}.ipynb"]
        command(*words, cwd=folder, fails=student in ("eve", "gus"))
        result = folder / "results.json"
        return json.loads(result.read_text("utf-8"))["tests"] if result.exists() else None

    slow_first = sorted(handed_in, reverse=True)
    with ThreadPoolExecutor(2) as pool:
        found = dict(zip(slow_first, pool.map(grade, slow_first), strict=True))
    return {
        student: tests and {test["name"]: test for test in tests if test["name"] in POINTS}
        for student, tests in found.items()
    }


def points(results, student):
    """Return the points of a student by exercise."""
    return {id: test["score"] for id, test in results[student].items()}


def test_students_get_the_stubs(dist):
    """The student's lesson holds exactly the stubs, the lesson's own checks, and Otter's beside them."""
    student = nbformat.read(dist / "student" / f"{NAME}.ipynb", 4)

    for id in POINTS:
        assert cell(student, f"exercise:{id}").source == find_exercise(id).stub
        assert cell(student, f"check:{id}").source == f'check("{id}", {find_exercise(id).name})'
        assert [c for c in student.cells if c.source == f'grader.check("{id}")']


def test_what_is_handed_out_holds_no_solution(dist):
    """No file of the student's folders, one with every exercise of the course, holds a line of a reference."""
    folders = (dist / "student", dist.parent / "everything" / "student")
    paths = [path for folder in folders for path in folder.rglob("*") if path.is_file()]

    assert {path.stem for path in paths} >= {NAME, EVERYTHING}
    assert [fault for path in paths for fault in leaks(path, exercises().values())] == []
    assert leaks(dist / "autograder" / f"{NAME}.ipynb", exercises().values())


def test_the_reference_gets_everything(results):
    """Every exercise of the reference has all its points."""
    assert points(results, "ada") == POINTS


def test_the_stub_gets_nothing(results):
    """A lesson handed in as it was handed out has 0 in every exercise."""
    assert points(results, "ben") == dict.fromkeys(POINTS, 0)


def test_a_mistake_gets_less_than_half_and_is_named(results):
    """Two classic mistakes are below half of the points, and the result says which they are."""
    for id, mistake in (("soft-moe", "swapped-axes"), ("dispatch-weights", "over-slots")):
        (known,) = [each for each in find_exercise(id).mistakes if each.id == mistake]
        assert points(results, "cleo")[id] < POINTS[id] / 2
        assert known.does in results["cleo"][id]["output"]


def test_form_costs_a_quarter(results):
    """Right numbers in the wrong dtype have three quarters of the points, as everywhere."""
    assert points(results, "hal") == POINTS | {"dispatch-weights": 0.75 * POINTS["dispatch-weights"]}


def test_warnings_take_no_points(results):
    """An answer that warns, in a notebook that writes on stderr in every cell, has all its points."""
    assert points(results, "cleo")["combine-weights"] == POINTS["combine-weights"]


def test_an_answer_that_never_ends_gets_nothing(results):
    """The check itself stops it, says so, and grading goes on."""
    assert points(results, "cleo")["expert-capacity"] == 0
    assert "it was stopped after 10 s" in results["cleo"]["expert-capacity"]["output"]


def test_the_teachers_tests_are_graded(results):
    """A submission without Otter's tests, and with edited checks, is graded by those of the autograder."""
    assert points(results, "dan") == POINTS | {
        id: points(results, "cleo")[id] for id in ("soft-moe", "dispatch-weights")
    }


@pytest.mark.skipif(shutil.which("timeout") is None, reason="the guide's `timeout` is a command of Linux")
def test_a_cell_that_never_ends_is_stopped(results):
    """Otter has no limit for a cell: `timeout` ends that submission alone, without a result."""
    assert results["eve"] is None
    assert results["ben"] is not None


def test_an_answer_that_calls_exit_costs_its_own_points(results):
    """The kernel goes on: the answer is told what it does, and the other exercises have their points."""
    assert points(results, "fay") == POINTS | {"soft-moe": 0}
    assert "it exits the program" in results["fay"]["soft-moe"]["output"]


def test_a_call_that_nothing_interrupts_is_ended_without_a_result(results):
    """No limit of Otter's, and no `timeout`: the check has its own process ended, and the next submission its turn."""
    assert results["gus"] is None
    assert results["ada"] is not None
