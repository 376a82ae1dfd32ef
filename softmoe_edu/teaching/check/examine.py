"""`check`: test a learner's function for the properties of a right one, and report the first that it violates."""

import inspect
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from softmoe_edu.teaching import progress
from softmoe_edu.teaching.check.advice import last_words, lines_of, not_started
from softmoe_edu.teaching.check.attempt import Attempt, copied
from softmoe_edu.teaching.check.diagnosis import match
from softmoe_edu.teaching.check.fingerprint import fingerprint
from softmoe_edu.teaching.check.isolation.isolated import ENDS, TimeUp, UsedReference, isolated
from softmoe_edu.teaching.check.isolation.printed import Printed
from softmoe_edu.teaching.check.isolation.time_limit import callers_alarm, forget_handled
from softmoe_edu.teaching.check.report import Report
from softmoe_edu.teaching.check.tally import Tally
from softmoe_edu.teaching.discovery import find_exercise
from softmoe_edu.teaching.draw import Draw
from softmoe_edu.teaching.exercise import Exercise, Finding, Kind, Mistake, Property
from softmoe_edu.teaching.say import say

SECONDS = 10.0
NO_ANSWER = {Kind.TOO_SLOW, Kind.LEAVES, Kind.BORROWED, Kind.SIGNATURE, Kind.UNWRITTEN}
LATE_S = 2.0  # more than the steps of Python take that may still be run
CLASS_KEY = "SOFTMOE_CLASS_KEY"


def check(
    name: str, answer: Callable, *, device: str = "cpu", seed: int | None = None, seconds: float = SECONDS
) -> Report:
    """Check an answer to the exercise of this name and report what holds, what does not, and which mistake it is.

    Never raises, whatever the answer is. Inputs change with each attempt, unless there is a seed, and are on `device`.
    What the answer prints or warns is shown and changes nothing; one that takes longer than `seconds` is stopped.
    The environment variable SOFTMOE_CLASS_KEY gives a class its own inputs. Raises ValueError for an unknown name or
    a device that is not available.
    """
    exercise = find_exercise(name)
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"device {device!r} cannot be used here ({error}): leave it out for the CPU") from None
    attempt = progress.attempts("check", exercise.id)
    start = time.monotonic()
    with callers_alarm():
        report = examine(exercise, answer, seed=attempt if seed is None else seed, device=device, seconds=seconds)
        took = round(time.monotonic() - start, 2)
        found = {"status": report.status, "mistake": report.mistake, "property": report.failed}
        event = progress.note(
            "check", exercise.id, **found, attempt=attempt + 1, seconds=took, **_unmatched(exercise, answer, report)
        )
    return replace(report, event=event)


def _unmatched(exercise: Exercise, answer: Callable, report: Report) -> dict[str, object]:
    """Return what is known of a wrong answer that no mistake matches: its error, why it ended, or what it returns."""
    finding = report.finding
    if finding is None or report.mistake:
        return {}
    if finding.error or finding.kind in NO_ANSWER:
        return {"finding": finding.kind.name.lower().replace("_", "-"), "error": finding.error or None}
    return {"returned": fingerprint(exercise, answer)}


def examine(
    exercise: Exercise, function: Callable, *, seed: int = 0, device: str = "cpu", seconds: float = SECONDS
) -> Report:
    """Do what `check` does, but record nothing."""
    draw = Draw(os.environ.get(CLASS_KEY, ""), exercise.id, seed, device=device)
    properties = tested(exercise)
    holds: list[str] = []
    fails: dict[str, Finding] = {}
    tally, mistake, named, unwritten, printed = Tally(exercise), None, False, "", Printed()
    handled, start = sys.exc_info()[1], time.monotonic()
    try:
        with isolated(seconds) as printed:
            attempt, meaning = Attempt(exercise, function), Attempt(exercise, function, form=False)
            for each in properties:
                finding = attempt.look(each, draw)
                if finding is None:
                    holds += [] if fails else [each.name]
                    tally.holds(each)
                    continue
                fails[each.name] = finding
                if each is SIGNATURE:
                    tally.fails(each, finding)
                    break
                tally.fails(each, meaning.look(each, draw))
                # What is not written yet is not a mistake, whatever else it resembles.
                if not named and finding.kind is not Kind.UNWRITTEN:
                    named, mistake = True, _named(exercise, function, draw)
            tally.explain(mistake, draw)
            if attempt.unwritten and not _answers_anything(attempt, draw):
                unwritten = attempt.unwritten
    except SystemExit:
        should = f"{exercise.name} returns an answer for every allowed input"
        got = "it exits the program: exit, quit and sys.exit would end the notebook's kernel"
        fails = {"no exit": Finding(should, got=got, kind=Kind.LEAVES)}
        mistake, tally = None, Tally(exercise)
    except TimeUp:
        got = f"it was stopped after {seconds:g} s: {exercise.slow}"
        if (took := time.monotonic() - start) > seconds + LATE_S:
            got = (
                f"it was stopped after {took:.0f} s, because one long call in it cannot be interrupted: {exercise.slow}"
            )
        should = f"{exercise.name} returns within {seconds:g} s"
        fails.setdefault("time", late := Finding(should, got=got, kind=Kind.TOO_SLOW))
        tally.stopped(late)
    except UsedReference as error:
        should = f"the answer is your own: write {exercise.name} yourself"
        got = f"it calls {error}, which is already an answer"
        fails = {"your own answer": Finding(should, got=got, kind=Kind.BORROWED)}
        mistake, tally = None, Tally(exercise)
    forget_handled(handled)
    if unwritten:
        return not_started(exercise, unwritten, printed)
    said = last_words(printed)
    if not fails:
        lines = (("Printed", said),) if said else ()
        count = len(properties)
        return Report(exercise.id, "passed", tuple(holds), count, share=1.0, printed=printed.text, lines=lines)
    failed, finding = next(iter(fails.items()))
    step = next((each.next_step for each in properties if each.name == failed), "")
    return Report(
        exercise.id,
        "failed",
        tuple(holds),
        len(properties),
        failed,
        tuple(fails),
        tuple(name for name in fails if name in tally.form),
        mistake and mistake.id,
        tally.share,
        printed.text,
        lines_of(exercise, finding, mistake, said, step),
        finding,
    )


def _answers_anything(attempt: Attempt, draw: Draw) -> bool:
    # Each property begins in float64: a case may be written that none of them came to.
    for dtype in (torch.float32, torch.float64):
        for probe in (attempt.exercise.probe, *attempt.exercise.probes):
            if not attempt.returned:
                attempt.tried(*probe(draw.sub("stub", dtype=dtype)))
    return attempt.returned > 0


def _named(exercise: Exercise, function: Callable, draw: Draw) -> Mistake | None:
    try:
        return match(exercise, function, draw)
    except ENDS:
        raise
    except BaseException:
        return None  # what cannot even be compared is not one of the known mistakes


def _fits(answer: Attempt, draw: Draw) -> Finding | None:
    should = f"a function {answer.exercise.signature}"
    if not callable(answer.function):
        return Finding(should, got=f"{type(answer.function).__name__}, which cannot be called", kind=Kind.SIGNATURE)
    args = answer.exercise.probe(draw)
    try:
        signature = inspect.signature(answer.function)
    except Exception:
        return None  # some built-in functions have no signature
    try:
        signature.bind(*args)
    except TypeError as error:
        name = getattr(answer.function, "__name__", type(answer.function).__name__)
        return Finding(should, got=f"{name}{signature}: {error}", kind=Kind.SIGNATURE)
    return None


def _shapes(answer: Attempt, draw: Draw) -> None:
    for dtype in (torch.float64, torch.float32):
        answer(*answer.exercise.probe(draw.sub(dtype=dtype)))


def _dtypes(answer: Attempt, draw: Draw) -> None:
    for dtype in (torch.float64, torch.float32):
        answer.in_its_dtype(*answer.exercise.probe(draw.sub(dtype=dtype)))


def _inputs(answer: Attempt, draw: Draw) -> Finding | None:
    args = answer.exercise.probe(draw)
    given = copied(args)
    answer.raw(*given)
    names = inspect.signature(answer.exercise.answer).parameters
    for name, before, after in zip(names, args, given, strict=True):
        changed = None
        if isinstance(before, Tensor) and not (before.shape == after.shape and torch.equal(before, after)):
            changed = f"{name} is changed after the call"
        elif isinstance(before, Tensor) and (after.requires_grad or after.grad is not None):
            changed = f"{name} is marked for gradients after the call: detach a copy first"
        elif isinstance(before, list) and before != after:
            changed = f"the list {name} is changed after the call"
        if changed:
            should = f"{answer.exercise.name} leaves its input alone: the caller may need {name} again"
            return Finding(should, answer.given(args), f"{name} as it was", changed)
    return None


SIGNATURE = Property("signature", _fits)
SHAPE = Property("shape", _shapes)
ALONE = Property("input left alone", _inputs, next_step="make a new tensor or list instead of changing this one")
DTYPE = Property("dtype", _dtypes)


def tested(exercise: Exercise) -> tuple[Property, ...]:
    """Return what a check tests, in this order: what an answer means comes before the form in which it is returned."""
    if not exercise.basics:
        return SIGNATURE, *exercise.properties
    return SIGNATURE, SHAPE, ALONE, *exercise.properties, DTYPE


def use(name: str, answer: Callable) -> Callable:
    """Return the learner's function if it passes its check, else the library's own, and print which.

    The cells after an exercise use this, so that no learner is stuck. Raises ValueError for an unknown name.
    """
    exercise = find_exercise(name)
    report = examine(exercise, answer)
    whose = "yours" if report.passed else f"the library's (yours: {report.status})"
    say(f"{exercise.name}: {whose}")
    return answer if report.passed else exercise.answer
