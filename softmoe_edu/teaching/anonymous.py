"""Events without anything that somebody typed: known ids, known words, numbers and times; the rest becomes "(other)".

A name can stand wherever a learner, a program or an editor could write: in ids, in errors, in answers. What goes into a
hand-in and what a report counts passes through here.
"""

import builtins
import functools
import re
from collections.abc import Callable
from datetime import UTC, datetime

from softmoe_edu.teaching.check.attempt import OWN_ERROR
from softmoe_edu.teaching.check.examine import tested
from softmoe_edu.teaching.discovery import clinics, exercise_ids, find_exercise, questions
from softmoe_edu.teaching.exercise import Kind
from softmoe_edu.teaching.predict.question import CONFIDENCES, Question
from softmoe_edu.teaching.progress import VERSION

OTHER = "(other)"
STATUSES = ("passed", "failed", "not started")
ENDS = ("no exit", "time", "your own answer")  # what can fail beside an exercise's properties
KEY = re.compile(r"[0-9a-f]{12}")
# What `fingerprint` shows of an output: numbers, shapes, and words of this list.
NUMBER = re.compile(r"-?\d{1,12}(\.\d{1,12})?(e[+-]?\d{1,3})?|-?inf|nan|\(\d{1,9}(,\d{1,9}){0,8}\)|\.\.\.")
WORDS = {"None", "True", "False", "text", "object", "tensor", "tuple", "list", "dict", "set", "values"}
LONGEST = 200
LARGEST = 1e12


def anonymous(event: dict) -> dict | None:
    """Return what may be counted of an event of a progress file; None for one of an unknown kind."""
    kind = event.get("kind")
    if kind not in KINDS:
        return None
    about, known = KINDS[kind]
    id = event.get("id")
    id = id if known(id) else OTHER
    kept = {"version": VERSION, "time": _time(event.get("time")), "kind": kind, "id": id}
    return kept | {name: read(event[name], id) for name, read in about.items() if name in event}


def _is_exercise(id: object) -> bool:
    return isinstance(id, str) and id in exercise_ids()


def _is_question(id: object) -> bool:
    return isinstance(id, str) and id in questions()


def _is_clinic(id: object) -> bool:
    return isinstance(id, str) and id in {f"clinic-{lesson}" for lesson in clinics()}


@functools.cache
def _words_of(id: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the ids of an exercise's mistakes and the names of its properties."""
    try:
        exercise = find_exercise(id)
    except ValueError:  # no exercise of this course, or its folder is unfinished
        return frozenset(), frozenset()
    names = {each.name for each in tested(exercise)}
    return frozenset(each.id for each in exercise.mistakes), frozenset(names.union(ENDS))


def _time(value: object) -> str:
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) and len(value) <= 40 else None
        time = time and (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        time = None
    return time.isoformat(timespec="milliseconds") if time else ""


def _mistake(value: object, id: str) -> str | None:
    return value if value is None or (isinstance(value, str) and value in _words_of(id)[0]) else OTHER


def _property(value: object, id: str) -> str | None:
    return value if value is None or (isinstance(value, str) and value in _words_of(id)[1]) else OTHER


def _error(value: object, _id: str) -> str | None:
    if value is None or value == OWN_ERROR:
        return value
    return value if isinstance(value, str) and _is_error(value) else OTHER


def _is_error(name: str) -> bool:
    known = getattr(builtins, name, None)
    return isinstance(known, type) and issubclass(known, BaseException)


def _returned(value: object, _id: str) -> dict[str, str] | None:
    if not isinstance(value, dict) or set(value) != {"key", "shows", "right"}:
        return None
    if not isinstance(value["key"], str) or not KEY.fullmatch(value["key"]):
        return None
    return {"key": value["key"], "shows": _output(value["shows"]), "right": _output(value["right"])}


def _output(value: object) -> str:
    if not isinstance(value, str) or len(value) > LONGEST:
        return OTHER
    rest = value.removeprefix("raises ")
    if rest != value:
        return value if rest == OWN_ERROR or _is_error(rest) else OTHER
    return value if all(word in WORDS or NUMBER.fullmatch(word) for word in value.split()) else OTHER


def _answer(value: object, id: str) -> float | int | str | None:
    question: Question | None = questions().get(id)
    if isinstance(value, str):
        return value if question and value in question.choices else OTHER
    return _number(value, id)


def _number(value: object, _id: str) -> float | int | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if abs(value) < LARGEST else None  # NaN and a whole number of any length included


def _one_of(*values: object) -> Callable[[object, str], object]:
    return lambda value, _id: next((each for each in values if type(each) is type(value) and each == value), None)


CHECK = {
    "status": _one_of(*STATUSES),
    "mistake": _mistake,
    "property": _property,
    "finding": _one_of(*(kind.name.lower().replace("_", "-") for kind in Kind)),
    "error": _error,
    "returned": _returned,
    "attempt": _number,
    "seconds": _number,
}
PREDICTION = {"answer": _answer, "truth": _answer, "right": _one_of(True, False), "confidence": _one_of(*CONFIDENCES)}
# Of each kind of event: what is kept, and whose id it has.
KINDS: dict[object, tuple[dict, Callable[[object], bool]]] = {
    "check": (CHECK, _is_exercise),
    "hint": ({"level": _number}, _is_exercise),
    "prediction": (PREDICTION, _is_question),
    "reveal": (PREDICTION, _is_question),
    "clinic": ({"right": _one_of(True, False)}, _is_clinic),
}
