"""Which cell of a submission holds an answer, after cells were copied, split, moved or deleted.

It is told by what the cells define and not by their metadata, which JupyterLab copies with them.
"""

from collections.abc import Iterable, Mapping, Sequence

from nbformat import NotebookNode

from softmoe_edu.teaching.grading.extract import Code, Statement, code_of


def join_halves(notebook: NotebookNode) -> None:
    """Make one cell of those between which a function was split; it is the first of them, with its metadata."""
    numbers = code_cells(notebook)
    gone = set()
    for group in code_of([notebook.cells[i].source for i in numbers]).joined:
        first, *others = (numbers[number - 1] for number in group)
        notebook.cells[first].source = "\n".join(notebook.cells[i].source for i in (first, *others))
        gone.update(others)
    notebook.cells = [cell for i, cell in enumerate(notebook.cells) if i not in gone]


def answers(
    notebook: NotebookNode, names: Mapping[str, str], given: Sequence[str] = ()
) -> dict[str, tuple[int, int | None]]:
    """Return where each exercise is answered: the number of the cell, and of the next one that takes the answer away.

    Of several definitions the last one counts that is more than the stub; a copy of the stub below it counts for
    nothing. An exercise that no cell defines is left out.

    Args:
        notebook: A submission.
        names: The function of each exercise by its id.
        given: The texts of the lesson's code cells as they were handed out. What the lesson itself makes of a name,
            such as `layer = use("its id", layer)`, is nobody's answer.
    """
    numbers = code_cells(notebook)
    code = code_of([notebook.cells[i].source for i in numbers])
    handed_out = {each.text for each in code_of(given).statements if not each.is_stub}
    found = {}
    for id, name in names.items():
        own = list(_own(code, name, handed_out))
        if own:
            counts = [each for each in own if not each.is_stub] or own
            later = [each.cell for each in own if each.is_stub and each.cell > counts[-1].cell]
            found[id] = numbers[counts[-1].cell - 1], numbers[later[0] - 1] if later else None
    return found


def _own(code: Code, name: str, handed_out: set[str]) -> Iterable[Statement]:
    return (each for each in code.statements if name in each.binds and each.text not in handed_out)


def code_cells(notebook: NotebookNode) -> list[int]:
    """Return the numbers of the cells with code."""
    return [i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
