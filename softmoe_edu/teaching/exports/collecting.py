"""`softmoe-edu collect`: what a class handed in, put where nbgrader looks for it, one attempt for each student."""

import contextlib
import json
import re
import shutil
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from softmoe_edu import lessons as shipped
from softmoe_edu.files import write_atomically
from softmoe_edu.teaching.exports.lesson import LessonNotebook, chosen
from softmoe_edu.teaching.grading import roster
from softmoe_edu.teaching.grading.attempts import Unclear, by_student, counted
from softmoe_edu.teaching.grading.collect import Submission, collect
from softmoe_edu.teaching.say import encodable, say
from softmoe_edu.text import plural

RECORD = "collected"  # the folder of a course in which it is noted who handed in what
UNREADABLE = "unreadable"  # the id of the only cell of a notebook that stands for a file without one
# Names of folders that every system takes, and that nbgrader does not read as patterns.
PLAIN = re.compile(r"[^\W_][\w@.\- ]{0,78}[\w]|\w")


@dataclass(frozen=True)
class Collected:
    """What became of one student's lesson when it was collected.

    folder: the student's name for nbgrader, "" where nothing was handed in. status: "collected", "unreadable" or
    "missing". attempt: the path of the notebook that counts, of so many attempts. notes: for the teacher.
    """

    student: str
    name: str = ""
    folder: str = ""
    status: str = "missing"
    late: bool = False
    attempt: str = ""
    attempts: int = 0
    notes: tuple[str, ...] = ()


def into_course(
    folder: Path,
    course: Path,
    *,
    roster_file: Path | None = None,
    lesson: str | None = None,
    deadline: datetime | None = None,
) -> list[str]:
    """Put a class's notebooks into `submitted/` of a course for nbgrader, and return sentences on what was found.

    Args:
        folder: What the class handed in: notebooks, folders and zips, of any name.
        course: The folder that `softmoe-edu export nbgrader` wrote.
        roster_file: A CSV of the class; without one, students are called what their files are called.
        lesson: The number of a lesson; without one, each notebook's lesson is told by the functions in it.
        deadline: Of several attempts, the last one until then counts.

    Raises:
        Unclear: If the course has no such lesson, or nothing was handed in.
        FileExistsError: If a submission is there that this command did not write.
    """
    if folder.resolve() == course.resolve():
        raise Unclear(f"{folder} is the course itself: save what came back in a folder of its own")
    there = {path.parent.name for path in (course / "source").glob("*/*.ipynb")}
    lessons = [each for each in chosen([lesson] if lesson else None) if each.places and each.name in there]
    if not lessons:
        what = f"lesson {lesson}" if lesson else "lesson"
        raise Unclear(f"{course / 'source'} holds no {what}: name the folder that `softmoe-edu export nbgrader` wrote")
    students = roster.read(roster_file) if roster_file else []
    found = collect(folder, [each.name for each in chosen(None)], course.resolve(), raw=True)
    if not found.submissions:
        raise Unclear(f"{folder} holds no notebook: name the folder, notebook or zip that your class handed in")
    said = list(found.notes)
    groups = by_student(found.submissions, lessons, students, said, forced=lesson is not None)
    for each in lessons:
        mine = {(student, who): them for (student, who, name), them in groups.items() if name == each.name}
        if mine:
            said += _one_lesson(course, each, mine, students, deadline)
    unclear = [each for (_, _, name), them in groups.items() if not name for each in them]
    why = "no function of these exercises is in it"
    return [*said, *(f"{each.path}: left out, {each.unreadable or why}" for each in unclear)]


def _one_lesson(
    course: Path,
    lesson: LessonNotebook,
    groups: dict[tuple[str, str], list[Submission]],
    students: Sequence[roster.Student],
    deadline: datetime | None,
) -> list[str]:
    """Write the submissions of one lesson and the record of them."""
    before = {each.folder: each for each in recorded(course, lesson.name)}
    taken: set[str] = set()
    entries, files = [], {}
    for (student, name), attempts in sorted(groups.items()):
        used, late = counted(attempts, deadline)
        others = [each.path for each in attempts if each is not used]
        notes = [f"not used: {', '.join(others)}"] if others else []
        notes += [used.unreadable] if used.cells is None else []
        status = "unreadable" if used.cells is None else "collected"
        where = folder_name(student, taken)
        entries.append(Collected(student, name, where, status, late, used.path, len(attempts), tuple(notes)))
        files[where] = readable(used), used.when
    _refuse(course, lesson.name, files, before)
    again = [where for where, (text, when) in files.items() if _written(course, lesson.name, where, text, when)]
    gone = sorted(before.keys() - files.keys() - {""})
    for where in gone:
        _forget(course, lesson.name, where)
    known = {each.student for each in entries}
    entries += [Collected(each.id, each.name) for each in students if each.id not in known]
    record = course / RECORD / f"{lesson.name}.json"
    write_atomically(record, encodable(json.dumps([asdict(each) for each in entries], indent=1)).encode())
    counts = f"{plural(len(files), 'submission')}, {len(again)} new or changed"
    unreadable = [f"{each.attempt}: {each.notes[-1]}" for each in entries if each.status == "unreadable"]
    missing = [each.name or each.student for each in entries if each.status == "missing"]
    return [
        *unreadable,
        *([f"{lesson.name}: nothing came from {', '.join(missing)}"] if missing else []),
        *(f"{lesson.name}: {where} is no longer among them, and was taken out of submitted/" for where in gone),
        f"{lesson.name}: {counts}. Next, in {course}: nbgrader autograde {lesson.name}",
    ]


def recorded(course: Path, lesson: str) -> list[Collected]:
    """Return what was collected of a lesson; nothing where this command collected nothing."""
    try:
        known = json.loads((course / RECORD / f"{lesson}.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    return [Collected(**each | {"notes": tuple(each["notes"])}) for each in known]


def folder_name(student: str, taken: set[str]) -> str:
    """Return a student's name as a folder: itself where every system takes it, else its letters."""
    if PLAIN.fullmatch(student) and student.casefold() not in {*taken, *roster.RESERVED}:
        taken.add(student.casefold())
        return student
    return roster.file_name(student, taken)


def readable(submission: Submission) -> str:
    """Return a submission as a notebook that nbgrader reads; one that says why where there is nothing to read."""
    if submission.cells is None:
        told = new_markdown_cell(f"The file that was handed in cannot be read: {submission.unreadable}.", id=UNREADABLE)
        return nbformat.writes(new_notebook(cells=[told], metadata={"kernelspec": shipped.KERNEL}))
    try:
        text = submission.raw.decode("utf-8-sig")
        ids = Counter(cell.get("id") for cell in json.loads(text).get("cells", ()))
        known = nbformat.reads(text, as_version=4)
        for i, cell in enumerate(known.cells):
            if "id" in cell and ids[cell.id] != 1:  # one that was drawn just now: the same file has to read the same
                cell.id = f"cell-{i}"
        nbformat.validate(known)
        return encodable(nbformat.writes(known))
    except Exception:  # whatever a damaged file makes of the reader: its code is known
        cells = [new_code_cell(source, id=f"cell-{i}") for i, source in enumerate(submission.cells)]
        return encodable(nbformat.writes(new_notebook(cells=cells, metadata={"kernelspec": shipped.KERNEL})))


def _paths(course: Path, lesson: str, where: str) -> tuple[Path, Path]:
    submitted = course / "submitted" / where / lesson
    return submitted / f"{lesson}.ipynb", submitted / "timestamp.txt"


def _void(course: Path, lesson: str, where: str) -> None:
    """Delete what nbgrader made of an earlier submission: it makes nothing anew that is there and no older."""
    for made in ("autograded", "feedback"):
        shutil.rmtree(course / made / where / lesson, ignore_errors=True)


def _refuse(course: Path, lesson: str, files: dict[str, tuple[str, float]], before: dict[str, Collected]) -> None:
    for where, (text, _) in files.items():
        path = _paths(course, lesson, where)[0]
        if where not in before and path.exists() and path.read_bytes() != text.encode():
            raise FileExistsError(
                f"{path} was not written by this command: move it away, or hand it in with the others"
            )


def _written(course: Path, lesson: str, where: str, text: str, when: float) -> bool:
    """Write a submission; one that is new makes its old grade void. Return whether it is."""
    path, stamp = _paths(course, lesson, where)
    if path.exists() and path.read_bytes() == text.encode():
        return False
    write_atomically(path, text.encode())
    write_atomically(stamp, f"{datetime.fromtimestamp(when, UTC):%Y-%m-%d %H:%M:%S} UTC".encode())
    _void(course, lesson, where)
    return True


def _forget(course: Path, lesson: str, where: str) -> None:
    for each in _paths(course, lesson, where):
        each.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # with something else in it, it stays
        (course / "submitted" / where / lesson).rmdir()
    _void(course, lesson, where)


def main(arguments: object) -> None:
    """Run the command with its parsed arguments."""
    try:
        said = into_course(
            arguments.folder,
            arguments.course,
            roster_file=arguments.roster,
            lesson=arguments.lesson,
            deadline=arguments.deadline,
        )
    except (ValueError, OSError) as error:
        sys.exit(str(error))
    say(*said)
