"""The glossary as a page of the docs and as a module of the widgets, both written from `softmoe_edu/glossary.py`.

python docs/glossary.py writes docs/glossary.md and js/shared/glossary.js; --check says whether they are up to date.
"""

import json
import re
import runpy
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Without the package, which would load torch.
GLOSSARY: dict[str, str] = runpy.run_path(str(ROOT / "softmoe_edu" / "glossary.py"))["GLOSSARY"]

PAGE_HEAD = """<!-- Written by `python docs/glossary.py` from softmoe_edu/glossary.py, which you edit instead. -->
# Glossary

One word for one thing, in code, lessons, widgets and messages. In a widget, press a word with a dotted line below it
to read what stands here.

"""
MODULE_HEAD = """// Written by `python docs/glossary.py` from softmoe_edu/glossary.py; edit that file, not this one.

/** @type {Record<string, string>} */
export const GLOSSARY = {
"""
# As prettier breaks lines: not behind a key this short.
WIDTH, SHORT = 120, 4


def page() -> str:
    """Build the page: one paragraph a term, in alphabetical order."""
    terms = sorted(GLOSSARY.items(), key=lambda item: item[0].lower())
    return PAGE_HEAD + "\n".join(f"**{term}**: {meaning}\n" for term, meaning in terms)


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


FILES = {"docs/glossary.md": page, "js/shared/glossary.js": module}


def main(args: list[str]) -> None:
    """Write the files, or with --check say which of them are not what would be written."""
    if args not in ([], ["--check"]):
        sys.exit(__doc__)
    for name, content in FILES.items():
        path = ROOT / name
        if not args:
            path.write_text(content(), encoding="utf-8", newline="\n")
        elif not path.exists() or path.read_text(encoding="utf-8") != content():
            sys.exit(f"{name} is not what softmoe_edu/glossary.py says: run python docs/glossary.py")


if __name__ == "__main__":
    main(sys.argv[1:])
