"""A table of the report, before it is text, CSV or HTML."""

from collections.abc import Sequence
from dataclasses import dataclass

Cell = str | int | float


@dataclass(frozen=True)
class Table:
    """A title, a head, rows, and what explains them.

    id: the name of its CSV file. rows: as long as head, the most important first. notes: sentences below it. legend:
    names in it and what they mean, for the page. bars: the column of which the page draws bars, "" for none. most: how
    many rows are for people to read; files hold all.
    """

    id: str
    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    legend: tuple[tuple[str, str], ...] = ()
    bars: str = ""
    most: int = 40

    @property
    def read(self) -> tuple[tuple[Cell, ...], ...]:
        """The rows for people to read."""
        return self.rows[: self.most]

    @property
    def said(self) -> tuple[str, ...]:
        """The notes, and how many rows are left out of `read`."""
        more = len(self.rows) - self.most
        return (
            (*self.notes, f"{more} more rows are in the file {self.id}.csv that --csv DIR writes.")
            if more > 0
            else self.notes
        )


def shown(cell: Cell) -> str:
    """Return a cell in words: numbers with at most two decimals."""
    return f"{cell:.2f}".rstrip("0").rstrip(".") if isinstance(cell, float) else str(cell)


def largest_first(rows: Sequence[tuple[Cell, ...]], by: int) -> tuple[tuple[Cell, ...], ...]:
    """Return rows with the largest number of a column first, and in the order of their text where these are equal."""
    return tuple(sorted(rows, key=lambda row: (-float(row[by]), tuple(map(str, row)))))
