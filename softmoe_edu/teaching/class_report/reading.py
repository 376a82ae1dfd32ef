"""Find hand-ins in files, folders and zips: nothing is unpacked onto a disk, and all that is read has a limit.

A folder or a zip may hold anything. What is not read is named, with the reason.
"""

import json
import os
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import BinaryIO

from softmoe_edu.teaching import progress
from softmoe_edu.teaching.anonymous import anonymous
from softmoe_edu.teaching.hand_in.pseudonym import PSEUDONYM, known_pseudonym
from softmoe_edu.text import plural

ENDINGS = (".jsonl", ".json", ".txt")
LARGEST_FILE = 8 << 20  # bytes; a learner's whole course takes well under one million
LARGEST_ZIP = 256 << 20  # of all that one zip unpacks to, zips inside it included
LONGEST_LINE = 64 << 10
MOST_LINES = 50_000  # of one file
DEEPEST = 3  # zips in zips
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError, OSError, MemoryError)


@dataclass(frozen=True)
class HandIn:
    """The events of one file, without anything that could name somebody, and whose they are, where the file says so."""

    events: list[dict]
    pseudonym: str = ""


@dataclass
class Reading:
    """What was read and what was not: the hand-ins, and by name why another file is none.

    notes: how many lines are damaged or too long ("lines"), files with such lines ("damaged"), files with events of a
    newer version ("newer"). missing: what was named and is not there.
    """

    hand_ins: list[HandIn] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)

    def skip(self, name: str, why: str) -> None:
        """Note that a file is left out."""
        self.skipped.append((shown(name), why))


def read(paths: Sequence[str | Path]) -> Reading:
    """Read every hand-in in these files, folders and zips."""
    reading = Reading()
    for path in dict.fromkeys(map(Path, paths)):
        if not path.exists():
            reading.missing.append(shown(str(path)))
        elif path.is_dir():
            _folder(reading, path)
        else:
            _file(reading, path, str(path), named=True)
    return reading


def shown(name: str) -> str:
    """Return a file's name as a terminal can show it: in one line, of bounded length, without control characters."""
    name = "".join(letter if letter.isprintable() else "?" for letter in name)
    return name if len(name) <= 120 else f"{name[:57]}...{name[-60:]}"


def _folder(reading: Reading, folder: Path) -> None:
    others: Counter[str] = Counter()
    for place, folders, files in os.walk(folder, onerror=lambda error: reading.skip(str(error.filename), _why(error))):
        folders[:] = sorted(each for each in folders if not _is_hidden(each) or each == progress.FILE.parent.name)
        inside = Path(place)
        if inside.name == progress.FILE.parent.name:
            files = [name for name in files if name == progress.FILE.name]
        for name in sorted(files):
            if not _is_hidden(name) and not _is_aside(name):
                _entry(reading, str(inside / name), others, lambda path=inside / name: _file(reading, path, str(path)))
    _tell_others(reading, str(folder), others)


def _entry(reading: Reading, name: str, others: Counter[str], look: Callable[[], None]) -> None:
    ending = PurePosixPath(name).suffix.lower()
    if ending in (*ENDINGS, ".zip"):
        look()
    else:
        others[ending if re.fullmatch(r"\.[a-z0-9]{1,8}", ending) else "without a known ending"] += 1


def _tell_others(reading: Reading, name: str, others: Counter[str]) -> None:
    if others:
        kinds = ", ".join(f"{count} {ending}" for ending, count in others.most_common(8))
        reading.skip(name, f"{plural(others.total(), 'file')} in it of other kinds ({kinds}): {_readable()}")


def _readable() -> str:
    return f"hand-ins end in {', '.join(ENDINGS)} or .zip"


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "__MACOSX"))


def _is_aside(name: str) -> bool:
    # What was put aside as damaged stands in the mended file, too, where it is good.
    return ".damaged" in name and name.endswith(".jsonl")


def _file(reading: Reading, path: Path, name: str, named: bool = False) -> None:
    try:
        if not path.is_file() or (path.is_symlink() and not named):
            reading.skip(name, "it is a link" if path.is_symlink() else "it is no ordinary file")
        elif path.suffix.lower() == ".zip" or zipfile.is_zipfile(path):
            _zip(reading, path, name, [LARGEST_ZIP])
        elif named and path.suffix.lower() not in (*ENDINGS, ""):
            reading.skip(name, _readable())
        else:
            with path.open("rb") as file:
                raw = file.read(LARGEST_FILE + 1)
            folder = path.parent if path.parent.name == progress.FILE.parent.name else None
            _contents(reading, raw, name, known_pseudonym(folder) if folder else "")
    except OSError as error:
        reading.skip(name, _why(error))


def _why(error: BaseException) -> str:
    return f"it cannot be read ({getattr(error, 'strerror', None) or type(error).__name__})"


def _zip(reading: Reading, source: Path | BinaryIO, name: str, left: list[int], depth: int = 1) -> None:
    """Read the hand-ins of a zip; left holds how many bytes it and the zips around it may still unpack to."""
    others: Counter[str] = Counter()
    try:
        with zipfile.ZipFile(source) as archive:
            for member in archive.infolist():
                inside = f"{name}: {member.filename}"
                place = PurePosixPath(member.filename.replace("\\", "/"))
                hidden = any(_is_hidden(part) and part != progress.FILE.parent.name for part in place.parts)
                if ".." in place.parts or place.is_absolute() or PureWindowsPath(member.filename).drive:
                    reading.skip(inside, "its name leads out of the zip")
                    continue
                if member.is_dir() or hidden or _is_aside(place.name):
                    continue
                if progress.FILE.parent.name in place.parts and place.name != progress.FILE.name:
                    continue
                if left[0] <= 0:
                    reading.skip(name, f"it unpacks to more than {LARGEST_ZIP >> 20} MB: the rest is left out")
                    return
                _entry(reading, inside, others, lambda m=member, i=inside: _member(reading, archive, m, i, left, depth))
    except UNREADABLE as error:
        reading.skip(name, f"it is a damaged zip ({type(error).__name__})")
    _tell_others(reading, name, others)


def _member(
    reading: Reading, archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, left: list[int], depth: int
) -> None:
    most = min(LARGEST_FILE, left[0])
    try:
        with archive.open(member) as file:
            raw = file.read(most + 1)  # what the zip says of its sizes is not believed
    except (*UNREADABLE, NotImplementedError) as error:
        locked = isinstance(error, RuntimeError) and "password" in str(error)
        reading.skip(name, "it is locked with a password" if locked else f"it is damaged ({type(error).__name__})")
        return
    left[0] -= len(raw)
    if not name.lower().endswith(".zip"):
        _contents(reading, raw, name)
    elif len(raw) > most:
        reading.skip(name, _too_large())
    elif depth == DEEPEST:
        reading.skip(name, f"it lies in {DEEPEST} zips, one in another: unpack the outer ones")
    else:
        _zip(reading, BytesIO(raw), name, left, depth + 1)


def _too_large() -> str:
    return f"it is larger than {LARGEST_FILE >> 20} MB: no hand-in is"


def _contents(reading: Reading, raw: bytes, name: str, pseudonym: str = "") -> None:
    if len(raw) > LARGEST_FILE:
        reading.skip(name, _too_large())
        return
    raw = _listed(raw)
    if raw.count(b"\n") > MOST_LINES:
        reading.skip(name, f"it has more than {MOST_LINES} lines: no hand-in has")
        return
    contents = progress.parse(raw, longest=LONGEST_LINE)
    said = (event["id"] for event in contents.events if event["kind"] == "hand-in" and PSEUDONYM.fullmatch(event["id"]))
    pseudonym = next(said, pseudonym)
    events = [kept for event in contents.events if (kept := anonymous(event))]
    if contents.newer:
        reading.notes["newer"] += 1
    if events:
        reading.hand_ins.append(HandIn(events, pseudonym))
        reading.notes["lines"] += contents.damaged
        reading.notes["damaged"] += bool(contents.damaged)
    elif contents.newer:
        reading.skip(name, "it was written by a newer softmoe-edu: update to count it")
    elif contents.damaged:
        reading.skip(name, "it is damaged or no hand-in: no line of it is an event")
    else:
        reading.skip(name, "it holds no events")


def _listed(raw: bytes) -> bytes:
    """Return the lines of a file; where it is one JSON list of events, which some programs make of it, its items."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):  # what Windows calls Unicode
        raw = raw.decode("utf-16", "replace").encode()
    if not raw.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"["):
        return raw
    try:
        items = json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return raw
    return b"\n".join(_lines(items)) if isinstance(items, list) else raw


def _lines(items: list[object]) -> Iterator[bytes]:
    for item in items:
        yield json.dumps(item).encode("ascii", "replace")
