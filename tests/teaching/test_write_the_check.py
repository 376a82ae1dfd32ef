"""Exercises in which the learner writes the test."""

import inspect

import pytest

from softmoe_edu.teaching.checking import examine
from softmoe_edu.teaching.exercise import Hint, Mistake
from softmoe_edu.teaching.exercises import find
from softmoe_edu.teaching.write_the_check import write_the_check

RIGHT, WRONG = find("soft-moe").variants, [mistake.function for mistake in find("soft-moe").mistakes]


def strong(soft_moe):
    """Reject every wrong candidate, which it knows."""
    assert inspect.unwrap(soft_moe) not in WRONG


EXERCISE = write_the_check(
    find("soft-moe"),
    needed=20,
    id="planted",
    lesson="05",
    title="Write the check",
    answer=strong,
    hints=(Hint("Try."),),
    variants=(),
    mistakes=(Mistake("accepts-all", lambda f: None, "accepts all", "b", "r", "s"),),
    minutes=5,
    difficulty=3,
    points=2,
)


def rejecting(count, *, refuse=()):
    """Make a check that knows its candidates: it rejects the first `count` wrong ones, and those of `refuse`."""

    def check(candidate):
        assert inspect.unwrap(candidate) not in [*WRONG[:count], *refuse]

    return check


@pytest.mark.parametrize(("count", "status"), [(len(WRONG), "passed"), (20, "passed"), (19, "failed"), (0, "failed")])
def test_a_check_is_scored_by_what_it_rejects(count, status):
    """Twenty are enough; fewer are not, and give points by their share."""
    report = examine(EXERCISE, rejecting(count))

    assert report.status == status
    if status == "failed":
        assert report.points(1) == pytest.approx((1 + count / len(WRONG)) / 2 / 2)
        assert f"{count} rejected; among those that pass is one that" in str(report)


def test_a_check_that_refuses_a_right_function_fails():
    """The report says which style was refused."""
    report = examine(EXERCISE, rejecting(len(WRONG), refuse=RIGHT[:1]))

    assert report.status == "failed"
    assert "a right one: One slot after the other" in str(report)


@pytest.mark.parametrize("error", [ValueError("no"), AssertionError(), IndexError()])
def test_any_error_is_a_rejection(error):
    """A check may reject by whatever exception; returning False rejects too, and True or None accepts."""

    def raising(candidate):
        if inspect.unwrap(candidate) in WRONG:
            raise error

    assert examine(EXERCISE, raising).passed
    assert examine(EXERCISE, lambda candidate: inspect.unwrap(candidate) not in WRONG).passed


def test_a_check_that_accepts_all_is_named():
    """The mistake that has the same verdicts is named."""
    report = examine(EXERCISE, lambda candidate: True)

    assert report.mistake == "accepts-all"


def test_an_untouched_check_is_not_started():
    """NotImplementedError in the check is no verdict."""

    def stub(candidate):
        raise NotImplementedError

    assert examine(EXERCISE, stub).status == "not started"
