"""A learner's own run beside those of a record: its figures, and its curves over the steps."""

import math
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from softmoe_edu.evidence.browsing import CURVE, TOOK, Packed
from softmoe_edu.training import History

NAME = "your run"
POINTS = 20
"""A curve of twice as many points or more is averaged to about so many, as the curves of records are."""

_IN_CURVES = {CURVE: "accuracy"}
"""What the curves of `toy.figures_of` hold: a learner gives it by this name."""

_OF_TRAINING = ("step", "accuracy", "loss")
"""What any run may have, whether a record has it or not."""

Own = History | Mapping[str, Any]


def packed_run(own: Own | None, known: Iterable[str]) -> Packed:
    """Return a run as plain lists and numbers: {} for None.

    Args:
        own: the history of a training, or {name: number, or numbers over the steps}; "step" names the steps.
        known: the names of all figures of the records.

    Returns:
        `values`, the figures at the end; `curves`, lists by the name of the figure that they stand beside; `steps`.

    Raises:
        TypeError: it is neither, or holds something else than numbers.
        ValueError: it has no step, lists of several lengths, or a name that no record has.
    """
    if own is None:
        return {}
    figures = set(known)
    if isinstance(own, History):
        return _of_history(own, figures)
    if not isinstance(own, Mapping):
        raise TypeError(
            f"own must be a History of train, or {{name: number or numbers}}, got {type(own).__name__}: "
            "give what train returned"
        )
    taken = sorted({*figures, *_OF_TRAINING})
    values: dict[str, float] = {}
    lists: dict[str, list[float]] = {}
    for name, given in own.items():
        if name not in taken:
            near = get_close_matches(str(name), taken, 1, 0.0)[0]
            raise ValueError(
                f"own has {name!r}, which no record has: did you mean {near!r}? There are {', '.join(taken)}"
            )
        numbers = _numbers(str(name), given)
        if isinstance(numbers, list):
            lists[name] = numbers
        else:
            values[name] = numbers
    sizes = {name: len(numbers) for name, numbers in lists.items()}
    if len(set(sizes.values())) > 1:
        raise ValueError(f"own must have lists of one length, got {sizes}: give one number for each step of 'step'")
    length = next(iter(sizes.values()), 0)
    steps = lists.pop("step", [float(i + 1) for i in range(length)])
    return _packed(values, lists, steps, figures)


def _of_history(history: History, figures: set[str]) -> Packed:
    if not history.steps_done:
        raise ValueError("own must have a step at least, got a History without any: train the model first")
    log, tests = history.steps_log, history.tests_log
    curves = {name: list(map(float, log[name])) for name in ("accuracy", "loss", "dropped")}
    ends = {name: float(column[-1]) for name, column in tests.items() if column and name != "step"}
    ends[TOOK] = float(sum(log["seconds"]))
    # What was not tested at the end has no figure, and a curve of batches does not stand in for it.
    found = _packed(ends, curves, list(map(float, log["step"])), figures)
    return {**found, "values": {name: ends[name] for name in ends if math.isfinite(ends[name])}}


def _packed(
    values: Mapping[str, float], lists: Mapping[str, list[float]], steps: list[float], figures: set[str]
) -> Packed:
    parts = max(1, len(steps) // POINTS)
    thinned = {name: _thinned(numbers, parts) for name, numbers in lists.items()}
    beside = {name: _IN_CURVES.get(name, name) for name in figures | set(lists)}
    ends = {name: numbers[-1] for name, numbers in lists.items() if math.isfinite(numbers[-1])}
    return {
        "name": NAME,
        "values": {**ends, **{name: value for name, value in values.items() if math.isfinite(value)}},
        "curves": {figure: thinned[name] for figure, name in beside.items() if name in thinned},
        "steps": [steps[min(at + parts, len(steps)) - 1] for at in range(0, len(steps), parts)],
    }


def _thinned(numbers: Sequence[float], parts: int) -> list[float | None]:
    """Return the mean of every few numbers, None where there is none; what is left at the end is a part too."""
    found: list[float | None] = []
    for at in range(0, len(numbers), parts):
        finite = [each for each in numbers[at : at + parts] if math.isfinite(each)]
        found.append(round(sum(finite) / len(finite), 6) if finite else None)
    return found


def _numbers(name: str, given: Any) -> float | list[float]:
    """Return a number, or the numbers of any list, array or tensor with one axis."""
    if hasattr(given, "tolist"):
        given = given.tolist()
    found = list(given) if isinstance(given, Iterable) and not isinstance(given, str | bytes | Mapping) else [given]
    for each in found:
        if isinstance(each, bool) or not isinstance(each, int | float):
            raise TypeError(
                f"own[{name!r}] must be a number or a list of numbers, got {each!r} ({type(each).__name__}): "
                "convert it with float"
            )
    if not found:
        raise ValueError(f"own[{name!r}] must have a number at least, got none: leave it out")
    return [float(each) for each in found] if isinstance(given, Iterable) else float(found[0])
