"""Gather what a class handed in: notebooks of any name, in folders and zips, each with the names that lead to it.

Nothing is unpacked on disk, so no name in a zip leads anywhere.
"""

import hashlib
import io
import os
import re
import stat
import time
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from softmoe_edu.teaching.grading.notebook import LARGEST, Unreadable, looks_like_one, read

LONGEST = 200  # letters of a name
ENTRIES, UNPACKED, DEEPEST = 5_000, 1 << 30, 3  # of one zip: files, bytes, zips within zips
NOTEBOOKS = (".ipynb", ".py")
PASSED_OVER = {"__macosx", ".ipynb_checkpoints", "__pycache__", ".git", "node_modules"}
# Words of file names that are nobody's name.
COMMON = set(
    "lesson lessons submission submissions submitted downloads downloaded download archive assignment assignsubmission "
    "assignments file files onlinetext homework hw notebook notebooks solution solutions solved exercise exercises "
    "untitled final late copy kopie my new test answer answers attempt version ipynb py zip students class".split()
)
TIME = re.compile(r"(20\d\d)[-_.]?(\d\d)[-_.]?(\d\d)(?:[-_ T.]+(\d\d)[-_.:h]?(\d\d)(?:[-_.:]?(\d\d))?)?(?!\d)")
NUMBERED = re.compile(
    r"\s*\((\d{1,3})\)|[-_ ]+copy[-_ ]?(\d{0,3})|(?:^|[-_ ]+)(?:v|version|attempt|try)[-_ ]?(\d{1,3})(?![a-z0-9])", re.I
)


@dataclass(frozen=True)
class Submission:
    """One notebook, or what should be one.

    path: where it lies, a file in a zip behind its zip. parts: folders, zips and the file, without endings. when: when
    it was handed in, in seconds since 1970. cells: its code; None where it cannot be read, and unreadable says why.
    digest: of its code. raw: the file, where it is kept.
    """

    path: str
    parts: tuple[str, ...]
    when: float
    cells: tuple[str, ...] | None = None
    unreadable: str = ""
    digest: str = ""
    number: int = 0
    label: str = ""
    raw: bytes = field(default=b"", repr=False, compare=False)


@dataclass
class Collection:
    """All that was found in a folder, and what was passed over, in words; raw: whether files are kept."""

    submissions: list[Submission] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    raw: bool = False


def collect(folder: Path, lessons: Sequence[str], leave_out: Path | None = None, *, raw: bool = False) -> Collection:
    """Read everything in a folder, or in one file.

    Args:
        folder: What the class handed in.
        lessons: Names of lessons, of the form NN_name: they are nobody's name.
        leave_out: A folder in which nothing is looked for, such as that of the results.
        raw: Whether submissions keep the whole file and not its code alone.
    """
    found = Collection(raw=raw)
    for path in [folder] if folder.is_file() else _walk(folder, leave_out):
        inside = path.relative_to(folder if folder.is_dir() else folder.parent)
        try:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):
                found.notes.append(f"{inside}: passed over, no ordinary file")
                continue
            if status.st_size > LARGEST and path.suffix.lower() != ".zip":
                if path.suffix.lower() in NOTEBOOKS:
                    found.submissions.append(_too_large(str(inside), inside.with_suffix("").parts, status.st_mtime))
                else:
                    found.notes.append(f"{inside}: passed over, {status.st_size >> 20} MB")
                continue
            content = path.read_bytes()
        except OSError as error:
            found.notes.append(f"{inside}: cannot be read ({error.strerror})")
            continue
        when = _stamped(path) or status.st_mtime
        _take(found, str(inside), inside.parts, content, when, depth=0)
    found.submissions = labelled(found.submissions, lessons)
    return found


def _walk(folder: Path, leave_out: Path | None) -> Iterator[Path]:
    for top, folders, files in os.walk(folder):
        folders[:] = sorted(
            each
            for each in folders
            if not _hidden(each) and (leave_out is None or Path(top, each).resolve() != leave_out)
        )
        yield from (Path(top, each) for each in sorted(files) if not _hidden(each))


def _hidden(name: str) -> bool:
    # A student may be called anything, and systems hide files of their own: ._x.ipynb and .~x.ipynb.
    own = name.startswith("..") and name.lower().endswith(NOTEBOOKS)
    return name.lower() in PASSED_OVER or (name.startswith(".") and not own)


def _stamped(path: Path) -> float | None:
    """Return the time that a platform wrote into the file's name, or nbgrader's exchange beside it."""
    if named := _time_in(path.stem):
        return named
    try:
        words = path.with_name("timestamp.txt").read_text(encoding="utf-8").strip()
        return datetime.fromisoformat(re.sub(r"\s+UTC$|Z$", "+00:00", words)).timestamp()
    except (OSError, ValueError):
        return None


def _time_in(name: str) -> float | None:
    if not (known := TIME.search(name)):
        return None
    try:
        return datetime(*(int(each) for each in known.groups(default="0"))).timestamp()
    except ValueError:
        return None


def _too_large(path: str, parts: tuple[str, ...], when: float) -> Submission:
    return Submission(path, parts, when, unreadable=f"the file is larger than {LARGEST >> 20} MB")


@dataclass
class _Left:
    """What may still be unpacked of a zip and the zips in it."""

    files: int
    size: int


def _take(
    found: Collection,
    path: str,
    parts: Sequence[str],
    raw: bytes,
    when: float,
    *,
    depth: int,
    left: _Left | None = None,
) -> None:
    """Add what one file holds; left: what may be unpacked, if it lies in a zip itself."""
    # A name in a zip may have 65,000 letters.
    *above, name = (part[:LONGEST] for part in parts)
    stem, ending = os.path.splitext(parts[-1])
    stem = stem[:LONGEST]
    places = (*above, stem)
    if ending.lower() == ".zip" or (raw[:4] == b"PK\x03\x04" and ending.lower() not in (".docx", ".xlsx", ".npz")):
        _unzip(found, path, places, raw, when, left or _Left(ENTRIES, UNPACKED), depth=depth)
    elif ending.lower() in NOTEBOOKS or looks_like_one(raw):
        try:
            cells = read(raw, name).cells
        except Unreadable as error:
            found.submissions.append(Submission(path, places, when, unreadable=str(error)))
        else:
            digest = hashlib.sha256("\0".join(cells).encode(errors="surrogatepass")).hexdigest()
            kept = raw if found.raw else b""
            found.submissions.append(Submission(path, places, when, cells, digest=digest, raw=kept))
    elif name != "timestamp.txt":
        found.notes.append(f"{path}: passed over, no notebook")


def _unzip(
    found: Collection, path: str, parts: tuple[str, ...], raw: bytes, when: float, left: _Left, *, depth: int
) -> None:
    if depth == DEEPEST:
        found.notes.append(f"{path}: passed over, a zip within too many others")
        return
    try:
        archive = zipfile.ZipFile(io.BytesIO(raw))
        entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, EOFError, UnicodeError) as error:
        found.submissions.append(Submission(path, parts, when, unreadable=f"the zip is damaged ({error})"))
        return
    if len(entries) > left.files:
        why = f"the zip holds {len(entries)} files; {left.files} are read at most"
        found.submissions.append(Submission(path, parts, when, unreadable=why))
        return
    left.files -= len(entries)
    for entry in entries:
        steps = [each for each in re.split(r"[/\\]", entry.filename) if each not in ("", ".", "..")]
        if entry.is_dir() or not steps or any(_hidden(each) for each in steps):
            continue
        inner, ending = f"{path}!{'/'.join(steps)}"[:1000], os.path.splitext(steps[-1])[1].lower()
        places = (*parts, *steps[:-1], os.path.splitext(steps[-1])[0])
        if ending not in (*NOTEBOOKS, ".zip", ".txt", ".json", ""):
            found.notes.append(f"{inner}: passed over, no notebook")
            continue
        handed = _time_in(steps[-1]) or _time_of(entry) or when
        try:
            if entry.file_size > min(LARGEST, left.size):
                raise ValueError("it is too large")
            with archive.open(entry) as file:
                content = file.read()  # never more than the size that the zip says
        except Exception as error:  # zipfile raises what its decoders raise
            found.submissions.append(Submission(inner, places, handed, unreadable=f"it cannot be unpacked ({error})"))
            continue
        left.size -= len(content)
        _take(found, inner, (*parts, *steps), content, handed, depth=depth + 1, left=left)


def _time_of(entry: zipfile.ZipInfo) -> float | None:
    if entry.date_time[0] <= 1980:
        return None
    try:
        return time.mktime((*entry.date_time, 0, 0, -1))
    except (ValueError, OverflowError):
        return None


def cleaned(part: str, lessons: Sequence[str]) -> tuple[str, int]:
    """Return what is left of a folder's or file's name without lesson, time and attempt, and the attempt's number."""
    words = re.sub(TIME, " ", part)
    for name in lessons:
        words = re.sub(rf"(?<![a-z]){re.escape(name).replace('_', '[-_ ]')}(?![a-z])", " ", words, flags=re.I)
    numbers = [int(each) for known in NUMBERED.findall(words) for each in known if each]
    words = re.sub(NUMBERED, " ", words)
    kept = [each.strip("-.") for each in re.split(r"[\s_,;+]+", words)]
    kept = [each for each in kept if each and each.lower() not in COMMON and not re.fullmatch(r"\d{1,3}", each)]
    return " ".join(kept), max(numbers, default=0)


def labelled(submissions: Sequence[Submission], lessons: Sequence[str]) -> list[Submission]:
    """Label each submission by its outermost folder or file name that is unique and is not a lesson's."""
    names = [[cleaned(part, lessons) for part in each.parts] for each in submissions]
    shared = 0
    # What all have in common, such as a folder for the class, is nobody's name.
    while len(submissions) > 1 and all(len(each.parts) > shared + 1 for each in submissions):
        if len({each.parts[shared] for each in submissions}) > 1:
            break
        shared += 1
    inside: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for each, known in zip(submissions, names, strict=True):
        for depth in range(shared, len(each.parts) - 1):
            below = next((label for label, _ in known[depth + 1 :] if label), "")
            if "!" in each.path and below:
                inside[each.parts[: depth + 1]].add(below)
    zips = {each.path.split("!")[0] for each in submissions if "!" in each.path}
    result = []
    for each, known in zip(submissions, names, strict=True):
        # A zip, or a folder in one, that holds several people's notebooks stands for none of them.
        start = shared
        outer = each.path.split("!")[0]
        depth_of_zip = len(Path(outer).parts) - 1
        if outer in zips and len(inside[each.parts[: depth_of_zip + 1]]) > 1:
            start = max(start, depth_of_zip + 1)
        labels = [label for label, _ in known[start:] if label] or [label for label, _ in known if label]
        number = max((number for _, number in known), default=0)
        result.append(replace(each, label=labels[0] if labels else each.parts[-1], number=number))
    plain = Counter(each.label for each in result if each.label == each.parts[-1])
    return [
        replace(each, label=each.path) if plain[each.label] > 1 and not cleaned(each.label, lessons)[0] else each
        for each in result
    ]
