"""What a learner tried, passed, predicted and got hints for: one readable file in the workspace.

`.softmoe/progress.jsonl` has one event a line (JSON Lines), oldest first, each with the keys "version", "time" (ISO,
UTC), "kind" ("check", "hint", "prediction", "reveal", "clinic", ...), "id", and what the kind adds. The workspace is
the nearest folder from the current one upwards that holds `.softmoe/`; a notebook that goes elsewhere (`%cd`) keeps the
one that it had. Without one, or where it cannot be written, events are kept for the session and a sentence says so.
SOFTMOE_PROGRESS=off reads and writes no file. Nothing here raises for the state of a disk, and nothing leaves the
machine.
"""

import json
import math
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

from softmoe_edu.files import write_atomically
from softmoe_edu.teaching.say import say
from softmoe_edu.teaching.shell import current_shell
from softmoe_edu.text import plural

VERSION = 1
FILE = Path(".softmoe") / "progress.jsonl"
SWITCH = "SOFTMOE_PROGRESS"
IN_NOTEBOOKS = "softmoe_edu"  # in the metadata of a check's output: the event that no file took
# filelock raises NotImplementedError on a file system that has no locks; its Timeout is an OSError.
FAILURES = (OSError, NotImplementedError)

_session: list[dict] = []  # events that no file took
_said: set[str] = set()
_known: list[Path] = []  # the workspaces of this session, the last one last


@dataclass(frozen=True)
class Contents:
    """The contents of a progress file: events of this version, and how many lines are damaged or of a newer version.

    good: the lines as they are in the file, without the damaged ones.
    """

    events: list[dict]
    damaged: int
    newer: int
    good: bytes


def note(kind: str, id: str, **data: object) -> dict | None:
    """Add an event; data is any JSON, or a number of NumPy or torch, and may not be named version or time.

    Returns the event where no file took it, although one should: outside of a workspace, or on a full disk.
    """
    assert not {"version", "time"} & data.keys()
    time = datetime.now(UTC).isoformat(timespec="milliseconds")
    event = {"version": VERSION, "time": time, "kind": kind, "id": id} | _plain(data)
    place = None if _is_off() else workspace()
    taken = place is not None and _append(place / FILE, event)
    if not taken:
        _session.append(event)
    if place is None and not _is_off():
        _say(
            "Progress is kept for this session only: no folder from here upwards holds .softmoe. "
            "Lessons opened by softmoe-edu lab keep it; elsewhere, softmoe-edu hand-in makes a folder that does."
        )
    return None if taken or _is_off() else event


def events(kind: str | None = None, id: str | None = None) -> list[dict]:
    """Return the events so far, oldest first: all of them, or those of one kind, of one id, or both."""
    place = None if _is_off() else workspace()
    known = (_read(place / FILE) if place else []) + _session
    return [event for event in known if kind in (None, event["kind"]) and id in (None, event["id"])]


def attempts(kind: str, id: str) -> int:
    """Count the events of one kind and id."""
    return len(events(kind, id))


def workspace() -> Path | None:
    """Return the folder whose `.softmoe/` holds this session's progress, or None.

    The nearest one from the current folder upwards counts; else the last one of this session, wherever it went since;
    else the nearest one from the folder upwards in which the kernel started.
    """
    place = _upwards(_current_folder()) or _last_known() or _upwards(_start_of_kernel())
    if place and place not in _known[-1:]:
        _known.append(place)
    return place


def _upwards(folder: Path | None) -> Path | None:
    folders = (folder, *folder.parents) if folder else ()
    return next((each for each in folders if os.path.isdir(each / FILE.parent)), None)


def _current_folder() -> Path | None:
    try:
        return Path.cwd()
    except OSError:  # the folder was deleted
        return None


def _last_known() -> Path | None:
    return next((each for each in reversed(_known) if os.path.isdir(each / FILE.parent)), None)


def _start_of_kernel() -> Path | None:
    start = getattr(current_shell(), "starting_dir", None)
    return Path(start) if start else None


def parse(raw: bytes, longest: int | None = None) -> Contents:
    """Read the bytes of a progress file; a line that is damaged, or longer than `longest` bytes, is left out."""
    found, good, damaged, newer = [], [], 0, 0
    for line in raw.split(b"\n"):
        if not line.strip():
            continue
        try:
            too_long = longest is not None and len(line) > longest
            event = None if too_long else json.loads(line.decode("utf-8-sig"))  # some editors put a mark at the start
        except (ValueError, RecursionError):
            event = None
        version = event.get("version") if isinstance(event, dict) else None
        if type(version) is int and version > VERSION:
            newer += 1
        elif version == VERSION and all(isinstance(event.get(key), str) for key in ("time", "kind", "id")):
            found.append(event)
        else:
            damaged += 1
            continue
        good.append(line + b"\n")
    return Contents(found, damaged, newer, b"".join(good))


def _is_off() -> bool:
    return os.environ.get(SWITCH, "").strip().lower() == "off"


def _say(sentence: str) -> None:
    """Print a sentence once in a session; to stdout, because a grader takes points for anything on stderr."""
    if sentence not in _said:
        _said.add(sentence)
        say(sentence)


def _reason(error: BaseException) -> str:
    error = error.__cause__ or error  # of a sentence that `write_atomically` made of it
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _lock(path: Path) -> FileLock:
    return FileLock(path.with_suffix(".lock"), timeout=5)


def _append(path: Path, event: dict) -> bool:
    """Write one line at the end of the file; return whether it was written."""
    line = json.dumps(event, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
    try:
        with _lock(path), path.open("a+b") as file:
            if file.seek(0, os.SEEK_END):
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":  # a line that was cut off stays a line of its own
                    line = b"\n" + line
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
    except FAILURES as error:
        _say(f"Progress is kept for this session only: {path} cannot be written ({_reason(error)}).")
        return False
    return True


def _read(path: Path) -> list[dict]:
    try:
        contents = parse(path.read_bytes())
    except FileNotFoundError:
        return []
    except OSError as error:
        _say(f"Earlier progress is not used: {path} cannot be read ({_reason(error)}).")
        return []
    if contents.damaged:
        contents = _mend(path, contents)
    if contents.newer:
        _say(
            f"{path.name} holds events of a newer softmoe-edu: they stay in the file, but are not counted. "
            "Update with python -m pip install -U softmoe-edu."
        )
    return contents.events


def _mend(path: Path, seen: Contents) -> Contents:
    """Put the file aside and leave its good lines under its name, if it is still damaged once nobody writes to it."""
    lost = plural(seen.damaged, "line")
    try:
        with _lock(path):
            raw = path.read_bytes()
            seen = parse(raw)
            if not seen.damaged:
                return seen
            aside, count = path.with_suffix(".damaged.jsonl"), 1
            while aside.exists():
                count += 1
                aside = path.with_suffix(f".damaged-{count}.jsonl")
            write_atomically(aside, raw)
            write_atomically(path, seen.good)
    except FAILURES as error:
        _say(f"{path} is still used, without {lost} that cannot be read; repairing it failed ({_reason(error)}).")
        return seen
    _say(f"{path.name} is still used, without {lost} that cannot be read; the damaged file is kept as {aside.name}.")
    return seen


def _plain(value: object) -> object:
    """Return a value that JSON can hold: tensors as numbers or lists, what is not finite or unknown as text."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(value)
    return value if value is None or isinstance(value, str | bool | int) else str(value)


workspace()  # a cell may go elsewhere before the first event
