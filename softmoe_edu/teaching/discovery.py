"""Find the lessons of the course and what belongs to each: they are folders, and nothing else here knows any of them.

A file is imported when something of it is asked for: a fault in one exercise or clinic leaves the others usable.
"""

import functools
import importlib
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from softmoe_edu.teaching.blank import Blanks
from softmoe_edu.teaching.card import Card
from softmoe_edu.teaching.clinic.case import Clinic
from softmoe_edu.teaching.exercise import Exercise
from softmoe_edu.teaching.lesson import Arc, Lesson
from softmoe_edu.teaching.predict.question import Question

COURSE = "softmoe_edu.course"
# What is read from a folder's files, and what the folder of every exercise holds.
HOLDS = {
    "__init__.py": ("LESSON", Lesson),
    "exercise.py": ("EXERCISE", Exercise),
    "questions.py": ("QUESTIONS", Question),
    "clinic.py": ("CLINIC", Clinic),
    "card.py": ("CARD", Card),
    "blanks.py": ("BLANKS", Blanks),
}
FOUR = {"exercise.py": "EXERCISE", "properties.py": "PROPERTIES", "variants.py": "VARIANTS", "mistakes.py": "MISTAKES"}


class BrokenLesson(ValueError):
    """A folder of the course is unfinished or wrong; the message names it and says what is missing."""


@functools.cache
def lessons() -> dict[str, Lesson]:
    """Return every lesson by its number, in the order of numbers.

    Raises:
        BrokenLesson: If a folder does not hold what a lesson's folder holds.
    """
    return {number: _held(folder, "__init__.py") for number, folder in _folders().items()}


def plan() -> tuple[Arc, ...]:
    """Return the arcs of the course with every lesson in them, those that are still to come included."""
    return importlib.import_module(f"{COURSE}.plan").PLAN


def sources() -> dict[str, str]:
    """Return the words of the course that name a public source, and the address of each."""
    return importlib.import_module(f"{COURSE}.sources").SOURCES


@functools.cache
def exercises() -> dict[str, Exercise]:
    """Return every exercise by its id, in the order of lessons and, within one, of `order`.

    Raises:
        BrokenLesson: If a folder does not hold what an exercise's folder holds.
    """
    lessons()
    found = map(_exercise, _exercise_folders())
    return {exercise.id: exercise for exercise in sorted(found, key=lambda e: (e.lesson, e.order, e.id))}


def exercise_ids() -> tuple[str, ...]:
    """Return the ids of all exercises; none is imported for that."""
    return tuple(_exercise_folders())


def find_exercise(id: str) -> Exercise:
    """Return the exercise of this id; no other one is imported for that.

    Raises:
        ValueError: If there is none; the message names the nearest ids.
        BrokenLesson: If its folder is unfinished.
    """
    if id in _exercise_folders():
        return _exercise(id)
    near = get_close_matches(str(id), exercises(), 3, 0.3) or list(exercises())
    raise ValueError(f"there is no exercise {id!r}: did you mean {', '.join(map(repr, near))}?")


@functools.cache
def asked() -> tuple[Question, ...]:
    """Return the questions that the lessons ask first, in the order of the lessons."""
    return tuple(question for _, questions in _all_of("questions.py") for question in questions)


@functools.cache
def questions() -> dict[str, Question]:
    """Return every question by its id, those that return in later lessons included."""
    return {each.id: each for question in asked() for each in (question, *question.again)}


def find_question(id: str) -> Question:
    """Return the question of this id.

    Raises:
        ValueError: If there is none; the message names the nearest id.
    """
    if id not in questions():
        (near,) = get_close_matches(str(id), questions(), 1, 0)
        raise ValueError(f"there is no question {id!r}: did you mean {near!r}?")
    return questions()[id]


@functools.cache
def clinics() -> dict[str, Clinic]:
    """Return the clinic's case of each lesson that has one, by the lesson's number."""
    return dict(_all_of("clinic.py"))


def find_clinic(lesson: str) -> Clinic:
    """Return the clinic's case of the lesson with this number; no other one is imported for that.

    Raises:
        ValueError: If it has none; the message names the lessons that have one.
        BrokenLesson: If its file is unfinished.
    """
    having = {number: folder for number, folder in _folders().items() if (folder / "clinic.py").is_file()}
    if lesson not in having:
        raise ValueError(f"lesson {lesson!r} has no clinic: choose among {', '.join(having)}")
    return _held(having[lesson], "clinic.py")


@functools.cache
def cards() -> dict[str, Card]:
    """Return the instructor's card of each lesson that has one, by the lesson's number."""
    return dict(_all_of("card.py"))


@functools.cache
def blanks() -> dict[str, Blanks]:
    """Return the answers to the blanks of each lesson that has some, by the lesson's number."""
    return dict(_all_of("blanks.py"))


def course_folders() -> list[Path]:
    """Return the folders in which lessons are looked for."""
    return [Path(place) for place in importlib.import_module(COURSE).__path__]


@functools.cache
def _folders() -> dict[str, Path]:
    """Return the folders of lessons by their numbers, in order."""
    found: dict[str, Path] = {}
    for folder in (
        each for place in course_folders() for each in _subfolders(place) if each.name.startswith("lesson_")
    ):
        number = folder.name.removeprefix("lesson_")
        if len(number) != 2 or not number.isdecimal():
            raise BrokenLesson(f"{folder} is not a lesson's name: write lesson_ and the two digits of its number")
        if number in found:
            raise BrokenLesson(f"{folder} and {found[number]} have the same number: give one of them another")
        found[number] = folder
    return dict(sorted(found.items()))


@functools.cache
def _exercise_folders() -> dict[str, Path]:
    """Return the folders of exercises by the exercises' ids."""
    found: dict[str, Path] = {}
    for folder in (each for lesson in _folders().values() for each in _subfolders(lesson)):
        id = folder.name.replace("_", "-")
        if id in found:
            raise BrokenLesson(f"{folder} and {found[id]} have the same name: give one of them another")
        found[id] = folder
    return found


def _subfolders(folder: Path) -> list[Path]:
    """Return the visible folders in a folder; what git leaves of one that is gone, a cache alone, does not count."""
    found = (each for each in sorted(folder.iterdir()) if each.is_dir() and not each.name.startswith(("_", ".")))
    return [each for each in found if [inside.name for inside in each.iterdir()] != ["__pycache__"]]


@functools.cache
def _exercise(id: str) -> Exercise:
    folder = _exercise_folders()[id]
    for file, name in (("__init__.py", "a docstring"), *FOUR.items()):
        if not (folder / file).is_file():
            raise BrokenLesson(f"{folder} is unfinished: it has no {file}, which holds {name}")
    exercise = _held(folder, "exercise.py")
    if exercise.id != id:
        raise BrokenLesson(f"{folder / 'exercise.py'} has the id {exercise.id!r}, but its folder's name says {id!r}")
    return exercise


def _all_of(file: str) -> Iterator[tuple[str, object]]:
    for number, folder in _folders().items():
        if (folder / file).is_file():
            yield number, _held(folder, file)


def _held(folder: Path, file: str) -> object:
    """Import a file and return what it holds: a value of its kind and of its folder's lesson, or a tuple of such."""
    path, (name, kind) = folder / file, HOLDS[file]
    if not path.is_file():
        raise BrokenLesson(f"{folder} is unfinished: it has no {file}, which holds {name}")
    inside = path.relative_to(next(place for place in course_folders() if path.is_relative_to(place)))
    module = ".".join([COURSE, *inside.with_suffix("").parts]).removesuffix(".__init__")
    try:
        found = vars(importlib.import_module(module)).get(name)
    except Exception as error:
        raise BrokenLesson(f"{path} cannot be imported ({type(error).__name__}: {error}): correct it") from error
    several = name == "QUESTIONS"
    each = found if several and isinstance(found, tuple) else (found,)
    if not all(isinstance(one, kind) for one in each):
        wanted = f"{'a tuple of ' if several else 'one '}{kind.__name__}"
        raise BrokenLesson(f"{path} must hold {name}, {wanted}, got {'nothing' if found is None else repr(found)[:60]}")
    number = inside.parts[0].removeprefix("lesson_")
    for one in each:
        if (told := one.number if isinstance(one, Lesson) else one.lesson) != number:
            raise BrokenLesson(f"{path} says lesson {told!r}, and its folder says {number!r}: correct one of them")
    return found
