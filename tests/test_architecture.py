import ast
import importlib.util
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import softmoe_edu

PACKAGE = Path(softmoe_edu.__file__).parent
DOCS = Path(__file__).resolve().parents[1] / "docs"


def load(path):
    """Load a Python file outside the package as a module; it finds its neighbours, as a script does."""
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


architecture = load(DOCS / "architecture.py")
MAY = architecture.MAY


def row(parts):
    """Return the row of a module, given the parts of its path inside the package."""
    return parts[0] if parts else "__init__"


def imported(path, package):
    """Yield the dotted names inside the package that a file imports, as parts, at whatever depth the import stands."""
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
        yield from (parts for first, *parts in names if first == "softmoe_edu")


def file_of(parts, package):
    """Return the file that an import runs last: the module's own, or the `__init__.py` that defines the name."""
    for length in range(len(parts), -1, -1):
        inside = package.joinpath(*parts[:length])
        for path in (inside.with_suffix(".py"), inside / "__init__.py"):
            if path.is_file() and path != package.with_suffix(".py"):
                return path
    return package / "__init__.py"


def rows_imported(path, package):
    """Yield the rows that a file imports."""
    for parts in imported(path, package):
        inside = parts and ((package / parts[0]).is_dir() or (package / f"{parts[0]}.py").is_file())
        yield row(parts if inside else [])


def circle(package):
    """Return the files of an import cycle, with the first repeated at the end, or an empty list if there is none."""
    paths = sorted(package.rglob("*.py"))
    needs = {path: {file_of(parts, package) for parts in imported(path, package)} for path in paths}
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        return [path.relative_to(package).as_posix() for path in error.args[1]]
    return []


def faults(package):
    """Describe each module without a row and each import that the table does not allow."""
    found = []
    for path in sorted(package.rglob("*.py")):
        module, name = path.relative_to(package), row(path.relative_to(package).with_suffix("").parts)
        if name not in MAY:
            found.append(f"{module} has no row in the table")
            continue
        found += [
            f"{module} imports {other}" for other in rows_imported(path, package) if other not in MAY[name] | {name}
        ]
    return found


def test_imports_follow_the_table():
    """Every module has a row, and imports only what its row allows."""
    assert faults(PACKAGE) == []


def without_claim(folder):
    """Return the tests that have no docstring."""
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


def test_no_two_files_need_each_other():
    """The imports of the package's files form no circle, those inside of functions included."""
    assert circle(PACKAGE) == []


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"a.py": "from softmoe_edu import b", "b.py": "def f():\n    from softmoe_edu.a import x"}, {"a.py", "b.py"}),
        ({"f/a.py": "from . import b", "f/b.py": "import softmoe_edu.f.a"}, {"f/a.py", "f/b.py"}),
        ({"f/a.py": "from softmoe_edu.f import x", "f/__init__.py": "from .a import x"}, {"f/a.py", "f/__init__.py"}),
        ({"f/a.py": "from ..c import x", "f/b.py": "from .a import x", "c.py": "import softmoe_edu.f.b"},
         {"f/a.py", "f/b.py", "c.py"}),
        ({"a.py": "from .a import x"}, {"a.py"}),
        ({"f/a.py": "from .b import a", "f/b.py": "import torch", "f/__init__.py": "from . import a, b"}, set()),
    ],
)  # fmt: skip
def test_a_planted_circle_is_found(tmp_path, files, found):
    """A circle is named by its files, however its imports are written, and importing a part of a package is none."""
    for name, text in {"__init__.py": "", "f/__init__.py": "", **files}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)

    assert set(circle(tmp_path)) == found


def test_the_page_is_built_from_the_table():
    """docs/architecture.md is what docs/architecture.py writes today."""
    assert (DOCS / "architecture.md").read_text(encoding="utf-8") == architecture.page()


def test_a_stale_page_is_reported(monkeypatch, tmp_path):
    """A row that changes makes the page stale, which --check says, and writing it again makes it current."""
    monkeypatch.setattr(architecture, "ROOT", tmp_path)
    monkeypatch.setattr(architecture, "PAGE", tmp_path / "architecture.md")
    with pytest.raises(SystemExit, match=r"run python docs/architecture\.py"):
        architecture.main(["--check"])
    architecture.main([])
    architecture.main(["--check"])

    monkeypatch.setitem(architecture.MAY, "vit", {"moe"})
    with pytest.raises(SystemExit, match=r"architecture\.md is not what the table and the docstrings say"):
        architecture.main(["--check"])


def test_every_part_of_the_table_has_a_summary():
    """The page says of every part what it is, so each part's docstring opens with it."""
    assert [name for name in MAY if not architecture.summary(name)] == []
