"""Evidence that the checks can fail and can pass: every exercise against its mistakes, its right variants and its stub.

`python -m softmoe_edu.teaching.kill_matrix FILE` writes the table.
"""

import sys
import types
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from softmoe_edu.teaching.check.examine import examine, tested
from softmoe_edu.teaching.check.report import MOST_LINES, MOST_WRONG, RIGHT_BUT_FORM, Report
from softmoe_edu.teaching.discovery import exercises
from softmoe_edu.teaching.exercise import Exercise
from softmoe_edu.teaching.say import say


@dataclass(frozen=True)
class Row:
    """One answer and what the check said; kind is "stub", "right" or "wrong", expected the mistake's id."""

    exercise: Exercise
    kind: str
    name: str
    report: Report
    expected: str | None = None

    @property
    def faults(self) -> list[str]:
        """Sentences on what the check should have said."""
        report, where = self.report, f"{self.exercise.id}, {self.name}"
        status = {"stub": "not started", "right": "passed", "wrong": "failed"}[self.kind]
        found = []
        if report.status != status:
            found.append(f"{where}: {report.status} at {report.failed}, expected {status}")
        elif self.kind == "wrong" and report.mistake != self.expected:
            found.append(f"{where}: named {report.mistake}, expected {self.expected}")
        if self.kind == "wrong" and report.status == "failed":
            form = any(each.form for each in self.exercise.mistakes if each.id == self.name)
            points, most = report.points(), RIGHT_BUT_FORM if form else MOST_WRONG
            if points > most or (form and not report.only_form):
                found.append(f"{where}: gets {points:.2f} of the points, expected {'just' if form else 'up to'} {most}")
        if len(str(report).splitlines()) > MOST_LINES:
            found.append(f"{where}: the message has over {MOST_LINES} lines")
        found += [f"{where}: the message shows the code {line!r}" for line in shown_code(self.exercise, str(report))]
        return found


def shown_code(exercise: Exercise, message: str) -> list[str]:
    """Return the lines of the reference's body that a message contains, whatever the spaces."""
    squeezed = "".join(message.split())
    return [line for line in exercise.solution_lines if "".join(line.split()) in squeezed]


def own(function: Callable) -> Callable:
    """Return a function as a learner would have written it: equal, but not the object that may not be called."""
    code, name = function.__code__.replace(), function.__name__
    return types.FunctionType(code, function.__globals__, name, function.__defaults__, function.__closure__)


def from_text(exercise: Exercise, source: str) -> Callable:
    """Execute the text of an answer where a notebook would: with torch and math imported."""
    namespace: dict[str, object] = {}
    exec(f"import math\nimport torch\n{source}", namespace)
    return namespace[exercise.name]


def rows(exercise: Exercise, seed: int = 0) -> Iterable[Row]:
    """Check the stub, the reference as text, the variants and the mistakes of an exercise."""
    yield Row(exercise, "stub", "stub", examine(exercise, from_text(exercise, exercise.stub), seed=seed))
    yield Row(exercise, "right", "reference", examine(exercise, from_text(exercise, exercise.solution), seed=seed))
    for variant in exercise.variants:
        yield Row(exercise, "right", variant.__name__, examine(exercise, own(variant), seed=seed))
    for mistake in exercise.mistakes:
        report = examine(exercise, own(mistake.function), seed=seed)
        yield Row(exercise, "wrong", mistake.id, report, mistake.same_as or mistake.id)


def render(all_rows: Iterable[Row]) -> str:
    """Return the matrix as markdown: a table for each exercise, a column for each property, × where it fails."""
    by_exercise: dict[str, list[Row]] = {}
    counts: Counter[str] = Counter()
    for row in all_rows:
        counts[row.kind] += 1
        by_exercise.setdefault(row.exercise.id, []).append(row)
    lines = [
        "# The kill matrix",
        "",
        "Every exercise's check against every known mistake and every right variant, as run by the tests; × marks a",
        f"property that does not hold. {counts['wrong']} wrong answers are rejected and named, {counts['right']} right",
        "ones accepted.",
        "",
        "Built by `python -m softmoe_edu.teaching.kill_matrix docs/kill_matrix.md`.",
    ]
    for group in by_exercise.values():
        exercise = group[0].exercise
        names = [each.name for each in tested(exercise)]
        lines += ["", f"## {exercise.id} (lesson {exercise.lesson})", ""]
        lines.append("| answer | said | " + " | ".join(names) + " |")
        lines.append("| --- | --- |" + " :-: |" * len(names))
        for row in group:
            marks = ["×" if name in row.report.fails else "" for name in names]
            said = row.report.mistake or row.report.status
            lines.append(f"| {row.name.replace('_', ' ')} | {said} | " + " | ".join(marks) + " |")
    return "\n".join(lines) + "\n"


def main(argv: list[str]) -> None:
    """Run every check on everything and write the table; exit with 1 and sentences if one said something wrong."""
    everything = [row for exercise in exercises().values() for row in rows(exercise)]
    text, faults = render(everything), [fault for row in everything for fault in row.faults]
    Path(argv[0]).write_text(text, encoding="utf-8") if argv else say(text)
    sys.exit("\n".join(faults) or None)


if __name__ == "__main__":
    main(sys.argv[1:])
