"""Everything that a lesson leaves open besides its exercises, answered: predictions, blanks, the clinic's diagnosis."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from nbformat import NotebookNode

from softmoe_edu.teaching.blank import Blank, Gap, gaps
from softmoe_edu.teaching.discovery import blanks, clinics, find_question
from softmoe_edu.teaching.draw import Draw
from softmoe_edu.teaching.exports.lesson import LessonNotebook
from softmoe_edu.teaching.predict.question import CONFIDENCES, Question

DIAGNOSIS = "my_diagnosis"
PATIENTS = 3  # cases whose key is given


@dataclass(frozen=True)
class Asked:
    """A prediction in a lesson: the number of its cell, the question, and the call as it stands there."""

    cell: int
    question: Question
    call: ast.Call


def predictions(notebook: NotebookNode) -> Iterator[Asked]:
    """Yield the predictions of a lesson; each stands alone at the end of its cell."""
    for i, source in _code(notebook):
        for node in ast.parse(source).body:
            match node:
                case ast.Expr(ast.Call(ast.Name("predict"), [ast.Constant(id)]) as call):
                    yield Asked(i, find_question(id), call)


def answered(source: str, asked: Asked, truth: float | str) -> str:
    """Return the cell of a prediction with its right answer in it."""
    given = truth if isinstance(truth, str) else _short(asked.question, truth)
    return _in_call(source, asked.call, f", answer={given!r}, confidence={max(CONFIDENCES)}")


def measuring(source: str, asked: Asked) -> str:
    """Return the cell of a prediction, which prints as its last line what its reveal measures, and locks nothing."""
    before = source.splitlines()[: asked.call.lineno - 1]
    given = "".join(f", {word.arg}={ast.unparse(word.value)}" for word in asked.call.keywords)
    call = f"_P(_q({asked.question.id!r}){given}).measure()"
    return "\n".join(
        [
            *before,
            "from softmoe_edu.teaching.discovery import find_question as _q",
            "from softmoe_edu.teaching.predict.prediction import Prediction as _P",
            f"_q = {call}",
            "print()",
            "print(repr(_q))",
        ]
    )


def prediction_note(question: Question, truth: float | str) -> str:
    """Return in markdown what is right, what many think instead, why that is not so, and how it is asked again."""
    how = "computed" if question.truth else "measured above"
    lines = [
        f"**Right: {question.show(truth)}** ({how}).{_near(question, truth)} Many think that {question.belief}; that "
        f"predicts {question.show(question.predicts)}. The reason: {question.because}.",
    ]
    for again in question.again:
        right = f"**{again.show(again.read(again.truth()))}**" if again.truth else "measured in the lesson"
        lines.append(f"Asked again later, in other words: {again.text} {right}, because {again.because}.")
    return "\n>\n> ".join(["> " + lines[0], *lines[1:]])


def fill_blanks(lesson: LessonNotebook, notebook: NotebookNode) -> dict[int, list[Blank]]:
    """Fill the blanks of a lesson, and return their answers by the number of the cell.

    Raises:
        ValueError: If the course has no answer to one of them.
    """
    known = [*blanks()[lesson.number].answers] if lesson.number in blanks() else []
    open_: list[tuple[int, Gap, Blank]] = []
    for i, gap in ((i, gap) for i, source in _code(notebook) for gap in gaps(source) if gap.name != DIAGNOSIS):
        blank = next((each for each in known if each.name == gap.name), None)
        if blank is None:
            raise ValueError(f"{lesson.name}: blanks.py has no answer for {gap.name}, which the lesson leaves open")
        known.remove(blank)  # a name may be asked for twice
        open_.append((i, gap, blank))
    found: dict[int, list[Blank]] = {}
    for i, gap, blank in reversed(open_):  # from below: lines above keep their numbers
        lines = notebook.cells[i].source.splitlines()
        new = blank.fill if gap.function else f"{gap.name} = {blank.fill}"
        ends = gap.last == len(lines) and not gap.function and not _is_constant(blank.fill)
        lines[gap.first - 1 : gap.last] = [new, *([gap.name] if ends else [])]
        notebook.cells[i].source = "\n".join(lines)
        found.setdefault(i, []).insert(0, blank)
    return found


def blank_note(answers: list[Blank]) -> str:
    """Return in markdown how one gets to these answers."""
    return "\n>\n> ".join(f"{'> ' * (not i)}`{blank.name}`: {blank.why}" for i, blank in enumerate(answers))


def fill_diagnosis(lesson: LessonNotebook, notebook: NotebookNode) -> int | None:
    """Name what is wrong with the first patient, and return the number of the cell; None without a diagnosis."""
    for i, source in _code(notebook):
        for gap in gaps(source):
            if gap.name == DIAGNOSIS:
                lines = source.splitlines()
                lines[gap.first - 1 : gap.last] = [f"{DIAGNOSIS} = {sorted(wrong_with(lesson.number, 1))!r}"]
                notebook.cells[i].source = "\n".join(lines)
                return i
    return None


def diagnosis_note(number: str) -> str:
    """Return in markdown what is wrong with the first patients of a clinic, and how it can be seen."""
    clinic = clinics()[number]
    lines = []
    for patient in range(1, PATIENTS + 1):
        each = (f"`{id}`: {clinic.suspects[id]}. Seen so: {clinic.findings[id]}" for id in wrong_with(number, patient))
        lines.append(f"**Patient {patient}.** {' '.join(each)}")
    return "\n>\n> ".join(["> " + lines[0], *lines[1:]])


def wrong_with(number: str, patient: int) -> list[str]:
    """Return the ids of what is wrong with a patient of a lesson's clinic."""
    _, ids = clinics()[number].make(Draw("clinic", number, patient))
    return sorted(ids)


def _code(notebook: NotebookNode) -> list[tuple[int, str]]:
    return [(i, cell.source) for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"]


def _short(question: Question, truth: float) -> float | int:
    """Return a number as one would type it, with as few digits as are still right."""
    for digits in range(1, 17):
        if question.is_right(value := float(f"{truth:.{digits}g}"), truth) and abs(value - truth) <= abs(truth) / 50:
            return int(value) if value.is_integer() else value
    return truth


def _near(question: Question, truth: float | str) -> str:
    if not question.tolerance or isinstance(truth, str):
        return ""
    low, high = (question.show(truth + sign * question.tolerance) for sign in (-1, 1))
    return f" From {low} to {high} counts as right."


def _in_call(source: str, call: ast.Call, more: str) -> str:
    """Return the source with this text before the last bracket of a call."""
    lines = [line.encode() for line in source.splitlines()]
    at, end = (call.end_lineno or 1) - 1, (call.end_col_offset or 1) - 1  # offsets count bytes
    lines[at] = lines[at][:end] + more.encode() + lines[at][end:]
    return b"\n".join(lines).decode()


def _is_constant(text: str) -> bool:
    try:
        ast.literal_eval(text)
    except ValueError:
        return False
    return True
