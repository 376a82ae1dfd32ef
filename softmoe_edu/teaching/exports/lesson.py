"""A lesson as the exports see it: a notebook, and where its exercises and their checks are."""

import ast
import copy
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from softmoe_edu import lessons
from softmoe_edu.teaching.discovery import course_folders, find_exercise
from softmoe_edu.teaching.exercise import Exercise

# Practice counts its inputs from 0 with each attempt; grading uses inputs that no attempt reaches, always the same.
SEED = 1_000_000


@dataclass(frozen=True)
class Place:
    """One exercise of a lesson: the numbers of its answer's cell and of its check's, and the name that is checked.

    before: what the check's cell does before it checks.
    """

    exercise: Exercise
    answer: int
    check: int
    name: str
    before: str


@dataclass(frozen=True)
class LessonNotebook:
    """A lesson by its notebook's file name without ending, NN_slug."""

    name: str
    notebook: NotebookNode
    places: tuple[Place, ...]

    @property
    def number(self) -> str:
        """The lesson's number, such as "05"."""
        return self.name[:2]

    def copy(self) -> NotebookNode:
        """Return a copy of the notebook, to be changed."""
        return copy.deepcopy(self.notebook)


def chosen(wanted: Iterable[str] | None = None, folder: Path | None = None) -> list[LessonNotebook]:
    """Read the lessons of these numbers or names, in order; all of them for None.

    Raises ValueError for one that does not exist.
    """
    folders = [folder] if folder else [lessons.folder(), *course_folders()]
    found = sorted((path for each in folders for path in each.glob("*.ipynb")), key=lambda path: path.name)
    paths = {path.stem: path for path in found}
    if wanted is None:
        return [read(path) for path in paths.values()]
    names = set()
    for word in wanted:
        found = [stem for stem in paths if word == stem or word.zfill(2) == stem[:2]]
        if not found:
            raise ValueError(f"there is no lesson {word!r}: choose among {', '.join(paths)}")
        names.update(found)
    return [read(path) for stem, path in paths.items() if stem in names]


def read(path: Path) -> LessonNotebook:
    """Read a lesson and find its exercises by the cells' tags.

    Raises ValueError where an answer's cell is not the stub, or a check is missing, double or of another form.
    """
    notebook = nbformat.read(path, as_version=4)
    answers, checks = _tagged(path.stem, notebook, "exercise:"), _tagged(path.stem, notebook, "check:")
    if answers.keys() != checks.keys():
        alone = ", ".join(sorted(answers.keys() ^ checks.keys()))
        raise ValueError(f"{path.stem}: {alone} has a cell exercise:NAME or check:NAME without the other")
    places = (_place(path.stem, notebook, id, answer, checks[id]) for id, answer in answers.items())
    return LessonNotebook(path.stem, notebook, tuple(places))


def _tagged(lesson: str, notebook: NotebookNode, prefix: str) -> dict[str, int]:
    """Return the cells that have a tag with this prefix, by the rest of the tag."""
    found: dict[str, int] = {}
    for i, cell in enumerate(notebook.cells):
        for tag in cell.metadata.get("tags", []):
            if tag.startswith(prefix):
                id = tag.removeprefix(prefix)
                if id in found:
                    raise ValueError(f"{lesson}: two cells have the tag {tag}; only one may")
                found[id] = i
    return found


def _place(lesson: str, notebook: NotebookNode, id: str, answer: int, check: int) -> Place:
    exercise, source = find_exercise(id), notebook.cells[check].source
    if notebook.cells[answer].source.strip() != exercise.stub:
        raise ValueError(f"{lesson}: the cell exercise:{id} must hold the exercise's stub and nothing else")
    statements = ast.parse(source).body
    match statements[-1] if statements else None:
        case ast.Expr(ast.Call(ast.Name("check"), [ast.Constant(named), ast.Name(name)], [])) if named == id:
            before = "\n".join(source.splitlines()[: statements[-1].lineno - 1]).strip()
            return Place(exercise, answer, check, name, before)
    raise ValueError(f'{lesson}: the cell check:{id} must end in check("{id}", {exercise.name})')
