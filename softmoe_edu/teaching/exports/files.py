"""Files of an export, written only where they destroy nothing."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from softmoe_edu.files import write_atomically
from softmoe_edu.teaching.say import encodable
from softmoe_edu.text import plural


def text_of(notebook: NotebookNode) -> str:
    """Give the text of an .ipynb file. Raises nbformat's ValidationError for what is no notebook."""
    nbformat.validate(notebook)
    return encodable(nbformat.writes(notebook)) + "\n"


def put(folder: Path, texts: Mapping[str, str]) -> None:
    """Write texts by their path inside the folder.

    Raises FileExistsError, before anything is written, where one of the files is there and differs.
    """
    contents = {folder / name: encodable(text).encode() for name, text in texts.items()}
    refuse(path for path, content in contents.items() if path.exists() and path.read_bytes() != content)
    for path, content in contents.items():
        write_atomically(path, content)


def refuse(paths: Iterable[Path]) -> None:
    """Raise FileExistsError if there is a path; its sentence names the first."""
    for path in paths:
        raise FileExistsError(f"{path} is there already and may hold somebody's work: name another folder")


def listed(places: Iterable) -> str:
    """Give the exercises of some places in words: "2 exercises (dispatch-weights, soft-moe)"."""
    ids = [place.exercise.id for place in places]
    return f"{plural(len(ids), 'exercise')} ({', '.join(ids)})"


def without_exercises(lessons: Iterable) -> list[str]:
    """Say in sentences which lessons were left out because there is nothing to answer in them."""
    return [f"{lesson.name} has no exercise and was left out." for lesson in lessons if not lesson.places]
