"""Exercise: choose the lines of a Soft MoE layer among right and wrong ones and put them in order (lesson 05)."""

import html
from collections.abc import Callable

from softmoe_edu.course.lesson_05.soft_moe.exercise import EXERCISE as SOFT_MOE
from softmoe_edu.course.lesson_05.sort_soft_moe.mistakes import MISTAKES
from softmoe_edu.course.lesson_05.sort_soft_moe.properties import LINES, PROPERTIES, are_six_lines, assemble
from softmoe_edu.course.lesson_05.sort_soft_moe.variants import VARIANTS
from softmoe_edu.teaching.draw import Draw
from softmoe_edu.teaching.exercise import Exercise, Hint


class Listing(str):
    """The numbered lines as text; a notebook shows them folded, so that nobody sees them by accident."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        summary = f"Open the {len(LINES)} lines"
        return (
            f"<details><summary data-lm-suppress-shortcuts='true'>{summary}</summary>"
            f"<pre style='margin:.4em 0'>{html.escape(self)}</pre></details>"
        )

    __repr__ = str.__str__


def listing() -> Listing:
    """Return the numbered lines, to be shown or printed."""
    return Listing("\n".join(f"{number:2d}  {line}" for number, line in LINES.items()))


def soft_moe_lines():
    """Return the numbers of the six lines of soft_moe, in an order that runs."""
    return [5, 10, 8, 2, 7, 4]


def _observe(function: Callable, draw: Draw) -> dict[str, object]:
    try:
        numbers = function()
        if not are_six_lines(numbers):
            return {"answers": None}  # no line is at fault
        return {"answers": assemble(numbers)(*SOFT_MOE.probe(draw.sub("layer")))}
    except Exception as error:
        return {"answers": type(error).__name__}


EXERCISE = Exercise(
    id="sort-soft-moe",
    lesson="05",
    order=3,
    title="The whole layer, from numbered lines",
    answer=soft_moe_lines,
    probe=lambda draw: (),
    properties=PROPERTIES,
    hints=(
        Hint(
            "Name the steps first: score, normalise (two lines), dispatch, compute, combine. Most steps have two "
            "lines or more to choose from; which names does a line need, and which does it define?",
            "def soft_moe_lines():\n"
            "    print('logits -> dispatch, combine -> slots -> answers -> return')\n"
            "    raise NotImplementedError",
        ),
        Hint("One right order of several.", "def soft_moe_lines():\n    return [5, 8, 10, 2, 7, 4]"),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=5,
    difficulty=2,
    points=1,
    library=(),
    observe=_observe,
    basics=False,
    matches="your lines make a function that",
    listing=str(listing()),
)
