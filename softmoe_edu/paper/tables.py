"""The paper's tables as printed, from the CSV files beside this one."""

import csv
from importlib.resources import files

from softmoe_edu.shapes import check_choice

TABLES = ("table1", "table2", "table3", "table4", "table5", "table6", "table7", "table8", "table9", "figure6")
TEXT = {"parameters", "sparse_layers"}  # columns where 33M and 11 stand beside 1.8B and 4:11

Cell = str | int | float | None


def published(name: str) -> list[dict[str, Cell]]:
    """Return the rows of one of TABLES, numbers as numbers, an empty cell as None.

    In table4 to table6 sparse_layers "4:11" means blocks 4 to 11, from 0. In table7 the rows with batch priority are
    rows 37, 49, 42 and 50 of table9. In figure6 experts_column is "probable" where the paper does not say which
    numbers of experts a row leaves out.

    Args:
        name: one of TABLES.

    Returns:
        [{column: value}].

    Raises:
        ValueError: no table has this name.
    """
    check_choice("table", name, TABLES)
    with (files("softmoe_edu.paper") / "published" / f"{name}.csv").open(encoding="utf-8") as file:
        return [{column: _cell(column, text) for column, text in row.items()} for row in csv.DictReader(file)]


def _cell(column: str, text: str) -> Cell:
    if not text or column in TEXT:
        return text or None
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text
