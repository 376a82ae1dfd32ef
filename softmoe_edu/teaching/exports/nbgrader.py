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

# A check that a student deleted is put back and graded. A cell that was copied or split has its id twice: the last one
# counts.
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
c.Autograde.autograde_preprocessors = [
    "softmoe_edu.teaching.exports.autograde.ShortOfPatience",
    "nbgrader.preprocessors.IgnorePattern",
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]

# What a student finds in place of a solution is the stub of the lesson.
c.ClearSolutions.code_stub = {{"python": "{NOT_STARTED}"}}

# For `nbgrader zip_collect`: STUDENT_05_soft_moe_by_hand.ipynb, with anything between the two.
c.FileNameCollectorPlugin.named_regexp = r".*/(?P<student_id>[^/_]+)_(?:[^/]*_)?(?P<file_id>\\d\\d_[a-z][a-z_]*[a-z])"

# Grading leaves the teacher's own progress alone, and questions are asked as text.
os.environ["SOFTMOE_PROGRESS"] = "off"
os.environ["SOFTMOE_PLAIN"] = "1"
'''

README = """\
# A course of softmoe_edu for nbgrader

`source/` holds one assignment for each lesson, with solutions: keep this folder to yourself. Students get the
contents of `release/` after `nbgrader generate_assignment LESSON`.

    nbgrader generate_assignment LESSON     writes release/LESSON/LESSON.ipynb, to hand out
    nbgrader zip_collect LESSON             reads downloaded/LESSON/archive/STUDENT_LESSON.ipynb, files or a zip
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
        answer.metadata["nbgrader"] = _role(f"answer-{exercise.id}", solution=True)
        check.source = graded(place)
        check.metadata["nbgrader"] = _role(f"check-{exercise.id}", grade=True, locked=True, points=exercise.points)
    return notebook


def marked(exercise: Exercise, begin: str, end: str, *after: str) -> str:
    """Return the reference with its body between two lines, and lines after it, all indented like the body."""
    head = exercise.stub.splitlines()[:-1]
    body = exercise.solution.splitlines()[len(head) :]
    return "\n".join([*head, f"    {begin}", *body, f"    {end}", *(f"    {line}" for line in after)])


def graded(place: Place) -> str:
    """Return the cell that grades: it prints the report and shows the points, a float, as its result.

    To nbgrader another result, an object or False, is full points, and so is none: the points are shown by the hook
    itself, which no setting of the notebook (`ast_node_interactivity`) silences.
    """
    exercise = place.exercise
    lines = [
        *filter(None, [place.before]),
        "from IPython import get_ipython",
        "",
        "from softmoe_edu.teaching import check",
        "",
        f'print(report := check("{exercise.id}", {place.name}, seed={SEED}))',
        f"get_ipython().displayhook(report.points({exercise.points}))",
    ]
    return "\n".join(lines)


def _role(id: str, *, grade: bool = False, solution: bool = False, locked: bool = False, **points: int) -> dict:
    role = {"grade": grade, "grade_id": id, "locked": locked, "schema_version": 3, "solution": solution, "task": False}
    return role | points
