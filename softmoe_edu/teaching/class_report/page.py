"""The report as one page: tables, light and dark, without scripts, without names, and with nothing from outside."""

import html
from collections.abc import Sequence
from pathlib import Path

from softmoe_edu.files import write_atomically
from softmoe_edu.palette import DARK, EXPERTS, LIGHT
from softmoe_edu.teaching.class_report.report import ClassReport
from softmoe_edu.teaching.class_report.table import Cell, Table, shown

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
STYLE = f"""
:root {{ color-scheme: light dark; --page: {LIGHT["page"]}; --text: {LIGHT["text"]}; --line: {LIGHT["line"]};
  --grid: {LIGHT["grid"]}; --bar: {EXPERTS[0]}; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --page: {DARK["page"]}; --text: {DARK["text"]}; --line: {DARK["line"]}; --grid: {DARK["grid"]}; }} }}
body {{ margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }}
main {{ box-sizing: border-box; max-width: 1100px; margin: 0 auto; padding: 12px 16px 48px; }}
h1 {{ font-size: 24px; }} h2 {{ font-size: 19px; margin: 36px 0 8px; }}
p {{ max-width: 75ch; margin: 6px 0; }} .note, details {{ color: var(--line); font-size: 15px; }}
summary {{ cursor: pointer; }} dt {{ font-weight: 600; }} dd {{ margin: 0 0 8px; max-width: 75ch; }}
.wide {{ overflow-x: auto; }} .wide:focus-visible {{ outline: 2px solid var(--bar); outline-offset: 2px; }}
table {{ border-collapse: collapse; font-size: 15px; font-variant-numeric: tabular-nums; }}
th, td {{ padding: 5px 12px 5px 0; border-bottom: 1px solid var(--grid); text-align: left; vertical-align: top; }}
thead th {{ vertical-align: bottom; color: var(--line); }} tbody th {{ font-weight: 600; white-space: nowrap; }}
.number {{ text-align: right; }} td.words {{ min-width: 14ch; overflow-wrap: anywhere; }}
.bar {{ display: block; height: 5px; min-width: 2px; margin-top: 3px; background: var(--bar);
  forced-color-adjust: none; }}
td.barred {{ min-width: 90px; }}
@media (max-width: 600px) {{
  table {{ font-size: 14px; }} th, td {{ padding-right: 9px; }} tbody th {{ white-space: normal; min-width: 10ch; }}
  td.words {{ min-width: 7ch; }} }}
@media print {{ .wide {{ overflow: visible; }} }}
"""


def write_page(report: ClassReport, path: Path) -> None:
    """Write the page.

    Raises:
        ValueError: If a browser would not take the file for a page.
        OSError: If it cannot be written.
    """
    if path.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"the page's name must end in .html, got {path.name!r}: rename it")
    write_atomically(path, page(report).encode())


def page(report: ClassReport) -> str:
    """Return the page; the same report gives the same text."""
    sentences = "".join(f"<p>{html.escape(sentence)}</p>" for sentence in report.sentences)
    tables = "".join(map(_section, report.tables)) or "<p>There is nothing to count yet.</p>"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f"<title>What a class believes</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body><main>\n<h1>What a class believes</h1>\n{sentences}\n{tables}\n</main></body>\n</html>\n"
    )


def _section(table: Table) -> str:
    numeric = [all(not isinstance(row[i], str) or row[i] == "-" for row in table.rows) for i in range(len(table.head))]
    heads = "".join(
        f'<th scope="col"{_class("number" * number)}>{html.escape(name)}</th>'
        for name, number in zip(table.head, numeric, strict=True)
    )
    largest = max((_count(row, table) for row in table.read), default=0) or 1
    rows = "".join(f"<tr>{_row(row, table, numeric, largest)}</tr>\n" for row in table.read)
    notes = "".join(f'<p class="note">{html.escape(note)}</p>' for note in table.said)
    id, title = html.escape(table.id), html.escape(table.title)
    return (
        f'<section aria-labelledby="{id}"><h2 id="{id}">{title}</h2>\n'
        f'<div class="wide" role="region" aria-labelledby="{id}" tabindex="0"><table aria-labelledby="{id}">\n'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}</tbody></table></div>\n{notes}{_legend(table)}</section>\n"
    )


def _legend(table: Table) -> str:
    terms = "".join(f"<dt>{html.escape(term)}</dt><dd>{html.escape(means)}</dd>" for term, means in table.legend)
    return f"<details><summary>What was asked</summary><dl>{terms}</dl></details>" if terms else ""


def _row(row: Sequence[Cell], table: Table, numeric: Sequence[bool], largest: float) -> str:
    first, *others = row
    cells = [f'<th scope="row">{html.escape(shown(first))}</th>']
    for name, cell, number in zip(table.head[1:], others, numeric[1:], strict=True):
        text = html.escape(shown(cell))
        if name == table.bars:
            width = 100 * _count(row, table) / largest
            cells.append(f'<td class="barred">{text}<span class="bar" style="width:{width:.0f}%"></span></td>')
        else:
            cells.append(f"<td{_class('number' if number else 'words')}>{text}</td>")
    return "".join(cells)


def _count(row: Sequence[Cell], table: Table) -> float:
    return float(row[table.head.index(table.bars)]) if table.bars else 0.0


def _class(name: str) -> str:
    return f' class="{name}"' if name else ""
