"""The figure of a record: ratios on logarithmic axes, with their goals."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from benchmarks.sections import SECTIONS
from softmoe_edu.figures.style import style

LOOK = {"met": ("#009E73", "o"), "missed": ("#D55E00", "X"), "no goal": ("#0072B2", "s")}


def draw(record: dict, path: Path) -> str:
    """Write an SVG of the rows with a goal, or of all where no row has one; give its text for those who do not see it.

    A full run has some 280 rows, which the table and the record hold.
    """
    measured = [row for row in record["rows"] if row["value"] is not None]
    rows = [row for row in measured if row["goal"]] or measured
    text = describe(record)
    with matplotlib.rc_context({**style(), "svg.fonttype": "none", "svg.hashsalt": "softmoe"}):
        names = [name for name in SECTIONS if any(row["section"] == name for row in rows)]
        heights = [sum(row["section"] == name for row in rows) + 3 for name in names]
        figure = Figure(figsize=(12, max(3, 0.2 * sum(heights) + 0.6)), layout="constrained")
        panels = figure.subplots(max(1, len(names)), 1, squeeze=False, height_ratios=heights or None)[:, 0]
        for panel, name in zip(panels, names, strict=False):
            _section(panel, [row for row in rows if row["section"] == name], SECTIONS[name][0])
        handles = [
            matplotlib.lines.Line2D([], [], color=colour, marker=marker, linestyle="", label=verdict)
            for verdict, (colour, marker) in LOOK.items()
        ]
        handles.append(matplotlib.lines.Line2D([], [], color="k", marker="|", markersize=9, linestyle="", label="goal"))
        figure.legend(handles=handles, loc="outside upper right", ncols=4, frameon=False)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, metadata={"Date": None, "Title": "softmoe_edu benchmark", "Description": text})
    return text


def _section(panel: object, rows: Sequence[dict], title: str) -> None:
    labels = []
    for place, row in enumerate(rows):
        colour, marker = LOOK[row["verdict"]]
        value = max(row["value"], 0.01)  # memory saved over a floor can be nothing
        if "low" in row:
            panel.plot([row["low"], row["high"]], [place, place], color=colour, linewidth=2)
        panel.plot(value, place, color=colour, marker=marker, markersize=4)
        if row["goal"]:
            panel.plot(row["goal"]["bound"], place, color="k", marker="|", markersize=9)
        labels.append(f"{row['case'].split(';')[0]} · {row['pass']} · {row['subject']} / {row['against']}")
    panel.axvline(1, color="0.5", linewidth=0.8)
    panel.set(xscale="log", ylim=(len(rows) - 0.5, -0.5))
    panel.set_yticks(range(len(rows)), labels, fontsize=7)
    low, high = panel.get_xlim()
    panel.set_xlim(min(low, 0.49), max(high, 2.05))
    panel.xaxis.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 5, 7)))
    panel.xaxis.set_major_formatter("{x:g}")
    panel.xaxis.set_minor_locator(NullLocator())
    panel.set_title(title, loc="left")
    panel.grid(axis="x", linewidth=0.4)


def describe(record: dict) -> str:
    """Describe in words what the figure shows."""
    rows = [row for row in record["rows"] if row["value"] is not None]
    met, missed = ([row for row in rows if row["verdict"] == word] for word in ("met", "missed"))
    words = [
        f"Ratios of softmoe_edu to its floors and of other packages to it on {record['machine']['device']}: "
        f"{len(rows)} measured, {len(met)} goals met, {len(missed)} missed. 1 is a line; a goal is a mark."
    ]
    words += [
        f"Missed: {row['case']}, {row['pass']}, {row['subject']} over {row['against']} {row['value']:.2f}, "
        f"goal {row['goal']['sign']} {row['goal']['bound']:.2f}."
        for row in missed
    ]
    return " ".join(words)
