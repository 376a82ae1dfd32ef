"""What a lesson leaves to be filled in besides its exercises: numbers from paper, guesses, sentences."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Blank:
    """An answer to one blank, a name that begins with `my_`.

    Args:
        name: The name in the lesson's cell.
        fill: What belongs there, as the text of an expression, or of a function where the lesson defines one.
        why: How one gets there, or what counts in a sentence of one's own.
        shows: How a line begins that the lesson prints where the answer is right; "" where nothing can tell.
    """

    name: str
    fill: str
    why: str
    shows: str = ""


@dataclass(frozen=True)
class Blanks:
    """The answers to the blanks of one lesson, in the order of its cells."""

    lesson: str
    answers: tuple[Blank, ...]


@dataclass(frozen=True)
class Gap:
    """A blank as it stands in a cell: the lines from `first` to `last` (counted from 1) are replaced by its answer.

    function: whether it is a function, of which only the definition is replaced.
    """

    name: str
    first: int
    last: int
    function: bool = False


def gaps(source: str) -> Iterator[Gap]:
    """Yield the blanks of a cell: `my_...` that is set to "?", to nothing, or to what holds a "?"."""
    for node in ast.parse(source).body:
        match node:
            case ast.Assign([ast.Name(name)], value) if name.startswith("my_") and _is_open(value):
                yield Gap(name, node.lineno, node.end_lineno or node.lineno)
            case ast.FunctionDef(name) if name.startswith("my_") and _asks(node):
                yield Gap(name, node.lineno, node.end_lineno or node.lineno, function=True)


def _is_open(value: ast.expr) -> bool:
    match value:
        case ast.Constant(None) | ast.List([]):
            return True
    return _asks(value)


def _asks(node: ast.AST) -> bool:
    return any(isinstance(each, ast.Constant) and each.value == "?" for each in ast.walk(node))
