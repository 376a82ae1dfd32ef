"""A course for nbgrader: one assignment for each lesson, the configuration, and how the course is run.

Formats: nbgrader's cell metadata, schema version 3 (nbgrader/nbgraderformat/v3.json). Nothing here imports nbgrader.
"""

from collections.abc import Sequence
from pathlib import Path

from nbformat import NotebookNode

from softmoe_edu.teaching.exercise import NOT_STARTED, Exercise
from softmoe_edu.teaching.exports import files
from softmoe_edu.teaching.exports.lesson import SEED, LessonNotebook, Place

BEGIN, END = "# BEGIN SOLUTION", "# END SOLUTION"
# What the ids of an exercise's two cells begin with.
ANSWER, CHECK = "answer-", "check-"

CONFIG = f'''\
"""The course for nbgrader. Run every nbgrader command in this folder."""

import os

c = get_config()
c.CourseDirectory.course_id = "softmoe"
c.CourseDirectory.root = os.path.dirname(os.path.abspath(__file__))

# A lesson trains small models: seconds on most machines, a minute on a slow one. A cell that never ends is stopped
# here; an answer that never ends is stopped by its check, after ten seconds.
c.ExecutePreprocessor.timeout = 120

# nbgrader gives 0 to a graded cell for any byte on stderr, a warning included. The points are the number that the
# cell returns, so what stands on stderr counts for nothing.
c.IgnorePattern.enabled = True
c.IgnorePattern.pattern = r"[\\s\\S]"

# A check that a student deleted is put back and graded. Cells that were split are put together, and of cells that were
# copied the one that counts keeps the id.
c.OverwriteCells.add_missing_cells = True
c.Autograde.sanitize_preprocessors = [
    "nbgrader.preprocessors.ClearOutput",
    "softmoe_edu.teaching.exports.autograde.OneCellEach",
    "nbgrader.preprocessors.DeduplicateIds",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.OverwriteCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]

# After a cell that ran out of time, the next one has half of it: a kernel that hangs holds up its class for minutes.
# What cells show is kept as text and pictures: a page made from it, as the formgrader makes them, runs nothing.
c.Autograde.autograde_preprocessors = [
    "softmoe_edu.teaching.exports.autograde.ShortOfPatience",
    "softmoe_edu.teaching.exports.autograde.Harmless",
    "nbgrader.preprocessors.IgnorePattern",
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]

# Pages of feedback run nothing and fetch nothing, and `nbgrader export` writes the sheet of `softmoe-edu grade`.
c.GenerateFeedback.preprocessors = ["nbgrader.preprocessors.GetGrades"]
c.GenerateFeedback.exporter_class = "softmoe_edu.teaching.exports.feedback.FeedbackPage"
c.ExportApp.plugin_class = "softmoe_edu.teaching.exports.sheet.GradeSheet"

# What a student finds in place of a solution is the stub of the lesson.
c.ClearSolutions.code_stub = {{"python": "{NOT_STARTED}"}}

# Grading leaves the teacher's own progress alone, and questions are asked as text.
os.environ["SOFTMOE_PROGRESS"] = "off"
os.environ["SOFTMOE_PLAIN"] = "1"
'''

README = """\
# A course of softmoe_edu for nbgrader

`source/` holds one assignment for each lesson, with solutions: keep this folder to yourself. Students get the
contents of `release/` after `nbgrader generate_assignment LESSON`.

    nbgrader generate_assignment LESSON     writes release/LESSON/LESSON.ipynb, to hand out
    softmoe-edu collect FOLDER .            puts what came back, in any form, into submitted/
    nbgrader autograde LESSON               runs and grades every submission
    nbgrader generate_feedback LESSON       writes feedback/STUDENT/LESSON/LESSON.html
    nbgrader export                         writes grades.csv

Grading runs the code of students as you. `docs/teachers_guide.md` of softmoe_edu explains how to isolate it.
"""


def export(folder: Path, lessons: Sequence[LessonNotebook]) -> list[str]:
    """Write the course folder; a lesson without an exercise is left out."""
    others = {"nbgrader_config.py": CONFIG, "README.md": README}
    said = files.put_assignments(folder, "source/{0}/{0}.ipynb", lessons, assignment, others)
    what = f"Wrote an nbgrader course into {folder}; it holds the solutions. Next, in that folder: "
    return [*said, f"{what}nbgrader generate_assignment LESSON"]


def assignment(lesson: LessonNotebook) -> NotebookNode:
    """Return a lesson as nbgrader's source notebook: answers between markers, checks locked and worth points."""
    notebook = lesson.copy()
    for place in lesson.places:
        exercise, answer, check = place.exercise, notebook.cells[place.answer], notebook.cells[place.check]
        answer.source = marked(exercise, BEGIN, END)
        answer.metadata["nbgrader"] = role(f"{ANSWER}{exercise.id}", solution=True)
        check.source = graded(place)
        check.metadata["nbgrader"] = role(f"{CHECK}{exercise.id}", grade=True, locked=True, points=exercise.points)
    return notebook


def marked(exercise: Exercise, begin: str, end: str, *after: str) -> str:
    """Return the reference with its body between two lines, and lines after it, all indented like the body."""
    head = exercise.stub.splitlines()[:-1]
    body = exercise.solution.splitlines()[len(head) :]
    return "\n".join([*head, f"    {begin}", *body, f"    {end}", *(f"    {line}" for line in after)])


def graded(place: Place) -> str:
    """Return the cell that grades: it prints the report and shows the points as its result."""
    exercise = place.exercise
    lines = [
        *filter(None, [place.before]),
        "from softmoe_edu.teaching import check",
        "from softmoe_edu.teaching.graded_cell import show_points",
        "",
        f'show_points(check("{exercise.id}", {place.name}, seed={SEED}), {exercise.points})',
    ]
    return "\n".join(lines)


def role(id: str, *, grade: bool = False, solution: bool = False, locked: bool = False, **points: int) -> dict:
    """Return nbgrader's metadata of a cell; points are named where it is graded."""
    about = {"grade": grade, "grade_id": id, "locked": locked, "schema_version": 3, "solution": solution, "task": False}
    return about | points
