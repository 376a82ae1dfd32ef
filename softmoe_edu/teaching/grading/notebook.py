"""Read the code of a notebook, whatever state its file is in."""

import json
import re
from dataclasses import dataclass

LARGEST = 64 << 20  # bytes
# No file of the lessons is nested deeper than a few levels.
MARK = re.compile(r"^# (?:%%.*|In ?\[.*\]:?)$", re.MULTILINE)


class Unreadable(ValueError):
    """A file holds no notebook that can be read; the message says why."""


@dataclass(frozen=True)
class Notebook:
    """The texts of a notebook's code cells, in order."""

    cells: tuple[str, ...]


def read(raw: bytes, name: str = "") -> Notebook:
    """Return the code of a notebook, or of a script with cells.

    Args:
        raw: What the file holds: format 3 or 4, in UTF-8, UTF-16 or, failing these, Latin-1.
        name: Its name; one that ends in .py is read as a script.

    Raises:
        Unreadable: If there is none.
    """
    if not raw.strip():
        raise Unreadable("the file is empty")
    text = _text(raw)
    if name.lower().endswith(".py"):
        return Notebook(tuple(part for part in MARK.split(text) if part.strip()))
    try:
        document = json.loads(text)
    except RecursionError:
        raise Unreadable("the file is nested too deeply for a notebook") from None
    except ValueError as error:
        raise Unreadable(f"the file is damaged: no JSON ({error})") from None
    cells = _cells(document)
    if not cells:
        raise Unreadable("the file holds no code cell")
    return Notebook(tuple(cells))


def looks_like_one(raw: bytes) -> bool:
    """Whether a file with another ending may be a notebook."""
    head = _text(raw[:4096]).lstrip()
    return head.startswith("{") and ('"cells"' in head or '"worksheets"' in head or '"cell_type"' in head)


def _text(raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", errors="replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _cells(document: object) -> list[str]:
    if not isinstance(document, dict):
        raise Unreadable("the file is JSON, but no notebook")
    sheets = document.get("worksheets")
    holders = [document, *(sheets if isinstance(sheets, list) else [])]
    found = []
    for holder in holders:
        cells = holder.get("cells") if isinstance(holder, dict) else None
        for cell in cells if isinstance(cells, list) else []:
            if isinstance(cell, dict) and cell.get("cell_type") == "code":
                source = cell.get("source", cell.get("input", ""))
                source = "".join(map(str, source)) if isinstance(source, list) else source
                if isinstance(source, str) and source.strip():
                    found.append(source)
    return found
