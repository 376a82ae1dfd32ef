"""Exercises in which the learner writes the test: scored by the wrong functions that it rejects."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch

from softmoe_edu.teaching.check.asserted import failed_assert
from softmoe_edu.teaching.check.attempt import Attempt, NotStarted, in_words, unwritten_in
from softmoe_edu.teaching.check.isolation.isolated import ENDS
from softmoe_edu.teaching.check.isolation.kept_state import plain_again
from softmoe_edu.teaching.draw import Draw
from softmoe_edu.teaching.exercise import Exercise, Finding, Property


def write_the_check(of: Exercise, **about: object) -> Exercise:
    """Make the exercise "write a check of `of`": a function that raises AssertionError for a wrong candidate.

    The candidates are the reference, variants and mistakes of `of`; `about` goes to Exercise: its properties are
    those of `judging`, its mistakes are checks too weak or too strict.
    """

    def observe(check: Callable, draw: Draw) -> dict[str, object]:
        candidates = [*(function for _, function in _right(of)), *(mistake.function for mistake in of.mistakes)]
        return {"verdicts": [refusal(check, candidate) is None for candidate in candidates]}

    count = len(_right(of)) + len(of.mistakes)
    return Exercise(
        probe=lambda draw: (of.answer,),
        observe=observe,
        slow=f"it is tried on {count} functions, some of which work number by number: use smaller inputs",
        basics=False,
        matches="your check judges like one that",
        **about,
    )


def judging(of: Exercise, needed: int) -> tuple[Property, Property]:
    """Make the properties of a right check of `of`: it accepts all that is right, and rejects `needed` mistakes."""

    def accepts_right(answer: Attempt, draw: Draw) -> Finding | None:
        for style, right in _right(of):
            if got := _asked(answer, right):
                should = f"the check accepts every right version of {of.name}, however it is written"
                return Finding(should, style, "accepted", got)
        return None

    def rejects_wrong(answer: Attempt, draw: Draw) -> Finding | None:
        passing = [mistake for mistake in of.mistakes if not _asked(answer, mistake.function)]
        count = len(of.mistakes) - len(passing)
        if count >= needed:
            return None
        return Finding(
            f"the check rejects at least {needed} of {len(of.mistakes)} wrong versions of {of.name}",
            f"{len(of.mistakes)} wrong functions",
            f"at least {needed} rejected",
            f"{count} rejected; among those that pass is one that {passing[0].does}",
            share=count / len(of.mistakes),
        )

    accepts, rejects = f"accepts every right {of.name}", f"rejects {needed} of {len(of.mistakes)} wrong functions"
    return (
        Property(accepts, accepts_right, "look for what your check requires that the task does not promise"),
        Property(rejects, rejects_wrong, "think of an input on which that one goes wrong, and check it"),
    )


def _asked(answer: Attempt, candidate: Callable) -> str | None:
    try:
        with answer.traps:
            said = refusal(answer.function, candidate)
    except NotStarted as stub:
        if not answer.returned:
            answer.stop_unwritten(str(stub))
        return "rejected: NotImplementedError"  # a check that works for other candidates
    answer.returned += 1
    return said


def refusal(check: Callable, candidate: Callable) -> str | None:
    """Return how a check rejects a candidate; None where it accepts, that is, neither raises nor returns False.

    Tensors and lists of the check that the candidate wrote into are put back when the check has ended, so that the
    next candidate is given what the first was given.
    """
    grad = torch.is_grad_enabled()
    try:
        with _inputs_kept(candidate) as watched:
            said = check(watched)
    except ENDS:
        raise
    except BaseException as error:
        if name := unwritten_in(error):
            raise NotStarted(name) from None
        where = failed_assert(error) if isinstance(error, AssertionError) else ""
        if where and not str(error):
            return f"rejected by the line {where}"
        return f"rejected: {in_words(error, 100)}{f' (in the line: {where})' if where else ''}"
    finally:
        plain_again()
        torch.set_grad_enabled(grad)
    arrays = (np.ndarray, np.bool_, torch.Tensor)
    is_false = said is False or (isinstance(said, arrays) and said.dtype in (bool, torch.bool) and not bool(said.all()))
    return f"rejected: it returned {said!r}" if is_false else None


@contextmanager
def _inputs_kept(candidate: Callable) -> Iterator[Callable]:
    written: list[tuple[torch.Tensor | list, torch.Tensor | list]] = []

    @functools.wraps(candidate)
    def watched(*args: object, **kwargs: object) -> object:
        pairs = [(a, _copy(a)) for a in (*args, *kwargs.values()) if isinstance(a, torch.Tensor | list)]
        try:
            return candidate(*args, **kwargs)
        finally:
            written.extend(pair for pair in pairs if not _same(*pair))

    try:
        # The check itself may test whether its input was left alone, so nothing is put back before it has ended.
        yield watched
    finally:
        for given, before in reversed(written):
            if isinstance(given, list):
                given[:] = before
            else:
                given.detach().copy_(before)


def _copy(a: torch.Tensor | list) -> torch.Tensor | list:
    return list(a) if isinstance(a, list) else a.detach().clone()


def _same(given: torch.Tensor | list, before: torch.Tensor | list) -> bool:
    if isinstance(given, list):
        return len(given) == len(before) and all(a is b for a, b in zip(given, before, strict=True))
    try:
        return torch.equal(given.detach(), before)
    except RuntimeError:
        return True  # inside vmap and its like a tensor is not one of the check's own


def _right(of: Exercise) -> list[tuple[str, Callable]]:
    # A copy of the reference: a check may look at everything but the exercise's own answer.
    namespace: dict[str, Callable] = dict(vars(of.module))
    exec(of.solution, namespace)
    styles = [(f"a right one: {function.__doc__.strip().splitlines()[0]}", function) for function in of.variants]
    return [("the definition itself", namespace[of.name]), *styles]
