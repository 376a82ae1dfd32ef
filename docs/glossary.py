"""The glossary and the notation as pages of the docs, and the glossary as a module of the widgets.

python docs/glossary.py writes docs/glossary.md, docs/notation.md and js/shared/glossary.js from
softmoe_edu/glossary.py and the lessons' text; --check says whether they are up to date.
"""

import functools
import json
import re
import runpy
import sys
from pathlib import Path

from in_step import keep_in_step

ROOT = Path(__file__).resolve().parent.parent
# Without the package, which would load torch.
WORDS = runpy.run_path(str(ROOT / "softmoe_edu" / "glossary.py"))
GLOSSARY: dict[str, str] = WORDS["GLOSSARY"]

PAGE_HEAD = """<!-- Written by `python docs/glossary.py` from softmoe_edu/glossary.py, which you edit instead. -->
# Glossary

One word for one thing, in code, lessons, widgets and messages. In a widget, press a word with a dotted line below it
to read what stands here. Behind a meaning stands the lesson that introduces the word.

"""
NOTATION_HEAD = """<!-- Written by `python docs/glossary.py` from softmoe_edu/glossary.py, which you edit instead. -->
# Notation

Annotations, einsums, docstrings and figures all use the same letters for axes. Papers and other code bases use
different ones.

| letter | meaning | argument | Soft MoE paper | official code | soft-moe-pytorch |
| --- | --- | --- | --- | --- | --- |
"""
TENSORS_HEAD = """
The tensors of a Soft MoE layer, in the order in which they are computed:

| name | meaning | axes | in the paper | lesson |
| --- | --- | --- | --- | --- |
"""
MODULE_HEAD = """// Written by `python docs/glossary.py` from softmoe_edu/glossary.py; edit that file, not this one.

/** @type {Record<string, string>} */
export const GLOSSARY = {
"""
# As prettier breaks lines: not behind a key this short.
WIDTH, SHORT = 120, 4


def page() -> str:
    """Build the page: one paragraph a term, in alphabetical order, with the lesson that introduces it."""
    terms = sorted(GLOSSARY.items(), key=lambda item: item[0].lower())
    return PAGE_HEAD + "\n".join(f"**{term}**: {meaning}{_link(term, ' (', ')')}\n" for term, meaning in terms)


def notation() -> str:
    """Build the page of letters and tensors."""
    axes = [f"| {' | '.join((letter, *row))} |\n" for letter, row in WORDS["LETTERS"].items()]
    tensors = [
        f"| `{name}` | {meaning} | {axes} | {symbol}{where and f' ({where})'} | {_link(name)} |\n"
        for name, (meaning, axes, symbol, where) in WORDS["TENSORS"].items()
    ]
    return NOTATION_HEAD + "".join(axes) + TENSORS_HEAD + "".join(tensors)


@functools.cache
def lessons() -> dict[str, str]:
    """Return the text of every lesson, without its code, by the name of its notebook."""
    return {
        path.stem: "\n".join(re.findall(r"^# (?!%%)(.*)$", path.read_text(encoding="utf-8"), re.MULTILINE))
        for path in sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.py"))
    }


def introduced(term: str) -> str:
    """Return the notebook that introduces a term: the first that sets it off, or else the first that has it."""
    words = r"\s+".join(map(re.escape, term.split()))
    for pattern in (rf"[*`]{words}s?[*`]", rf"(?<!\w){words}s?(?!\w)"):
        for name, text in lessons().items():
            if re.search(pattern, text, re.IGNORECASE):
                return name
    return ""


def _link(term: str, before: str = "", after: str = "") -> str:
    name = introduced(term)
    return f"{before}[lesson {name[:2]}](../notebooks/{name}.ipynb){after}" if name else ""


def module() -> str:
    """Build the module, as prettier would format it."""
    lines = []
    for term, meaning in GLOSSARY.items():
        key = term if re.fullmatch(r"[A-Za-z_]\w*", term) else json.dumps(term)
        text = json.dumps(meaning, ensure_ascii=False)
        line = f"  {key}: {text},"
        short = len(line) <= WIDTH or len(key) <= SHORT
        lines.append(line if short else f"  {key}:\n    {text},")
    return MODULE_HEAD + "\n".join(lines) + "\n};\n"


FILES = {"docs/glossary.md": page, "docs/notation.md": notation, "js/shared/glossary.js": module}


def main(args: list[str]) -> None:
    """Write the files, or with --check say which of them are not what would be written."""
    files = {name: content() for name, content in FILES.items()}
    keep_in_step(args, ROOT, files, "softmoe_edu/glossary.py and the lessons", "glossary.py", __doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
