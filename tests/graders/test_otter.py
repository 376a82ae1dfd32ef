"""Otter itself makes the assignment of a small lesson and grades submissions; each test looks at one side of that."""

import copy
import csv
import os
import zipfile

import nbformat
import psutil
import pytest
from graders.course import (
    EVERYTHING,
    FLOAT32,
    HANG,
    HANGS,
    LEAVES,
    NAME,
    POINTS,
    cell,
    small_lesson,
    submissions,
    with_copies,
    with_loop,
)
from nbformat.v4 import new_code_cell

from softmoe_edu.teaching.discovery import exercises, find_exercise
from softmoe_edu.teaching.exports import otter
from softmoe_edu.teaching.exports.leaks import leaks
from softmoe_edu.teaching.exports.lesson import read
from softmoe_edu.teaching.grading import by_otter, session
from softmoe_edu.teaching.grading.by_otter import Limits
from softmoe_edu.teaching.grading.collect import collect

pytestmark = [pytest.mark.grader, pytest.mark.filterwarnings("default")]  # the tools' own warnings are not ours

LIMITS = Limits(cell=14, submission=90)  # over the ten seconds after which a check stops an answer
EVERYBODY = ("abe", "ada", "ben", "cleo", "dan", "eve", "fay", "hal", "ida", "jon")  # who takes long comes first


def without_its_tests(notebook):
    """Return a submission from which the student has removed everything that Otter added."""
    bare = copy.deepcopy(notebook)
    del bare.metadata["otter"]
    for each in bare.cells:
        each.metadata.pop("otter", None)
    return bare


@pytest.fixture(scope="module")
def dist(command, tmp_path_factory):
    """What `otter assign` made: it ran the tests on the solutions, and stops where one fails."""
    folder = tmp_path_factory.mktemp("otter")
    lessons = [small_lesson(folder / "lesson"), small_lesson(folder / "lesson", exercises(), EVERYTHING)]
    otter.export(folder, lessons)
    command("otter", "assign", f"{NAME}.ipynb", f"dist/{NAME}", cwd=folder)
    command("otter", "assign", "--no-run-tests", f"{EVERYTHING}.ipynb", f"dist/{EVERYTHING}", cwd=folder)
    return folder / "dist"


@pytest.fixture(scope="module")
def graded(dist, tmp_path_factory):
    """The folder of results after everything that a class handed in was graded at once."""
    folder = tmp_path_factory.mktemp("class") / "came back"
    folder.mkdir()
    handed_in = submissions(nbformat.read(dist / NAME / "student" / f"{NAME}.ipynb", 4))
    handed_in["dan"] = without_its_tests(handed_in["dan"])
    handed_in["dan"].metadata.kernelspec = {"name": "my-env-7", "display_name": "Mine", "language": "python"}
    handed_in["eve"] = with_copies(with_loop(handed_in["ada"]))
    changes = (("fay", "soft-moe", LEAVES), ("abe", "dispatch-weights", HANGS), ("hal", "dispatch-weights", FLOAT32))
    for student, id, source in changes:
        handed_in[student] = copy.deepcopy(handed_in["ada"])
        cell(handed_in[student], f"exercise:{id}").source = source
    for student, notebook in handed_in.items():
        nbformat.write(notebook, folder / f"{student}_{NAME}.ipynb")
    nbformat.write(handed_in["ben"], folder / f"ada_attempt_0_{NAME}.ipynb")
    os.utime(folder / f"ada_attempt_0_{NAME}.ipynb", (1, 1))
    (folder / f"ida_{NAME}.ipynb").write_text(nbformat.writes(handed_in["ada"])[:-40])
    (folder.parent / "class.csv").write_text("".join(f"{each},\n" for each in ("id,name", *EVERYBODY)))
    return folder


@pytest.fixture(scope="module")
def results(graded, dist):
    """Return what `softmoe-edu grade --otter` found, by student."""
    small = read(dist.parent / "lesson" / f"{NAME}.ipynb")
    with pytest.MonkeyPatch.context() as patch:
        # The small lesson is on no search path.
        patch.setattr(session, "chosen", lambda wanted: [small])
        found = session.grade(
            graded,
            graded.parent / "graded",
            roster_file=graded.parent / "class.csv",
            lesson=NAME,
            workers=2,
            agreed=lambda lacking: "as you" in lacking[0],
            otter=dist,
            limits=LIMITS,
        )
    return {each.student: each for each in found}


def marks(results, student):
    """Return the marks of a student by exercise."""
    return {mark.exercise: mark for mark in results[student].graded.marks}


def points(results, student):
    """Return the points of a student by exercise."""
    return {id: mark.points for id, mark in marks(results, student).items()}


def said(results, student, id):
    """Return what the page says of an exercise."""
    return " ".join(text for _, text in marks(results, student)[id].said)


def test_students_get_the_stubs_and_need_no_otter(dist):
    """The student's lesson holds exactly the stubs and the lesson's own checks, and no cell asks for Otter."""
    student = nbformat.read(dist / NAME / "student" / f"{NAME}.ipynb", 4)

    for id in POINTS:
        assert cell(student, f"exercise:{id}").source == find_exercise(id).stub
        assert cell(student, f"check:{id}").source == f'check("{id}", {find_exercise(id).name})'
    assert [c.source for c in student.cells if "otter" in c.source or "grader" in c.source] == []


def test_a_second_lesson_leaves_the_first_where_it_is(dist):
    """Each lesson has a folder of its own, with an autograder that asks an index for no softmoe-edu."""
    for name in (NAME, EVERYTHING):
        (zipped,) = (dist / name / "autograder").glob("*.zip")
        with zipfile.ZipFile(zipped) as archive:
            assert "softmoe" not in archive.read("environment.yml").decode()
        assert (dist / name / "student" / f"{name}.ipynb").exists()


def test_what_is_handed_out_holds_no_solution(dist):
    """No file of the student's folders, one with every exercise of the course, holds a line of a reference."""
    folders = (dist / NAME / "student", dist / EVERYTHING / "student")
    paths = [path for folder in folders for path in folder.rglob("*") if path.is_file()]

    assert {path.stem for path in paths} >= {NAME, EVERYTHING}
    assert [fault for path in paths for fault in leaks(path, exercises().values())] == []
    assert leaks(dist / NAME / "autograder" / f"{NAME}.ipynb", exercises().values())


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
        assert known.does in said(results, "cleo", id)


def test_form_costs_a_quarter(results):
    """Right numbers in the wrong dtype have three quarters of the points, as everywhere."""
    assert points(results, "hal") == POINTS | {"dispatch-weights": 0.75 * POINTS["dispatch-weights"]}


def test_warnings_take_no_points(results):
    """An answer that warns, in a notebook that writes on stderr in every cell, has all its points."""
    assert points(results, "cleo")["combine-weights"] == POINTS["combine-weights"]


def test_an_answer_that_never_ends_gets_nothing(results):
    """The check itself stops it, says so, and grading goes on."""
    assert points(results, "cleo")["expert-capacity"] == 0
    assert "it was stopped after 10 s" in said(results, "cleo", "expert-capacity")


def test_the_teachers_tests_are_graded(results):
    """Without what Otter added, with edited checks and an unknown kernel, a submission is graded like another one."""
    assert points(results, "dan") == POINTS | {
        id: points(results, "cleo")[id] for id in ("soft-moe", "dispatch-weights")
    }


def test_copies_and_a_cell_that_never_ends_cost_nothing_else(results):
    """Copied, split and moved cells have the points of the same answers untouched, beside a loop that is stopped."""
    assert points(results, "eve") == POINTS | {"combine-weights": 0}
    assert marks(results, "eve")["combine-weights"].status in ("missing", "crashed")


def test_an_answer_that_calls_exit_costs_its_own_points(results):
    """The kernel goes on: the answer is told what it does, and the other exercises have their points."""
    assert points(results, "fay") == POINTS | {"soft-moe": 0}
    assert "it exits the program" in said(results, "fay", "soft-moe")


def test_the_sheet_tells_what_0_means(results, graded):
    """grades.csv has everybody: what is damaged and who never came are no 0; what hangs in C says so."""
    with (graded.parent / "graded" / "grades.csv").open(encoding="utf-8-sig") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}

    assert tuple(rows) == EVERYBODY
    assert {who: row["status"] for who, row in rows.items() if row["status"] != "graded"} == {
        "abe": "suspicious",
        "ida": "unreadable",
        "jon": "missing",
    }
    for note in ("imports ctypes", "its kernel ended, or no longer answered"):
        assert note in rows["abe"]["notes"]
    assert (rows["ben"]["points"], rows["ida"]["points"], rows["jon"]["points"]) == ("0", "", "")
    assert (rows["ada"]["attempts"], rows["ada"]["attempt"]) == ("2", f"ada_{NAME}.ipynb")


def test_a_submission_has_a_time_of_its_own(dist, graded, tmp_path):
    """When it is over, the submission is ended with its kernel, which hears of nothing and has its own session."""
    noted = tmp_path / "pid"
    notebook = nbformat.read(graded / f"ben_{NAME}.ipynb", 4)
    notebook.cells.insert(0, new_code_cell(f"import os\nopen({str(noted)!r}, 'w').write(str(os.getpid()))\n{HANG}"))
    (submission,) = collect(written(notebook, tmp_path), [NAME], raw=True).submissions
    (autograder,) = (dist / NAME / "autograder").glob("*.zip")
    lesson = read(dist.parent / "lesson" / f"{NAME}.ipynb")
    for seconds in (8, 16, 32, 64):  # a busy machine takes long to start a kernel
        marks = by_otter.graded(submission, lesson, autograder, Limits(cell=100, submission=seconds)).marks
        if noted.exists():
            break

    assert {(mark.status, mark.failed) for mark in marks} == {("crashed", "process")}
    assert f"it ran longer than {seconds} s and was ended" in marks[0].said[0][1]
    pid = int(noted.read_text())
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def written(notebook, folder):
    """Write a notebook and return its path."""
    nbformat.write(notebook, folder / "one.ipynb")
    return folder / "one.ipynb"


def test_a_lesson_without_an_autograder_is_answered(dist, tmp_path):
    """Where `otter assign` made nothing for the lessons, a sentence says what to run."""
    small = read(dist.parent / "lesson" / f"{NAME}.ipynb")
    with pytest.raises(ValueError, match=f"holds no autograder of {NAME}: run otter assign LESSON.ipynb .*LESSON"):
        by_otter.autograders(tmp_path, [small])
