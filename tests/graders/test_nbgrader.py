"""nbgrader itself hands out, collects, grades and answers a small course; each test looks at one side of that run."""

import copy
import csv
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import nbformat
import pytest
from graders.course import (
    EVERYTHING,
    HANG,
    HANGS,
    LEAVES,
    LOOP,
    NAME,
    POINTS,
    cell,
    small_lesson,
    submissions,
    with_copies,
    with_loop,
)
from nbformat.v4 import new_code_cell, new_output

from softmoe_edu.teaching.discovery import exercises, find_exercise
from softmoe_edu.teaching.exports import nbgrader
from softmoe_edu.teaching.exports.leaks import leaks

pytestmark = [pytest.mark.grader, pytest.mark.filterwarnings("default")]  # the tools' own warnings are not ours

CELL_SECONDS = 16  # over the ten seconds after which a check stops an answer
LOCKS = sys.platform == "linux"


def grade_with_one_that_hangs(command, folder, where):
    """Grade two submissions, the first of which hangs; return the output, the seconds and points by student."""
    from nbgrader.api import Gradebook

    nbgrader.export(folder, [small_lesson(folder.parent / "lesson", ["dispatch-weights", "expert-capacity"])])
    command("nbgrader", "generate_assignment", NAME, cwd=folder)
    right = nbformat.read(folder / "release" / NAME / f"{NAME}.ipynb", 4)
    for id in ("dispatch-weights", "expert-capacity"):
        cell(right, f"exercise:{id}").source = find_exercise(id).solution
    hangs = copy.deepcopy(right)
    if where == "check":
        cell(hangs, "exercise:dispatch-weights").source = HANGS
        seconds = 45  # the check has its own process ended before
    else:
        hangs.cells.insert(2, new_code_cell(HANG))
        seconds = 20
    for student, notebook in {"a_hangs": hangs, "b_right": right}.items():
        submitted = folder / "submitted" / student / NAME
        submitted.mkdir(parents=True)
        nbformat.write(notebook, submitted / f"{NAME}.ipynb")
    start = time.monotonic()
    words = ("nbgrader", "autograde", NAME, f"--ExecutePreprocessor.timeout={seconds}")
    said = command(*words, cwd=folder, fails=True)
    took = time.monotonic() - start
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as book:
        return said, took, {s.student.id: s.score for s in book.assignment_submissions(NAME)}


@pytest.fixture(scope="module")
def hanging(command, tmp_path_factory):
    """Grade submissions that hang in the background, since each takes a minute; return futures by where they hang."""
    folders = {where: tmp_path_factory.mktemp("hangs") / "course" for where in ("check", "cell")}
    with ThreadPoolExecutor(2) as pool:
        yield {
            where: pool.submit(grade_with_one_that_hangs, command, folder, where)
            for where, folder in folders.items()
            if LOCKS
        }


@pytest.fixture(scope="module")
def course(command, tmp_path_factory, hanging):
    """The course folder after everything was done once, by the commands of the teacher's guide."""
    folder = tmp_path_factory.mktemp("nbgrader") / "course"
    lessons = [small_lesson(folder.parent / "lesson"), small_lesson(folder.parent / "lesson", exercises(), EVERYTHING)]
    nbgrader.export(folder, lessons)
    for lesson in lessons:
        command("nbgrader", "generate_assignment", lesson.name, cwd=folder)
    release = nbformat.read(folder / "release" / NAME / f"{NAME}.ipynb", 4)
    archive = folder / "downloaded" / NAME / "archive"
    archive.mkdir(parents=True)
    handed_in = submissions(release)
    handed_in["eve"] = with_copies(handed_in["ada"])
    handed_in["fay"] = copy.deepcopy(handed_in["ada"])
    cell(handed_in["fay"], "exercise:soft-moe").source = LEAVES
    for student, notebook in handed_in.items():
        looping = with_loop(notebook) if student == "dan" else notebook
        nbformat.write(looping, archive / f"{student}_attempt-1_{NAME}.ipynb")
    command("nbgrader", "zip_collect", NAME, cwd=folder)
    start = time.monotonic()
    command("nbgrader", "autograde", NAME, f"--ExecutePreprocessor.timeout={CELL_SECONDS}", cwd=folder)
    print(f"autograde: {time.monotonic() - start:.0f} s")
    command("nbgrader", "generate_feedback", NAME, cwd=folder)
    command("nbgrader", "export", cwd=folder)
    return folder


@pytest.fixture(scope="module")
def points(course):
    """Return a function that reads the points of a student by exercise from the gradebook."""
    from nbgrader.api import Gradebook

    def of(student):
        with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
            grades = book.find_submission_notebook(NAME, NAME, student).grades
            return {grade.name.removeprefix("check-"): grade.score for grade in grades}

    return of


def autograded(course, student):
    """Read the notebook that was run and graded."""
    return nbformat.read(course / "autograded" / student / NAME / f"{NAME}.ipynb", 4)


def test_students_get_the_stubs(course):
    """The released lesson holds exactly the stubs, and checks that print and show a number of points."""
    release = nbformat.read(course / "release" / NAME / f"{NAME}.ipynb", 4)

    for id in POINTS:
        assert cell(release, f"exercise:{id}").source == find_exercise(id).stub
        assert cell(release, f"check:{id}").source.endswith(f"(report.points({POINTS[id]}))")
    assert [c for c in release.cells if c.get("outputs")] == []


def test_what_is_handed_out_holds_no_solution(course):
    """No file of release/, where one lesson has every exercise of the course, holds a line of a reference."""
    paths = [path for path in (course / "release").rglob("*") if path.is_file()]

    assert {path.stem for path in paths} == {NAME, EVERYTHING}
    assert [fault for path in paths for fault in leaks(path, exercises().values())] == []
    assert leaks(course / "source" / NAME / f"{NAME}.ipynb", exercises().values())


def test_the_reference_gets_everything(points):
    """Every exercise of the reference has all its points."""
    assert points("ada") == POINTS


def test_the_stub_gets_nothing(points):
    """A lesson handed in as it was handed out has 0 in every exercise."""
    assert points("ben") == dict.fromkeys(POINTS, 0)


def test_anything_but_a_number_would_be_full_points(course):
    """Why the graded cell shows a float: to nbgrader a report that says failed, False, or nothing is worth all."""
    from nbgrader.utils import determine_grade

    for text, grade in (("✗ soft-moe · not yet right", 4), ("False", 4), (None, 4), ("0.75", 0.75)):
        shown = [new_output("execute_result", {"text/plain": text})] if text else []
        graded = new_code_cell(outputs=shown, metadata={"nbgrader": {"grade": True, "points": 4}})
        assert determine_grade(graded) == (grade, 4)


def test_a_mistake_gets_less_than_half_and_is_named(course, points):
    """Two classic mistakes are below half of the points, and the feedback says which they are."""
    feedback = (course / "feedback" / "cleo" / NAME / f"{NAME}.html").read_text("utf-8")

    for id, mistake in (("soft-moe", "swapped-axes"), ("dispatch-weights", "over-slots")):
        (known,) = [each for each in find_exercise(id).mistakes if each.id == mistake]
        assert 0 < points("cleo")[id] < POINTS[id] / 2
        assert known.does.split("`")[0] in feedback


def test_warnings_take_no_points(course, points):
    """An answer that warns, in a notebook that writes on stderr in every cell, has all its points."""
    assert points("cleo")["combine-weights"] == POINTS["combine-weights"]
    assert "Printed: and here" in str(cell(autograded(course, "cleo"), "check:combine-weights").outputs)


def test_an_answer_that_never_ends_gets_nothing(course, points):
    """The check itself stops it, says so, and grading goes on; the grader's limit for a cell is not needed."""
    outputs = str(cell(autograded(course, "cleo"), "check:expert-capacity").outputs)

    assert points("cleo")["expert-capacity"] == 0
    assert "it was stopped after 10 s" in outputs and "CellTimeoutError" not in outputs


def test_the_teachers_checks_are_graded(course, points):
    """Edited checks are graded by the teacher's copy, deleted ones put back, also in a notebook made silent."""
    notebook = autograded(course, "dan")
    locked = {
        c.metadata.nbgrader.grade_id: c.source for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade")
    }
    kept = autograded(course, "ada")

    assert {id: points("cleo")[id] for id in ("soft-moe", "dispatch-weights")} == {
        id: points("dan")[id] for id in ("soft-moe", "dispatch-weights")
    }
    assert {id: points("dan")[id] for id in ("combine-weights", "expert-capacity")} == {
        id: POINTS[id] for id in ("combine-weights", "expert-capacity")
    }
    for id in POINTS:
        assert locked[f"check-{id}"].endswith(cell(kept, f"check:{id}").source)


def test_a_cell_that_never_ends_is_stopped(course):
    """The grader's limit stops a loop outside of every check, and what follows it is run."""
    notebook = autograded(course, "dan")
    (loop,) = [c for c in notebook.cells if c.source == LOOP]

    assert {output.ename for output in loop.outputs if output.output_type == "error"} >= {"CellTimeoutError"}
    assert notebook.cells[-1].execution_count


def test_the_sheet_of_grades_adds_up(course):
    """grades.csv has one line for each student, with the sum of the points."""
    with (course / "grades.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["assignment"] == NAME]
    sums = {row["student_id"]: float(row["score"]) for row in rows}

    assert sums.keys() == {"ada", "ben", "cleo", "dan", "eve", "fay"}
    assert (sums["ada"], sums["ben"]) == (sum(POINTS.values()), 0)


def test_copied_split_and_deleted_cells_cost_nothing_else(course, points):
    """Copies with an id of their own's original are run and graded once; a deleted exercise costs its own points."""
    notebook = autograded(course, "eve")
    ids = [c.metadata.nbgrader.grade_id for c in notebook.cells if "grade_id" in c.metadata.get("nbgrader", {})]

    assert points("eve") == POINTS | {"combine-weights": 0}
    assert len(ids) == len(set(ids)) == 2 * len(POINTS)
    assert [c.source for c in notebook.cells if c.source.startswith(("# my first try", "first_half"))]
    assert (course / "feedback" / "eve" / NAME / f"{NAME}.html").exists()


def test_an_answer_that_calls_exit_costs_its_own_points(course, points):
    """The kernel goes on: the feedback says what the answer does, and the other exercises have their points."""
    assert points("fay") == POINTS | {"soft-moe": 0}
    assert "it exits the program" in (course / "feedback" / "fay" / NAME / f"{NAME}.html").read_text("utf-8")


def test_an_id_belongs_to_the_last_of_its_cells():
    """Of three cells with one id the last keeps it; one without an id loses nbgrader's metadata; text stays."""
    from nbformat.v4 import new_markdown_cell, new_notebook

    from softmoe_edu.teaching.exports.autograde import one_cell_each, put_back

    def made(source, **role):
        return new_code_cell(source, metadata={"nbgrader": role})

    notebook = new_notebook(
        cells=[
            made("a", grade_id="x"),
            new_markdown_cell("text"),
            made("b"),
            made("c", grade_id="x"),
            made("d", grade_id="y"),
        ]
    )
    one_cell_each(notebook)

    assert ["nbgrader" in c.metadata for c in notebook.cells] == [False, False, False, True, True]
    assert [c.source for c in notebook.cells] == ["a", "text", "b", "c", "d"]

    put_back(notebook, [("w", False), ("x", False), ("v", False), ("u", True), ("y", True)])
    ids = [c.metadata.get("nbgrader", {}).get("grade_id") for c in notebook.cells]
    assert ids == ["w", None, None, None, "x", "v", "y"]


@pytest.mark.skipif(not LOCKS, reason="the lock is one of Linux's C library")
def test_a_call_that_nothing_interrupts_holds_up_no_class(hanging):
    """One such submission, in a check or in a cell of its own, is ended and has no grade; the next one is graded."""
    (said, _, by_check), (_, took, by_cell) = (hanging[where].result() for where in ("check", "cell"))
    whole = POINTS["dispatch-weights"] + POINTS["expert-capacity"]

    assert "Kernel died" in said or "DeadKernelError" in said
    assert by_check == {"a_hangs": 0, "b_right": whole}
    assert by_cell == {"a_hangs": 0, "b_right": whole}
    assert took < 120  # with the full time for each of the eight cells it would take 160 s
