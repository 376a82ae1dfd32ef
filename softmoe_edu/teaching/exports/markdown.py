"""Pieces of markdown."""

from collections.abc import Iterable, Mapping, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a table; line breaks and bars in a cell do not break it."""
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in line) + " |" for line in lines]


def bullets(title: str, pairs: Mapping[str, str]) -> list[str]:
    """Return a section of pairs, the first words in bold."""
    return ["", f"## {title}", "", *(f"- **{first}** {second}" for first, second in pairs.items())]
