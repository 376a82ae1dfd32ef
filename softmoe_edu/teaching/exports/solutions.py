"""The lessons with every answer in place, executed: what a finished lesson looks like."""

import ast
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from softmoe_edu.files import write_atomically
from softmoe_edu.teaching.blank import Blank
from softmoe_edu.teaching.check.report import MARKS
from softmoe_edu.teaching.exports import files
from softmoe_edu.teaching.exports.filling import (
    Asked,
    answered,
    blank_note,
    diagnosis_note,
    fill_blanks,
    fill_diagnosis,
    measuring,
    prediction_note,
    predictions,
)
from softmoe_edu.teaching.exports.lesson import LessonNotebook
from softmoe_edu.text import plural

SECONDS = 600  # for one cell


def export(folder: Path, lessons: Sequence[LessonNotebook]) -> list[str]:
    """Write and execute the solved lessons.

    Raises:
        ValueError: If an answer of the course is missing, or is not right where the lesson itself can tell.
        FileExistsError: If one of the files is there.
    """
    files.refuse(path for lesson in lessons if (path := folder / f"{lesson.name}.ipynb").exists())
    said = []
    for lesson in lessons:
        start = time.monotonic()
        solution = Solution(lesson)
        solution.run()
        if wrong := solution.faults():
            raise ValueError(f"{lesson.name}: the lesson is at fault, it does not say that these are right: {wrong}")
        write_atomically(folder / f"{lesson.name}.ipynb", files.text_of(solution.explained()).encode())
        said.append(f"{lesson.name}: {solution.contents()}, run in {time.monotonic() - start:.0f} s.")
    return [*said, f"Wrote {plural(len(lessons), 'solved lesson')} into {folder}."]


class Solution:
    """A lesson in which every exercise, prediction, blank and diagnosis is answered."""

    def __init__(self, lesson: LessonNotebook) -> None:
        self.lesson, self.notebook = lesson, lesson.copy()
        for place in lesson.places:
            self.notebook.cells[place.answer].source = place.exercise.solution
        self.blanks: dict[int, list[Blank]] = fill_blanks(lesson, self.notebook)
        self.diagnosis = fill_diagnosis(lesson, self.notebook)
        self.asked: tuple[Asked, ...] = tuple(predictions(self.notebook))
        self.truths: dict[int, float | str] = {}
        for asked in self.asked:
            if asked.question.truth:
                self._answer(asked, asked.question.read(asked.question.truth()))

    def run(self) -> None:
        """Execute the lesson in a folder of its own, with no progress kept; measure first what only it can measure.

        Raises:
            ValueError: If a cell raises; with the last line of what it raised.
        """
        unknown = {asked.cell: asked for asked in self.asked if asked.cell not in self.truths}
        with _kernel(self.notebook, self.lesson.name) as execute:
            for i, cell in enumerate(self.notebook.cells):
                if i in unknown:
                    hidden = new_code_cell(measuring(cell.source, unknown[i]))
                    execute(hidden, i)
                    self.notebook.cells[i] = cell
                    printed = "".join(each.text for each in hidden.outputs if each.output_type == "stream")
                    self._answer(unknown[i], unknown[i].question.read(ast.literal_eval(printed.splitlines()[-1])))
                execute(cell, i)

    def faults(self) -> list[str]:
        """Return what the outputs do not show to be right: ids of exercises and questions, names of blanks."""
        shown = {i: _text(cell) for i, cell in enumerate(self.notebook.cells) if cell.cell_type == "code"}
        everything = "\n".join(["", *shown.values()])
        found = [
            place.exercise.id
            for place in self.lesson.places
            if not re.search(rf"^{MARKS['passed']} {re.escape(place.exercise.id)} ", shown[place.check], re.MULTILINE)
        ]
        found += [each.question.id for each in self.asked if not re.search("^Right\\.", shown[each.cell], re.MULTILINE)]
        blanks = [each for answers in self.blanks.values() for each in answers]
        found += [each.name for each in blanks if f"\n{each.shows}" not in everything]
        if self.diagnosis is not None and not shown[self.diagnosis].startswith("Right."):
            found.append("the clinic's diagnosis")
        return found

    def explained(self) -> NotebookNode:
        """Return the notebook with a note below each answer that says why it is right."""
        notes: dict[int, list[str]] = {}
        for each in self.asked:
            notes.setdefault(each.cell, []).append(prediction_note(each.question, self.truths[each.cell]))
        for i, answers in self.blanks.items():
            notes.setdefault(i, []).append(blank_note(answers))
        if self.diagnosis is not None:
            notes.setdefault(self.diagnosis, []).append(diagnosis_note(self.lesson.number))
        for i in sorted(notes, reverse=True):
            cell = new_markdown_cell("\n\n".join(notes[i]), id=f"answer-{i}")
            cell.metadata.tags = ["answer"]
            self.notebook.cells.insert(i + 1, cell)
        return self.notebook

    def contents(self) -> str:
        """Return in words what was answered."""
        blanks = sum(map(len, self.blanks.values()))
        parts = [f"{files.listed(self.lesson.places)} solved and passed"] if self.lesson.places else []
        parts += [plural(len(self.asked), "prediction")] if self.asked else []
        parts += [plural(blanks, "blank")] if blanks else []
        parts += ["the clinic"] if self.diagnosis is not None else []
        return ", ".join(parts)

    def _answer(self, asked: Asked, truth: float | str) -> None:
        cell = self.notebook.cells[asked.cell]
        cell.source, self.truths[asked.cell] = answered(cell.source, asked, truth), truth


@contextmanager
def _kernel(notebook: NotebookNode, name: str) -> Iterator[Callable[[NotebookNode, int], None]]:
    """Start a kernel in a folder of its own, and yield what executes a cell at a place of the notebook in it."""
    env = os.environ | {"SOFTMOE_PROGRESS": "off", "SOFTMOE_PLAIN": "1"}
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(notebook, timeout=SECONDS, resources={"metadata": {"path": folder}})
        client.reset_execution_trackers()
        with client.setup_kernel(env=env):
            try:
                yield client.execute_cell
            except CellExecutionError as error:
                raise ValueError(f"{name} does not run: {error.ename}: {error.evalue}") from error


def _text(cell: NotebookNode) -> str:
    """Return what a cell shows as text."""
    outputs = (output.get("text", "") or output.get("data", {}).get("text/plain", "") for output in cell.outputs)
    return "\n".join(outputs)
