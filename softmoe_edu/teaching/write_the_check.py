"""Exercises in which the learner writes the test: scored by the wrong functions that it rejects."""

import traceback
from collections.abc import Callable

import numpy as np
import torch

from softmoe_edu.teaching.answer import Answer, NotStarted, is_stub
from softmoe_edu.teaching.draw import Draw
from softmoe_edu.teaching.exercise import Exercise, Finding, Property
from softmoe_edu.teaching.guard import without


def write_the_check(of: Exercise, needed: int, **about: object) -> Exercise:
    """Make the exercise "write a check of `of`": a function that raises AssertionError for a wrong candidate.

    The candidates are the reference, variants and mistakes of `of`; a right check accepts every right one and rejects
    at least `needed` of the mistakes. `about` goes to Exercise; its mistakes are checks too weak or too strict.
    """
    rejected = f"rejects {needed} of {len(of.mistakes)} wrong functions"

    def accepts_right(answer: Answer, draw: Draw) -> Finding | None:
        for style, right in _right(of):
            if got := _asked(answer, right):
                should = f"the check accepts every right {of.name}, however it is written"
                return Finding(should, style, "accepted", got)
        return None

    def rejects_wrong(answer: Answer, draw: Draw) -> Finding | None:
        passing = [mistake for mistake in of.mistakes if not _asked(answer, mistake.function)]
        count = len(of.mistakes) - len(passing)
        if count >= needed:
            return None
        return Finding(
            f"the check rejects at least {needed} of {len(of.mistakes)} wrong {of.name}",
            f"{len(of.mistakes)} wrong functions",
            f"at least {needed} rejected",
            f"{count} rejected; among those that pass is one that {passing[0].does}",
            share=count / len(of.mistakes),
        )

    def observe(check: Callable, draw: Draw) -> dict[str, object]:
        candidates = [*(function for _, function in _right(of)), *(mistake.function for mistake in of.mistakes)]
        return {"verdicts": [refusal(check, candidate) is None for candidate in candidates]}

    return Exercise(
        probe=lambda draw: (of.answer,),
        properties=(Property(f"accepts every right {of.name}", accepts_right), Property(rejected, rejects_wrong)),
        observe=observe,
        basics=False,
        matches="your check judges as one does that",
        **about,
    )


def _asked(answer: Answer, candidate: Callable) -> str | None:
    with without(answer.forbidden):
        return refusal(answer.function, candidate)


def refusal(check: Callable, candidate: Callable) -> str | None:
    """Say how a check refuses a candidate; None where it accepts, that is, neither raises nor returns False."""
    try:
        said = check(candidate)
    except Exception as error:
        if is_stub(error):
            raise NotStarted(traceback.extract_tb(error.__traceback__)[-1].name) from None
        return f"refused: {type(error).__name__}: {' '.join(str(error).split())[:100]}".rstrip(": ")
    arrays = (np.ndarray, np.bool_, torch.Tensor)
    is_false = said is False or (isinstance(said, arrays) and said.dtype in (bool, torch.bool) and not bool(said.all()))
    return f"refused: it returned {said!r}" if is_false else None


def _right(of: Exercise) -> list[tuple[str, Callable]]:
    # A copy of the reference: a check may look at everything but the exercise's own answer.
    namespace: dict[str, Callable] = dict(vars(of.module))
    exec(of.solution, namespace)
    styles = [(f"a right one: {function.__doc__.strip().splitlines()[0]}", function) for function in of.variants]
    return [("the definition itself", namespace[of.name]), *styles]
