"""How long a class takes: generated submissions of a lesson, graded as `softmoe-edu grade` does.

python -m benchmarks.grading [--submissions 100] [--workers 2] writes benchmarks/records/grading.json. The submissions
mix right answers, stubs, answers right but for their dtype, and the course's mistakes; no two are alike.
"""

import argparse
import ast
import builtins
import inspect
import json
import platform
import random
import tempfile
import textwrap
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import nbformat
import torch

from softmoe_edu import __version__
from softmoe_edu.files import write_atomically
from softmoe_edu.teaching.exercise import Exercise
from softmoe_edu.teaching.exports.lesson import LessonNotebook, chosen
from softmoe_edu.teaching.grading.extract import FROM_THE_START, statements_of
from softmoe_edu.teaching.grading.sandbox import missing
from softmoe_edu.teaching.grading.session import grade

RECORD = Path(__file__).parent / "records" / "grading.json"
GOAL_S = 600  # for 100 submissions of lesson 05 on two cores


def alone(exercise: Exercise, function: Callable) -> str | None:
    """Return a function's text under the exercise's name; None where it needs more than torch and math."""
    text = textwrap.dedent(inspect.getsource(function))
    node = ast.parse(text).body[0]
    node.decorator_list, node.name = [], exercise.name
    (statement,) = statements_of(ast.unparse(node), 1)
    known = FROM_THE_START | set(dir(builtins))
    return statement.text if statement.needs <= known else None


def answers(exercise: Exercise) -> list[str]:
    """Return what students write: right, not started, and wrong in several ways."""
    wrong = [alone(exercise, each.function) for each in exercise.mistakes]
    right = [alone(exercise, each) for each in exercise.variants]
    return [exercise.solution] * 4 + [exercise.stub] + [each for each in (*right, *wrong) if each]


def write(folder: Path, lesson: LessonNotebook, count: int) -> None:
    """Write so many submissions; the same ones each time."""
    chance = random.Random(0)
    choices = [(place, answers(place.exercise)) for place in lesson.places]
    for number in range(count):
        notebook = lesson.copy()
        for place, texts in choices:
            notebook.cells[place.answer].source = f"{chance.choice(texts)}\n# {number}"
        nbformat.write(notebook, folder / f"student{number:03}_{lesson.name}.ipynb")


def main(argv: list[str] | None = None) -> None:
    """Grade, print and record."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.grading", description=__doc__)
    parser.add_argument("--submissions", type=int, default=100)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--lesson", default="05")
    parser.add_argument("--output", type=Path, default=RECORD)
    options = parser.parse_args(argv)
    (lesson,) = chosen([options.lesson])
    with tempfile.TemporaryDirectory() as top:
        handed_in = Path(top, "in")
        handed_in.mkdir()
        write(handed_in, lesson, options.submissions)
        start = time.perf_counter()
        results = grade(
            handed_in, Path(top, "out"), lesson=options.lesson, workers=options.workers, agreed=lambda lacking: True
        )
        took = time.perf_counter() - start
    record = {
        "lesson": lesson.name,
        "submissions": len(results),
        "workers": options.workers,
        "seconds": round(took, 1),
        "seconds per submission": round(took / len(results), 2),
        "goal of 100 submissions": GOAL_S,
        "statuses": dict(Counter(each.status for each in results)),
        "not isolated": missing(),
        "date": datetime.now(UTC).date().isoformat(),
        "software": {"softmoe_edu": __version__, "torch": torch.__version__, "python": platform.python_version()},
        "machine": f"{platform.system()} {platform.machine()}",
    }
    write_atomically(options.output, json.dumps(record, indent=1).encode() + b"\n")
    print(json.dumps(record, indent=1))


if __name__ == "__main__":
    main()
