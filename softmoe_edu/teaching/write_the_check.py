"""Exercises in which the learner writes the test: scored by the wrong functions that it rejects."""

from collections.abc import Callable

import torch

from softmoe_edu.teaching.answer import Answer, NotStarted
from softmoe_edu.teaching.draw import Draw
from softmoe_edu.teaching.exercise import Exercise, Finding, Property
from softmoe_edu.teaching.guard import without


def write_the_check(of: Exercise, needed: int, **about: object) -> Exercise:
    """Make the exercise "write a check of `of`": a function that raises AssertionError for a wrong candidate.

    The candidates are the reference, variants and mistakes of `of`; a right check accepts every right one and rejects
    at least `needed` of the mistakes. `about` goes to Exercise; its mistakes are checks too weak or too strict.
    """
    rejected = f"rejects {needed} of {len(of.mistakes)} wrong ones"

    def accepts_right(answer: Answer, draw: Draw) -> Finding | None:
        for style, right in _right(of):
            if not verdict(answer, right):
                return Finding(
                    f"the check accepts every right {of.name}, however it is written", style, "accepted", "refused"
                )
        return None

    def rejects_wrong(answer: Answer, draw: Draw) -> Finding | None:
        passing = [mistake for mistake in of.mistakes if verdict(answer, mistake.function)]
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
        return {"verdicts": [_accepts(check, candidate) for candidate in candidates]}

    return Exercise(
        probe=lambda draw: (of.answer,),
        properties=(Property(f"accepts every right {of.name}", accepts_right), Property(rejected, rejects_wrong)),
        observe=observe,
        basics=False,
        **about,
    )


def verdict(answer: Answer, candidate: Callable) -> bool:
    """Whether a learner's check accepts a candidate: it neither raises nor returns False."""
    with without(answer.forbidden):
        return _accepts(answer.function, candidate)


def _accepts(check: Callable, candidate: Callable) -> bool:
    try:
        said = check(candidate)
    except NotImplementedError:
        raise NotStarted from None
    except Exception:
        return False
    return not (said is False or (isinstance(said, torch.Tensor) and said.dtype == torch.bool and not bool(said.all())))


def _right(of: Exercise) -> list[tuple[str, Callable]]:
    # A copy of the reference: a check may look at everything but the exercise's own answer.
    namespace: dict[str, Callable] = dict(vars(of.module))
    exec(of.solution, namespace)
    styles = [(f"a right one: {function.__doc__.strip().splitlines()[0]}", function) for function in of.variants]
    return [("the definition, written with einsum or indices", namespace[of.name]), *styles]
