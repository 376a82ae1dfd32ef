"""Assignments for Otter-Grader: one notebook for each lesson, to be given to `otter assign`.

What students get asks for nothing but softmoe_edu: they check their work with the lesson's own checks. For the grading
no version is pinned: it runs in the environment that made the assignment.

Formats: Otter Assign, notebook format version 1 (raw cells as delimiters, exception-based tests). Nothing here
imports otter.
"""

from collections.abc import Sequence
from pathlib import Path

from nbformat import NotebookNode, from_dict
from nbformat.v4 import new_code_cell, new_raw_cell

from softmoe_edu.teaching.exercise import NOT_STARTED
from softmoe_edu.teaching.exports import files
from softmoe_edu.teaching.exports.lesson import SEED, LessonNotebook, Place
from softmoe_edu.teaching.exports.nbgrader import marked

# What stands between the prompt's two lines is left in a student's copy and is a bare string in the solved one.
SOLUTION = "# BEGIN SOLUTION NO PROMPT", "# END SOLUTION", '""" # BEGIN PROMPT', NOT_STARTED, '""" # END PROMPT'

README = """\
# Lessons of softmoe_edu for Otter-Grader

These notebooks hold the solutions: keep this folder to yourself.

    otter assign LESSON.ipynb dist/LESSON   writes dist/LESSON/student/, to hand out, and dist/LESSON/autograder/
    softmoe-edu grade FOLDER --otter dist   grades what came back, in any form, with Otter's tests

Otter runs the code of students as you. `docs/teachers_guide.md` of softmoe_edu explains how to isolate it.
"""


def export(folder: Path, lessons: Sequence[LessonNotebook]) -> list[str]:
    """Write a notebook for `otter assign` for each lesson that has an exercise."""
    said = files.put_assignments(folder, "{0}.ipynb", lessons, assignment, {"README.md": README})
    what = f"Wrote notebooks for Otter into {folder}; they hold the solutions. Next, in that folder: "
    return [*said, f"{what}otter assign LESSON.ipynb dist/LESSON"]


def assignment(lesson: LessonNotebook) -> NotebookNode:
    """Return a lesson with raw cells around each answer: a question with its solution and its tests.

    The lesson's own check stays where it is, for practice.
    """
    notebook = lesson.copy()
    questions = {place.answer: place for place in lesson.places}
    cells = [_raw(_config(lesson))]
    for i, cell in enumerate(notebook.cells):
        cells += _question(questions[i], cell) if i in questions else [cell]
    for i, cell in enumerate(cells):
        cell.id = f"{lesson.number}-{i}"  # the same bytes each time
    notebook.cells = cells
    return notebook


def _config(lesson: LessonNotebook) -> str:
    # Tests are in the notebook itself: the file that students get is one.
    lines = [
        "# ASSIGNMENT CONFIG",
        f"name: {lesson.name}",
        "init_cell: false",
        "export_cell: false",
        "tests:",
        "  ok_format: false",
        "  files: false",
        "generate:",
        "  pdf: false",
        "  show_stdout: false",
    ]
    return "\n".join(lines)


def _question(place: Place, cell: NotebookNode) -> list[NotebookNode]:
    exercise = place.exercise
    cell.source = marked(exercise, *SOLUTION)
    return [
        _raw(f"# BEGIN QUESTION\nname: {exercise.id}\npoints: {exercise.points}\ncheck_cell: false"),
        _raw("# BEGIN SOLUTION"),
        cell,
        _raw("# END SOLUTION"),
        _raw("# BEGIN TESTS"),
        *(new_code_cell(source) for source in tests(place)),
        _raw("# END TESTS"),
        _raw("# END QUESTION"),
    ]


def tests(place: Place) -> list[str]:
    """Return three tests, which together give what `Report.points` gives, in steps.

    A right answer passes all. One that is right but for its form passes two, of three quarters of the points. A wrong
    one passes the last, of a quarter, where half of it holds. Otter gives all of a test's points or none. The tests of
    a question share their globals: the answer is checked once.
    """
    exercise, quarter = place.exercise, place.exercise.points / 4
    meaning = [
        f"def test_right({place.name}):",
        "    from softmoe_edu.teaching import check",
        "",
        "    global report",
        f'    report = check("{exercise.id}", {place.name}, seed={SEED})',
        "    if not report.only_form:",
        "        report.raise_if_failed()",
    ]
    form = [
        "def test_form():",
        "    if report.only_form:",
        "        report.raise_if_failed()",
        '    assert report.passed, "what is not right gets nothing for its form"',
    ]
    half = ["def test_half_of_it():", '    assert report.share >= 0.5, "less than half of the properties hold"']
    return [_test(2 * quarter, meaning), _test(quarter, form), _test(quarter, half)]


def _test(points: float, lines: list[str]) -> str:
    head = ['""" # BEGIN TEST CONFIG', f"points: {points:g}", '""" # END TEST CONFIG']
    return "\n".join([*head, *lines])


def _raw(text: str) -> NotebookNode:
    return from_dict(new_raw_cell(text))
