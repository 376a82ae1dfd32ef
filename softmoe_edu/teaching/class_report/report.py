"""The report as a value: sentences and tables, counted over learners."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from softmoe_edu.teaching.class_report import predictions
from softmoe_edu.teaching.class_report.clusters import clusters
from softmoe_edu.teaching.class_report.exercises import crashes, exercises, mistakes
from softmoe_edu.teaching.class_report.learners import learners
from softmoe_edu.teaching.class_report.reading import Reading, read
from softmoe_edu.teaching.class_report.table import Table
from softmoe_edu.text import plural

TABLES = (
    exercises,
    mistakes,
    clusters,
    crashes,
    predictions.predictions,
    predictions.answers,
    predictions.clinics,
)


@dataclass(frozen=True)
class ClassReport:
    """What a class did.

    sentences: how many learners and files there are, and what of these is left out. tables: those that hold a row.
    reading: what was read, with the names of what was not; these may tell who handed in, and stay out of pages.
    """

    sentences: tuple[str, ...]
    tables: tuple[Table, ...]
    reading: Reading


def report(paths: Sequence[str | Path]) -> ClassReport:
    """Read what is handed in, and count it."""
    reading = read(paths)
    people = learners(reading.hand_ins)
    tables = tuple(table for make in TABLES if (table := make(people)).rows)
    return ClassReport(tuple(_sentences(reading, len(people))), tables, reading)


def _sentences(reading: Reading, people: int) -> list[str]:
    notes = reading.notes
    said = [f"Progress of {plural(people, 'learner')}, from {plural(len(reading.hand_ins), 'file')}."]
    if notes["damaged"]:
        lines = plural(notes["lines"], "damaged line")
        said.append(f"{plural(notes['damaged'], 'file')} held {lines}, left out.")
    if notes["newer"]:
        files = plural(notes["newer"], "file")
        said.append(f"{files} held events of a newer softmoe-edu, left out: update to count them.")
    if reading.skipped:
        said.append(f"Left out: {plural(len(reading.skipped), 'other thing')}; the command's own output names them.")
    if reading.missing:
        said.append(f"Not found: {plural(len(reading.missing), 'thing')} that you named.")
    return said
