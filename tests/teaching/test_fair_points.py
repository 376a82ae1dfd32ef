"""Points judge what an answer means: its form costs a quarter at most, and one cause is counted once."""

import functools

import pytest
import torch

from softmoe_edu.teaching.check.examine import examine
from softmoe_edu.teaching.check.report import MOST_WRONG, RIGHT_BUT_FORM, Report
from softmoe_edu.teaching.discovery import exercises, find_exercise
from softmoe_edu.teaching.kill_matrix import from_text

SEED = 7


def converted(value, dtype):
    """Return a value with its floating point tensors in another dtype."""
    if isinstance(value, torch.Tensor):
        return value.to(dtype) if value.is_floating_point() else value
    if isinstance(value, tuple | list):
        return tuple(converted(part, dtype) for part in value)
    if isinstance(value, torch.nn.Module):
        forward = value.forward
        value.forward = functools.wraps(forward)(lambda *args: converted(forward(*args), dtype))
    return value


def spoil(values):
    """Write into everything that was given and can be written into."""
    with torch.no_grad():
        for each in values:
            if isinstance(each, torch.Tensor):
                each.logical_not_() if each.dtype == torch.bool else each.add_(1)
            elif isinstance(each, list):
                each.reverse()


def in_float32(function):
    """Whatever comes, float32 goes."""
    return functools.wraps(function)(lambda *args: converted(function(*args), torch.float32))


def in_float64(function):
    """Whatever comes, float64 goes."""
    return functools.wraps(function)(lambda *args: converted(function(*args), torch.float64))


def writes_over(function):
    """Write into the arguments, once nothing is needed of them."""

    def answer(*args):
        result = function(*args)
        spoil(args)
        return result

    return functools.wraps(function)(answer)


def works_in_place(function):
    """Write into the arguments and back again, as /= and its like do on the way."""

    def answer(*args):
        for each in args:
            if isinstance(each, torch.Tensor) and each.is_floating_point():
                each *= 2
                each /= 2
        return function(*args)

    return functools.wraps(function)(answer)


def marks_its_inputs(function):
    """Ask for gradients of the arguments and leave them so."""

    def answer(*args):
        result = function(*args)
        for each in args:
            if isinstance(each, torch.Tensor) and each.is_floating_point() and each.is_leaf:
                each.requires_grad_()
        return result

    return functools.wraps(function)(answer)


FORMS = (in_float32, in_float64, writes_over, works_in_place, marks_its_inputs)


@pytest.mark.slow
@pytest.mark.parametrize("id", exercises())
def test_a_right_answer_loses_a_quarter_at_most_for_its_form(id):
    """No answer that is right but for its form gets less than three quarters, which is more than any wrong one gets."""
    exercise = find_exercise(id)
    for form in FORMS:
        report = examine(exercise, form(from_text(exercise, exercise.solution)), seed=SEED)
        assert report.passed or report.only_form, f"{form.__name__}: {report.fails}\n{report}"
        assert report.points(4) >= 4 * RIGHT_BUT_FORM > 4 * MOST_WRONG


def test_each_form_is_seen_somewhere():
    """Every way to spoil the form fails some property of an exercise with tensors: the test above tests something."""
    exercise = find_exercise("dispatch-weights")
    for form in FORMS:
        report = examine(exercise, form(from_text(exercise, exercise.solution)), seed=SEED)
        assert report.status == "failed" and report.points(2) == 1.5, form.__name__


def test_right_mathematics_in_a_loop_of_float32():
    """A loop that writes into torch.zeros, right but for its dtype, gets more than answers that return their input."""
    source = """
def dispatch_weights(logits):
    out = torch.zeros(logits.shape)
    for b in range(len(logits)):
        for e in range(logits.shape[2]):
            for p in range(logits.shape[3]):
                out[b, :, e, p] = torch.softmax(logits[b, :, e, p], 0)
    return out
"""
    exercise = find_exercise("dispatch-weights")
    right = examine(exercise, from_text(exercise, source), seed=SEED)
    returned = examine(exercise, from_text(exercise, "def dispatch_weights(logits):\n    return logits"), seed=SEED)
    uniform = examine(
        exercise,
        from_text(exercise, "def dispatch_weights(logits):\n    return torch.full_like(logits, 1 / logits.shape[1])"),
        seed=SEED,
    )
    assert right.only_form and right.points(2) == 1.5
    assert max(returned.points(2), uniform.points(2)) <= 1


def test_one_error_counts_once():
    """An answer that fails in one line for large sizes alone loses what one property is worth, however many meet it."""
    exercise = find_exercise("soft-moe")
    body = exercise.solution.replace("\n    logits =", "\n    logits = 0 / int(len(experts) != 3)\n    logits =", 1)
    assert body != exercise.solution
    report = examine(exercise, from_text(exercise, body), seed=SEED)
    holding = len(exercise.properties) - sum(name in report.fails for name in map(_name, exercise.properties))
    assert len(report.fails) >= 1 and report.share == pytest.approx(holding / (holding + 1))


def _name(each):
    return each.name


def test_what_a_mistake_explains_counts_once():
    """An answer that is a listed mistake loses one share for all properties that the mistake fails."""
    exercise = find_exercise("dispatch-weights")
    source = "def dispatch_weights(logits):\n    return logits.flatten(2).softmax(-1).view_as(logits)"
    report = examine(exercise, from_text(exercise, source), seed=SEED)
    own = [each.name for each in exercise.properties]
    failing = [name for name in report.fails if name in own]
    assert report.mistake == "over-slots" and len(failing) > 1
    good = len(own) - len(failing)
    assert report.share == pytest.approx(good / (good + 1))


def test_points_of_a_report():
    """All, three quarters, at most half, none: with numbers."""
    failed = Report("x", "failed", fails=("a", "b"), share=0.5)
    assert Report("x", "passed").points(4) == 4
    assert Report("x", "failed", fails=("a",), form=("a",), share=1.0).points(4) == 3
    assert failed.points(4) == 1
    assert Report("x", "failed", fails=("a", "b"), form=("a",), share=0.75).points(4) == 1.5
    assert Report("x", "not started").points(4) == 0
