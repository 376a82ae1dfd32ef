"""The engine of the lessons: it finds them, knows none of them, and its functions keep their names."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from softmoe_edu import teaching
from softmoe_edu.teaching.discovery import exercises, lessons, questions

ENGINE = Path(teaching.__file__).parent
NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def named_in(folder):
    """Return, for each file of an engine, what it names of the course: exercises, questions, folders and notebooks."""
    words = {word for each in exercises().values() for word in (each.id, each.id.replace("-", "_"), each.name)}
    known = "|".join(map(re.escape, sorted({*words, *questions()}, key=len, reverse=True)))
    name = re.compile(rf"(?<![\w-])(?:{known}|lesson_\d\d|\d\d_[a-z][a-z_]*)(?![\w-])")
    files = [path for path in sorted(folder.rglob("*")) if path.suffix in (".py", ".js")]
    found = {path.relative_to(folder).as_posix(): name.findall(path.read_text("utf-8")) for path in files}
    return {path: names for path, names in found.items() if names}


def test_the_engine_names_nothing_of_the_course():
    """No exercise, question, lesson or notebook stands in a file of the engine, in code or in words."""
    assert named_in(ENGINE) == {}


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ('if failed and exercise.id == "soft-moe":', "soft-moe"),
        ("# as in top_k_route", "top_k_route"),
        ("case = import_module('softmoe_edu.course.lesson_05.clinic')", "lesson_05"),
        ('notebook = "05_soft_moe_by_hand"', "05_soft_moe_by_hand"),
        ('find_question("m15-drop-rate")', "m15-drop-rate"),
    ],
)
def test_a_planted_name_is_found(tmp_path, line, name):
    """The check can fail: a name in a condition, a comment or a string is reported with its file."""
    (tmp_path / "check").mkdir()
    (tmp_path / "check" / "advice.py").write_text(f"{line}\n")
    (tmp_path / "hints.py").write_text("# soft-moe-like, a softmax, 40_960 tokens: none of these is a name\n")

    assert named_in(tmp_path) == {"check/advice.py": [name]}


@pytest.mark.slow
@pytest.mark.parametrize(
    "first", ["check.attempt", "predict.asking", "clinic.patient", "check", "discovery", "exports"]
)
def test_functions_are_never_hidden_by_packages(first):
    """Whichever module of the engine is imported first, check, predict and clinic are functions ever after."""
    code = (
        f"import softmoe_edu.teaching.{first}\n"
        "import softmoe_edu.teaching.check.report, softmoe_edu.teaching.predict.question\n"
        "import softmoe_edu.teaching.clinic.case\n"
        "from softmoe_edu.teaching.discovery import clinics, exercises, questions\n"
        "exercises(), questions(), clinics()\n"
        "from softmoe_edu import teaching\n"
        "from softmoe_edu.teaching import calibration, check, clinic, hint, predict, returning, use\n"
        "assert teaching.check is check and teaching.predict is predict and teaching.clinic is clinic\n"
        "print([type(each).__name__ for each in (calibration, check, clinic, hint, predict, returning, use)])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert done.stdout.strip() == str(["function"] * 7), done.stderr


@pytest.mark.slow
def test_a_check_imports_its_own_exercise_alone():
    """Importing the engine loads no lesson, and finding an exercise loads none but what that exercise needs."""
    code = (
        "import sys\n"
        "from softmoe_edu.teaching.discovery import find_exercise\n"
        "def loaded(): return sorted(m for m in sys.modules if m.startswith('softmoe_edu.course.'))\n"
        "print(loaded())\n"
        "find_exercise('expert-capacity')\n"
        "print({m.split('.')[2] for m in loaded()}, 'softmoe_edu.course.lesson_02.check_assign' in loaded())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert done.stdout.splitlines() == ["[]", "{'lesson_02'} False"], done.stderr


def test_a_lesson_is_called_what_its_notebook_says():
    """The number and title of each LESSON are the first heading of its notebook, and every notebook has a lesson."""
    headings = {
        path.name[:2]: re.search(r"^# # (.+)$", path.read_text("utf-8"), re.MULTILINE)[1]
        for path in NOTEBOOKS.glob("*.py")
    }

    assert headings == {number: f"{number} · {lesson.title}" for number, lesson in lessons().items()}
