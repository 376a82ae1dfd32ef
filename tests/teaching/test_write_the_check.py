"""Exercises in which the learner writes the test."""

import contextlib
import inspect
import io
import time
from pathlib import Path

import pytest
import torch

from softmoe_edu.course.lesson_02.assign_with_capacity.mistakes import queue, serve
from softmoe_edu.course.lesson_02.check_assign.properties import NEEDED
from softmoe_edu.teaching.check.examine import SECONDS, examine
from softmoe_edu.teaching.check.write_the_check import judging, refusal, write_the_check
from softmoe_edu.teaching.discovery import find_exercise
from softmoe_edu.teaching.exercise import Hint, Mistake

RIGHT, WRONG = find_exercise("soft-moe").variants, [mistake.function for mistake in find_exercise("soft-moe").mistakes]


def strong(soft_moe):
    """Reject every wrong candidate, which it knows."""
    assert inspect.unwrap(soft_moe) not in WRONG


EXERCISE = write_the_check(
    find_exercise("soft-moe"),
    properties=judging(find_exercise("soft-moe"), 20),
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
    """Rejecting twenty mistakes is enough; rejecting fewer is not, and gives points by their share."""
    report = examine(EXERCISE, rejecting(count))

    assert report.status == status
    if status == "failed":
        assert report.points(1) == pytest.approx((1 + count / len(WRONG)) / 2 / 2)
        assert f"{count} rejected; among those that pass is one that" in str(report)


def test_a_check_that_refuses_a_right_function_fails():
    """The report says which style of a right answer was rejected."""
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
    """A check is matched with the mistake that has the same verdicts."""
    report = examine(EXERCISE, lambda candidate: True)

    assert report.mistake == "accepts-all"


def test_an_untouched_check_is_not_started():
    """NotImplementedError in the check is no verdict."""

    def stub(candidate):
        raise NotImplementedError

    assert examine(EXERCISE, stub).status == "not started"


def by_formula(x, phi, experts):
    scores = x @ phi.flatten(1)
    slots = (scores.softmax(1).mT @ x).unflatten(1, phi.shape[1:])
    return scores.softmax(2) @ torch.cat([f(s) for f, s in zip(experts, slots.unbind(1), strict=True)], 1)


def test_inputs_that_all_candidates_share_are_put_back():
    """A check with inputs of its own at notebook level passes each time, although a candidate writes into them."""
    x, phi = torch.randn(3, 5, 4), torch.randn(4, 3, 2)
    experts = [torch.tanh, torch.sin, torch.square]
    wanted, before = by_formula(x, phi, experts), x.clone()

    def check(layer):
        assert torch.allclose(layer(x, phi, experts), wanted, atol=1e-4)

    assert [examine(find_exercise("check-soft-moe"), check).status for _ in range(3)] == ["passed"] * 3
    assert torch.equal(x, before)


def test_a_check_may_see_that_its_input_was_written_into():
    """What a candidate wrote is put back only when the check has ended; lists too."""

    def spoils(x, phi, experts):
        x.zero_()
        experts.reverse()

    experts = [torch.tanh, torch.sin]

    def check(layer):
        x = torch.ones(3)
        layer(x, None, experts)
        assert x.all() and experts[0] is torch.tanh

    assert refusal(check, spoils).startswith("rejected: AssertionError")
    assert experts == [torch.tanh, torch.sin]


def test_gradients_go_through_a_candidate_that_is_watched():
    """A check by gradcheck works: arguments are passed on as they are."""

    def check(layer):
        x = torch.randn(1, 2, 3, dtype=torch.float64, requires_grad=True)
        assert torch.autograd.gradcheck(lambda x: layer(x, None, None), x)

    assert refusal(check, lambda x, phi, experts: x.sin()) is None


@pytest.mark.parametrize("ending", ["pytest.fail", "pytest.raises"])
def test_pytests_outcomes_are_refusals(ending):
    """A check that rejects by pytest.fail, or by a pytest.raises that nothing raises in, is a check."""

    def check(candidate):
        if inspect.unwrap(candidate) in WRONG:
            if ending == "pytest.fail":
                pytest.fail("differs")
            with pytest.raises(ValueError):
                pass

    assert examine(EXERCISE, check).passed
    assert examine(EXERCISE, lambda candidate: pytest.fail("differs")).status == "failed"


def test_a_check_that_ends_the_process_is_no_verdict():
    """sys.exit and KeyboardInterrupt stay what they are."""

    def exits(candidate):
        raise SystemExit("wrong layer")

    def interrupted(candidate):
        raise KeyboardInterrupt

    assert examine(EXERCISE, exits).failed == "no exit"
    with pytest.raises(KeyboardInterrupt):
        examine(EXERCISE, interrupted)


def test_a_check_on_large_inputs_is_in_time():
    """One comparison in a small ViT's sizes takes seconds with all candidates, also those that go slot by slot."""
    draw = torch.Generator().manual_seed(0)
    x, phi = torch.randn(2, 196, 64, generator=draw), torch.randn(64, 16, 4, generator=draw) / 8
    experts = [lambda s, i=i: torch.tanh(s + i) for i in range(16)]
    wanted = by_formula(x, phi, experts)

    def check(layer):
        assert torch.allclose(layer(x, phi, experts), wanted, atol=1e-3)

    # The process's own time: on a busy machine the clock on the wall tells of others.
    before = time.process_time()
    assert examine(find_exercise("check-soft-moe"), check, seconds=60 * SECONDS).passed
    assert time.process_time() - before < SECONDS


def test_a_check_that_is_stopped_is_told_how_many_functions_it_was_tried_on():
    """The message does not blame a loop where it is the number of candidates and their size."""

    def check(layer):
        while True:
            pass

    report = str(examine(find_exercise("check-soft-moe"), check, seconds=0.2))

    count = len(find_exercise("soft-moe").mistakes) + len(find_exercise("soft-moe").variants) + 1
    assert f"it was stopped after 0.2 s: it is tried on {count} functions" in report
    assert "smaller inputs" in report and "never ends" not in report


def test_a_check_that_is_written_for_some_candidates_is_started():
    """NotImplementedError for a wrong candidate alone, after verdicts on right ones, rejects as any error does."""

    def check(candidate):
        if inspect.unwrap(candidate) in WRONG:
            raise NotImplementedError

    assert examine(EXERCISE, check).passed


def test_equal_weights_may_be_tested():
    """A check that requires different slots where weights are equal accepts every right function."""

    def check(assign):
        indices, weights = torch.tensor([[0, 1], [0, 1], [1, 0]]), torch.tensor([[0.6, 0.3], [0.6, 0.3], [0.9, 0.05]])
        positions, kept = assign(indices, weights, 3, "gate")
        assert kept.all() and sorted(positions[:2, 0].tolist()) == [0, 1]

    exercise = find_exercise("assign-with-capacity")
    assert [refusal(check, function) for function in (exercise.answer, *exercise.variants)] == [None] * 5
    refused = {mistake.id for mistake in exercise.mistakes if refusal(check, mistake.function)}
    assert {"equal-ranks", "one-of-equals"} <= refused


def test_the_numbers_of_the_lesson_are_those_of_the_exercise():
    """Lesson 02 prints how many wrong functions there are and how many are to be rejected, and types neither."""
    lesson = (Path(__file__).parents[2] / "notebooks" / "02_capacity.py").read_text("utf-8")
    cell = next(each for each in lesson.split("\n# %%") if "import NEEDED" in each)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(cell.partition("\n")[2].partition("\ncheck(")[0], {"__name__": "lesson"})

    wrong = len(find_exercise("assign-with-capacity").mistakes)
    assert f"{wrong} wrong functions: reject {NEEDED} of them or more" in printed.getvalue()


def test_one_priority_is_too_few():
    """A check of slots for one priority and tokens with two choices each lets too many mistakes through."""

    def only(priority):
        def check(assign):
            indices = torch.tensor([[0, 1], [-1, -1], [0, 2], [0, 1], [1, 0], [2, 1]])
            weights = torch.tensor([[0.5, 0.3], [0.99, 0.98], [0.6, 0.2], [0.7, 0.25], [0.9, 0.1], [0.55, 0.4]])
            expected, own_kept = serve(indices, queue(indices, weights, priority), 2)
            positions, kept = assign(indices, weights, 2, priority)
            assert torch.equal(kept, own_kept) and torch.equal(positions[kept].long(), expected[kept])

        return check

    assert [examine(find_exercise("check-assign"), only(each)).status for each in ("gate", "position")] == [
        "failed"
    ] * 2
