"""The lessons with every answer in place, executed: what a finished lesson looks like."""

import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

from softmoe_edu.files import write_atomically
from softmoe_edu.teaching.check.report import MARKS
from softmoe_edu.teaching.exports import files
from softmoe_edu.teaching.exports.lesson import LessonNotebook

SECONDS = 600  # for one cell


def export(folder: Path, lessons: Sequence[LessonNotebook]) -> list[str]:
    """Write and execute the solved lessons; raises ValueError where one of them is not right in every check."""
    solvable = [lesson for lesson in lessons if lesson.places]
    files.refuse(path for lesson in solvable if (path := folder / f"{lesson.name}.ipynb").exists())
    said = []
    for lesson in solvable:
        start = time.monotonic()
        notebook = executed(solved(lesson), lesson.name)
        if wrong := failed(lesson, notebook):
            raise ValueError(f"{lesson.name}: the reference does not pass {', '.join(wrong)}; the lesson is at fault")
        write_atomically(folder / f"{lesson.name}.ipynb", files.text_of(notebook).encode())
        seconds = time.monotonic() - start
        said.append(f"{lesson.name}: {files.listed(lesson.places)} solved and passed, run in {seconds:.0f} s.")
    return [*said, *files.without_exercises(lessons), f"Wrote {len(solvable)} solved lessons into {folder}."]


def solved(lesson: LessonNotebook) -> NotebookNode:
    """Return a lesson in which each answer's cell holds the reference."""
    notebook = lesson.copy()
    for place in lesson.places:
        notebook.cells[place.answer].source = place.exercise.solution
    return notebook


def executed(notebook: NotebookNode, name: str) -> NotebookNode:
    """Run a notebook in a folder of its own, with no progress kept, and give it with its outputs.

    Raises ValueError with the last lines of what a cell raised.
    """
    env = os.environ | {"SOFTMOE_PROGRESS": "off", "SOFTMOE_PLAIN": "1"}
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(notebook, timeout=SECONDS, resources={"metadata": {"path": folder}})
        try:
            return client.execute(env=env)
        except CellExecutionError as error:
            raise ValueError(f"{name} does not run: {error.ename}: {error.evalue}") from error


def failed(lesson: LessonNotebook, notebook: NotebookNode) -> list[str]:
    """Return the exercises whose check does not say "passed" in the outputs."""
    head = f"{MARKS['passed']} {{}} "
    return [
        place.exercise.id
        for place in lesson.places
        if not any(
            output.get("data", {}).get("text/plain", "").startswith(head.format(place.exercise.id))
            for output in notebook.cells[place.check].outputs
        )
    ]
