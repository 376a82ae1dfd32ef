"""nbgrader itself hands out, collects, grades and answers a small course; each test looks at one side of that run."""

import copy
import csv
import html
import os
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser

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
    planted,
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
EVERYBODY = ("ada", "ben", "cleo", "dan", "eve", "fay", "gus", "ida")
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
    said = command(*words, cwd=folder)
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
    came_back = folder.parent / "came back"
    hand_in(came_back, nbformat.read(folder / "release" / NAME / f"{NAME}.ipynb", 4))
    (folder.parent / "class.csv").write_text("".join(f"{each},\n" for each in ("id,name", *EVERYBODY)))
    # The small lessons are on no search path but this.
    env = {"SOFTMOE_COURSE": str(folder.parent / "lesson")}
    words = ("softmoe-edu", "collect", came_back, ".", "--roster", "../class.csv", "--lesson", NAME)
    said = command(*words, cwd=folder, env=env)
    assert "nothing came from ida" in said and "gus_attempt-1_05_small.ipynb: the file is damaged" in said
    start = time.monotonic()
    command("nbgrader", "autograde", NAME, f"--ExecutePreprocessor.timeout={CELL_SECONDS}", cwd=folder)
    print(f"autograde: {time.monotonic() - start:.0f} s")
    command("nbgrader", "generate_feedback", NAME, cwd=folder)
    command("nbgrader", "export", cwd=folder)
    return folder


def hand_in(folder, release):
    """Write what the class hands in: names with more in them than the student, two attempts, a damaged file."""
    handed_in = submissions(release)
    handed_in["eve"] = with_copies(handed_in["ada"])
    handed_in["fay"] = copy.deepcopy(handed_in["ada"])
    cell(handed_in["fay"], "exercise:soft-moe").source = LEAVES
    handed_in["fay"].metadata.kernelspec = {"name": "my-env-7", "display_name": "Mine", "language": "python"}
    handed_in["ben"] = planted(handed_in["ben"])
    handed_in["dan"] = with_loop(handed_in["dan"])
    folder.mkdir()
    for student, notebook in handed_in.items():
        nbformat.write(notebook, folder / f"{student}_attempt-1_{NAME}.ipynb")
    nbformat.write(release, folder / f"ada_attempt-0_{NAME}.ipynb")
    os.utime(folder / f"ada_attempt-0_{NAME}.ipynb", (1, 1))
    (folder / f"gus_attempt-1_{NAME}.ipynb").write_text(nbformat.writes(release)[:-40])


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
        call = f'show_points(check("{id}", {find_exercise(id).name}, seed=1000000), {POINTS[id]})'
        assert cell(release, f"check:{id}").source.endswith(call)
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
        assert html.escape(known.does) in feedback


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


def test_the_sheet_tells_what_0_means(course):
    """grades.csv has a line for everybody on the roster; what could not be read or never came is no 0."""
    with (course / "grades.csv").open(encoding="utf-8-sig") as file:
        rows = {row["student"]: row for row in csv.DictReader(file) if row["lesson"] == NAME}

    assert tuple(rows) == EVERYBODY
    assert {who: row["status"] for who, row in rows.items()} == dict.fromkeys(
        "ada ben cleo eve fay".split(), "graded"
    ) | {
        "dan": "graded",
        "gus": "unreadable",
        "ida": "missing",
    }
    assert {who: row["points"] for who, row in rows.items() if who in ("ada", "ben", "gus", "ida")} == {
        "ada": f"{sum(POINTS.values())}",
        "ben": "0",
        "gus": "",
        "ida": "",
    }
    assert float(rows["eve"]["points"]) == sum(POINTS.values()) - POINTS["combine-weights"]
    assert (rows["ada"]["attempts"], rows["ada"]["attempt"]) == ("2", f"ada_attempt-1_{NAME}.ipynb")


def test_copied_split_moved_and_deleted_cells_cost_nothing_else(course, points):
    """The same answers give the same points as in an untouched notebook; a deleted exercise costs its own."""
    notebook = autograded(course, "eve")
    ids = [c.metadata.nbgrader.grade_id for c in notebook.cells if "grade_id" in c.metadata.get("nbgrader", {})]

    assert points("eve") == POINTS | {"combine-weights": 0}
    assert len(ids) == len(set(ids)) == 2 * len(POINTS)
    feedback = (course / "feedback" / "eve" / NAME / f"{NAME}.html").read_text("utf-8")
    assert "combine-weights · not started" in feedback and "NameError" not in feedback


class Tags(HTMLParser):
    """Collects the elements of a page, and what of them could run or be fetched."""

    def __init__(self, text):
        super().__init__()
        self.active, self.headings = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag in ("script", "iframe", "object", "embed", "link", "base", "form", "img", "svg"):
            self.active.append(tag)
        self.active += [
            name for name, value in attributes if name.startswith("on") or name in ("src", "href", "srcdoc")
        ]

    def handle_data(self, data):
        if self.rawdata[: self.rawdata.find(data)].endswith("<h2>"):
            self.headings.append(data)


def test_feedback_is_named_by_exercises_and_holds_nothing_that_runs(course):
    """Everybody has a page, made of text alone; the page of a file that cannot be read says so."""
    pages = {path.parts[-3]: path.read_text("utf-8") for path in (course / "feedback").glob(f"*/{NAME}/{NAME}.html")}

    assert pages.keys() == set(EVERYBODY) - {"ida"}
    for text in pages.values():
        assert Tags(text).active == []
        assert "default-src 'none'" in text and "overflow-wrap: anywhere" in text and "Test cell" not in text
    for id in POINTS:
        assert f"<h2>{html.escape(find_exercise(id).title)} ({id}): 0 of {POINTS[id]}</h2>" in pages["ben"]
    assert "There are no points. The file that was handed in cannot be read" in pages["gus"]


def test_what_students_plant_does_nothing_in_a_browser(course, browser):
    """Neither in their page of feedback nor in one made of the graded notebook, as nbgrader's formgrader makes it.

    A page of the notebook as it was handed in does run it: the plants are alive.
    """
    from nbconvert import HTMLExporter

    def planted_in(page):
        asked = []
        with browser.new_context(viewport={"width": 390, "height": 800}) as context:
            tab = context.new_page()
            tab.on("request", lambda request: asked.append(request.url))
            tab.goto(page.as_uri())
            width = tab.evaluate("document.documentElement.scrollWidth")
            return tab.evaluate("window.planted"), asked[1:], width

    exporter = HTMLExporter(template_name="classic", mathjax_url="", require_js_url="", jquery_url="")
    made = {}
    for name in ("submitted", "autograded"):
        notebook = nbformat.read(course / name / "ben" / NAME / f"{NAME}.ipynb", 4)
        made[name] = course.parent / f"{name}.html"
        made[name].write_text(exporter.from_notebook_node(notebook)[0], "utf-8")
    feedback = course / "feedback" / "ben" / NAME / f"{NAME}.html"

    assert planted_in(feedback) == (None, [], 390)
    assert planted_in(made["autograded"])[0] is None
    assert planted_in(made["submitted"])[0] is not None


def test_an_answer_that_calls_exit_costs_its_own_points(course, points):
    """The kernel goes on: the feedback says what the answer does, and the other exercises have their points."""
    assert points("fay") == POINTS | {"soft-moe": 0}
    assert "it exits the program" in (course / "feedback" / "fay" / NAME / f"{NAME}.html").read_text("utf-8")


def test_an_id_belongs_to_the_last_of_its_cells():
    """Of three cells with one id the last keeps it; one with no id of the assignment loses its metadata; text stays."""
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
            made("e", grade_id="of another lesson"),
        ]
    )
    one_cell_each(notebook, ["x", "y"])

    assert ["nbgrader" in c.metadata for c in notebook.cells] == [False, False, False, True, True, False]
    assert [c.source for c in notebook.cells] == ["a", "text", "b", "c", "d", "e"]

    put_back(notebook, [("w", False), ("x", False), ("v", False), ("u", True), ("y", True)])
    ids = [c.metadata.get("nbgrader", {}).get("grade_id") for c in notebook.cells]
    assert ids == ["w", None, None, None, "x", "v", "y", None]


@pytest.mark.skipif(not LOCKS, reason="the lock is one of Linux's C library")
def test_a_call_that_nothing_interrupts_holds_up_no_class(hanging):
    """One such submission, in a check or in a cell of its own, has 0, without an error; the next one is graded."""
    (said, _, by_check), (_, took, by_cell) = (hanging[where].result() for where in ("check", "cell"))
    whole = POINTS["dispatch-weights"] + POINTS["expert-capacity"]

    assert "Kernel died or no longer answers" in said
    assert by_check == {"a_hangs": 0, "b_right": whole}
    assert by_cell == {"a_hangs": 0, "b_right": whole}
    assert took < 120  # with the full time for each of the eight cells it would take 160 s


def test_a_second_collection_replaces_what_changed_and_nothing_else(course, command):
    """Who hands in again is graded again by the same commands; what others handed in keeps its grade."""
    from nbgrader.api import Gradebook

    env = {"SOFTMOE_COURSE": str(course.parent / "lesson")}
    again = course.parent / "again"
    shutil.copytree(course.parent / "came back", again)
    cleo = nbformat.read(again / f"cleo_attempt-1_{NAME}.ipynb", 4)
    for id in POINTS:
        cell(cleo, f"exercise:{id}").source = find_exercise(id).solution
    nbformat.write(cleo, again / f"cleo_attempt-2_{NAME}.ipynb")
    before = {path.parts[-3]: path.stat().st_mtime_ns for path in (course / "autograded").glob("*/*/*.ipynb")}
    words = ("softmoe-edu", "collect", again, ".", "--roster", "../class.csv", "--lesson", NAME)

    assert "7 submissions, 1 new or changed" in command(*words, cwd=course, env=env)
    command("nbgrader", "autograde", NAME, cwd=course)
    after = {path.parts[-3]: path.stat().st_mtime_ns for path in (course / "autograded").glob("*/*/*.ipynb")}
    assert {who for who in after if after[who] != before[who]} == {"cleo"}
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        assert book.find_submission(NAME, "cleo").score == sum(POINTS.values())
