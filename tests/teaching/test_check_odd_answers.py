"""Answers that nobody foresaw: what a check says to them, and that it never raises."""

import itertools
import sys
import time
import warnings

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
    ("answer", "words"),
    [
        (None, "NoneType, which cannot be called"),
        (lambda x, phi: x, "too many positional arguments"),
        (lambda x, phi, experts, extra: x, "missing a required argument: 'extra'"),
        (lambda x, phi, experts: None, "None: does every path of the function end in a return?"),
        (lambda x, phi, experts: x[0], "shape (7, 5)"),
        (lambda x, phi, experts: x.tolist(), "a list of 3"),
        (lambda x, phi, experts: x.int(), "int32"),
        (lambda x, phi, experts: x @ phi, "RuntimeError"),
        (lambda x, phi, experts: {}["slots"], "KeyError: 'slots'"),
    ],
)
def test_answers_that_are_no_layer_get_a_sentence(answer, words):
    """A check raises for no odd answer, and the report says what the answer returned."""
    report = said(answer)

    assert report.status == "failed" and report.mistake is None
    assert words in str(report)


def test_an_error_names_the_line_of_the_answer():
    """The learner's own line stands in the report, not one of torch."""

    def soft_moe(x, phi, experts):
        logits = x @ phi
        return logits

    assert "(in the line: logits = x @ phi)" in str(said(soft_moe))


def test_what_an_answer_prints_and_warns_is_shown_and_changes_nothing(capfd):
    """A right answer that warns passes with full points, and nothing is on stderr."""

    def loud(x, phi, experts):
        print("shape", tuple(x.shape))
        warnings.warn("careful", stacklevel=1)
        return right()(x, phi, experts)

    report = said(loud)

    assert report.points(4) == 4.0
    assert "shape (3, 7, 5)" in report.printed and "UserWarning: careful" in report.printed
    assert "Printed: shape (3, 7, 5)" in str(report)
    assert capfd.readouterr().err == ""


def test_an_answer_that_calls_the_librarys_is_told_to_write_its_own():
    """The exercise's own function, a variant or the library's router: each is noticed, even if errors are caught."""
    from softmoe_edu import SoftRouter
    from softmoe_edu.routers.weights import soft_weights

    def borrowed(x, phi, experts):
        try:
            return SOFT_MOE.answer(x, phi, experts)
        except Exception:
            return x

    def by_router(x, phi, experts):
        SoftRouter(x.shape[-1], phi.shape[1])(x.float())
        return right()(x, phi, experts)

    def by_weights(x, phi, experts):
        soft_weights(torch.einsum("bnd,dep->bnep", x, phi))
        return right()(x, phi, experts)

    for answer in (borrowed, SOFT_MOE.variants[0], by_router, by_weights):
        report = said(answer)
        assert (report.failed, report.points(4)) == ("your own answer", 0.0)
        assert "write soft_moe yourself" in str(report)


def test_an_answer_may_need_the_learners_default_dtype():
    """An answer written under a float64 default is judged as any other, and the default stays."""
    torch.set_default_dtype(torch.float64)
    try:
        assert said(right()).passed
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


AXES = {
    "tokens": (1,),
    "batch": (0,),
    "experts": (2,),
    "slots": (3,),
    "both": (2, 3),
    "all": (1, 2, 3),
    "tokens, experts": (1, 2),
}


def softmax(logits, axes):
    weights = (logits - logits.amax(axes, keepdim=True)).exp()
    return weights / weights.sum(axes, keepdim=True)


@pytest.mark.slow
@pytest.mark.parametrize("dispatch", AXES)
def test_layers_that_nobody_listed_are_rejected(dispatch):
    """Every pair of axes but the right one, and the right one with a slip in the scores or the mixing, fails."""
    survived = []
    for combine, slip in itertools.product(AXES, ("", "scale", "mean", "last")):
        if slip and (dispatch, combine) != ("tokens", "both"):
            continue

        def layer(x, phi, experts, combine=combine, slip=slip):
            logits = torch.einsum("bnd,dep->bnep", x, phi) * (0.9 if slip == "scale" else 1)
            mixed = x - x.mean(1, keepdim=True) if slip == "mean" else x
            slots = torch.einsum("bnep,bnd->bepd", softmax(logits, AXES[dispatch]), mixed)
            answers = torch.stack([f(slots[:, i]) for i, f in enumerate(experts)], 1)
            if slip == "last":
                answers = torch.cat([answers[:, :-1], answers[:, :1]], 1)
            return torch.einsum("bnep,bepd->bnd", softmax(logits, AXES[combine]), answers)

        if said(layer).passed:
            survived.append((combine, slip))

    assert survived == ([("both", "")] if dispatch == "tokens" else [])


def test_a_stub_that_the_answer_calls_is_named():
    """An answer that is written, and calls a function that is not, is told which."""

    def dispatch_weights(logits):
        raise NotImplementedError

    report = said(lambda x, phi, experts: dispatch_weights(x))

    assert report.status == "not started"
    assert "dispatch_weights raised NotImplementedError: write it first" in str(report)


def test_a_stubborn_answer_leaves_no_exception_behind():
    """An endless answer that catches everything is stopped, and no later traceback names it."""

    def soft_moe(x, phi, experts):
        while True:
            try:
                time.sleep(0.01)
            except BaseException:
                pass

    report = said(soft_moe, seconds=0.3)

    assert (report.failed, report.points(4)) == ("time", 0.0)
    assert "stopped after 0.3 s" in str(report)
    assert sys.exc_info()[1] is None


def test_torchs_own_not_implemented_is_an_error_and_no_stub():
    """torch raises NotImplementedError for a softmax of whole numbers: a mistake, not an unwritten answer."""
    report = said(lambda x, phi, experts: x.argsort(1).softmax(1))

    assert report.status == "failed"
    assert "NotImplementedError" in str(report) and "softmax" in str(report)


@pytest.mark.parametrize("odd", [torch.Tensor.to_sparse, lambda y: y.to("meta"), lambda y: y.to_mkldnn()])
def test_outputs_of_an_odd_kind_get_a_report(odd):
    """A sparse tensor, one without numbers, or one in a private layout is rejected in words."""
    for name in ("soft-moe", "dispatch-weights", "combine-weights", "token-choice-moe"):
        exercise = find_exercise(name)
        answer = from_text(exercise, exercise.solution)
        report = examine(exercise, lambda *args, answer=answer: odd(answer(*args)))
        assert (report.status, report.mistake) == ("failed", None), name


def test_an_exit_in_an_answer_does_not_end_the_kernel():
    """An answer that calls exit() gets a report that says so and what to do."""
    report = said(lambda x, phi, experts: exit())

    assert report.failed == "no exit"
    assert "remove the exit" in str(report)


def test_scores_cut_off_at_some_size_are_no_definition():
    """Clamped scores are finite and wrong: they are rejected, although every number of ordinary size is right."""

    def soft_moe(x, phi, experts):
        scores = (x @ phi.flatten(1)).clamp(-30, 30)
        slots = (scores.softmax(1).mT @ x).unflatten(1, phi.shape[1:])
        return scores.softmax(2) @ torch.cat([f(s) for f, s in zip(experts, slots.unbind(1), strict=True)], 1)

    assert said(soft_moe).failed == "large scores"


def test_an_answer_under_vmap_is_right():
    """An answer that maps over examples passes, although no expert can look at its slots."""

    def one(tokens, phi, experts):
        scores = tokens @ phi.flatten(1)
        slots = (scores.softmax(0).mT @ tokens).unflatten(0, phi.shape[1:])
        return scores.softmax(1) @ torch.cat([f(s) for f, s in zip(experts, slots.unbind(0), strict=True)])

    assert said(lambda x, phi, experts: torch.vmap(lambda tokens: one(tokens, phi, experts))(x)).passed


@pytest.mark.slow
def test_lists_and_gradient_marks_are_inputs_too():
    """An answer that reverses the caller's list, or marks its tokens for gradients, is told what it changed."""

    def reverses(x, phi, experts):
        y = right()(x, phi, experts)
        experts.reverse()
        return y

    def marks(x, phi, experts):
        return right()(x.requires_grad_(), phi, experts)

    assert (said(reverses).failed, said(marks).failed) == ("input left alone", "input left alone")
    assert "the list experts is changed after the call" in str(said(reverses))
    assert "x is marked for gradients after the call" in str(said(marks))
