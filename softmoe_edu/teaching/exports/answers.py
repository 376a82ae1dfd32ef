"""What a teacher needs of an exercise: an answer that passes, other right ones, and what each mistake is told."""

import inspect
import re

from softmoe_edu.teaching.check.examine import examine
from softmoe_edu.teaching.check.report import Report
from softmoe_edu.teaching.discovery import sources
from softmoe_edu.teaching.exercise import Exercise
from softmoe_edu.teaching.exports.lesson import SEED
from softmoe_edu.teaching.exports.markdown import table
from softmoe_edu.teaching.kill_matrix import from_text, own
from softmoe_edu.text import plural


def exercise_lines(exercise: Exercise) -> list[str]:
    """Return an exercise's part of the card, everything in it run through the check.

    Raises ValueError where the check refuses a right answer, accepts a mistake, or names another one.
    """
    star = "★ " if exercise.essential else ""
    points = f"{plural(exercise.points, 'point')}, difficulty {exercise.difficulty} of 5"
    passes = plural(_right(exercise, from_text(exercise, exercise.solution)).total, "property", "properties")
    return [
        "",
        f"## {star}{exercise.id}: {exercise.title} ({exercise.minutes} min, {points})",
        "",
        *_listing(exercise),
        f"An answer that passes ({passes}):",
        "",
        "```python",
        exercise.solution,
        "```",
        "",
        "Answers of these kinds pass too:",
        "",
        *(f"- {_first_line(variant)}" for variant in exercise.variants if _right(exercise, own(variant))),
        "",
        "What the check says about each mistake, and the belief behind it:",
        "",
        *table(
            (f"{exercise.matches} …", "belief", "refuted by", "how it comes about", "first property violated; points"),
            _rows(exercise),
        ),
    ]


def _right(exercise: Exercise, function: object) -> Report:
    report = examine(exercise, function, seed=SEED)
    if not report.passed:
        raise ValueError(f"{exercise.id}: a right answer is rejected\n{report}")
    return report


def _rows(exercise: Exercise) -> list[tuple[str, ...]]:
    rows = []
    for mistake in exercise.mistakes:
        report = examine(exercise, own(mistake.function), seed=SEED)
        if report.passed or report.mistake != (mistake.same_as or mistake.id):
            raise ValueError(f"{exercise.id}: the check does not name {mistake.id}\n{report}")
        if mistake.same_as:
            continue  # the same function: the check says the same
        points = f"{report.points(exercise.points):.2g} of {plural(exercise.points, 'point')}"
        worth = f"violates “{report.failed}”; {points}"
        does = f"**{mistake.does}** (`{mistake.id}`)"
        rows.append((does, mistake.belief, mistake.refuted, linked(mistake.seen), worth))
    return rows


def _listing(exercise: Exercise) -> list[str]:
    """Return the lines that the answer puts in order, which a card must show: it holds their numbers alone."""
    return ["The lines:", "", "```text", exercise.listing, "```", ""] if exercise.listing else []


def linked(seen: str) -> str:
    """Return in markdown how a mistake comes about; what names a public source links to it."""
    known = sources()
    names = "|".join(re.escape(name) for name in sorted(known, key=len, reverse=True))
    return re.sub(names, lambda found: f"[{found[0]}]({known[found[0]]})", seen)


def _first_line(function: object) -> str:
    return (inspect.getdoc(function) or getattr(function, "__name__", "")).splitlines()[0]
