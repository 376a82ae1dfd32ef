"""What an exported course adds to nbgrader's own steps of grading.

The course's configuration names these classes and nothing else imports them: nbgrader is there when it grades.
"""

import os
import re
from collections.abc import Sequence

import nbformat
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_output
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import Execute, NbGraderPreprocessor

from softmoe_edu.teaching.discovery import exercises
from softmoe_edu.teaching.exercise import Exercise
from softmoe_edu.teaching.exports.nbgrader import ANSWER, CHECK, role
from softmoe_edu.teaching.exports.patience import Impatient
from softmoe_edu.teaching.exports.settling import answers, join_halves

ENDED = "KernelEnded"
PICTURES = ("image/png", "image/jpeg")
BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")
TAG = re.compile(r"<(?=[a-zA-Z/!?])")
# With these a formula makes links and styles of a page; the word alone is text.
FORMULA = re.compile(r"\\(href|url|class|style|cssId|require|unicode)(?![a-zA-Z])")


class OneCellEach(NbGraderPreprocessor):
    """Leave each id of the assignment to one cell; runs before anything of nbgrader looks at the ids.

    Copying, pasting and splitting a cell in JupyterLab copies its id, and nbgrader gives 0 to a submission that has one
    twice, or that lacks an answer together with its check.
    """

    def preprocess(self, nb: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, ResourcesDict]:
        """Make one cell of split ones, give each id to the cell that counts, and put each check after its answer.

        Other copies stay in the notebook and run in their order.
        """
        about = resources["nbgrader"]
        with Gradebook(about["db_url"]) as book:
            cells = [
                (each.name, each.locked)
                for each in book.find_notebook(about["notebook"], about["assignment"]).source_cells
            ]
        given = handed_out(CourseDirectory(parent=self), about["assignment"], about["notebook"])
        settle(nb, cells, [cell.source for cell in given if cell.cell_type == "code"])
        return nb, resources


class ShortOfPatience(Impatient, Execute):
    """Run the cells as nbgrader does, with less time for each after one that ran out of it.

    A submission whose kernel ends or hangs is graded, too: its checks that have not run get 0, and its page says why.
    """

    def preprocess(self, nb: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, ResourcesDict]:
        """Execute the notebook, to its end or to that of its kernel."""
        try:
            return super().preprocess(nb, resources)
        except (DeadKernelError, CellTimeoutError):
            self.log.warning("Kernel died or no longer answers: what had not run gets 0; look at it by hand")
            kernel_ended(nb)
            return nb, resources


class Harmless(NbGraderPreprocessor):
    """Keep of a graded notebook what runs nothing in the browser of a teacher who looks at it, as in the formgrader."""

    def preprocess(self, nb: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, ResourcesDict]:
        """Drop outputs that are neither text nor pictures, and show HTML in a student's texts as text."""
        about = resources["nbgrader"]
        make_harmless(nb, handed_out(CourseDirectory(parent=self), about["assignment"], about["notebook"]))
        return nb, resources


def handed_out(folder: CourseDirectory, assignment: str, notebook: str) -> list[NotebookNode]:
    """Return the lesson's cells as students got them; none where the teacher has deleted the release."""
    path = os.path.join(folder.format_path(folder.release_directory, ".", assignment), f"{notebook}.ipynb")
    return nbformat.read(path, as_version=4).cells if os.path.exists(path) else []


def make_harmless(notebook: NotebookNode, given: list[NotebookNode]) -> None:
    """Drop from a notebook what a browser would run.

    Args:
        notebook: A notebook that was executed; it is changed.
        given: The lesson's cells as they were handed out; their texts stay as they are.
    """
    ours = {cell.source for cell in given}
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        if cell.cell_type != "code" and cell.source not in ours:
            cell.source = FORMULA.sub(r"\1", TAG.sub("&lt;", cell.source))
        for name, kinds in cell.get("attachments", {}).items():
            cell.attachments[name] = _pictures(kinds)
        for output in cell.get("outputs", []):
            if "data" in output:
                text = {"text/plain": output.data["text/plain"]} if "text/plain" in output.data else {}
                kept = text | _pictures(output.data)
                output.data = NotebookNode(kept or {"text/plain": "(neither text nor a picture)"})
                output.metadata = NotebookNode()


def _pictures(data: dict) -> NotebookNode:
    return NotebookNode({kind: data[kind] for kind in PICTURES if BASE64.fullmatch(str(data.get(kind, "-")))})


def settle(notebook: NotebookNode, cells: list[tuple[str, bool]], given: list[str]) -> None:
    """Leave each id of an assignment on one cell of a submission only, and move each check to just after its answer.

    Args:
        notebook: A submission; it is changed.
        cells: Ids of the assignment's cells in their order, and whether each is locked, as checks are.
        given: The lesson's code as it was handed out.
    """
    join_halves(notebook)
    wanted = [id for id, _ in cells]
    one_cell_each(notebook, wanted)
    put_back(notebook, cells)
    known = exercises()
    for id in (id.removeprefix(CHECK) for id in wanted if id.startswith(CHECK)):
        if id in known:
            _settle_one(notebook, known[id], given)


def _settle_one(notebook: NotebookNode, exercise: Exercise, given: list[str]) -> None:
    """Move an exercise's ids to the cell that answers it and to a check between it and what takes the answer away."""
    mine, check_id = f"{ANSWER}{exercise.id}", f"{CHECK}{exercise.id}"
    now = next((i for i, cell in enumerate(notebook.cells) if _id(cell) == check_id), None)
    found = answers(notebook, {exercise.id: exercise.name}, given).get(exercise.id)
    if found is None:
        place = next((i for i, cell in enumerate(notebook.cells) if _id(cell) == mine), (now or 0) - 1)
        until = None
        if not any(re.search(rf"^def\s+{exercise.name}\b", cell.source, re.MULTILINE) for cell in notebook.cells):
            # Without the stub the check would end in a NameError, which reads like a crash.
            place += 1
            notebook.cells.insert(place, new_code_cell(f"# No cell defined {exercise.name}.\n{exercise.stub}"))
            now = now + 1 if now is not None and now >= place else now
    else:
        place, until = found
        answer = notebook.cells[place]
        if "nbgrader" not in answer.metadata:
            for cell in notebook.cells:
                if _id(cell) == mine:
                    answer.metadata["nbgrader"] = cell.metadata.pop("nbgrader")
    if now is not None and place < now and (until is None or now < until):
        return
    # Its source and the rest are nbgrader's to put back.
    about = role(check_id, grade=True, locked=True, points=exercise.points)
    check = new_code_cell(metadata={"nbgrader": about})
    if now is not None:
        check = notebook.cells.pop(now)
        place -= now < place
    notebook.cells.insert(place + 1, check)


def one_cell_each(notebook: NotebookNode, wanted: Sequence[str]) -> None:
    """Take nbgrader's metadata from every cell whose id a later cell has, or that has none of the assignment's."""
    seen = set()
    for cell in reversed(notebook.cells):
        if "nbgrader" not in cell.metadata:
            continue
        id = _id(cell)
        if id not in wanted or id in seen:
            del cell.metadata["nbgrader"]
        seen.add(id)


def put_back(notebook: NotebookNode, cells: list[tuple[str, bool]]) -> None:
    """Insert an empty cell for each answer that is missing, after the cell that comes before it in the assignment.

    nbgrader itself puts back a check, after its answer.

    Args:
        notebook: A submission in which every id stands once at most; it is changed.
        cells: Ids of the assignment's cells in their order, and whether each is locked, as checks are.
    """
    place = 0
    for id, locked in cells:
        found = [i for i, cell in enumerate(notebook.cells) if _id(cell) == id]
        if found:
            place = found[0] + 1
        elif not locked:
            empty = new_code_cell("# This answer was deleted.", metadata={"nbgrader": role(id, solution=True)})
            notebook.cells.insert(place, empty)
            place += 1


def kernel_ended(notebook: NotebookNode) -> None:
    """Say in each check that has not run that the kernel ended or hung; to nbgrader a cell without output is right."""
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade") and not any(
            output.output_type in ("execute_result", "error") for output in cell.get("outputs", [])
        ):
            why = "the kernel ended, or no longer answered, before this check had run: your teacher looks at it"
            cell.outputs = [new_output("error", ename=ENDED, evalue=why, traceback=[f"{ENDED}: {why}"])]


def _id(cell: NotebookNode) -> str | None:
    about = cell.metadata.get("nbgrader")
    id = about.get("grade_id") if isinstance(about, dict) else None
    return id if isinstance(id, str) else None
