"""A report on routing as one HTML file: tables and figures, light and dark, without a script and without a network."""

import html
from collections.abc import Iterable, Sequence
from pathlib import Path

from softmoe_edu import figures
from softmoe_edu.files import StrPath, write_atomically
from softmoe_edu.report import LayerReport, RoutingReport, Told
from softmoe_edu.text import number, percent

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

STYLE = """
:root { color-scheme: light dark; --line: #57606a; }
@media (prefers-color-scheme: dark) { :root { --line: #a3abb5; } }
body { margin: 0; background: canvas; color: canvastext; font: 15px/1.5 system-ui, sans-serif; }
main { box-sizing: border-box; max-width: 1128px; margin: 0 auto; padding: 12px 16px 32px; }
h1 { font-size: 22px; } h2 { font-size: 18px; margin-top: 32px; }
.wide { overflow-x: auto; } .wide:focus-visible { outline: 2px solid highlight; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 14px; }
caption { text-align: left; padding: 0 0 6px; color: var(--line); }
th, td { padding: 4px 10px; border-bottom: 1px solid color-mix(in srgb, currentcolor 25%, transparent); }
th { text-align: left; vertical-align: bottom; } td { text-align: right; white-space: nowrap; }
dt { font-weight: 600; } dd { margin: 0 0 8px; }
th[scope=row] { white-space: nowrap; }
details caption { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); gap: 20px; }
figure { margin: 0; } figcaption { font-size: 13px; color: var(--line); }
summary { cursor: pointer; }
"""

TERMS = {
    "busiest, over the mean": "the expert with the largest load, and its load over the mean of the layer's experts.",
    "balancedness": "the mean load over the largest: 1 where all experts have as much to do.",
    "entropy of load": "the entropy of the experts' shares of the load, over that of even shares.",
    "dropped": "tokens that no slot took when the model ran.",
    "tokens dropped at": "tokens that would lose all their experts at this capacity factor, if slots were filled in "
    "the order of position. Slots of an expert are the factor times the choices of a group, over the experts.",
    "choices lost at": "choices that would find no slot then, whatever the order.",
    "told of the domain": "how much the experts of a token tell of its domain: mutual information over the entropy of "
    "the domain. Chance deals domains anew to whole groups; p is how often it tells as much.",
    "told of the token": "the same of which token of the vocabulary it is, for the most frequent ones.",
    "saturation": "the share of the final choices that the last of the earlier checkpoints makes already; chance has "
    "the same loads, with tokens exchanged at random.",
}


def save_report(report: RoutingReport, path: StrPath, title: str = "Routing report") -> Path:
    """Write a report as a page that stands alone.

    Args:
        report: what `softmoe_edu.report.routing_report` returned.
        path: the file, whose name ends in .html.
        title: the heading.

    Returns:
        The path.

    Raises:
        ValueError: a browser would not take the name as that of a page.
        OSError: the file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"path must end in .html, so that it opens as a page, got {path.name!r}: rename it")
    write_atomically(path, build_report(report, title).encode())
    return path


def build_report(report: RoutingReport, title: str = "Routing report") -> str:
    """Return the page: the same report gives the same text."""
    with figures.theme():
        pictures = [figures.described(ax) for ax in figures.routing_panels(report)]
    rows = report.rows()
    parts = [
        f"<p>{html.escape(report.summary())} Intervals at 95 %: {html.escape(report.intervals)}.</p>",
        f'<div class="panels">{"".join(picture._repr_html_() for picture in pictures)}</div>',
        "<h2>Layers</h2>",
        _table("One row for each layer; in brackets the interval, and the exact counts.", list(rows[0]),
               [list(row.values()) for row in rows]),
        _terms(rows[0]),
        *_told(report, "by_domain", "Which expert answers which domain"),
        *_told(report, "by_token", f"Which expert answers which token, of a sample of {report.sampled:,}"),
        *_together(report),
        *_saturation(report),
        "<h2>Load of each expert</h2>",
        *_loads(report.layers),
    ]  # fmt: skip
    name = html.escape(title)
    body = "\n".join(parts)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="{html.escape(report.summary())}">
<title>{name}</title>
<link rel="icon" href="data:,">
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>{name}</h1>
{body}
</main>
</body>
</html>
"""


def _table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table whose first column names its rows; what is too wide for a narrow page scrolls in itself."""
    columns = "".join(f'<th scope="col">{html.escape(cell)}</th>' for cell in head)
    body = "".join(
        f'<tr><th scope="row">{html.escape(row[0])}</th>'
        + "".join(f"<td>{html.escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    label = html.escape(caption, quote=True)
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="{label}"><table><caption>{html.escape(caption)}'
        f"</caption><thead><tr>{columns}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _terms(headings: Iterable[str]) -> str:
    """Explain the columns that a table has."""
    listed = [
        f"<dt>{html.escape(heading)}</dt><dd>{html.escape(words)}</dd>"
        for heading in headings
        for term, words in TERMS.items()
        if heading == term or (term.endswith(" at") and heading.startswith(term))
    ]
    return f"<details><summary>What the columns say</summary><dl>{''.join(listed)}</dl></details>"


def _told(report: RoutingReport, field: str, title: str, most: int = 20) -> list[str]:
    """Return, for each layer, the expert that answers most of each kind, and how much more than of all tokens."""
    tables = []
    for layer in report.layers:
        told: Told | None = getattr(layer, field)
        if told is None:
            continue
        overall = told.table.sum(0) / told.tokens.sum().clamp(min=1)
        rows = []
        for i in range(min(len(told.names), most)):
            share = told.shares[i]
            expert = int((share - overall).argmax())
            row = (told.names[i], f"{int(told.tokens[i]):,}", str(expert), percent(float(share[expert])),
                   percent(float(overall[expert])))  # fmt: skip
            rows.append(row)
        more = f"; the {most} most frequent of {len(told.names)}" if len(told.names) > most else ""
        caption = f"{layer.name}: told {told}{more}"
        head = ("kind", "tokens", "its expert", "of these tokens", "of all tokens")
        tables.append(f"<details><summary>{html.escape(caption)}</summary>{_table(caption, head, rows)}</details>")
    return [f"<h2>{html.escape(title)}</h2>", *tables] if tables else []


def _together(report: RoutingReport, most: int = 10) -> list[str]:
    """Return the pairs of experts that were chosen together more than their loads explain."""
    tables = []
    for layer in report.layers:
        if layer.coactivation is None or not layer.tokens:
            continue
        pairs, load = layer.coactivation.double(), layer.load
        expected = load[:, None] * load[None]
        # A token chooses an expert once, so that pairs are fewer than independent choices would make.
        expected = expected * (pairs.triu(1).sum() / expected.triu(1).sum().clamp(min=1e-12))
        over = (pairs / expected.clamp(min=1e-12)).triu(1).masked_fill(pairs.triu(1) == 0, 0)
        best = over.flatten().argsort(descending=True)[:most].tolist()
        rows = []
        for at in best:
            one, other = divmod(at, layer.experts)
            if over[one, other] > 0:
                row = (f"{one} and {other}", f"{int(pairs[one, other]):,}", number(float(expected[one, other])),
                       number(float(over[one, other])))  # fmt: skip
                rows.append(row)
        if rows:
            caption = f"{layer.name}: the {len(rows)} pairs furthest above what their loads alone would give"
            head = ("experts", "tokens that chose both", "expected", "over expected")
            tables.append(f"<details><summary>{html.escape(caption)}</summary>{_table(caption, head, rows)}</details>")
    return ["<h2>Which experts are chosen together</h2>", *tables] if tables else []


def _saturation(report: RoutingReport) -> list[str]:
    """Return each checkpoint's share of final choices, layer by layer."""
    layers = [layer for layer in report.layers if layer.saturation]
    if not layers:
        return []
    head = ["layer", *(f"{each.checkpoint}" for each in layers[0].saturation)]
    rows = [
        [layer.name, *(f"{each.overlap}, chance {percent(each.chance)}" for each in layer.saturation)]
        for layer in layers
    ]
    return ["<h2>Saturation</h2>", _table("Final choices that each checkpoint makes already.", head, rows)]


def _loads(layers: Iterable[LayerReport]) -> list[str]:
    """Return the load of every expert, folded."""
    tables = []
    for layer in layers:
        mean = float(layer.load.mean()) or 1.0
        rows = []
        for expert, load in enumerate(layer.load.tolist()):
            ends = "-"
            if layer.load_low is not None and layer.load_high is not None:
                ends = f"{number(float(layer.load_low[expert]))} to {number(float(layer.load_high[expert]))}"
            rows.append(
                (str(expert), f"{load:,.0f}" if load == round(load) else number(load), ends, number(load / mean))
            )
        head = ("expert", "load", "interval", "over the mean")
        table = _table(f"{layer.name}: load of each expert", head, rows)
        tables.append(f"<details><summary>{html.escape(layer.name)}</summary>{table}</details>")
    return tables
