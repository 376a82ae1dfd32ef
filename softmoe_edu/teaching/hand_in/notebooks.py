"""Checks that no progress file took, found in the outputs of saved notebooks."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

from softmoe_edu.teaching.progress import IN_NOTEBOOKS, parse

LARGEST = 64 << 20  # bytes
MOST_FOLDERS, DEEPEST = 2000, 6


def lessons_in(folder: Path) -> list[Path]:
    """Return the notebooks in and below a folder that use this package; hidden folders are not looked into."""
    return [path for path in _notebooks(folder) if IN_NOTEBOOKS.encode() in _read(path)]


def events_in(path: Path) -> list[dict]:
    """Return the events that a notebook's outputs hold; none if it is damaged."""
    try:
        cells = json.loads(_read(path)).get("cells", [])
        outputs = [output for cell in cells for output in cell.get("outputs", [])]
        kept = [output["metadata"][IN_NOTEBOOKS] for output in outputs if IN_NOTEBOOKS in output.get("metadata", {})]
        lines = [json.dumps(event) for event in kept if isinstance(event, dict)]
    except (ValueError, AttributeError, TypeError, RecursionError):
        return []
    return parse("\n".join(lines).encode()).events


def _notebooks(folder: Path) -> Iterator[Path]:
    for number, (place, folders, files) in enumerate(os.walk(folder)):
        deep = len(Path(place).relative_to(folder).parts) >= DEEPEST
        folders[:] = [] if deep else sorted(each for each in folders if not each.startswith("."))
        if number == MOST_FOLDERS:
            return
        yield from (Path(place) / name for name in sorted(files) if name.endswith(".ipynb"))


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError:
        return b""
    return raw if len(raw) <= LARGEST else b""
