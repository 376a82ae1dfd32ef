"""The parts of softmoe_edu and who may import whom: the table that the tests read, and the page that is built of it.

python docs/architecture.py writes docs/architecture.md; --check says whether that file is up to date.
"""

import ast
import sys
from collections.abc import Sequence
from pathlib import Path

from in_step import keep_in_step

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "softmoe_edu"
PAGE = ROOT / "docs" / "architecture.md"

DECISION = {"shapes", "names", "modes", "capacity", "routing"}
PARTS = DECISION | {"routers", "experts", "losses", "metrics"}
MODELS = PARTS | {"moe", "vit"}
SHOWN = DECISION | {"metrics", "influence"}
SHARED = {"files", "text"}
LIBRARY = MODELS | SHARED | {"upcycling", "rerouting", "watch", "cost", "paper", "capture", "data", "training"}
LIBRARY |= {"figures", "widgets"}

# What the page calls these sets; each holds the one before it.
GROUPS = {"decision": DECISION, "parts": PARTS, "models": MODELS}

# Who may import whom. A row names only rows above it, so no two parts can need each other.
MAY: dict[str, set[str]] = {
    "shapes": set(),
    "names": set(),
    "files": set(),
    "text": set(),
    "glossary": set(),
    "palette": set(),
    "modes": set(),
    "version": set(),
    "shadowing": set(),
    "seeds": {"shapes"},
    "capacity": {"shapes"},
    "routing": {"shapes", "names"},
    "routers": DECISION,
    "experts": DECISION,
    "losses": DECISION,
    "metrics": DECISION,
    "influence": {"shapes", "modes", "seeds"},
    "leaks": {"shapes", "modes", "seeds", "text", "influence"},
    "moe": PARTS,
    "vit": PARTS | {"moe"},
    "watch": {"shapes", "routing", "metrics", "text"},
    "upcycling": MODELS,
    "rerouting": MODELS,
    "placement": {"shapes", "text"},
    "cost": MODELS | {"text"},
    "paper": MODELS | {"cost"},
    "capture": MODELS | SHARED | {"watch"},
    "report": DECISION | {"metrics", "text", "seeds", "capture"},
    "data": {"shapes", "seeds"},
    "own_figures": set(),
    "training": MODELS | SHARED | {"data", "seeds", "watch"},
    "parallel": MODELS | SHARED | {"data", "seeds", "training"},
    "figures": SHOWN | {"own_figures", "palette", "text", "report"},
    "report_page": {"figures", "files", "report", "text"},
    "widgets": SHOWN | {"files", "palette", "cost"},
    "__init__": MODELS | {"shadowing", "version"},
    "evidence": MODELS | SHARED | {"influence", "cost", "paper", "data", "seeds", "training", "__init__"} | {"widgets"},
    "lessons": SHARED,
    # The engine knows no lesson: it looks for them when they are asked for, and the lessons import it.
    "teaching": SHARED | {"seeds", "lessons", "own_figures", "palette", "figures", "widgets", "__init__"},
    "course": LIBRARY | {"influence", "leaks", "seeds", "evidence", "teaching"},
    "server": {"files"},
    "lab": {"lessons", "files", "shadowing", "server", "__init__"},
    "doctor": SHARED | {"lessons", "shadowing", "__init__"},
    "bundle": SHARED | {"lessons", "__init__"},
    "hub": SHARED | {"lab", "lessons", "teaching", "__init__"},
    "inspection": {"text", "capture", "report", "report_page", "widgets"},
    "cli": {"__init__", "lab", "doctor", "bundle", "hub", "inspection", "cost", "paper", "evidence", "teaching"},
}

HEAD = """<!-- Written by `python docs/architecture.py` from the table in that file; edit the table, not this page. -->
# Architecture

A routing decision is a value. A router reads tokens and returns a `Routing`: how tokens fill slots (`dispatch`) and
how slots answer tokens (`combine`). One short layer, `MoE`, applies it. Figures, widgets, metrics, losses, recorders
and exercises take that value, so a new router is one file, and everything else works with it.

```
tokens --router--> Routing --to_slots--> slots --experts--> slots --to_tokens--> tokens
```

The library knows nothing of lessons; what teaches imports the library, and never the other way round.

## Who may import whom

A part is a file or a folder of `softmoe_edu/`. It may import the parts in the last column and nothing else of the
package, wherever in its code the import stands. They all stand above it, so no two parts need each other, and neither
do any two files. `tests/test_architecture.py` checks the code against this table, and this page against the code.

Groups of parts that are often named together:

{groups}

| part | what it is | may import |
| --- | --- | --- |
"""


def place(name: str, package: Path = PACKAGE) -> Path:
    """Return the file that holds a part, or that opens its folder."""
    folder = package / name / "__init__.py"
    return folder if folder.exists() else package / f"{name}.py"


def summary(name: str) -> str:
    """Return the first paragraph of a part's docstring, on one line."""
    text = ast.get_docstring(ast.parse(place(name).read_text(encoding="utf-8"))) or ""
    return " ".join(text.partition("\n\n")[0].split()).replace("|", r"\|")


def listed(parts: set[str], groups: Sequence[str] = tuple(GROUPS)) -> str:
    """Return parts in the order of the table, those of a group by its name."""
    words = []
    for group in reversed(groups):
        if GROUPS[group] <= parts:
            words.append(f"*{group}*")
            parts = parts - GROUPS[group]
    return ", ".join([*words, *(f"`{name}`" for name in MAY if name in parts)]) or "nothing"


def page() -> str:
    """Build the page."""
    names = list(GROUPS)
    groups = [f"- *{name}*: {listed(GROUPS[name], names[:i])}" for i, name in enumerate(names)]
    rows = []
    for name, may in MAY.items():
        path = place(name).relative_to(PACKAGE)
        shown = f"{name}/" if len(path.parts) > 1 else path.as_posix()
        rows.append(f"| `{shown}` | {summary(name)} | {listed(may)} |\n")
    return HEAD.format(groups="\n".join(groups)) + "".join(rows)


def main(args: list[str]) -> None:
    """Write the page, or with --check say whether it is what would be written."""
    keep_in_step(
        args,
        ROOT,
        {PAGE.relative_to(ROOT).as_posix(): page()},
        "the table and the docstrings",
        "architecture.py",
        __doc__,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
