"""What a check notes of a wrong answer that no mistake matches: the same for everybody, and nothing else changes."""

import math
import time

import pytest
import torch

from softmoe_edu.teaching import progress
from softmoe_edu.teaching.check import examine
from softmoe_edu.teaching.check.examine import check
from softmoe_edu.teaching.check.fingerprint import fingerprint
from softmoe_edu.teaching.discovery import exercises, find_exercise

EXERCISE = find_exercise("dispatch-weights")


def halves(logits):
    """Return half of the right weights, which is no listed mistake."""
    return logits.softmax(1) / 2


def key(function):
    """Return the key of a function's fingerprint."""
    return fingerprint(EXERCISE, function)["key"]


def noted():
    """Return the last event of a check."""
    return progress.events("check")[-1]


def test_learners_who_give_one_wrong_answer_share_a_key(workspace, monkeypatch):
    """Attempts, the class's inputs and the form of an answer make no difference; other values and shapes do."""
    keys = []
    for class_key in ("", "spring-b", "autumn"):
        monkeypatch.setenv(examine.CLASS_KEY, class_key)
        check("dispatch-weights", halves)
        keys.append(noted()["returned"]["key"])
    keys += [key(lambda logits: halves(logits.float())), key(lambda logits: halves(logits).numpy())]

    assert len(set(keys)) == 1
    assert key(lambda logits: halves(logits) * 1.01) not in keys
    assert key(lambda logits: halves(logits)[..., 0]) not in keys


def test_rounding_makes_no_other_answer():
    """An answer in float32 has the key of the same answer in float64, short fractions and zeros of either sign too."""
    over_all = [lambda logits: logits.softmax(1).float().double(), lambda logits: logits.softmax(1)]
    short = [lambda logits, e=e: torch.full_like(logits, 1 / 32 + e) for e in (0, 1e-9, -1e-9)]
    zeros = [lambda logits, e=e: torch.full_like(logits, e) for e in (0.0, -0.0, 1e-12, -1e-12)]
    for alike in (over_all, short, zeros):
        assert len(set(map(key, alike))) == 1


def test_what_differs_from_the_reference_is_shown():
    """The first numbers that differ are shown, of both; a right answer shows nothing."""

    def one_wrong(logits):
        weights = EXERCISE.answer(logits)
        weights.flatten()[5] = 7.0
        return weights

    found, right = fingerprint(EXERCISE, one_wrong), fingerprint(EXERCISE, EXERCISE.answer)
    assert found["shows"].startswith("(3,7,4,2) ... 7 ") and found["right"].startswith("(3,7,4,2) ... 0.")
    assert found["shows"].split()[3:] == found["right"].split()[3:]
    assert right["shows"] == right["right"] == ""


@pytest.mark.parametrize(
    ("function", "shows"),
    [
        (lambda logits: None, "None"),
        (lambda logits: "Ada Lovelace", "text"),
        (lambda logits: {"Ada": 1}, "dict"),
        (lambda logits: (), "tuple"),
        (lambda logits: type("Ada", (), {})(), "object"),
        (lambda logits: logits.sum(), None),
        (lambda logits: logits * math.nan, "(3,7,4,2) nan nan nan nan ..."),
        (lambda logits: logits.to_sparse() * 0 + logits.to_sparse() * 0, "(3,7,4,2) 0 0 0 0 ..."),
        (lambda logits: torch.ones(1).expand(10**12), "tensor"),
        (lambda logits: undefined, "raises NameError"),  # noqa: F821
        (lambda logits: (_ for _ in ()).throw(type("AdaError", (ValueError,), {})()), "raises ValueError"),
        (lambda logits: (_ for _ in ()).throw(type("AdaError", (Exception,), {})()), "raises an error of its own"),
    ],
)
def test_any_output_has_a_fingerprint_without_a_learners_words(function, shows):
    """Numbers, kinds and names of Python's errors are shown, and nothing that somebody wrote."""
    found = fingerprint(EXERCISE, function)

    assert found["shows"] == shows or (shows is None and found["shows"].count(" ") == 0)


def stops(logits):
    """Never return."""
    while True:
        pass


def leaves(logits):
    """End the program."""
    raise SystemExit


def interrupts(logits):
    """Do as a person who stops the cell."""
    raise KeyboardInterrupt


@pytest.mark.parametrize("function", [stops, leaves, interrupts])
def test_an_answer_that_never_returns_has_none(function):
    """It is stopped after its time, and nothing is raised."""
    start = time.monotonic()

    assert fingerprint(EXERCISE, function, seconds=0.3) is None
    assert time.monotonic() - start < 5


def test_every_exercise_can_be_observed():
    """The reference of each exercise has a fingerprint, and is right by it."""
    for exercise in exercises().values():
        assert fingerprint(exercise, exercise.answer).keys() == {"key", "shows", "right"}, exercise.id
        assert not fingerprint(exercise, exercise.answer)["shows"], exercise.id


def test_only_what_no_mistake_matches_is_noted(workspace):
    """A known mistake, a pass and a stub have no fingerprint; a crash has its error, a stopped answer the reason."""
    check("dispatch-weights", lambda logits: logits.flatten(2).softmax(2).view_as(logits))
    assert noted()["mistake"] == "over-slots" and "returned" not in noted()
    check("dispatch-weights", lambda logits: torch.softmax(logits, 1))
    assert noted()["status"] == "passed" and "returned" not in noted()
    check("dispatch-weights", lambda logits: undefined)  # noqa: F821
    assert (noted()["error"], noted()["finding"], noted().get("returned")) == ("NameError", "no-such-name", None)
    check("dispatch-weights", stops, seconds=0.3)
    assert (noted()["error"], noted()["finding"]) == (None, "too-slow")


def test_the_fingerprint_changes_no_verdict(workspace, monkeypatch):
    """An answer that behaves otherwise once the check is done is reported as it was checked, whatever it does then."""
    state = torch.get_rng_state()
    plain = check("dispatch-weights", halves)
    for bad in (stops, leaves, interrupts, lambda logits: undefined):  # noqa: F821
        monkeypatch.setattr(examine, "fingerprint", lambda exercise, _, bad=bad: fingerprint(exercise, bad, 0.3))
        assert check("dispatch-weights", halves) == plain
        assert noted()["status"] == "failed"
    assert torch.equal(state, torch.get_rng_state())


def test_what_an_answer_prints_meanwhile_is_not_shown(workspace, capfd):
    """The report holds what was printed in the check, once."""

    def talks(logits):
        print("hello")
        return halves(logits)

    report = check("dispatch-weights", talks)
    calls = report.printed.count("hello")
    examined = examine.examine(EXERCISE, talks)

    assert calls == examined.printed.count("hello") and capfd.readouterr() == ("", "")
