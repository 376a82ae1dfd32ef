"""What a class tried, passed and believed, from the progress files of several learners; files are counted, not named.

A row counts learners, one per file, and the most common comes first.
"""

import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

from softmoe_edu.teaching.discovery import asked, questions
from softmoe_edu.teaching.predict.question import CONFIDENCES
from softmoe_edu.teaching.progress import parse
from softmoe_edu.teaching.say import say
from softmoe_edu.text import plural

# Anything else in an id was typed by somebody and could name a person.
ID = re.compile(r"[a-z0-9]+([-_.][a-z0-9]+)*")
PHRASE = re.compile(r"[a-z0-9][a-z0-9 ,;:=()'*+/._-]*")
LONGEST = 44
NUMBER = re.compile(r"[\d.]+|-")


def report(paths: Sequence[str | Path]) -> str:
    """Return the report as text; a folder stands for the progress files in it, two equal files count once."""
    learners, seen, notes = [], set(), Counter()
    for path in _files(paths):
        try:
            raw = path.read_bytes()
        except OSError:
            notes["unreadable"] += 1
            continue
        if raw in seen:
            notes["twice"] += 1
            continue
        seen.add(raw)
        contents = parse(raw)
        notes["lines"] += contents.damaged
        notes["damaged"] += bool(contents.damaged)
        notes["newer"] += bool(contents.newer)
        notes["empty"] += not contents.events
        if contents.events:
            learners.append(contents.events)
    head = [f"Progress of {plural(len(learners), 'learner')}."]
    tables = [_exercises(learners), _mistakes(learners), _predictions(learners), _clinics(learners)] if learners else []
    return "\n\n".join(["\n".join(head + _sentences(notes)), *filter(None, tables)]) + "\n"


def main(argv: Sequence[str] | None = None) -> None:
    """Print the report on the files and folders named; exit with a sentence if none is."""
    paths = sys.argv[1:] if argv is None else argv
    if not paths:
        sys.exit("name the progress files of your class, or a folder that holds them: softmoe-edu report FILES...")
    say(report(paths).rstrip("\n"))


def _files(paths: Sequence[str | Path]) -> Iterable[Path]:
    for path in dict.fromkeys(map(Path, paths)):
        if path.is_dir():  # what was put aside as damaged stands in the mended file too, where it is good
            yield from (file for file in sorted(path.rglob("*.jsonl")) if ".damaged" not in file.name)
        else:
            yield path


def _sentences(notes: Counter[str]) -> list[str]:
    said = []
    if notes["damaged"]:
        lines = plural(notes["lines"], "damaged line")
        said.append(f"{plural(notes['damaged'], 'file')} held {lines}, left out.")
    if notes["newer"]:
        said.append(
            f"{plural(notes['newer'], 'file')} held events of a newer softmoe-edu, left out: update to count them."
        )
    if notes["empty"]:
        said.append(f"{plural(notes['empty'], 'file')} held no events, left out.")
    if notes["twice"]:
        said.append(f"{plural(notes['twice'], 'file')} duplicated another; duplicates count once.")
    if notes["unreadable"]:
        said.append(f"{plural(notes['unreadable'], 'file')} could not be read.")
    return said


def _exercises(learners: list[list[dict]]) -> str:
    rows = []
    for id, groups in _by_id(learners, ("check", "hint")).items():
        tries = [[event for event in group if event["kind"] == "check" and _tried(event)] for group in groups]
        tries = [group for group in tries if group]
        passed = sum(_passed(group) for group in tries)
        hinted = sum(any(event["kind"] == "hint" for event in group) for group in groups)
        attempts = f"{median(map(len, tries)):g}" if tries else "-"
        rows.append((id, len(tries), passed, hinted, attempts))
    head = ("exercise", "tried", "passed", "took hints", "attempts (median)")
    return _table("Exercises, in learners", head, rows)


def _mistakes(learners: list[list[dict]]) -> str:
    who, often = Counter(), Counter()
    for events in learners:
        found = Counter(
            (_name(event["id"]), _name(event.get("mistake")) or _phrase(event.get("property")))
            for event in events
            if event["kind"] == "check" and event.get("status") == "failed"
        )
        often.update(found)
        who.update(found.keys())
    rows = [(mistake, exercise, count, often[exercise, mistake]) for (exercise, mistake), count in who.items()]
    head = ("mistake", "exercise", "learners", "times")
    return _table("Mistakes that checks recognised, or in brackets the property that failed", head, rows, by=2)


def _predictions(learners: list[list[dict]]) -> str:
    rows = []
    for id, groups in _by_id(learners, ("reveal",)).items():
        firsts = [next((event for event in group if _revealed(event)), None) for group in groups]
        firsts = [event for event in firsts if event]
        if not firsts:
            continue
        missed = Counter(event["confidence"] for event in firsts if not event["right"])
        belief = questions()[id].misconception if id in questions() else "-"
        rows.append((id, belief, missed.total(), len(firsts), *(missed[sure] for sure in CONFIDENCES)))
    head = ("prediction", "belief", "missed", "of", *(f"{sure} % sure" for sure in CONFIDENCES))
    table = _table("Predictions missed, in learners, by how sure they were", head, rows, by=2)
    seen = {row[1] for row in rows if row[2]}
    beliefs = [f"  {each.misconception}: {each.belief}" for each in asked() if each.misconception in seen]
    return "\n".join([table, *(["Beliefs behind the missed ones:", *beliefs] if beliefs else [])])


def _clinics(learners: list[list[dict]]) -> str:
    rows = [
        (id, len(groups), sum(any(event.get("right") is True for event in group) for group in groups))
        for id, groups in _by_id(learners, ("clinic",)).items()
    ]
    return _table("Clinics, in learners", ("clinic", "diagnosed", "rightly"), rows)


def _by_id(learners: list[list[dict]], kinds: tuple[str, ...]) -> dict[str, list[list[dict]]]:
    """Group the events of some kinds by id, a list for each learner who has any."""
    grouped = defaultdict(list)
    for events in learners:
        own = defaultdict(list)
        for event in events:
            if event["kind"] in kinds:
                own[_name(event["id"])].append(event)
        for id, group in own.items():
            grouped[id].append(group)
    return grouped


def _tried(event: dict) -> bool:
    return event.get("status") in ("passed", "failed")


def _passed(group: list[dict]) -> bool:
    return any(event.get("status") == "passed" for event in group)


def _revealed(event: dict) -> bool:
    return isinstance(event.get("right"), bool) and event.get("confidence") in CONFIDENCES


def _name(id: object) -> str:
    if id is None:
        return ""
    return id if isinstance(id, str) and len(id) <= LONGEST and ID.fullmatch(id) else "(other)"


def _phrase(words: object) -> str:
    """Return the words of a property in brackets, shortened if they are too long."""
    if not isinstance(words, str) or not PHRASE.fullmatch(words):
        return "(other)"
    return f"({words})" if len(words) <= LONGEST else f"({words[: LONGEST - 3].rstrip()}...)"


def _table(title: str, head: Sequence[str], rows: list[tuple], by: int = 1) -> str:
    """Return an aligned table, the largest numbers of a column first; nothing if there is no row."""
    if not rows:
        return ""
    rows = sorted(rows, key=lambda row: (-row[by], -row[by + 1] if isinstance(row[by + 1], int) else 0, row[0]))
    cells = [tuple(map(str, row)) for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    numeric = [all(map(NUMBER.fullmatch, column[1:])) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(row, widths, numeric, strict=True)
        ).rstrip()
        for row in cells
    ]
    return "\n".join([title, *(f"  {line}" for line in lines)])
