"""The lessons for teachers: solved, as cards, as assignments of nbgrader and Otter; built from the same files."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from softmoe_edu.teaching.exports import instructor, nbgrader, otter, solutions
from softmoe_edu.teaching.exports.lesson import LessonNotebook, chosen

KINDS: dict[str, Callable[[Path, Sequence[LessonNotebook]], list[str]]] = {
    "nbgrader": nbgrader.export,
    "otter": otter.export,
    "solutions": solutions.export,
    "instructor": instructor.export,
}


def export(kind: str, folder: str | Path, *, lessons: Iterable[str] | None = None) -> list[str]:
    """Write one version of the lessons into a folder and return sentences on what was written.

    kind: "nbgrader" (a course folder), "otter" (notebooks for `otter assign`), "solutions" (every answer in place,
    executed) or "instructor" (a card for each lesson). lessons: numbers such as "05", or names; all without it.

    Raises ValueError for an unknown kind or lesson and for a lesson that cannot be exported, FileExistsError where the
    folder holds another file of the same name: nothing is overwritten.
    """
    if kind not in KINDS:
        raise ValueError(f"there is no export {kind!r}: choose among {', '.join(KINDS)}")
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f"{folder} is a file: name a folder")
    return KINDS[kind](folder, chosen(lessons))
