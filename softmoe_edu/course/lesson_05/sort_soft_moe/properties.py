"""The numbered lines, and the properties of a right choice and order: together they are a Soft MoE layer."""

from collections.abc import Callable, Sequence
from numbers import Integral

import torch

from softmoe_edu.course.lesson_05.soft_moe.exercise import EXERCISE as SOFT_MOE
from softmoe_edu.teaching.check.attempt import Attempt, in_words
from softmoe_edu.teaching.draw import Draw
from softmoe_edu.teaching.exercise import Finding, Kind, Property

# The lines of the reference as people write them; a different reference would not unpack into these six.
_body = SOFT_MOE.solution.splitlines()[len(SOFT_MOE.stub.splitlines()) - 1 :]
LOGITS, DISPATCH, COMBINE, FILL, COMPUTE, ANSWER = (line.strip() for line in _body)
AXIS_OF_TOKENS, ALL_SLOTS = DISPATCH.split(" = ")[1], COMBINE.split(" = ")[1]

LINES = dict(
    enumerate(
        (
            "combine = logits.softmax(dim=-1)",
            FILL,
            f"dispatch = {ALL_SLOTS}",
            ANSWER,
            LOGITS,
            "dispatch = logits.softmax(dim=0)",
            COMPUTE,
            COMBINE,
            ANSWER.replace("combine", "dispatch"),
            DISPATCH,
            "answers = torch.stack([expert(x) for expert in experts], dim=1)",
            f"combine = {AXIS_OF_TOKENS}",
        ),
        start=1,
    )
)


def assemble(numbers: Sequence[int]) -> Callable:
    """Return the function that these lines make up, with the signature of soft_moe."""
    body = "\n".join(f"    {LINES[number]}" for number in numbers)
    namespace: dict[str, object] = {"torch": torch}
    exec(f"def {SOFT_MOE.signature}:\n{body}", namespace)
    return namespace[SOFT_MOE.name]


def are_six_lines(numbers: object) -> bool:
    """Return whether these are the numbers of six different lines."""
    known = isinstance(numbers, list | tuple) and all(isinstance(n, Integral) and n in LINES for n in numbers)
    return known and len(numbers) == len(set(numbers)) == len(_body)


def _chosen(answer: Attempt) -> Sequence[int]:
    """Return the numbers that an answer chose, if they are six different lines."""
    got = answer.raw()
    should = f"a list of six different line numbers from 1 to {len(LINES)}"
    if not isinstance(got, list | tuple):
        kind = Kind.NO_RESULT if got is None else Kind.OTHER
        answer.stop(Finding(should, got=f"{type(got).__name__}: {got!r}"[:80], kind=kind))
    if not are_six_lines(got):
        answer.stop(Finding(should, got=f"{list(got)}"[:80]))
    return got


def _six_lines(answer: Attempt, draw: Draw) -> None:
    _chosen(answer)


def _runs(answer: Attempt, draw: Draw) -> Finding | None:
    layer, args = assemble(_chosen(answer)), SOFT_MOE.probe(draw)
    try:
        if layer(*args) is None:
            return Finding("the last line returns the answers", got="None", kind=Kind.NO_RESULT)
        return None
    except Exception as error:
        return Finding("the chosen lines run in this order", got=in_words(error))


def _is_soft_moe(answer: Attempt, draw: Draw) -> Finding | None:
    layer = Attempt(SOFT_MOE, assemble(_chosen(answer)))
    return next(filter(None, (layer.look(each, draw) for each in SOFT_MOE.properties)), None)


PROPERTIES = (
    Property("six lines", _six_lines, "choose one line for each step, six in all, and each only once"),
    Property("the lines run", _runs, "check which names each line needs, and whether a line above defines them"),
    Property("they make up a Soft MoE layer", _is_soft_moe),
)
