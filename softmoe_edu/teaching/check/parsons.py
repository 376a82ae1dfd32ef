"""Lines to put in order: a function without typing it."""

import inspect
import itertools
import linecache
from collections.abc import Callable, Sequence
from numbers import Integral

import torch

from softmoe_edu.teaching.say import say

FILE = "<your lines>"


class NumberedLines:
    """Lines of Python, numbered from 1, some of which make up a function when they are in the right order.

    Args:
        signature: The function's name and parameters, such as "layer(x, experts)".
        lines: The lines of its body, each with its indentation, and common mistakes. Each line alone is valid Python.
    """

    def __init__(self, signature: str, lines: Sequence[str]) -> None:
        self._signature, self.lines = signature, tuple(lines)

    def numbered(self) -> str:
        """Return the lines with their numbers."""
        return "\n".join(f"{number:2d} |{line}" for number, line in enumerate(self.lines, 1))

    def in_order(self, order: Sequence[int], instead_of: Callable | None = None) -> Callable:
        """Return the function made of the lines with these numbers, in this order, with their indentation.

        If the indentation is not valid Python, the function raises SyntaxError and names the line. A function that the
        learner wrote is kept, and a sentence says so.

        Args:
            order: The numbers of lines, from top to bottom.
            instead_of: What has the function's name so far: its stub, an earlier order, or the learner's own.

        Raises:
            ValueError: If order is not a list of whole numbers, has a number that no line has, or uses one twice.
        """
        numbers = isinstance(order, Sequence) and not isinstance(order, str) and all(map(_is_whole, order))
        if not numbers or not order:
            raise ValueError(f"an order is a list of line numbers, such as [8, 19, 4], got {order!r:.60}")
        wrong = [number for number in order if number not in range(1, len(self.lines) + 1)]
        if wrong:
            raise ValueError(f"lines have the numbers 1 to {len(self.lines)}, got {wrong}")
        twice = sorted({number for number in order if list(order).count(number) > 1})
        if twice:
            raise ValueError(f"every line can be used once, got {twice} more than once: remove the repeats")
        name = self._signature.partition("(")[0]
        if instead_of is not None and _is_written(instead_of):
            say(
                f"{name} stays the one that you wrote, and these lines are not used. To try them, put the stub back "
                "into the cell of your function and run it, or leave out instead_of=... here."
            )
            return instead_of
        if instead_of is not None:
            say(f"{name} is now made of your lines, in this order.")
        chosen = [self.lines[number - 1] for number in order]
        text = "\n".join([f"def {self._signature}:", *chosen])
        linecache.cache[FILE] = (len(text), None, text.splitlines(keepends=True), FILE)
        namespace: dict[str, object] = {"torch": torch}
        try:
            exec(compile(text, FILE, "exec"), namespace)
        except IndentationError as error:  # each line alone is valid Python, so nothing else can be wrong
            return _NoPython(self._signature, _misplaced(order, chosen, error))
        return namespace[name]


def _is_written(function: object) -> bool:
    """Return whether a learner wrote this: neither a stub nor lines that were put in order."""
    code = getattr(function, "__code__", None)
    if code is None:
        return callable(function) and not isinstance(function, _NoPython)
    return code.co_filename != FILE and code.co_names != ("NotImplementedError",)


def _is_whole(number: object) -> bool:
    return isinstance(number, Integral) and not isinstance(number, bool)


def _misplaced(order: Sequence[int], lines: Sequence[str], error: IndentationError) -> str:
    """Return which line does not fit, as a sentence."""
    row = (error.lineno or 2) - 1  # the head of the function comes before the first
    if not error.msg.startswith("expected an indented block"):
        return f"{_place(order, row)} has an indentation that does not fit the line above it."
    indents = [len(line) - len(line.lstrip()) for line in lines]
    for row, (own, below) in enumerate(itertools.pairwise([*indents, 0]), 1):
        if lines[row - 1].endswith(":") and below <= own:
            break
    return f"{_place(order, row)} ends in a colon and needs a line below it that is indented further."


def _place(order: Sequence[int], row: int) -> str:
    nth = {1: "first", 2: "second", 3: "third"}.get(row, f"{row}th")
    return f"Line {order[row - 1]} (the {nth} in your order)"


class _NoPython:
    """Stands for the function that the lines do not make; no function, so that no line of this file is shown."""

    def __init__(self, signature: str, sentence: str) -> None:
        namespace: dict[str, Callable] = {}
        exec(f"def it{signature[signature.index('(') :]}: ...", namespace)
        self.__signature__, self._sentence = inspect.signature(namespace["it"]), sentence

    def __call__(self, *_args: object) -> None:
        raise SyntaxError(self._sentence)
