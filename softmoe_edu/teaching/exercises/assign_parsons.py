"""assign_with_capacity as lines to put in order: the same function, without typing it (lesson 02)."""

import linecache
from collections.abc import Callable, Sequence

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

    Lines that make no Python give a function that raises SyntaxError with the place. Raises ValueError for a number
    that no line has, and for one that is used twice.
    """
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
    except SyntaxError as error:
        row = (error.lineno or 1) - 1
        where = f"line {order[row - 1]}, the {row}. of yours" if 0 < row <= len(order) else "the end"
        return _no_python(f"{error.msg}, at {where}: look at the line before it and at the indentation")
    return namespace[NAME]


def _no_python(sentence: str) -> Callable:
    def assign_with_capacity(indices: object, weights: object, capacity: object, priority: object) -> None:
        raise SyntaxError(sentence)

    return assign_with_capacity
