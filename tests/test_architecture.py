import ast
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
    "text": set(),
    "modes": set(),
    "shadowing": set(),
    "capacity": {"shapes"},
    "routing": {"shapes", "names"},
    "routers": DECISION,
    "experts": DECISION,
    "losses": DECISION,
    "metrics": DECISION,
    "randomness": {"shapes"},
    "influence": {"shapes", "modes", "randomness"},
    "moe": PARTS,
    "vit": PARTS | {"moe"},
    "upcycling": MODELS,
    "rerouting": MODELS,
    "cost": MODELS | {"text"},
    "paper": MODELS | {"cost"},
    "data": {"shapes", "randomness"},
    "own_figures": set(),
    "training": MODELS | {"data", "files", "randomness", "text"},
    "figures": SHOWN | {"own_figures", "text"},
    "widgets": SHOWN | {"files"},
    "__init__": MODELS | {"shadowing"},
    "lessons": {"files", "text"},
    "teaching": MODELS
    | {
        "files",
        "text",
        "lessons",
        "upcycling",
        "cost",
        "paper",
        "data",
        "training",
        "own_figures",
        "figures",
        "widgets",
    }
    | {"__init__"},
    "cli": {"__init__", "files", "lessons", "cost", "paper", "shadowing", "teaching"},
}


def row(parts):
    """Give the row of a module that is named by its path inside the package."""
    return parts[0] if parts else "__init__"


def imported(path, package):
    """Yield the rows that a file imports, at whatever depth the import stands."""
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
        for _, *parts in (name for name in names if name[0] == "softmoe_edu"):
            inside = parts and ((package / parts[0]).is_dir() or (package / f"{parts[0]}.py").is_file())
            yield row(parts if inside else [])


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
        ("widgets/lens.py", "def draw():\n    from ..training import loop", "widgets/lens.py imports training"),
        ("vit.py", "from .teaching import check", "vit.py imports teaching"),
        ("unheard.py", "import torch", "unheard.py has no row in the table"),
    ],
)
def test_a_planted_import_is_found(tmp_path, path, line, fault):
    """The check can fail: each way to write a forbidden import is named."""
    for module in ("moe", "training", "routing", "routers", "teaching", path.removesuffix(".py")):
        (tmp_path / f"{module}.py").parent.mkdir(exist_ok=True)
        (tmp_path / f"{module}.py").write_text("")
    (tmp_path / path).write_text(line)

    assert faults(tmp_path) == [fault]
