import ast
import itertools
from pathlib import Path

import pytest

import softmoe_edu

PACKAGE = Path(softmoe_edu.__file__).parent

DECISION = {"shapes", "names", "modes", "capacity", "routing"}
PARTS = DECISION | {"routers", "experts", "losses", "metrics"}
MODELS = PARTS | {"moe", "vit"}
SHOWN = DECISION | {"metrics", "influence"}

# Who may import whom. A row names only rows above it, so no two parts can need each other.
MAY = {
    "shapes": set(),
    "names": set(),
    "files": set(),
    "modes": set(),
    "shadowing": set(),
    "capacity": {"shapes"},
    "routing": {"shapes", "names"},
    "routers": DECISION,
    "experts": DECISION,
    "losses": DECISION,
    "metrics": DECISION,
    "influence": {"shapes", "modes"},
    "moe": PARTS,
    "vit": PARTS | {"moe"},
    "upcycling": MODELS,
    "rerouting": MODELS,
    "cost": MODELS,
    "paper": MODELS | {"cost"},
    "data": {"shapes"},
    "own_figures": set(),
    "train": MODELS | {"data", "files"},
    "figures": SHOWN | {"own_figures"},
    "widgets": SHOWN | {"files"},
    "__init__": MODELS | {"shadowing"},
    "lessons": {"files"},
    # The engine knows no lesson: it looks for them when they are asked for, and the lessons import it.
    "teaching": {"files", "lessons", "own_figures", "figures", "widgets", "__init__"},
    "course": MODELS | {"upcycling", "cost", "paper", "data", "train", "influence", "figures", "widgets", "teaching"},
    "cli": {"__init__", "files", "lessons", "cost", "paper", "shadowing", "teaching"},
}


def row(parts):
    """Give the row of a module that is named by its path inside the package."""
    name = parts[0] if parts else "__init__"
    return "train" if name == "training" else name  # train.py and its parts share a row


def names_imported(path, package):
    """Yield what a file imports of the package, as a list of parts, at whatever depth the import stands."""
    here = path.relative_to(package).with_suffix("").parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            root = ["softmoe_edu", *here][: -node.level] if node.level else []
            base = root + (node.module.split(".") if node.module else [])
            names = [[*base, alias.name] for alias in node.names]
        else:
            continue
        yield from (parts for root, *parts in names if root == "softmoe_edu")


def imported(path, package):
    """Yield the rows that a file imports."""
    for parts in names_imported(path, package):
        inside = parts and ((package / parts[0]).is_dir() or (package / f"{parts[0]}.py").is_file())
        yield row(parts if inside else [])


def modules_imported(path, package):
    """Yield the modules of the package, by their paths without suffix, that a file imports at whatever depth."""
    for parts in names_imported(path, package):
        named = package.joinpath(*parts)
        # The last part is a module, or a name in one, or in the package itself.
        found = (each for each in (named, named.parent, named.parent / "__init__") if each.with_suffix(".py").is_file())
        yield from itertools.islice(found, 0 if (named / "__init__.py").is_file() else 1)


def cycles(package):
    """Give the modules that need each other, directly or through others, and those that need them."""
    graph = {path.with_suffix(""): {*modules_imported(path, package)} for path in sorted(package.rglob("*.py"))}
    while free := [module for module, needed in graph.items() if not needed & graph.keys()]:
        for module in free:
            del graph[module]
    return sorted(str(module.relative_to(package)) for module in graph)


def faults(package):
    """Give a sentence for each module without a row and each import that the table does not allow."""
    found = []
    for path in sorted(package.rglob("*.py")):
        module, name = path.relative_to(package), row(path.relative_to(package).with_suffix("").parts)
        if name not in MAY:
            found.append(f"{module} has no row in the table")
            continue
        found += [f"{module} imports {other}" for other in imported(path, package) if other not in MAY[name] | {name}]
    return found


def test_imports_follow_the_table():
    """Every module has a row, and imports only what its row allows."""
    assert faults(PACKAGE) == []


def without_claim(folder):
    """Give the tests that have no docstring."""
    functions = (
        (path, node)
        for path in sorted(folder.rglob("test_*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )
    return [f"{path.relative_to(folder)}: {node.name}" for path, node in functions if not ast.get_docstring(node)]


def test_every_test_states_a_claim(tmp_path):
    """Each test has a docstring, and one without is found."""
    (tmp_path / "test_planted.py").write_text("def test_bare():\n    assert 1\n")

    assert without_claim(tmp_path) == ["test_planted.py: test_bare"]
    assert without_claim(Path(__file__).parent) == []


def test_no_module_needs_itself():
    """No module imports itself through others, not even inside a function."""
    assert cycles(PACKAGE) == []


def test_a_planted_cycle_is_found(tmp_path):
    """The check can fail: two modules that import each other are named, one of them inside a function."""
    (tmp_path / "teaching").mkdir()
    (tmp_path / "teaching" / "view.py").write_text("from softmoe_edu.teaching.asking import ask")
    (tmp_path / "teaching" / "asking.py").write_text("def ask():\n    from softmoe_edu.teaching import view")
    (tmp_path / "teaching" / "draw.py").write_text("import torch")

    assert cycles(tmp_path) == ["teaching/asking", "teaching/view"]


def test_the_table_has_an_order():
    """No row allows itself or a row below it, hence no cycle."""
    rows = list(MAY)

    assert [(name, other) for i, name in enumerate(rows) for other in MAY[name] if other not in rows[:i]] == []


@pytest.mark.parametrize(
    ("path", "line", "fault"),
    [
        ("widgets/lens.py", "from softmoe_edu.routers import SoftRouter", "widgets/lens.py imports routers"),
        ("figures/maps.py", "from softmoe_edu import moe", "figures/maps.py imports moe"),
        ("figures/maps.py", "from softmoe_edu import MoE", "figures/maps.py imports __init__"),
        ("capacity.py", "import softmoe_edu.routing", "capacity.py imports routing"),
        ("widgets/lens.py", "def draw():\n    from ..training import loop", "widgets/lens.py imports train"),
        ("vit.py", "from .teaching import check", "vit.py imports teaching"),
        ("teaching/hints.py", "from softmoe_edu.course import lesson_05", "teaching/hints.py imports course"),
        ("teaching/check/examine.py", "import softmoe_edu.course", "teaching/check/examine.py imports course"),
        (
            "teaching/exports/lesson.py",
            "def f():\n    from ...course import x",
            "teaching/exports/lesson.py imports course",
        ),
        ("teaching/draw.py", "from softmoe_edu.routers import ROUTERS", "teaching/draw.py imports routers"),
        ("widgets/base.py", "from softmoe_edu.course.lesson_05 import card", "widgets/base.py imports course"),
        ("unheard.py", "import torch", "unheard.py has no row in the table"),
    ],
)
def test_a_planted_import_is_found(tmp_path, path, line, fault):
    """The check can fail: each way to write a forbidden import is named."""
    for module in ("moe", "training", "routing", "routers", "teaching", "course", path.removesuffix(".py")):
        (tmp_path / f"{module}.py").parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / f"{module}.py").write_text("")
    (tmp_path / path).write_text(line)

    assert faults(tmp_path) == [fault]
