"""The grade sheet of an nbgrader course, in the form of `softmoe-edu grade`.

The course's configuration names the class, and `nbgrader export` writes it.
"""

from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.api import Assignment, Gradebook, MissingEntry, SubmittedAssignment
from nbgrader.coursedir import CourseDirectory
from nbgrader.plugins import ExportPlugin

from softmoe_edu.files import write_atomically
from softmoe_edu.teaching.exports.collecting import Collected, recorded
from softmoe_edu.teaching.exports.feedback import said
from softmoe_edu.teaching.exports.nbgrader import CHECK
from softmoe_edu.teaching.grading import pages
from softmoe_edu.teaching.grading.judge import Graded, Mark
from softmoe_edu.teaching.grading.notebook import Unreadable, read
from softmoe_edu.teaching.grading.result import Result, status_of
from softmoe_edu.teaching.grading.suspicion import suspicions


class GradeSheet(ExportPlugin):
    """Writes grades.csv: a line for each student and lesson, where 0 is told apart from what could not be graded."""

    def export(self, gradebook: Gradebook) -> None:
        """Write the sheet to where `--to` says, or to grades.csv."""
        folder = CourseDirectory(parent=self)
        wanted = {str(each) for each in self.assignment}
        results = [
            result
            for assignment in gradebook.assignments
            if not wanted or assignment.name in wanted
            for result in results_of(Path(folder.root), gradebook, assignment)
        ]
        if self.student:
            results = [each for each in results if each.student in map(str, self.student)]
        out = Path(self.to or "grades.csv")
        write_atomically(out, ("\ufeff" + pages.grades(results)).encode())
        self.log.info("Wrote %s with %d lines", out, len(results))


def results_of(course: Path, gradebook: Gradebook, assignment: Assignment) -> Iterator[Result]:
    """Yield what became of each student's lesson: those that were collected, are graded, or are in the gradebook."""
    lesson = assignment.name
    folders = {path.parent.name for path in (course / "submitted").glob(f"*/{lesson}")}
    collected = {each.folder or each.student: each for each in recorded(course, lesson)}
    graded = {each.student.id for each in gradebook.assignment_submissions(lesson)}
    # Somebody who was collected under another name before is in the gradebook still, and nowhere else.
    everybody = folders | collected.keys() if collected else folders | {each.id for each in gradebook.students}
    released = course / "release" / lesson / f"{lesson}.ipynb"
    given = _cells(released)
    for folder in sorted(everybody, key=lambda name: (name.casefold(), name)):
        known = collected.get(folder, Collected(folder, folder=folder if folder in folders else ""))
        result = Result(
            known.student, known.name, lesson, attempt=known.attempt, attempts=known.attempts, late=known.late
        )
        yield _result(course, gradebook, assignment, known, result, given, tried=folder in graded)


def _result(
    course: Path,
    gradebook: Gradebook,
    assignment: Assignment,
    known: Collected,
    result: Result,
    given: list[str],
    *,
    tried: bool,
) -> Result:
    lesson, notes = assignment.name, list(known.notes)
    submitted = course / "submitted" / known.folder / lesson / f"{lesson}.ipynb"
    executed = course / "autograded" / known.folder / lesson / f"{lesson}.ipynb"
    if known.folder == "" or not submitted.exists():
        return _as(result, "missing", ["nothing was handed in"])
    if known.status == "unreadable":
        return _as(result, "unreadable", notes)
    try:
        code = read(submitted.read_bytes(), submitted.name).cells
    except Unreadable as error:
        return _as(result, "unreadable", [*notes, str(error)])
    if not executed.exists():
        why = "nbgrader could not grade it: look at it by hand" if tried else "run nbgrader autograde"
        return _as(result, "crashed" if tried else "not graded", [*notes, why])
    try:
        submission = gradebook.find_submission(lesson, known.folder)
    except MissingEntry:
        return _as(result, "not graded", [*notes, "run nbgrader autograde"])
    # nbgrader's own date counts, too, where the assignment has one.
    late = known.late or submission.total_seconds_late > 0
    notes += ["handed in after the deadline"] if late else []
    marks, told = _marks(submission, nbformat.read(executed, as_version=4))
    graded = Graded(lesson, tuple(marks), tuple(suspicions(code, given)))
    return _as(result, status_of(graded, late), [*notes, *graded.suspicious, *told], graded)


def _as(result: Result, status: str, notes: list[str], graded: Graded | None = None) -> Result:
    return Result(**vars(result) | {"status": status, "remarks": tuple(notes), "graded": graded})


def _marks(submission: SubmittedAssignment, executed: NotebookNode) -> tuple[list[Mark], list[str]]:
    """Return the marks, with a penalty for lateness as one of its own, and notes on what did not run."""
    checks = {cell.metadata.get("nbgrader", {}).get("grade_id"): cell for cell in executed.cells}
    marks, notes = [], []
    for notebook in submission.notebooks:
        for grade in notebook.grades:
            check = checks.get(grade.name)
            failed = [each for each in (check.get("outputs", []) if check else []) if each.output_type == "error"]
            name, of = grade.name.removeprefix(CHECK), float(grade.max_score)
            status = "crashed" if failed else "passed" if grade.score == of else "failed"
            marks.append(Mark(name, status, float(grade.score), of))
            notes += [f"{name}: {said(check)[-1][:200]}"] if failed else []
            notes += [f"{name}: to be marked by hand"] if grade.needs_manual_grade else []
    if submission.late_submission_penalty:
        marks.append(Mark("late penalty", "failed", -float(submission.late_submission_penalty), 0.0))
    return marks, notes


def _cells(path: Path) -> list[str]:
    try:
        return list(read(path.read_bytes(), path.name).cells)
    except (OSError, Unreadable):
        return []
