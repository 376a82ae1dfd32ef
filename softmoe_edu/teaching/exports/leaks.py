"""Whether a file that a student receives holds a solution."""

import ast
import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from softmoe_edu.teaching.exercise import Exercise

MARKER = re.compile(r"BEGIN +SOLUTION")


def leaks(path: Path, exercises: Iterable[Exercise]) -> list[str]:
    """Return a sentence for each marker, solution line and solution in a file, or in the files of a zip.

    A line counts whatever its spaces and quotes; a solution as a whole also under other names for its variables.
    """
    secrets = [
        (each.id, {line: _squeezed(line) for line in each.solution_lines}, _body_shape(each)) for each in exercises
    ]
    texts = _texts(path.name, path.read_bytes())
    return list(dict.fromkeys(f"{name}: {fault}" for name, text in texts for fault in _in(text, secrets)))


def _texts(name: str, content: bytes) -> Iterator[tuple[str, str]]:
    """Yield the texts of a file: those of a notebook's cells and metadata apart, of a zip's files too."""
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as inside:
            for member in inside.namelist():
                yield from _texts(f"{name}/{member}", inside.read(member))
        return
    text = content.decode("utf-8", "replace")
    try:
        data = json.loads(text)
    except ValueError:
        yield name, text
    else:
        for each in _strings(data):
            yield name, each


def _strings(data: object) -> Iterator[str]:
    """Yield every text of a JSON value; a list of texts, as a notebook keeps lines, is one."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, list) and data and all(isinstance(each, str) for each in data):
        yield "".join(data)
    elif isinstance(data, dict | list):
        for each in data.values() if isinstance(data, dict) else data:
            yield from _strings(each)


def _in(text: str, secrets: list[tuple[str, dict[str, str], str]]) -> Iterator[str]:
    if MARKER.search(text):
        yield "a marker of a solution"
    squeezed, shapes = _squeezed(text), set(_shapes(text))
    for id, lines, shape in secrets:
        yield from (f"{id}, the line {line!r}" for line, secret in lines.items() if secret in squeezed)
        if shape in shapes:
            yield f"{id}, its whole solution"


def _squeezed(text: str) -> str:
    return "".join(text.replace('"', "'").split())


def _body_shape(exercise: Exercise) -> str:
    function = ast.parse(exercise.solution).body[0]
    return _shape(function, function.body[1:])


def _shapes(text: str) -> Iterator[str]:
    """Return the shape of every function in a text that is Python."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield _shape(node, node.body[1:] if ast.get_docstring(node) is not None else node.body)


def _shape(function: ast.FunctionDef, body: list[ast.stmt]) -> str:
    """Return statements as text in which a function's own names are numbers, in the order in which they come."""
    names = {arg.arg for arg in function.args.args}
    names |= {n.id for each in body for n in ast.walk(each) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    order: dict[str, str] = {}

    class Number(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.Name:
            known = order.setdefault(node.id, f"_{len(order)}") if node.id in names else node.id
            return ast.Name(known, node.ctx)

        def visit_arg(self, node: ast.arg) -> ast.arg:
            return ast.arg(order.setdefault(node.arg, f"_{len(order)}"))

    copied = ast.parse(ast.unparse(ast.Module(body, [])))
    return ast.dump(Number().visit(copied))
