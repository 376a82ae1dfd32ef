"""`check`: hold a learner's function against what a right one does, and say the first thing that it does not do."""

import contextlib
import inspect
import os
import sys
import time
from collections.abc import Callable

import torch
from torch import Tensor

from softmoe_edu.teaching import progress
from softmoe_edu.teaching.advice import last_words, lines_of, not_started
from softmoe_edu.teaching.answer import Answer, NotStarted, Refused, copied, in_words
from softmoe_edu.teaching.diagnosis import match
from softmoe_edu.teaching.draw import Draw
from softmoe_edu.teaching.exercise import Exercise, Finding, Mistake, Property
from softmoe_edu.teaching.exercises import find
from softmoe_edu.teaching.guard import ENDS, TimeUp, UsedReference, guarded
from softmoe_edu.teaching.printed import Printed
from softmoe_edu.teaching.report import Report
from softmoe_edu.teaching.say import say
from softmoe_edu.teaching.time_limit import callers_alarm, forget_handled

SECONDS = 10.0
LATE_S = 2.0  # more than the steps of Python take that may still be run
CLASS_KEY = "SOFTMOE_CLASS_KEY"


def check(
    name: str, answer: Callable, *, device: str = "cpu", seed: int | None = None, seconds: float = SECONDS
) -> Report:
    """Check an answer to the exercise of this name and say what holds, what does not, and which mistake it is.

    Never raises for an answer of whatever kind. Inputs change with each attempt, unless there is a seed, and are on
    `device`.
    What the answer prints or warns is shown and changes nothing; one that takes longer than `seconds` is stopped.
    The environment variable SOFTMOE_CLASS_KEY gives a class inputs of its own. Raises ValueError
    for an unknown name or a device that is not there.
    """
    exercise = find(name)
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"device {device!r} cannot be used here ({error}): leave it out for the CPU") from None
    attempt = progress.attempts("check", exercise.id)
    start = time.monotonic()
    with callers_alarm():
        report = examine(exercise, answer, seed=attempt if seed is None else seed, device=device, seconds=seconds)
        progress.note(
            "check",
            exercise.id,
            status=report.status,
            mistake=report.mistake,
            property=report.failed,
            attempt=attempt + 1,
            seconds=round(time.monotonic() - start, 2),
        )
    return report


def examine(
    exercise: Exercise, function: Callable, *, seed: int = 0, device: str = "cpu", seconds: float = SECONDS
) -> Report:
    """Do what `check` does, and note nothing."""
    draw = Draw(os.environ.get(CLASS_KEY, ""), exercise.id, seed, device=device)
    properties = (*(BASICS if exercise.basics else BASICS[:1]), *exercise.properties)
    holds: list[str] = []
    fails: dict[str, Finding] = {}
    good, mistake, named, printed = 0.0, None, False, Printed()
    handled, start = sys.exc_info()[1], time.monotonic()
    try:
        with guarded(seconds) as printed:
            answer = Answer(exercise, function)
            for each in properties:
                finding = _find(each, answer, draw)
                counts = each not in BASICS
                if answer.is_stub and finding:
                    fails[each.name] = finding  # one call that gives something, and this is a case left out
                    continue
                if finding is None:
                    holds += [] if fails else [each.name]
                    good += counts
                    continue
                good += counts * finding.share
                if each.name == SIGNATURE:
                    fails[each.name] = finding
                    break
                if not named:
                    named, mistake = True, _named(exercise, function, draw)
                fails[each.name] = finding
            if answer.is_stub and _never_answers(answer, draw):
                raise NotStarted(answer.unwritten)
    except NotStarted as stub:
        return not_started(exercise, str(stub), printed)
    except SystemExit:
        should = f"{exercise.name} gives an answer for every allowed input"
        fails = {
            "no exit": Finding(
                should, got="it leaves the program: exit, quit and sys.exit would end the notebook's kernel"
            )
        }
        mistake, good = None, 0.0
    except TimeUp:
        got = f"it was stopped after {seconds:g} s: {exercise.slow}"
        if (took := time.monotonic() - start) > seconds + LATE_S:
            got = f"it was stopped after {took:.0f} s, since one long call in it cannot be interrupted: {exercise.slow}"
        fails.setdefault("time", Finding(f"{exercise.name} comes back within {seconds:g} s", got=got))
    except UsedReference as error:
        should = f"the answer is your own: write {exercise.name} yourself"
        fails = {"your own answer": Finding(should, got=f"it calls {error}, which is an answer")}
        mistake, good = None, 0.0
    forget_handled(handled)
    said = last_words(printed)
    if not fails:
        lines = (("Printed", said),) if said else ()
        count = len(properties)
        return Report(exercise.id, "passed", tuple(holds), count, share=1.0, printed=printed.text, lines=lines)
    failed, finding = next(iter(fails.items()))
    return Report(
        exercise.id,
        "failed",
        tuple(holds),
        len(properties),
        failed,
        tuple(fails),
        mistake and mistake.id,
        good / len(exercise.properties),
        printed.text,
        lines_of(exercise, failed, finding, mistake, said),
    )


def _never_answers(answer: Answer, draw: Draw) -> bool:
    # Each property begins in float64: a case may be written that none of them came to.
    for dtype in (torch.float32, torch.float64):
        for probe in (answer.exercise.probe, *answer.exercise.probes):
            with contextlib.suppress(Refused):
                answer.raw(*probe(draw.sub("stub", dtype=dtype)))
    return answer.is_stub


def _find(each: Property, answer: Answer, draw: Draw) -> Finding | None:
    try:
        return each.test(answer, draw.sub(each.name))
    except Refused as refused:
        return refused.finding
    except (NotStarted, *ENDS):
        raise
    except BaseException as error:
        # An output may be anything: what a property cannot look at is no right answer either.
        should = f'one can go on computing with what {answer.exercise.name} returns (here for "{each.name}")'
        return Finding(should, got=in_words(error))


def _named(exercise: Exercise, function: Callable, draw: Draw) -> Mistake | None:
    try:
        return match(exercise, function, draw)
    except ENDS:
        raise
    except BaseException:
        return None  # what cannot even be compared is none of the known mistakes


def _fits(answer: Answer, draw: Draw) -> Finding | None:
    should = f"a function {answer.exercise.signature}"
    if not callable(answer.function):
        return Finding(should, got=f"{type(answer.function).__name__}, which cannot be called")
    args = answer.exercise.probe(draw)
    try:
        signature = inspect.signature(answer.function)
    except Exception:
        return None  # some built-in functions tell nothing about their arguments
    try:
        signature.bind(*args)
    except TypeError as error:
        name = getattr(answer.function, "__name__", type(answer.function).__name__)
        return Finding(should, got=f"{name}{signature}: {error}")
    return None


def _shapes(answer: Answer, draw: Draw) -> None:
    for dtype in (torch.float64, torch.float32):
        answer(*answer.exercise.probe(draw.sub(dtype=dtype)))


def _inputs(answer: Answer, draw: Draw) -> Finding | None:
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
            should = f"{answer.exercise.name} leaves its input alone: whoever calls it may need {name} again"
            return Finding(should, answer.given(args), f"{name} as it was", changed)
    return None


SIGNATURE = "signature"
BASICS = (Property(SIGNATURE, _fits), Property("shape and dtype", _shapes), Property("input left alone", _inputs))


def use(name: str, answer: Callable) -> Callable:
    """Give the learner's function if it passes its check, else the library's own, and print which.

    What follows an exercise uses this, so that nobody is stuck. Raises ValueError for an unknown name.
    """
    exercise = find(name)
    report = examine(exercise, answer)
    whose = "yours" if report.passed else f"the library's (yours: {report.status})"
    say(f"{exercise.name}: {whose}")
    return answer if report.passed else exercise.answer
