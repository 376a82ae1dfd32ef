"""The table that is printed: every row, with its goal and whether it was met."""

from collections.abc import Sequence

from benchmarks import floors, peers
from benchmarks.sections import SECTIONS

HEAD = f"{'':13}{'ratio':<58}{'value':>8}  {'quartiles':<15}{'goal':<9}verdict"


def line(row: dict) -> str:
    """Write one row."""
    ratio = f"{row['subject']} / {row['against']}"
    if row["measure"] == "extra":
        ratio = f"{row['subject']}, over {row['against']}"
    if row["measure"] == "peak":
        ratio += ", memory"
    begin = f"  {row['pass']:<11}{ratio:<58}"
    goal = row["goal"] and f"{'≤' if row['goal']['sign'] == '<=' else '≥'} {row['goal']['bound']:.2f}"
    if row["value"] is None:
        return f"{begin}{'-':>8}  {'':<15}{goal or '':<9}not measured: {row['reason']}"
    spread = f"{row['low']:.2f} to {row['high']:.2f}" if "low" in row else ""
    said = row["verdict"].upper() if row["verdict"] == "missed" else row["verdict"]
    return f"{begin}{row['value']:>8.2f}  {spread:<15}{goal or '':<9}{said if goal else ''}".rstrip()


def section(row: dict) -> str:
    """Write a section's heading."""
    return f"\n{SECTIONS[row['section']][0]}"


def case(row: dict) -> str:
    """Write a case's heading: its name, and the time of what the ratio is of."""
    return f" {row['case']}"


def table(rows: Sequence[dict]) -> str:
    """Write all rows under their headings."""
    lines = [HEAD]
    for before, row in zip([None, *rows], rows, strict=False):
        if before is None or before["section"] != row["section"]:
            lines.append(section(row))
        if before is None or before["case"] != row["case"]:
            lines.append(case(row))
        lines.append(line(row))
    return "\n".join(lines)


def preface(record: dict) -> str:
    """Describe what was measured."""
    machine, settings = record["machine"], record["settings"]
    clock = "CPU time" if settings["clock"] == "cpu" else "wall time"
    kept = {
        "resident": "resident (MALLOC_ variables): freed memory stays with the process, the same for every contender",
        "default": "the system's default: training steps pay for pages that come and go",
    }
    return "\n".join(
        [
            f"{machine['device']}, {settings['threads']} of {machine['cores']} cores used, {machine['system']}; "
            + ", ".join(f"{name} {version}" for name, version in record["versions"].items()),
            f"Ratios of {clock}: median and quartiles of pairs measured in turns. C allocator: "
            + kept[settings["allocator"]]
            + ".",
        ]
    )


def summary(rows: Sequence[dict]) -> str:
    """Count goals met and missed, name the missed ones, and list what was not measured and why."""
    goals = [row for row in rows if row["goal"]]
    count = {word: sum(row["verdict"] == word for row in goals) for word in ("met", "missed", "not measured")}
    lines = ["", f"Goals: {', '.join(f'{number} {word}' for word, number in count.items())}."]
    lines += [f"missed: {row['case']}:{line(row)}" for row in goals if row["verdict"] == "missed"]
    reasons: dict[str, int] = {}
    for row in rows:
        if row["reason"]:
            reasons[row["reason"]] = reasons.get(row["reason"], 0) + 1
    lines += [f"not measured, {number} rows: {why}" for why, number in reasons.items()]
    return "\n".join(lines)


def legend(rows: Sequence[dict]) -> str:
    """Explain the floors and peers that the rows name."""
    named = {row[side] for row in rows for side in ("subject", "against")}
    texts = {**floors.TEXT, **peers.TEXT}.items()
    return "\n".join(["", *(f"{key}: {text}." for key, text in texts if any(one.startswith(key) for one in named))])
