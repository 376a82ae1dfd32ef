"""Where the lessons are, how they reach a learner's workspace, and how a lesson's .ipynb is built from its .py.

`python -m softmoe_edu.lessons` builds the .ipynb files of a checkout; with --check it only compares.
"""

import argparse
import hashlib
import json
import sys
from collections import Counter
from pathlib import Path

from softmoe_edu.files import write_atomically
from softmoe_edu.text import plural

PACKAGE = Path(__file__).resolve().parent
MANIFEST = Path(".softmoe") / "delivered.json"
SETUP = """\
# On Colab and the like this installs the course; elsewhere it does nothing.
from importlib.util import find_spec

if find_spec("softmoe_edu") is None:
    get_ipython().run_line_magic("pip", "install --quiet softmoe-edu")"""
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def folder() -> Path:
    """Return the folder of the lessons: `lessons/` in an installed package, `notebooks/` in a checkout.

    Raises FileNotFoundError if neither holds a lesson.
    """
    for place in (PACKAGE / "lessons", PACKAGE.parent / "notebooks"):
        if any(place.glob("*.ipynb")):
            return place
    raise FileNotFoundError(
        f"no lessons found in {PACKAGE / 'lessons'} or {PACKAGE.parent / 'notebooks'}: "
        "install softmoe-edu again, or run make sync in a checkout"
    )


def deliver(workspace: Path, source: Path) -> list[str]:
    """Copy the lessons of source into workspace and return what happened, one sentence a line.

    A file that the learner changed is never written to: a newer lesson then arrives beside it. The manifest in
    the workspace maps each delivered file to the fingerprint of the version last given under its name.
    """
    # Only the .ipynb goes out: with its .py beside it, jupytext would pair the two and a beginner would have
    # one lesson in two files.
    lessons = sorted(source.glob("*.ipynb"))
    workspace.mkdir(parents=True, exist_ok=True)
    given, lines = _read_manifest(workspace / MANIFEST)
    new, updated = [], []
    for lesson in lessons:
        content, target = lesson.read_bytes(), workspace / lesson.name
        known, latest = given.get(target.name), _fingerprint(content)
        given[target.name] = latest
        if not target.exists():
            write_atomically(target, content)
            new.append(target.stem)
        elif (found := _fingerprint(target.read_bytes())) == latest:
            continue
        elif found == known:
            write_atomically(target, content)
            updated.append(target.stem)
        elif latest != known:
            beside = _beside(target, content, given)
            given[beside.name] = latest
            write_atomically(beside, content)
            lines.append(f"{target.name} holds your work and was kept; the newer lesson is {beside.name}, beside it.")
    write_atomically(workspace / MANIFEST, json.dumps(given, indent=1, sort_keys=True).encode() + b"\n")
    named = (("new", new), ("updated", updated))
    counts = [f"{len(names)} {word} ({', '.join(names)})" for word, names in named if names]
    summary = ", ".join([f"{plural(len(lessons), 'lesson')} in {workspace}", *counts])
    return [f"{summary}.", *lines]


def _beside(target: Path, content: bytes, given: dict[str, str]) -> Path:
    """Return the first name beside target that is free, holds content already, or holds a lesson left untouched."""
    count = 1
    while True:
        path = target.with_suffix(".new.ipynb" if count == 1 else f".new-{count}.ipynb")
        if not path.exists() or _fingerprint(path.read_bytes()) in (_fingerprint(content), given.get(path.name)):
            return path
        count += 1


def _read_manifest(path: Path) -> tuple[dict[str, str], list[str]]:
    """Return the manifest, empty if there is none; a damaged one is moved aside and reported."""
    if not path.exists():
        return {}, []
    try:
        given = json.loads(path.read_bytes())
        if isinstance(given, dict) and all(isinstance(value, str) for value in given.values()):
            return given, []
    except ValueError:
        pass
    aside, count = path.with_name("delivered.damaged.json"), 1
    while aside.exists():
        count += 1
        aside = path.with_name(f"delivered.damaged-{count}.json")
    path.rename(aside)
    return {}, [
        f"The list of delivered lessons was damaged and is now {aside.relative_to(path.parent.parent)}: "
        "every lesson that differs from the current one counts as your work."
    ]


def _fingerprint(content: bytes) -> str:
    """Hash what a learner works on, the cells: JupyterLab rewrites a notebook's other metadata by itself."""
    try:
        cells = json.loads(content)["cells"]
        content = json.dumps([cell | {"source": "".join(cell["source"])} for cell in cells], sort_keys=True).encode()
    except (ValueError, KeyError, TypeError):
        pass  # no notebook: every byte counts
    return _hash(content)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def build(source: str) -> str:
    """Return the .ipynb text of a lesson in percent format: no outputs, and always the same bytes for the same source.

    Below the text that opens the lesson stands one more cell, `SETUP`. A cell's id comes from its own type and text, so
    that an edit renames no other cell.
    """
    import jupytext
    import nbformat

    notebook = jupytext.reads(source, fmt="py:percent")
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": {"name": "python"}})
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    if notebook.cells and notebook.cells[0].cell_type == "markdown":
        setup = {"tags": ["setup"]}
        notebook.cells.insert(1, nbformat.v4.new_code_cell(SETUP, metadata=setup))
    seen: Counter[str] = Counter()
    for cell in notebook.cells:
        text = f"{cell.cell_type}\n{cell.source}"
        seen[text] += 1
        cell.id = _hash(f"{text}\n{seen[text]}".encode())[:12]
        cell.metadata = nbformat.from_dict({"tags": cell.metadata["tags"]} if "tags" in cell.metadata else {})
    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"


def sync(notebooks: Path, *, check: bool = False) -> list[str]:
    """Write each .ipynb that differs from what its .py builds, or only report it with check; return the faults left."""
    faults = []
    sources = sorted(notebooks.glob("*.py"))
    if not sources:
        faults.append(f"{notebooks} holds no lesson: expected files such as 00_look_inside.py")
    for source in sources:
        pair, text = source.with_suffix(".ipynb"), build(source.read_text(encoding="utf-8"))
        if pair.exists() and pair.read_text(encoding="utf-8") == text:
            continue
        if check:
            faults.append(f"{pair.name} is not what {source.name} builds: run make sync")
        else:
            write_atomically(pair, text.encode())
            print(f"wrote {pair.name}")
    for pair in sorted(notebooks.glob("*.ipynb")):
        if not pair.with_suffix(".py").exists():
            faults.append(f"{pair.name} has no {pair.stem}.py: write the lesson there, or delete the .ipynb")
    return faults


def main(argv: list[str] | None = None) -> None:
    """Build or compare the lessons of this checkout; exit with 1 and sentences if a fault is left."""
    parser = argparse.ArgumentParser(prog="softmoe_edu.lessons", description="Build each .ipynb from its .py.")
    parser.add_argument("--check", action="store_true", help="write nothing, fail where a pair disagrees")
    faults = sync(PACKAGE.parent / "notebooks", check=parser.parse_args(argv).check)
    sys.exit("\n".join(faults) or None)


if __name__ == "__main__":
    main()
