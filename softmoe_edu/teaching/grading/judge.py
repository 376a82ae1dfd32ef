"""The points of one submission, computed here from what its functions answer in a process of their own."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace

from softmoe_edu.teaching.check.examine import SECONDS, examine
from softmoe_edu.teaching.check.isolation.isolated import Gone, TimeUp
from softmoe_edu.teaching.check.report import Report
from softmoe_edu.teaching.exports.lesson import SEED, LessonNotebook, Place
from softmoe_edu.teaching.grading.extract import Code, Found, code_of, find
from softmoe_edu.teaching.grading.notebook import Notebook
from softmoe_edu.teaching.grading.sandbox import START_S, Sandbox
from softmoe_edu.teaching.grading.suspicion import suspicions

INSIDE_S = 0.5  # by which an answer's own limit ends before that of its judge
LATE_S = 3.0  # after the limit of the judge, the process is ended


@dataclass(frozen=True)
class Mark:
    """What one exercise is worth.

    status: "passed", "form" where only the form is wrong, "failed", "not started", "missing", "crashed". said: the
    lines of the report, as pairs of label and text. notes: what the teacher should know.
    """

    exercise: str
    status: str
    points: float
    of: float
    said: tuple[tuple[str, str], ...] = ()
    mistake: str = ""
    failed: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Graded:
    """What a submission is worth: a mark for each exercise of its lesson, and what is suspicious in it."""

    lesson: str
    marks: tuple[Mark, ...] = ()
    suspicious: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = field(default=0.0, compare=False)

    @property
    def points(self) -> float:
        """All points together."""
        return sum(mark.points for mark in self.marks)

    def as_json(self) -> dict:
        """Return what `from_json` reads."""
        return asdict(self)

    @classmethod
    def from_json(cls, known: dict) -> "Graded":
        """Return what `as_json` wrote."""
        marks = tuple(
            Mark(**mark | {"said": tuple(map(tuple, mark["said"])), "notes": tuple(mark["notes"])})
            for mark in known["marks"]
        )
        return cls(**known | {name: tuple(known[name]) for name in ("suspicious", "notes")} | {"marks": marks})


def graded(notebook: Notebook, lesson: LessonNotebook, *, seconds: float = SECONDS, worker: int = 0) -> Graded:
    """Grade a notebook of a lesson.

    Args:
        notebook: The submission.
        lesson: The lesson as it was handed out.
        seconds: Time for each exercise.
        worker: The number of the worker that grades it.
    """
    start = time.monotonic()
    code, given = code_of(notebook.cells), _code_of_lesson(lesson)
    signs = suspicions(notebook.cells, _cells(lesson))
    marks, acts = [], []
    sandbox: Sandbox | None = None
    try:
        for place in lesson.places:
            found = find(code, place.name, given)
            mark = _unrun(place, code, found)
            if mark is None:
                if sandbox is None:
                    sandbox = Sandbox(seconds=len(lesson.places) * seconds + 30, worker=worker)
                mark, done = _marked(place, found, sandbox, seconds)
                acts += done
                if sandbox.link.broken or mark.status == "crashed":
                    sandbox.close()
                    sandbox = None
            marks.append(mark)
    finally:
        if sandbox is not None:
            sandbox.close()
    signs += [f"while it ran: {act}" for act in dict.fromkeys(acts)]
    took = time.monotonic() - start
    return Graded(lesson.name, tuple(marks), tuple(signs), tuple(code.notes), round(took, 2))


def _cells(lesson: LessonNotebook) -> list[str]:
    return [cell.source for cell in lesson.notebook.cells if cell.cell_type == "code"]


def _code_of_lesson(lesson: LessonNotebook) -> Code:
    return code_of(_cells(lesson))


def _unrun(place: Place, code: Code, found: Found) -> Mark | None:
    """Return the mark of an exercise that needs no process; None for one that has to be run."""
    exercise = place.exercise
    of = float(exercise.points)
    if found.error:
        said = (("Should be", f"{exercise.name} is Python"), ("Got", found.error))
        return Mark(exercise.id, "crashed", 0.0, of, said, failed="python")
    if found.stub:
        return Mark(exercise.id, "not started", 0.0, of)
    if not found.statements:
        said = (("Should be", f"the notebook defines {exercise.signature}"), ("Got", "no cell defines it"))
        return Mark(exercise.id, "missing", 0.0, of, said)
    return None


def _marked(place: Place, found: Found, sandbox: Sandbox, seconds: float) -> tuple[Mark, Sequence[str]]:
    """Return the mark of an exercise whose function is run, and what its process did besides answering."""
    exercise, link = place.exercise, sandbox.link
    of = float(exercise.points)
    begin = {"do": "begin", "exercise": exercise.id, "name": place.name, "statements": list(found.statements)}
    timer = sandbox.end_after(START_S + seconds)
    try:
        try:
            ready, numbers = link.ask(begin | {"seconds": seconds - INSIDE_S})
        except (TimeUp, SystemExit) as end:
            what = "it exits the program" if isinstance(end, SystemExit) else f"it was stopped after {seconds:g} s"
            ready, numbers = {"errors": [{"name": "what it needs could not be run", "text": what}]}, []
        timer.cancel()
        timer = sandbox.end_after(seconds + LATE_S)
        if ready.get("function") is None:
            failed = "time" if "stopped" in str(ready) else "definition"
            lines = _undefined(exercise.name, ready.get("errors", []))
            report, crashed = Report(exercise.id, "failed", failed=failed, lines=lines), True
        else:
            with link._whole():
                answer = link._in(ready["function"], numbers, [])
            report, crashed = examine(exercise, answer, seed=SEED, seconds=seconds), False
        acts: list[str] = []
        if not link.broken:
            over, _ = link.ask({"do": "end"})
            acts = [str(each)[:100] for each in over.get("acts", [])][:20]
            report = replace(report, printed=str(over.get("printed", "")))
        link.forget()
    except Gone as gone:
        reason = sandbox.status or str(gone)
        said = (("Should be", f"{exercise.name} answers"), ("Got", f"its process ended: {reason}"))
        return Mark(exercise.id, "crashed", 0.0, of, said, failed="process", notes=found.notes), []
    finally:
        timer.cancel()
    return mark_of(report, of, crashed=crashed, notes=found.notes), acts


def _undefined(name: str, errors: Sequence[object]) -> tuple[tuple[str, str], ...]:
    words = []
    for each in errors:
        if isinstance(each, dict):
            where = f" (in the line: {each['line']})" if each.get("line") else ""
            words.append(f"{each.get('name')}: {each.get('text')}{where}")
    got = words[-1] if words else "its cell ran and did not define it"
    return (("Should be", f"running its cell defines {name}"), ("Got", got[:400]))


def mark_of(report: Report, of: float, *, crashed: bool = False, notes: Sequence[str] = ()) -> Mark:
    """Return the mark for a report."""
    status = "crashed" if crashed else "form" if report.only_form else report.status
    return Mark(
        report.exercise,
        status,
        round(report.points(of), 3),
        of,
        report.lines,
        report.mistake or "",
        report.failed or "",
        tuple(notes),
    )
