"""Whose is it? The roster's students, by id, address or name in a path; where two fit, neither is guessed."""

import csv
import hashlib
import io
import itertools
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

RESERVED = ("con", "prn", "aux", "nul")  # what Windows lets no file be called
COLUMNS = {
    "id": (
        "id",
        "student id",
        "student_id",
        "studentid",
        "student",
        "username",
        "user name",
        "login",
        "sis login id",
        "number",
    ),
    "name": ("name", "full name", "student name", "display name"),
    "first": ("first name", "firstname", "first", "given name", "vorname"),
    "last": ("last name", "lastname", "last", "surname", "family name", "nachname"),
    "email": ("email", "e-mail", "email address", "mail"),
}
LONGER = str.maketrans(
    {
        "ä": "ae",
        "ö": "oe",
        "ü": "\u0075e",
        "ß": "ss",
        "ø": "oe",
        "å": "aa",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
        "ð": "d",
        "ł": "l",
    }
)


@dataclass(frozen=True)
class Student:
    """Somebody on the roster."""

    id: str
    name: str = ""
    email: str = ""


def read(path: Path) -> list[Student]:
    """Read a roster: CSV with a line of column names, among them id, name (or first and last name) or email.

    Raises:
        ValueError: If there is no such column, or an id stands twice.
    """
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    rows = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if any(cell.strip() for cell in row)]
    head = [cell.strip().casefold() for cell in rows[0]] if rows else []
    places = {what: next((head.index(each) for each in names if each in head), None) for what, names in COLUMNS.items()}
    if all(places[what] is None for what in ("id", "name", "last", "email")):
        raise ValueError(
            f"{path} needs a first line that names its columns, such as id,name,email; got {first.strip()[:60]!r}"
        )

    def cell(row: list[str], what: str) -> str:
        place = places[what]
        return row[place].strip() if place is not None and place < len(row) else ""

    found = []
    for row in rows[1:]:
        name = cell(row, "name") or " ".join(filter(None, (cell(row, "first"), cell(row, "last"))))
        email = cell(row, "email")
        found.append(Student(cell(row, "id") or email or name, name, email))
    known: set[str] = set()
    for each in found:
        if each.id in known:
            raise ValueError(f"{path} has the id {each.id!r} twice: give every student one id")
        known.add(each.id)
    return found


def folded(text: str) -> set[str]:
    """Return a text in small letters without accents, written in both usual ways: müller is muller and mueller."""
    lower = unicodedata.normalize("NFC", text).casefold()
    forms = (lower, lower.translate(LONGER))
    return {"".join(c for c in unicodedata.normalize("NFKD", form) if not unicodedata.combining(c)) for form in forms}


def words_of(text: str) -> set[str]:
    """Return the words of a text, folded."""
    return {word for form in folded(text) for word in re.split(r"[^\w@.-]|_", form.replace("-", " ")) if word}


def candidates(parts: Sequence[str], roster: Sequence[Student]) -> list[Student]:
    """Return the students whose id stands in the names of a path; failing that, whose address, or else whose name."""
    words = set().union(*(words_of(part) for part in parts)) if parts else set()
    words |= {part for word in words for part in word.split(".") if part}
    whole = {form for part in parts for form in folded(part)}

    def has_id(each: Student) -> bool:
        return any(
            form in words or re.search(rf"(?<!\w){re.escape(form)}(?![^\W_])", text)
            for form in folded(each.id)
            for text in whole
        )

    def has_email(each: Student) -> bool:
        # An address that begins with a first name says no more than the name.
        forms = folded(each.email) if each.email else set()
        local = {form.partition("@")[0] for form in forms} - words_of(each.name)
        return bool((forms | local) & words)

    def has_name(each: Student) -> bool:
        forms = [[w for w in re.split(r"[^\w]|_", form) if w] for form in folded(each.name)]
        for name in filter(None, forms):
            joined = {"".join(order) for order in itertools.permutations(name)} if 1 < len(name) <= 4 else set()
            if all(word in words for word in name) or joined & words:
                return True
        return False

    for fits in (has_id, has_email, has_name):
        if found := [each for each in roster if fits(each)]:
            return found
    return []


def file_name(words: str, taken: set[str]) -> str:
    """Return a name for a file that every system takes, that leads nowhere else, and that no other has."""
    form = min(folded(words))
    plain = re.sub(r"[^a-z0-9]+", "-", form).strip("-")[:60] or "student"
    if plain in taken or plain in RESERVED:
        plain = f"{plain}-{hashlib.sha256(words.encode(errors='surrogatepass')).hexdigest()[:8]}"
    taken.add(plain)
    return plain
