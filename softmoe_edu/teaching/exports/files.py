"""Files of an export, written only where they destroy nothing."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from softmoe_edu.files import write_atomically
from softmoe_edu.teaching.say import encodable
from softmoe_edu.text import plural


def text_of(notebook: NotebookNode) -> str:
    """Return the text of an .ipynb file. Raises nbformat's ValidationError for what is not a notebook."""
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


def put_assignments(
    folder: Path, path: str, lessons: Iterable, make: Callable[..., NotebookNode], others: Mapping[str, str]
) -> list[str]:
    """Write what `make` gives for each lesson that has an exercise, and other texts by their path.

    Args:
        folder: Where to.
        path: Each lesson's path in the folder, with {0} for the lesson's name.
        lessons: Those that are to be written.
        make: Returns the notebook of a lesson.
        others: Texts by their path.

    Returns:
        Sentences on what was written and what was left out.

    Raises:
        ValueError: If no lesson has an exercise.
        FileExistsError: As `put`.
    """
    left_out, texts, said = without_exercises(lessons), dict(others), []
    for lesson in lessons:
        if lesson.places:
            texts[path.format(lesson.name)] = text_of(make(lesson))
            points = sum(place.exercise.points for place in lesson.places)
            said.append(f"{lesson.name}: {listed(lesson.places)}, {points} points.")
    if not said:
        raise ValueError(" ".join([*left_out, "There is nothing to export."]))
    put(folder, texts)
    return [*said, *left_out]


def refuse(paths: Iterable[Path]) -> None:
    """Raise FileExistsError if there is a path; its sentence names the first."""
    for path in paths:
        raise FileExistsError(f"{path} already exists and may hold somebody's work: name another folder")


def listed(places: Iterable) -> str:
    """Return in words how many exercises some places hold, and which."""
    ids = [place.exercise.id for place in places]
    return f"{plural(len(ids), 'exercise')} ({', '.join(ids)})" if ids else "no exercise"


def without_exercises(lessons: Iterable) -> list[str]:
    """Return sentences on lessons that were left out because there is nothing to answer in them."""
    return [f"{lesson.name} has no exercise and was left out." for lesson in lessons if not lesson.places]
