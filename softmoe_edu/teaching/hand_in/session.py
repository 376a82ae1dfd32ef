"""Write the hand-in, and say what is in it and where it lies."""

import json
import os
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from softmoe_edu.files import write_atomically
from softmoe_edu.teaching import progress
from softmoe_edu.teaching.anonymous import anonymous
from softmoe_edu.teaching.hand_in.notebooks import events_in, lessons_in
from softmoe_edu.teaching.hand_in.pseudonym import pseudonym
from softmoe_edu.teaching.say import say
from softmoe_edu.text import plural

KIND = "hand-in"
WORDS = {"check": "check", "hint": "hint", "prediction": "prediction", "reveal": "reveal", "clinic": "diagnosis"}
HIDDEN = progress.FILE.parent


def main(folder: Path | None = None, *, out: Path | None = None) -> None:
    """Write the hand-in of a folder and say so; exit with a sentence if there is nothing to hand in."""
    try:
        say(*hand_in(folder or Path(), out))
    except (ValueError, OSError) as error:
        sys.exit(str(error))


def hand_in(folder: Path, out: Path | None = None) -> list[str]:
    """Write the hand-in, and return what is to be said of it.

    Args:
        folder: A workspace, a folder in one, the folder that holds one, or a folder with lessons.
        out: The file; without it, one in the workspace that is named after the pseudonym.

    Raises:
        ValueError: If there is nothing to hand in; the message says why, and what to do.
        OSError: If the file cannot be written.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder: name the one that holds your lessons")
    place = _workspace(folder.resolve())
    lessons = lessons_in(place or folder.resolve())
    said = []
    if place is None:
        if not lessons:
            raise ValueError(f"{folder} holds no lessons, nor does a folder above it: name the one that does")
        place = folder.resolve()
        _make(place / HIDDEN)
        said.append(
            "Outside of a workspace only the last run of each check is kept, by the saved notebook. From now on "
            f"lessons in {place} keep predictions, hints and every check, too."
        )
    events = _events(place, lessons)
    if not events:
        raise ValueError(" ".join([f"There is nothing to hand in yet in {place}: run some checks, and save.", *said]))
    name = pseudonym(place / HIDDEN)
    path = out or place / f"{KIND}-{name}.jsonl"
    if path.exists() and not _is_hand_in(path):
        raise ValueError(f"{path} already exists and is no hand-in: name another file")
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    head = {"version": progress.VERSION, "time": now, "kind": KIND, "id": name}
    write_atomically(path, "".join(json.dumps(each) + "\n" for each in (head, *events)).encode())
    return [*_sentences(path, name, events), *said]


def _sentences(path: Path, name: str, events: Sequence[dict]) -> list[str]:
    counts = Counter(event["kind"] for event in events)
    plurals = {"diagnosis": "diagnoses"}
    listed = [
        f"{count} {plurals.get(word, word + 's') if count > 1 else word}"
        for kind, word in WORDS.items()
        if (count := counts[kind])
    ]
    return [
        f"Your hand-in is {path.resolve()}.",
        f"It holds {', '.join(listed)}, each with its time, under the pseudonym {name}. No name, no folder and no code "
        "of yours is in it; it is text that you can read. Nobody has it unless you give it away.",
    ]


def _make(folder: Path) -> None:
    try:
        folder.mkdir()
    except OSError as error:
        raise ValueError(
            f"{folder} cannot be made ({error.strerror}): copy your lessons to a folder of yours"
        ) from error


def _workspace(folder: Path) -> Path | None:
    """Return the workspace that a folder is, lies in, or, if it is the only one, holds.

    Raises:
        ValueError: If the folder holds several.
    """
    if above := next((each for each in (folder, *folder.parents) if (each / HIDDEN).is_dir()), None):
        return above
    inside = sorted(each for each in folder.iterdir() if os.path.isfile(each / progress.FILE))
    if len(inside) > 1:
        raise ValueError(f"{folder} holds {plural(len(inside), 'workspace')}: name one, such as {inside[0]}")
    return inside[0] if inside else None


def _events(place: Path, lessons: Sequence[Path]) -> list[dict]:
    """Return all events once, by time, without anything that could name somebody."""
    path = place / progress.FILE
    found = progress.parse(path.read_bytes()).events if path.exists() else []
    found += [event for lesson in lessons for event in events_in(lesson)]
    kept = [known for event in found if (known := anonymous(event))]
    return list({(event["time"], event["kind"], event["id"]): event for event in sorted(kept, key=_time)}.values())


def _time(event: dict) -> str:
    return str(event["time"])


def _is_hand_in(path: Path) -> bool:
    with path.open("rb") as file:
        first = progress.parse(file.readline(1000)).events
    return bool(first) and first[0]["kind"] == KIND
