"""A class of six whose report can be worked out by hand, and the rows of a report."""

import json
from datetime import UTC, datetime, timedelta

from softmoe_edu.teaching.class_report.table import shown
from softmoe_edu.teaching.discovery import find_question

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
DROP, SUMS = "m15-drop-rate", "m01-sums"
TRUTH = 18.737992190395037  # % of tokens dropped
TO_TOKENS, TO_SLOTS = find_question(SUMS).choices[:2]  # the first is right
HALF = {"key": "a" * 12, "shows": "(3,7,4,2) 0.5 0.5 0.5 0.5 ...", "right": "(3,7,4,2) 0.1903 0.02391 0.1788 ..."}
NONE = {"key": "b" * 12, "shows": "None", "right": "(3,7,4,2) 0.1903 0.02391 0.1788 ..."}
SAME = {"key": "c" * 12, "shows": "", "right": ""}


def line(minute, kind, id, day=0, **data):
    """Return an event, some minutes after nine; learners differ in their day, so that no two events are the same."""
    time = START + timedelta(days=day, minutes=minute)
    return json.dumps({"version": 1, "time": time.isoformat(timespec="milliseconds"), "kind": kind, "id": id, **data})


def of(day):
    """Return what makes the lines of one learner: checks, reveals and others."""

    def check(minute, id, status, mistake=None, property=None, **more):
        found = {"status": status, "mistake": mistake, "property": property, "attempt": 1, "seconds": 0.1}
        return line(minute, "check", id, day, **found, **more)

    def reveal(minute, id, answer, truth, confidence, right):
        about = {"answer": answer, "truth": truth, "confidence": confidence, "right": right}
        return line(minute, "reveal", id, day, misconception="M01", lesson="01", **about)

    def other(minute, kind, id, **data):
        return line(minute, kind, id, day, **data)

    return check, reveal, other


def _ada():
    check, reveal, other = of(0)
    return [
        other(0, "hint", "dispatch-weights", level=1),
        check(4, "dispatch-weights", "failed", "over-slots", "the example by hand"),
        check(10, "dispatch-weights", "failed", "over-slots", "the example by hand"),
        check(12, "dispatch-weights", "passed"),
        check(15, "soft-moe", "failed", None, "shape", finding="no-such-name", error="NameError"),
        check(18, "soft-moe", "passed"),
        check(19, "soft-moe", "passed"),
        reveal(60, DROP, 5.0, TRUTH, 90, False),
        reveal(61, DROP, 18.0, TRUTH, 50, True),
        reveal(62, SUMS, TO_TOKENS, TO_TOKENS, 70, True),
        other(63, "clinic", "clinic-02", number=1, right=False, said=["a"]),
        other(64, "clinic", "clinic-02", number=1, right=True, said=["b"]),
    ]


def _bob():
    check, reveal, _ = of(1)
    return [
        check(0, "dispatch-weights", "failed", "over-slots", "the example by hand"),
        check(50, "dispatch-weights", "failed", None, "the example by hand", returned=HALF),
        check(53, "dispatch-weights", "passed"),
        reveal(60, DROP, 18.0, TRUTH, 50, True),
    ]


def _cem():
    check, reveal, _ = of(2)
    return [
        check(0, "dispatch-weights", "failed", None, "the example by hand", returned=HALF),
        check(6, "dispatch-weights", "failed", None, "slots are averages", returned=HALF),
        reveal(60, DROP, 5.0, TRUTH, 70, False),
    ]


def _dai():
    check, reveal, _ = of(3)
    return [
        check(0, "dispatch-weights", "failed", None, "shape", finding="fails-on-values", error="TypeError"),
        check(3, "dispatch-weights", "failed", None, "shape", returned=NONE),
        reveal(60, SUMS, TO_SLOTS, TO_TOKENS, 90, False),
    ]


def _eva():
    check, reveal, _ = of(4)
    return [  # written before checks noted what an answer returns
        check(0, "dispatch-weights", "failed", None, "the example by hand"),
        check(2, "dispatch-weights", "not started"),
        check(5, "soft-moe", "not started"),
        reveal(60, DROP, 30.0, TRUTH, 50, False),
    ]


def _fen():
    check, _, other = of(5)
    return [
        check(0, "soft-moe", "failed", None, "order of tokens", returned=SAME),
        check(7, "dispatch-weights", "passed"),
        other(8, "clinic", "clinic-02", number=1, right=False, said=["a"]),
    ]


LEARNERS = {"ada": _ada(), "bob": _bob(), "cem": _cem(), "dai": _dai(), "eva": _eva(), "fen": _fen()}


def text_of(lines):
    """Return the text of a progress file."""
    return "\n".join(lines) + "\n"


def hand_in_of(name, pseudonym, lines=None):
    """Return the text of a hand-in."""
    lines = LEARNERS[name] if lines is None else lines
    return text_of([line(0, "hand-in", pseudonym), *lines])


def rows(found, id):
    """Return the rows of a table of a report as it prints them."""
    tables = {table.id: table for table in found.tables}
    return [[shown(cell) for cell in row] for row in tables[id].rows] if id in tables else []
