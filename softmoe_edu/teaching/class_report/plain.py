"""The report as text and as CSV."""

import csv
import io
import re
import textwrap
from collections.abc import Sequence
from pathlib import Path

from softmoe_edu.files import write_atomically
from softmoe_edu.teaching.class_report.report import ClassReport
from softmoe_edu.teaching.class_report.table import Table, shown

NUMBER = re.compile(r"-?[\d.]+|-")
WIDEST = 52  # cell
WIDTH = 100  # of notes
FORMULAS = ("=", "+", "@", "\t", "\r")


def text(report: ClassReport) -> str:
    """Return the report as text; what was left out comes last, by name."""
    blocks = ["\n".join(report.sentences), *map(_aligned, report.tables)]
    reading = report.reading
    left_out = [*(f"  {name}: it is not there" for name in reading.missing)]
    left_out += [f"  {name}: {why}" for name, why in reading.skipped]
    if left_out:
        blocks.append("\n".join(["Left out:", *left_out]))
    return "\n\n".join(blocks) + "\n"


def write_csv(report: ClassReport, folder: Path) -> list[Path]:
    """Write one file for each table, and return them.

    Raises:
        OSError: If a file cannot be written.
    """
    written = []
    for table in report.tables:
        file = io.StringIO()
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(table.head)
        rows.writerows([unformulated(shown(cell)) for cell in row] for row in table.rows)
        path = folder / f"{table.id}.csv"
        write_atomically(path, file.getvalue().encode("utf-8-sig"))  # Excel takes it for another encoding otherwise
        written.append(path)
    return written


def unformulated(cell: str) -> str:
    """Return a cell that no spreadsheet computes; a negative number stays one."""
    formula = cell.startswith(FORMULAS) or (cell.startswith("-") and not NUMBER.fullmatch(cell))
    return f"'{cell}" if formula else cell


def _aligned(table: Table) -> str:
    cells = [table.head, *(tuple(_short(shown(cell)) for cell in row) for row in table.read)]
    columns = list(zip(*cells, strict=True))
    widths = [max(map(len, column)) for column in columns]
    numeric = [all(map(NUMBER.fullmatch, column[1:])) for column in columns]
    lines = [_line(row, widths, numeric) for row in cells]
    notes = [line for note in table.said for line in textwrap.wrap(note, WIDTH)]
    return "\n".join([table.title, *(f"  {line}" for line in [*lines, *notes])])


def _line(row: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> str:
    cells = zip(row, widths, numeric, strict=True)
    return "  ".join(cell.rjust(width) if number else cell.ljust(width) for cell, width, number in cells).rstrip()


def _short(cell: str) -> str:
    return cell if len(cell) <= WIDEST else f"{cell[: WIDEST - 3].rstrip()}..."
