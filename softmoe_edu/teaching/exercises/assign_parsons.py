"""assign_with_capacity as lines to put in order: the same function, without typing it (lesson 02)."""

import itertools
import linecache
from collections.abc import Callable, Sequence
from numbers import Integral

import torch

NAME = "assign_with_capacity"
FILE = "<your lines>"
# 15 of the 20 make the function; the others are what people write in their place.
LINES = (
    "        for token in tokens:",
    "    taken = {}",
    "            if row < capacity:",
    "    return positions, kept",
    "                taken[expert] = row + 1",
    "    for token in tokens:",
    "        tokens.sort(key=lambda token: weights[token, 0].item())",
    "    n, k = indices.shape",
    "            expert = int(indices[token, choice])",
    "    if priority == 'gate':",
    "    kept = torch.zeros_like(indices, dtype=torch.bool)",
    "            if expert >= 0 and row < capacity:",
    "        taken = {}",
    "    for choice in range(k):",
    "                positions[token, choice], kept[token, choice] = row, True",
    "    positions = torch.full_like(indices, -1)",
    "        tokens.sort(key=lambda token: weights[token, 0].item(), reverse=True)",
    "            row = taken.get(expert, 0)",
    "    tokens = list(range(n))",
    "        for choice in range(k):",
)


def numbered() -> str:
    """Give the lines with their numbers, from 1."""
    return "\n".join(f"{number:2d} |{line}" for number, line in enumerate(LINES, 1))


def in_order(order: Sequence[int]) -> Callable:
    """Make assign_with_capacity of the lines with these numbers, in this order, each as it is indented.

    Lines whose indentation makes no Python give one that raises SyntaxError with the place. Raises ValueError for what
    is no list of whole numbers, for a number that no line has, and for one that is used twice.
    """
    numbers = isinstance(order, Sequence) and not isinstance(order, str) and all(map(_is_whole, order))
    if not numbers or not order:
        raise ValueError(f"an order is a list of line numbers, such as [8, 19, 4], got {order!r:.60}")
    wrong = [number for number in order if number not in range(1, len(LINES) + 1)]
    if wrong:
        raise ValueError(f"lines have the numbers 1 to {len(LINES)}, got {wrong}")
    twice = sorted({number for number in order if list(order).count(number) > 1})
    if twice:
        raise ValueError(f"every line can be used once, got {twice} more often: take one of each out")
    text = "\n".join([f"def {NAME}(indices, weights, capacity, priority):", *(LINES[number - 1] for number in order)])
    linecache.cache[FILE] = (len(text), None, text.splitlines(keepends=True), FILE)
    namespace: dict[str, object] = {"torch": torch}
    try:
        exec(compile(text, FILE, "exec"), namespace)
    except IndentationError as error:  # each line alone is Python, so that nothing else can be wrong
        return _NoPython(_misplaced(order, error))
    return namespace[NAME]


def _is_whole(number: object) -> bool:
    return isinstance(number, Integral) and not isinstance(number, bool)


def _misplaced(order: Sequence[int], error: IndentationError) -> str:
    """Say which line does not fit."""
    row = (error.lineno or 2) - 1  # the head of the function comes before the first
    if not error.msg.startswith("expected an indented block"):
        return f"{_place(order, row)} has an indentation that does not fit the line above it."
    lines = [LINES[number - 1] for number in order]
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

    def __init__(self, sentence: str) -> None:
        self._sentence = sentence

    def __call__(self, indices: object, weights: object, capacity: object, priority: object) -> None:
        raise SyntaxError(self._sentence)
