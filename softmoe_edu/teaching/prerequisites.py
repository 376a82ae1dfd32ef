"""What a lesson may use: what it or an earlier one builds or shows. `python -m softmoe_edu.teaching.prerequisites`.

An exercise builds its function and what the library has in its place (`Exercise.library`). A lesson that uses a part of
the library before it is built says so in `LESSON.shows`: it explains the part in words, and later lessons may use it.
"""

import ast
import importlib
import sys
from collections.abc import Iterator
from types import ModuleType

from softmoe_edu.teaching.discovery import clinics, exercises, find_question, lessons, questions
from softmoe_edu.teaching.exports.lesson import chosen
from softmoe_edu.teaching.say import say

ASKING = {"check", "use", "hint"}  # called with an exercise's id


def faults(number: str, code: list[str] | None = None) -> list[str]:
    """Return in sentences what a lesson uses that only later ones build.

    Args:
        number: The lesson.
        code: Its code cells; those of its notebook by default. Stubs and hints of its exercises are read in any case.
    """
    lesson, found = lessons()[number], []
    cells = _cells(number) if code is None else code
    own = [each for each in exercises().values() if each.lesson == number]
    helps = [text for each in own for text in (each.stub, *(hint.code for hint in each.hints))]
    uses = list(_uses("\n".join(cells))) + [use for text in helps for use in _uses(text)]
    for name, thing in uses:
        built = _built(name, thing)
        if built and built[0] > number and not _is_shown(thing, number):
            found.append(f"lesson {number} uses {name}, which lesson {built[0]} builds ({built[1]})")
    used = [thing for _, thing in uses]
    for name in lesson.shows:
        if not any(_resolved(name) is thing for thing in used):
            found.append(f"lesson {number} says that it shows {name}, and does not use it")
    return list(dict.fromkeys(found))


def _built(name: str, thing: object) -> tuple[str, str] | None:
    """Return the lesson that builds a thing, and the id of what it builds it in: the first of several."""
    if isinstance(thing, str):
        if name.startswith("clinic"):
            return (thing, "its clinic") if thing in clinics() else None
        if name.startswith("predict"):
            return (find_question(thing).lesson, thing) if thing in questions() else None
        return (exercises()[thing].lesson, thing) if thing in exercises() else None
    for each in exercises().values():
        if any(thing is part for part in (each.answer, *each.library)):
            return each.lesson, each.id
    return None


def _is_shown(thing: object, number: str) -> bool:
    earlier = (each for lesson, each in lessons().items() if lesson <= number)
    return any(_resolved(name) is thing for lesson in earlier for name in lesson.shows)


def _uses(source: str) -> Iterator[tuple[str, object]]:
    """Yield what code uses, by name: parts of the library, answers to exercises, and ids that it asks for."""
    tree = ast.parse(source)
    answers = {each.name: each.answer for each in exercises().values()}
    known: dict[str, object] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "softmoe_edu":
            for alias in node.names:
                known[alias.asname or alias.name] = thing = _resolved(f"{node.module}.{alias.name}")
                yield alias.name, thing
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.partition(".")[0] == "softmoe_edu":
                    whole = alias.name if alias.asname else "softmoe_edu"
                    importlib.import_module(alias.name)
                    known[alias.asname or whole] = sys.modules[whole]
    defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    defined |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and (thing := _member(node, known)) is not None:
            yield ast.unparse(node), thing
        elif isinstance(node, ast.Name) and node.id in answers and node.id not in defined and node.id not in known:
            yield node.id, answers[node.id]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                if node.func.id in ASKING | {"clinic", "predict"}:
                    yield f"{node.func.id}({first.value!r})", first.value


def _member(node: ast.Attribute, known: dict[str, object]) -> object | None:
    """Return what `metrics.dropped` is, where `metrics` is a module of the library; None for anything else."""
    holder = known.get(node.value.id) if isinstance(node.value, ast.Name) else None
    if isinstance(node.value, ast.Attribute):
        holder = _member(node.value, known)
    return getattr(holder, node.attr, None) if isinstance(holder, ModuleType) else None


def _resolved(name: str) -> object:
    """Return the thing of the library with this dotted name.

    Raises:
        ValueError: If there is none.
    """
    module, _, last = name.rpartition(".")
    try:
        holder = importlib.import_module(module)
        return getattr(holder, last) if hasattr(holder, last) else importlib.import_module(name)
    except ImportError as error:
        raise ValueError(f"{name} is nothing in the library: write it as it is imported") from error


def _cells(number: str) -> list[str]:
    (lesson,) = chosen([number])
    return [cell.source for cell in lesson.notebook.cells if cell.cell_type == "code"]


def main() -> None:
    """Print what lessons use too early, and end with an error if there is anything."""
    found = [fault for number in lessons() for fault in faults(number)]
    if found:
        sys.exit("\n".join(found))
    say(f"{len(lessons())} lessons use only what they or earlier ones build or show.")


if __name__ == "__main__":
    main()
