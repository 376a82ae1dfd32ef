"""Records as the run browser draws them: what can be chosen of each, its runs, and means with intervals over seeds.

No claim, router or figure is known by name here: settings and figures say what they are by their values. A setting
`seed` or `repeat` tells runs apart that are otherwise the same, `tuning` marks runs that chose a setting, and a figure
whose name ends in "curve" is a list over the steps of the training.
"""

import functools
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any

from softmoe_edu.evidence.catalogue import find_claim, names
from softmoe_edu.evidence.claim import Result
from softmoe_edu.evidence.ledger import judged
from softmoe_edu.evidence.records import Record, RecordError, read_record
from softmoe_edu.evidence.runner import record_path
from softmoe_edu.evidence.statistics import mean_of
from softmoe_edu.files import StrPath

SEEDS = ("seed", "repeat")
KINDS = {"counted": False, "tuning": True}
"""Which runs are shown, by the value of their setting `tuning`."""

CURVE = "curve"
TOOK = "took"
"""The seconds of a run, as a figure beside those that the claim measured."""

LEAST = 3
"""Fewer seeds than these have a mean and no interval."""

DIGITS, DIGITS_IN_LISTS = 7, 4
MOST_BYTES = 260_000
"""What all records together may take in a page."""

_FIRST_LINES = ("router", "model")
_FIRST_FIGURES = ("accuracy", "seconds", "loss")
_CHOSEN_BY_TUNING = "rate"

Packed = dict[str, Any]
Key = tuple[Any, ...]


def shelf_of(folder: StrPath, first: str = "") -> list[Packed]:
    """Read every record of a folder, as far as `MOST_BYTES` allows with its single runs.

    Args:
        folder: where records lie, as `NAME.json`; those of smoke runs are left out.
        first: the claim that is looked at: its single runs are the last to be left out.

    Returns:
        One for each record, in the order of the claims.

    Raises:
        FileNotFoundError: there is none.
        RecordError: a record is damaged.
    """
    paths = {name: record_path(folder, name) for name in names()}
    records = [read_record(path, name) for name, path in paths.items() if path.exists()]
    if not records:
        raise FileNotFoundError(
            f"there is no record in {str(folder)!r}: run softmoe-edu evidence --folder {folder}, or leave the folder "
            "out for the records that come with the package"
        )
    return _fitted([packed(each) for each in records], first)


def packed(record: Record) -> Packed:
    """Return one record as plain lists and numbers.

    A claim that cannot be judged yet, because runs are missing for instance, says why in place of a verdict.
    """
    claim = find_claim(record.claim)
    try:
        finding = judged(record.claim, record)
        verdict, reason = str(finding.verdict), finding.reason
    except RecordError as error:
        verdict, reason = "no verdict yet", str(error)
    told = {"claim": record.claim, "title": claim.title, "source": claim.source, "verdict": verdict, "reason": reason}
    by_kind = {
        kind: [each for each in record.results if bool(each.settings.get("tuning")) == tuning]
        for kind, tuning in KINDS.items()
    }
    tuned = bool(by_kind["tuning"])
    kinds = {kind: _kind(kind, results, tuned) for kind, results in by_kind.items() if results}
    return {**told, "kinds": kinds, "left_out": ""}


def label_of(name: str) -> str:
    """Return a name of a setting or figure in words: "earlier_share" is "earlier share"."""
    known = {"macs": "MACs", TOOK: "seconds of a run", CURVE: "accuracy in training"}
    return known.get(name, name.replace("_", " "))


def _kind(kind: str, results: Sequence[Result], tuned: bool) -> Packed:
    """Pack runs that may be compared with one another: all those that count, or all those of tuning."""
    seeds = next((name for name in SEEDS if any(name in each.settings for each in results)), "")
    settings = _values(results, seeds)
    varying = [name for name, values in settings.items() if len(values) > 1]
    cells: dict[Key, list[Result]] = {}
    for each in results:
        cells.setdefault(tuple(settings[name].index(each.settings.get(name)) for name in varying), []).append(each)
    figures = _figures(results)
    numbers = [name for name in varying if _all_numbers(settings[name])]
    plots = _plots(list(cells), varying, numbers, settings, tuned and kind == "counted")

    def digits(name: str) -> int:
        return DIGITS_IN_LISTS if figures[name] else DIGITS

    # Rounded after the interval, which would otherwise not be that of the ledger.
    raw = {name: [[_of(each, name) for each in cell] for cell in cells.values()] for name in figures}
    runs = {name: [_rounded(cell, digits(name)) for cell in raw[name]] for name in figures}
    means = {name: [_mean(cell) for cell in raw[name]] for name in figures}
    return {
        "seeds": seeds,
        "same": [
            [label_of(name), _told(values[0])] for name, values in settings.items() if len(values) == 1 and values[0]
        ],
        "settings": [
            {
                "name": name,
                "label": label_of(name),
                "values": [_told(each) for each in settings[name]],
                "numbers": settings[name] if name in numbers else None,
            }
            for name in varying
        ],
        "figures": [
            {"name": name, "label": label_of(name), "length": length, "steps": length > 0 and name.endswith(CURVE)}
            for name, length in figures.items()
        ],
        "cells": [list(key) for key in cells],
        "seeds_of": [[each.settings.get(seeds, 0) for each in cell] for cell in cells.values()],
        "steps": [cell[0].settings.get("steps") for cell in cells.values()],
        "runs": {name: [_once(cell) for cell in runs[name]] for name in figures},
        "means": means,
        "plots": plots,
        "first": _first(kind, figures, runs, plots, settings, numbers),
    }


def _values(results: Iterable[Result], seeds: str) -> dict[str, list[Any]]:
    """Return the values of each setting, in the order in which runs have them; numbers from small to large."""
    found: dict[str, list[Any]] = {}
    for each in results:
        for name in each.settings:
            found.setdefault(name, [])
    for name in found:
        found[name] = list(dict.fromkeys(each.settings.get(name) for each in results))
        if _all_numbers(found[name]):
            found[name].sort()
    return {name: values for name, values in found.items() if name not in (seeds, "tuning")}


def _figures(results: Iterable[Result]) -> dict[str, int]:
    """Return the figures that are numbers, as 0, or lists of numbers of one length, as that length."""
    lengths: dict[str, set[int]] = {}
    for each in results:
        for name, value in {**each.figures, TOOK: each.seconds}.items():
            if isinstance(value, list) and value and _all_numbers(value):
                lengths.setdefault(name, set()).add(len(value))
            elif _number(value):
                lengths.setdefault(name, set()).add(0)
            elif value is not None:
                lengths.setdefault(name, set()).update((0, 1))  # neither: it cannot be drawn
    return {name: found.pop() for name, found in lengths.items() if len(found) == 1}


def _plots(
    cells: list[Key], varying: list[str], numbers: list[str], settings: Mapping[str, list[Any]], tuned: bool
) -> Packed:
    """Return {what tells lines apart: {the setting that is x: where}}, "" for none.

    `where` holds the values of all other settings that it takes to tell runs apart, and which of them each cell has, so
    that a line has one cell at an x. What the others tell already, such as the rate that tuning chose, is not among
    them.
    """
    plain = [name for name in varying if not (tuned and name == _CHOSEN_BY_TUNING)]
    across = [name for name in plain if name in numbers]
    found: Packed = {}
    for lines, x in product(plain if set(plain) - set(numbers) else ["", *plain], ["", *across]):
        shown = [name for name in (lines, x) if name]
        if len(set(shown)) < len(shown) or (not shown and across):
            continue
        rest = [name for name in varying if name not in shown]
        for name in sorted(rest, key=lambda name: (name != _CHOSEN_BY_TUNING, name not in numbers)):
            kept = [varying.index(each) for each in (*shown, *rest) if each != name]
            if len({tuple(cell[at] for at in kept) for cell in cells}) == len(cells):
                rest.remove(name)
        rest.sort(key=lambda name: name in numbers)  # words first
        told = [", ".join(_told_of(name, settings[name][cell[varying.index(name)]]) for name in rest) for cell in cells]
        where = list(dict.fromkeys(told))
        found.setdefault(lines, {})[x] = {"where": where, "of": [where.index(each) for each in told]}
    return found


def _first(
    kind: str,
    figures: Mapping[str, int],
    runs: Mapping[str, list[list[Any]]],
    plots: Packed,
    settings: Mapping[str, list[Any]],
    numbers: list[str],
) -> Packed:
    """Return what is shown of a record before anything is chosen."""
    words = [name for name in plots if name not in numbers]
    lines = next((name for name in (*_FIRST_LINES, *words) if name in plots), next(iter(plots)))
    differ = [name for name in figures if name != TOOK and len({json.dumps(each) for each in runs[name]}) > 1]
    asked = [name for name in (*_FIRST_FIGURES, *differ) if name in differ]
    figure = next((name for name in asked if not figures[name]), next(iter(asked or figures)))
    wide = [name for name in plots[lines] if name and len(settings[name]) > 2]
    if kind == "tuning" and _CHOSEN_BY_TUNING in plots[lines]:
        wide = [_CHOSEN_BY_TUNING]
    return {"figure": figure, "lines": lines, "x": wide[0] if wide else next(iter(plots[lines]))}


def _once(cell: list[Any]) -> Any:
    """Return a number that all runs of a cell have in place of a list of it."""
    return cell[0] if not isinstance(cell[0], list) and all(each == cell[0] for each in cell) else cell


def _mean(cell: Sequence[Any]) -> Any:
    """Return mean and interval over the runs of a cell; of lists, one for each position. None without numbers."""
    found = [value for value in cell if value is not None]
    if not found:
        return None
    if isinstance(found[0], list):
        return [_rounded(_interval(tuple(column)), DIGITS_IN_LISTS) for column in zip(*found, strict=True)]
    return _rounded(_interval(tuple(found)))


@functools.cache
def _interval(values: tuple[float, ...]) -> list[float]:
    """Return the mean, with the ends of its interval where there are seeds enough."""
    if len(values) < LEAST:
        return [sum(values) / len(values)]
    found = mean_of("", values)
    assert found.low is not None and found.high is not None
    return [found.value, found.low, found.high]


def _fitted(shelf: list[Packed], first: str) -> list[Packed]:
    """Leave single runs out, the longest lists of the largest records first, until all records fit into a page."""

    def size(value: object) -> int:
        return len(json.dumps(value, separators=(",", ":")))

    for kind, lists in product(reversed(KINDS), (True, False)):
        for each in sorted(shelf, key=lambda each: (each["claim"] == first, -size(each))):
            if size(shelf) <= MOST_BYTES:
                return shelf
            if kind in each["kinds"]:
                _leave_out(each, kind, lists)
    return shelf


def _leave_out(record: Packed, kind: str, lists: bool) -> None:
    held = record["kinds"][kind]
    long = [figure["name"] for figure in held["figures"] if bool(figure["length"]) == lists]
    if any(held["runs"].get(name) for name in long):
        what = "Curves of single runs" if lists else "Single runs"
        record["left_out"] = f"{what} are left out here, to keep the page small: the record has them."
    for name in long:
        held["runs"][name] = None


def _of(result: Result, figure: str) -> Any:
    return result.seconds if figure == TOOK else result.figures.get(figure)


def _number(value: object) -> bool:
    return isinstance(value, bool) or (isinstance(value, int | float) and math.isfinite(value))


def _all_numbers(values: Iterable[object]) -> bool:
    return all(_number(each) and not isinstance(each, bool) for each in values)


def _rounded(value: Any, digits: int = DIGITS) -> Any:
    if isinstance(value, list):
        return [_rounded(each, digits) for each in value]
    if value is None or isinstance(value, int):
        return value if value is None else int(value)
    short = float(f"{value:.{digits}g}")
    return int(short) if short.is_integer() and abs(short) < 2**53 else short


def _told(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _told_of(name: str, value: object) -> str:
    """Return a setting with its value; a word says by itself what it is."""
    return str(value) if isinstance(value, str) else f"{label_of(name)} {_told(value)}"
