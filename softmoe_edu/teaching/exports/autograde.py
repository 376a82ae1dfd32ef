"""What an exported course adds to nbgrader's own steps of grading.

The course's configuration names these classes and nothing else imports them: nbgrader is there when it grades.
"""

from typing import Any

from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell
from nbgrader.api import Gradebook
from nbgrader.preprocessors import Execute, NbGraderPreprocessor


class OneCellEach(NbGraderPreprocessor):
    """Leave each id of the assignment to one cell; runs before anything of nbgrader looks at the ids.

    Copying, pasting and splitting a cell in JupyterLab copies its id, and nbgrader gives 0 to a submission that has one
    twice, or that lacks an answer together with its check.
    """

    def preprocess(self, nb: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, ResourcesDict]:
        """Take the ids from all copies but the last, and put an empty cell where an answer was deleted.

        The copies stay in the notebook and run in their order. The last check counts, because by then everything is
        defined, as it is where Otter grades.
        """
        one_cell_each(nb)
        about = resources["nbgrader"]
        with Gradebook(about["db_url"]) as book:
            cells = book.find_notebook(about["notebook"], about["assignment"]).source_cells
            put_back(nb, [(cell.name, cell.locked) for cell in cells])
        return nb, resources


class ShortOfPatience(Execute):
    """Run the cells as nbgrader does, and wait half as long for the next one after each that ran out of time.

    A kernel that hangs in C answers no interrupt: with the full time for each of its cells, one submission would hold
    up its class for an hour.
    """

    def on_cell_executed(self, **about: Any) -> None:
        """Halve the time after a cell that was stopped, and give it back after one that ended by itself."""
        super().on_cell_executed(**about)
        stopped = about["execute_reply"]["content"].get("ename") == self.error_on_timeout.get("ename")
        if self.timeout:
            self._full = getattr(self, "_full", self.timeout)
            self.timeout = max(1, self.timeout // 2) if stopped else self._full


def one_cell_each(notebook: NotebookNode) -> None:
    """Take nbgrader's metadata from every cell whose id a later cell has, or that has none."""
    seen = set()
    for cell in reversed(notebook.cells):
        if "nbgrader" not in cell.metadata:
            continue
        id = cell.metadata.nbgrader.get("grade_id")
        if id is None or id in seen:
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
        found = [i for i, cell in enumerate(notebook.cells) if cell.metadata.get("nbgrader", {}).get("grade_id") == id]
        if found:
            place = found[0] + 1
        elif not locked:
            role = {"grade": False, "grade_id": id, "locked": False, "schema_version": 3, "solution": True}
            empty = new_code_cell("# This answer was deleted.", metadata={"nbgrader": role | {"task": False}})
            notebook.cells.insert(place, empty)
            place += 1
