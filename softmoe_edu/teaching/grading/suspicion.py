"""Signs that a notebook tries to do something other than answer: for a person to look at, never worth a point."""

import ast
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from softmoe_edu.teaching.grading.extract import plain

MODULES = {"ctypes", "cffi", "subprocess", "multiprocessing", "socket", "_thread", "signal", "pty"}
CALLS = {
    "os.fork",
    "os.forkpty",
    "os.kill",
    "os.killpg",
    "os.system",
    "os.popen",
    "os.setsid",
    "os._exit",
    "sys._getframe",
    "sys.settrace",
    "sys.setprofile",
    "sys.modules",
    "sys.addaudithook",
    "gc.get_objects",
    "gc.get_referrers",
    "inspect.stack",
    "inspect.currentframe",
}
CALLS |= {f"os.{name}{end}" for name in ("exec", "spawn") for end in ("l", "le", "lp", "v", "ve", "vp", "vpe")}
NAMES = {"__subclasses__", "__globals__", "__code__", "f_globals", "f_back", "gi_frame", "tb_frame"}
WORDS = re.compile(r"gradebook|grades\.csv|NBGRADER|SOFTMOE_GRADING|SOFTMOE_CLASS_KEY|/proc/", re.IGNORECASE)
OWN = "softmoe_edu"
ENGINE = tuple(f"{OWN}.{part}" for part in ("teaching.check.", "teaching.grading", "teaching.exercise", "course"))


def suspicions(cells: Sequence[str], handed_out: Sequence[str] = ()) -> list[str]:
    """Return what in a notebook's code is suspicious, in words; what the lesson itself does is not.

    Args:
        cells: The texts of its code cells.
        handed_out: Those of the lesson.
    """
    usual = set(_in_all(handed_out))
    return [each for each in dict.fromkeys(_in_all(cells)) if each not in usual]


def _in_all(cells: Sequence[str]) -> Iterator[str]:
    for source in cells:
        yield from _in_text(source)
        text = plain(source)
        try:
            yield from list(_in_tree(ast.parse(textwrap.dedent(text or ""))))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue


def _in_text(source: str) -> Iterable[str]:
    return [f"mentions {found.group().lower()}" for found in WORDS.finditer(source)]


def _in_tree(tree: ast.Module) -> Iterator[str]:
    of_engine: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for each in node.names:
                yield from _imported(each.name)
                if each.name.startswith(OWN):
                    of_engine.add(each.asname or each.name.partition(".")[0])
        elif isinstance(node, ast.ImportFrom) and node.module:
            for each in node.names:
                yield from _imported(f"{node.module}.{each.name}")
                if f"{node.module}.{each.name}" in CALLS:
                    yield f"uses {node.module}.{each.name}"
                if node.module.startswith(OWN):
                    of_engine.add(each.asname or each.name)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            words = ast.unparse(node)
            if words in CALLS:
                yield f"uses {words}"
            if node.attr in NAMES:
                yield f"uses {node.attr}"
            changed = not isinstance(node.ctx, ast.Load)
            if changed and (words.partition(".")[0] in of_engine or words.startswith((OWN, "builtins."))):
                yield f"changes {words}"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id == "setattr" and node.args and ast.unparse(node.args[0]).partition(".")[0] in of_engine:
                yield f"changes {ast.unparse(node.args[0])}"
            if node.func.id == "__import__":
                yield "uses __import__"


def _imported(name: str) -> Iterator[str]:
    top = name.partition(".")[0]
    if top in MODULES:
        yield f"imports {top}"
    if name.startswith(ENGINE):
        yield f"imports {name}"
