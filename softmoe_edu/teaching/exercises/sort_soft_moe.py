"""Exercise: choose the lines of a Soft MoE layer among right and wrong ones and put them in order (lesson 05)."""

import html
from collections.abc import Callable, Sequence
from numbers import Integral

import torch

from softmoe_edu.teaching.answer import Answer, Refused, in_words
from softmoe_edu.teaching.draw import Draw
from softmoe_edu.teaching.exercise import Exercise, Finding, Hint, Property, mistake
from softmoe_edu.teaching.exercises.soft_moe import EXERCISE as SOFT_MOE
from softmoe_edu.teaching.exercises.soft_moe_weights import ALGORITHM

# The lines of the reference, as people write them; another reference would not unpack into these six.
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


class Listing(str):
    """The numbered lines as text; a notebook shows them folded, so that who writes without them does not see them."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        summary = f"Open the {len(LINES)} lines"
        return (
            f"<details><summary data-lm-suppress-shortcuts='true'>{summary}</summary>"
            f"<pre style='margin:.4em 0'>{html.escape(self)}</pre></details>"
        )

    __repr__ = str.__str__


def listing() -> Listing:
    """Give the numbered lines, to be shown or printed."""
    return Listing("\n".join(f"{number:2d}  {line}" for number, line in LINES.items()))


def assemble(numbers: Sequence[int]) -> Callable:
    """Give the function that these lines make, under the signature of soft_moe."""
    body = "\n".join(f"    {LINES[number]}" for number in numbers)
    namespace: dict[str, object] = {"torch": torch}
    exec(f"def {SOFT_MOE.signature}:\n{body}", namespace)
    return namespace[SOFT_MOE.name]


def soft_moe_lines():
    """Give the numbers of the six lines of soft_moe in an order that runs, as a list such as [3, 1, 4, 2, 6, 5].

    Six of the numbered lines make a right soft_moe; the other six are lines that people write by mistake.
    """
    return [5, 10, 8, 2, 7, 4]


def combine_first():
    """Combine weights before dispatch weights, as a tuple."""
    return 5, 8, 10, 2, 7, 4


def combine_last():
    """Combine weights just before they are used."""
    return [5, 10, 2, 7, 8, 4]


@mistake(
    "swapped-axes",
    "M01",
    does="takes dispatch by the softmax over slots and combine by the softmax over tokens: the two axes are swapped",
    belief="Each token's dispatch weights sum to 1.",
    refuted=ALGORITHM,
    seen="Ekoda/SoftMoE, src/model.py",
)
def swapped():
    """Both wrong lines."""
    return [5, 3, 12, 2, 7, 4]


@mistake(
    "dispatch-over-batch",
    "M02",
    does="takes the dispatch softmax over the batch",
    belief="axis=0 of Algorithm 1 is axis 0 of my batched tensor.",
    refuted="Algorithm 1 is written for one example: its axis 0 is the tokens",
    seen="fkodom/soft-mixture-of-experts, before its pull request 1",
)
def over_batch():
    """Softmax over axis 0."""
    return [5, 6, 8, 2, 7, 4]


@mistake(
    "combine-per-expert",
    "M03",
    does="takes the combine softmax over each expert's slots alone, so that a token's weights sum to e",
    belief="Combine is normalised inside each expert.",
    refuted="Eq. 2: a token's weights sum to 1 over the slots of all experts",
    seen="a softmax over the last axis of (b, n, e, p)",
)
def per_expert():
    """Softmax over the last axis."""
    return [5, 10, 1, 2, 7, 4]


@mistake(
    "combine-uses-dispatch",
    "M05",
    does="answers tokens with the dispatch weights",
    belief="What went in by D comes back by D.",
    refuted="Eq. 2: C = softmax over slots",
    seen="the wrong variable in the last line",
)
def uses_dispatch():
    """The wrong last line."""
    return [5, 10, 8, 2, 7, 9]


@mistake(
    "both-over-slots",
    "M05",
    does="takes both softmaxes over slots",
    belief="One softmax of the logits serves dispatch and combine.",
    refuted="Eq. 1: D = softmax over tokens",
    seen="a first draft of many",
)
def both_over_slots():
    """The combine weights for dispatch too."""
    return [5, 3, 8, 2, 7, 4]


@mistake(
    "experts-see-tokens",
    "M06",
    does="runs the experts on tokens in place of slots, which does not fit the last line",
    belief="Every expert processes every token.",
    refuted="Algorithm 1: experts see the e x p slots, which are mixes of tokens, and no token itself",
    seen="several write-ups",
)
def experts_see_tokens():
    """Experts of x."""
    return [5, 10, 8, 2, 11, 4]


@mistake(
    "weights-before-scores",
    "",
    does="uses a name before the line that makes it",
    belief="Dispatch comes first.",
    refuted="score, normalise, dispatch, compute, combine: each step needs the one before",
    seen="lines in the order of the words",
)
def too_early():
    """Dispatch before its logits."""
    return [10, 5, 8, 2, 7, 4]


def _are_six_lines(numbers: object) -> bool:
    known = isinstance(numbers, list | tuple) and all(isinstance(n, Integral) and n in LINES for n in numbers)
    return known and len(numbers) == len(set(numbers)) == len(_body)


def _chosen(answer: Answer) -> Sequence[int]:
    """Give the numbers that an answer chose; raises Refused unless they are six different lines."""
    got = answer.raw()
    should = f"a list of six different line numbers from 1 to {len(LINES)}"
    if not isinstance(got, list | tuple):
        raise Refused(Finding(should, got=f"{type(got).__name__}: {got!r}"[:80]))
    if not _are_six_lines(got):
        raise Refused(Finding(should, got=f"{list(got)}"[:80]))
    return got


def _six_lines(answer: Answer, draw: Draw) -> None:
    _chosen(answer)


def _runs(answer: Answer, draw: Draw) -> Finding | None:
    layer, args = assemble(_chosen(answer)), SOFT_MOE.probe(draw)
    try:
        return None if layer(*args) is not None else Finding("the last line returns the answers", got="None")
    except Exception as error:
        return Finding("the chosen lines run in this order", got=in_words(error))


def _is_soft_moe(answer: Answer, draw: Draw) -> Finding | None:
    inner = Answer(SOFT_MOE, assemble(_chosen(answer)))
    for each in SOFT_MOE.properties:
        if finding := each.test(inner, draw.sub(each.name)):
            return finding
    return None


def _observe(function: Callable, draw: Draw) -> dict[str, object]:
    try:
        numbers = function()
        if not _are_six_lines(numbers):
            return {"answers": None}  # nothing that a line could be blamed for
        return {"answers": assemble(numbers)(*SOFT_MOE.probe(draw.sub("layer")))}
    except Exception as error:
        return {"answers": type(error).__name__}


EXERCISE = Exercise(
    id="sort-soft-moe",
    lesson="05",
    order=4,
    title="The whole layer, from numbered lines",
    answer=soft_moe_lines,
    probe=lambda draw: (),
    properties=(
        Property("six lines", _six_lines),
        Property("the lines run", _runs),
        Property("they make a Soft MoE layer", _is_soft_moe),
    ),
    hints=(
        Hint(
            "Name the steps first: score, normalise (two lines), dispatch, compute, combine. For most steps two lines "
            "or more are offered; which names does a line need, and which does it make?",
            "def soft_moe_lines():\n"
            "    print('logits -> dispatch, combine -> slots -> answers -> return')\n"
            "    raise NotImplementedError",
        ),
        Hint("An answer, in one order of several.", "def soft_moe_lines():\n    return [5, 8, 10, 2, 7, 4]"),
    ),
    variants=(combine_first, combine_last),
    mistakes=(swapped, over_batch, per_expert, uses_dispatch, both_over_slots, experts_see_tokens, too_early),
    minutes=5,
    difficulty=2,
    points=1,
    library=(),
    observe=_observe,
    basics=False,
    matches="your lines make a function that",
)
