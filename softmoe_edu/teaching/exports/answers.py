"""What a teacher needs of an exercise: an answer that passes, other right ones, and what each mistake is told."""

import inspect

from softmoe_edu.teaching.check.examine import examine
from softmoe_edu.teaching.check.report import Report
from softmoe_edu.teaching.exercise import Exercise
from softmoe_edu.teaching.exports.lesson import SEED
from softmoe_edu.teaching.exports.markdown import table
from softmoe_edu.teaching.kill_matrix import from_text, own


def exercise_lines(exercise: Exercise) -> list[str]:
    """Return an exercise's part of the card, everything in it run through the check.

    Raises ValueError where the check refuses a right answer, accepts a mistake, or names another one.
    """
    star = "★ " if exercise.essential else ""
    points = f"{exercise.points} points, difficulty {exercise.difficulty} of 5"
    return [
        "",
        f"## {star}{exercise.id}: {exercise.title} ({exercise.minutes} min, {points})",
        "",
        f"An answer that passes ({_right(exercise, from_text(exercise, exercise.solution)).total} properties hold):",
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
            ("your numbers equal those of a function that …", "belief", "refuted by", "seen", "fails at"),
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
        worth = f"{report.failed}; {report.points(exercise.points):.2g} of {exercise.points} points"
        rows.append((f"**{mistake.does}** (`{mistake.id}`)", mistake.belief, mistake.refuted, mistake.seen, worth))
    return rows


def _first_line(function: object) -> str:
    return (inspect.getdoc(function) or getattr(function, "__name__", "")).splitlines()[0]
