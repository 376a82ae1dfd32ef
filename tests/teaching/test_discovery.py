"""Lessons are found by being there; a folder that is unfinished or wrong is named, and so is what it lacks."""

import re
import sys

import pytest

from softmoe_edu import course
from softmoe_edu.teaching import discovery
from softmoe_edu.teaching.discovery import BrokenLesson, find_clinic, find_exercise
from softmoe_edu.teaching.exercise import mistake, mistakes_in
from softmoe_edu.teaching.exports.lesson import chosen

CACHED = [each for each in vars(discovery).values() if hasattr(each, "cache_clear")]
LESSON = 'from softmoe_edu.teaching.lesson import Lesson\n\nLESSON = Lesson(number="71", title="Planted")\n'
INIT = {"lesson_71/__init__.py": LESSON}
REST = {
    f"lesson_71/planted/{name}": ""
    for name in ("__init__.py", "exercise.py", "properties.py", "variants.py", "mistakes.py")
}
READS = {
    "lessons": discovery.lessons,
    "exercises": discovery.exercises,
    "questions": discovery.questions,
    "clinics": discovery.clinics,
    "cards": discovery.cards,
    "blanks": discovery.blanks,
}
ANOTHER_ID = "from softmoe_edu.course.lesson_05.soft_moe.exercise import EXERCISE"


@pytest.fixture
def plant(tmp_path, monkeypatch):
    """Return a function that writes files beside the lessons of the course, which are then looked for again."""
    monkeypatch.setattr(course, "__path__", [*course.__path__, str(tmp_path)])

    def write(files):
        for path, text in files.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)
        for each in CACHED:
            each.cache_clear()

    yield write
    for each in CACHED:
        each.cache_clear()
    for name in [name for name in sys.modules if name.startswith("softmoe_edu.course.lesson_7")]:
        del sys.modules[name]


BROKEN = {
    "no __init__.py": (
        {"lesson_71/questions.py": ""},
        "lessons",
        "lesson_71 is unfinished: it has no __init__.py, which holds LESSON",
    ),
    "no LESSON": (
        {"lesson_71/__init__.py": ""},
        "lessons",
        "lesson_71/__init__.py must hold LESSON, one Lesson, got nothing",
    ),
    "another number": (
        {"lesson_72/__init__.py": LESSON},
        "lessons",
        "lesson_72/__init__.py says lesson '71', and its folder says '72': correct one of them",
    ),
    "one digit": (
        {"lesson_7/__init__.py": LESSON},
        "lessons",
        "lesson_7 is not a lesson's name: write lesson_ and the two digits of its number",
    ),
    "a number twice": ({"lesson_05/__init__.py": LESSON}, "lessons", "have the same number: give one of them another"),
    "no variants": (
        INIT | {path: text for path, text in REST.items() if "variants" not in path},
        "exercises",
        "lesson_71/planted is unfinished: it has no variants.py, which holds VARIANTS",
    ),
    "no EXERCISE": (
        INIT | REST,
        "exercises",
        "lesson_71/planted/exercise.py must hold EXERCISE, one Exercise, got nothing",
    ),
    "no Python": (
        INIT | REST | {"lesson_71/planted/exercise.py": "def"},
        "exercises",
        "lesson_71/planted/exercise.py cannot be imported (SyntaxError: ",
    ),
    "no name": (
        INIT | REST | {"lesson_71/planted/exercise.py": "from .mistakes import MISTAKES"},
        "exercises",
        "lesson_71/planted/exercise.py cannot be imported (ImportError: cannot import name 'MISTAKES'",
    ),
    "another lesson's exercise": (
        INIT | REST | {"lesson_71/planted/exercise.py": ANOTHER_ID},
        "exercises",
        "lesson_71/planted/exercise.py says lesson '05', and its folder says '71'",
    ),
    "a name twice": (
        INIT | {path.replace("planted", "soft_moe"): text for path, text in REST.items()},
        "exercises",
        "have the same name: give one of them another",
    ),
    "one question": (
        INIT | {"lesson_71/questions.py": "QUESTIONS = []"},
        "questions",
        "lesson_71/questions.py must hold QUESTIONS, a tuple of Question, got []",
    ),
    "no case": (
        INIT | {"lesson_71/clinic.py": "CASE = 1"},
        "clinics",
        "lesson_71/clinic.py must hold CLINIC, one Clinic, got nothing",
    ),
    "answers by name": (
        INIT | {"lesson_71/blanks.py": "BLANKS = {'my_slot': '1/2'}"},
        "blanks",
        "lesson_71/blanks.py must hold BLANKS, one Blanks, got {'my_slot': '1/2'}",
    ),
    "another lesson's card": (
        INIT | {"lesson_71/card.py": "from softmoe_edu.course.lesson_05.card import CARD"},
        "cards",
        "lesson_71/card.py says lesson '05', and its folder says '71'",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_folder_is_named_with_what_it_lacks(plant, case):
    """A sentence names the folder or file and what is missing in it, and what it does not touch goes on working."""
    files, read, sentence = BROKEN[case]
    plant(files)

    with pytest.raises(BrokenLesson, match=re.escape(sentence)):
        READS[read]()
    if "twice" not in case and read != "lessons":
        assert discovery.lessons()["71"].title == "Planted"
        assert find_exercise("soft-moe").name == "soft_moe"
        assert find_clinic("05").lesson == "05"


def test_the_name_of_an_exercise_is_its_folders(plant):
    """An exercise whose id is not its folder's name is rejected, and the message names both."""
    exercise = (
        "import dataclasses\n"
        "from softmoe_edu.course.lesson_05.soft_moe.exercise import EXERCISE as KNOWN\n"
        'EXERCISE = dataclasses.replace(KNOWN, lesson="71")\n'
    )
    plant(INIT | REST | {"lesson_71/planted/exercise.py": exercise})

    with pytest.raises(BrokenLesson, match="has the id 'soft-moe', but its folder's name says 'planted'"):
        find_exercise("planted")


def test_what_is_left_of_a_lesson_is_no_lesson(plant):
    """A folder in which git left nothing but Python's cache does not count, nor does one whose name is hidden."""
    known = list(discovery.lessons())
    plant({"lesson_71/__pycache__/__init__.cpython-311.pyc": "", ".lesson_72/__init__.py": "", "_lesson/x.py": ""})

    assert list(discovery.lessons()) == known
    assert "planted" not in discovery.exercises()


def test_lessons_come_in_the_order_of_their_numbers(plant):
    """Lessons of several folders are sorted together, and an unknown name is answered with the nearest ones."""
    plant({"lesson_71/__init__.py": LESSON, "lesson_70/__init__.py": LESSON.replace("71", "70")})

    assert list(discovery.lessons()) == sorted(discovery.lessons()) and "70" in discovery.lessons()
    with pytest.raises(ValueError, match="there is no exercise 'soft-mo': did you mean 'soft-moe'"):
        find_exercise("soft-mo")


def test_exports_find_the_notebook_beside_a_lesson(plant, tmp_path):
    """A notebook in a folder of the course's search path is exported as every other, in the order of numbers."""
    import nbformat

    plant({"lesson_71/__init__.py": LESSON})
    nbformat.write(nbformat.v4.new_notebook(), tmp_path / "71_planted.ipynb")

    assert [lesson.name for lesson in chosen()][-1] == "71_planted"
    assert [lesson.name for lesson in chosen(["71"])] == ["71_planted"]


def test_a_file_gives_its_own_mistakes_alone():
    """What a file imports of another's mistakes is not counted as its own, and their order is that of the file."""
    from softmoe_edu.course.lesson_05.dispatch_weights import mistakes as others

    module = {"__name__": __name__, "b": planted_b, "taken": others.over_slots, "a": planted_a, "number": 1}

    assert [each.id for each in mistakes_in(module)] == ["planted-b", "planted-a"]
    assert [each.id for each in mistakes_in(vars(others))] == [each.id for each in others.MISTAKES]


@mistake(does="is here second", belief="b", refuted="r", seen="s")
def planted_a(x):
    """The one that is listed last."""


@mistake("M01", does="is here first", belief="b", refuted="r", seen="s")
def planted_b(x):
    """The one that is listed first."""
