"""The lessons as cells for a notebook in JupyterLab, with short trainings: tests/test_notebooks.py runs them whole."""

import ast
import json
import re
from pathlib import Path

from labkit import REPOSITORY

from softmoe_edu.teaching.discovery import plan

LESSONS = {path.stem: path for path in sorted((REPOSITORY / "notebooks").glob("*.ipynb"))}
PLANNED = [next(name for name in LESSONS if name.startswith(one.number)) for arc in plan() for one in arc.lessons]
"""The names of the lessons in the plan of the course."""

SHOWS = "display(figures.described("


# In the lesson's own functions too, a training that is not told otherwise ends after two steps.
SHORTER = """
import importlib as _importlib, pkgutil as _pkgutil
_lesson = _importlib.import_module("softmoe_edu.course.lesson_{number}")
for _found in _pkgutil.iter_modules(_lesson.__path__, _lesson.__name__ + "."):
    for _one in vars(_importlib.import_module(_found.name)).values():
        if "steps" in (getattr(_one, "__kwdefaults__", None) or {{}}):
            _one.__kwdefaults__["steps"] = 2
"""


def cells_of(lesson: Path, workspace: Path) -> list[dict]:
    """The cells of a lesson for a notebook, behind one that goes to the workspace.

    Every training ends after two steps, and of five seeds and more two are left.
    """
    cells = json.loads(lesson.read_text("utf-8"))["cells"]
    start = f"%cd -q {workspace}" + SHORTER.format(number=lesson.name[:2])
    made, shortened = [{"cell_type": "code", "source": start}], 0
    for cell in cells:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code":
            source, found = re.subn(r"(\bsteps=|\"steps\": )\d+", r"\g<1>2", source)
            source = re.sub(r"(?m)^(.*\bseed\b.*\brange\()(?:[5-9]|\d\d+)\)", r"\g<1>2)", source)
            shortened += found
        made.append({"cell_type": cell["cell_type"], "source": source})
    assert shortened or "train(" not in json.dumps(made)
    return made


def asking(cells: list[dict]) -> dict[int, int]:
    """Which cells of a lesson ask for a prediction, and how many figures what each reveals shows."""
    trees = {i: ast.parse(cell["source"]) for i, cell in enumerate(cells) if i and cell["cell_type"] == "code"}
    statements = [node for tree in trees.values() for node in tree.body]
    shown = {node.name: ast.unparse(node).count(SHOWS) for node in statements if isinstance(node, ast.FunctionDef)}
    asked = {}
    for i, tree in trees.items():
        for node in tree.body:
            if isinstance(node, ast.Expr) and ast.unparse(node).startswith("predict("):
                reveals = [keyword.value for keyword in node.value.keywords if keyword.arg == "reveal"]
                asked[i] = shown[reveals[0].id] if reveals else 0
    return asked
