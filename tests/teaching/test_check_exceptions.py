"""Exceptions of every kind in an answer: none gets out of a check, and each is told in words."""

import asyncio
import sys

import pytest
import torch

from softmoe_edu.teaching.check.examine import examine
from softmoe_edu.teaching.discovery import find_exercise
from softmoe_edu.teaching.kill_matrix import from_text

SOFT_MOE = find_exercise("soft-moe")


def right():
    return from_text(SOFT_MOE, SOFT_MOE.solution)


def said(function, **options):
    return examine(SOFT_MOE, function, **options)


@pytest.mark.parametrize(
    "error", [asyncio.CancelledError(), GeneratorExit(), BaseException("no"), pytest.fail.Exception()]
)
def test_an_exception_of_any_kind_is_a_failure(error):
    """What is no Exception either does not get out of a check; KeyboardInterrupt does."""

    def soft_moe(x, phi, experts):
        raise error

    def interrupted(x, phi, experts):
        raise KeyboardInterrupt

    report = said(soft_moe)
    assert report.failed == "shape" and f"Got: {type(error).__name__}" in str(report)
    with pytest.raises(KeyboardInterrupt):
        said(interrupted)


def test_an_error_that_cannot_be_written_out_is_a_failure():
    """An exception whose text raises, and an output that cannot be shown, are told by their class."""

    class Odd(Exception):
        def __str__(self):
            raise RuntimeError("no text")

        __repr__ = __str__

    def raises(x, phi, experts):
        raise Odd

    assert "Got: Odd" in str(said(raises))
    assert "an object of the class Odd" in str(said(lambda x, phi, experts: Odd()))


def test_an_answer_may_close_what_it_prints_to():
    """sys.stdout.close() is caught: the answer passes, and what it printed before is shown."""

    def soft_moe(x, phi, experts):
        if not sys.stdout.closed:
            print("the end")
            sys.stdout.close()
        return right()(x, phi, experts)

    report = said(soft_moe)

    assert report.passed and "the end" in report.printed


def test_a_case_that_is_left_out_is_a_failure():
    """NotImplementedError for some inputs only is told with these inputs, whichever come first; the stub is not."""

    def no_single_slots(x, phi, experts):
        if phi.shape[2] == 1:
            raise NotImplementedError
        return right()(x, phi, experts)

    def no_float64(x, phi, experts):
        if x.dtype == torch.float64:
            raise NotImplementedError("float64")
        return right()(x, phi, experts)

    for answer, given in ((no_single_slots, "phi (2, 3, 1)"), (no_float64, "x (3, 7, 5) float64")):
        report = said(answer)
        assert report.status == "failed" and report.share < 1
        assert given in str(report) and "other inputs get an answer, these do not yet" in str(report)
        assert "Next: write the missing case" in str(report)
    assert said(from_text(SOFT_MOE, SOFT_MOE.stub)).status == "not started"
