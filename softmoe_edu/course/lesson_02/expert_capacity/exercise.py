"""Exercise: how many rows an expert's buffer has (lesson 02)."""

import math

from softmoe_edu.capacity import capacity_for
from softmoe_edu.course.lesson_02.expert_capacity.mistakes import MISTAKES
from softmoe_edu.course.lesson_02.expert_capacity.properties import NOISE, PROPERTIES
from softmoe_edu.course.lesson_02.expert_capacity.variants import VARIANTS
from softmoe_edu.teaching.exercise import Exercise, Hint


def expert_capacity(tokens, experts, k, factor, multiple_of=1):
    """Give the number of rows of one expert's buffer, an int.

    tokens: tokens of a group. experts: experts of the layer. k: experts that each token chooses. factor: how many rows
    all buffers have together, over what all choices need. The rows are shared evenly and rounded up, then up again to
    the next multiple of `multiple_of`. Compute in floating point and round what comes out as it is: 100 tokens with
    factor 1.1 on 2 experts are a little over 55 and give 56, as in the official code.
    """
    capacity = math.ceil(tokens * k * factor / experts)
    return capacity + -capacity % multiple_of


TELLING = (
    (50, 4, 2, 1.25, 4),
    (21, 5, 1, 1.05, 1),
    (11, 4, 1, 1.0, 1),
    (3, 8, 1, 1.0, 1),
    (64, 16, 1, 1.0, 1),
    (64, 16, 1, 1.0, 4),
    (50, 7, 3, 1.5, 1),
    (49, 8, 2, 1.0, 8),
    NOISE,
    (10, 4, 1, 1.0, 3),
    (12, 4, 1, 1.0, 1),
    (10, 2, 2, 1.5, 1),
    (3, 8, 2, 1.0, 1),
    (3, 3, 2, 1.5, 1),
)


def observe(function, draw):
    """Give the rows for sizes on which all mistakes differ; one that raises leaves its error's name."""
    try:
        return {"rows": [function(*sizes) for sizes in TELLING]}
    except Exception as error:
        return {"rows": type(error).__name__}


EXERCISE = Exercise(
    id="expert-capacity",
    lesson="02",
    order=1,
    title="How large a buffer is",
    answer=expert_capacity,
    probe=lambda draw: TELLING[0],
    observe=observe,
    properties=PROPERTIES,
    hints=(
        Hint(
            "Count the choices of all tokens, give each expert an equal share, and let the factor stretch it. Print "
            "that number before you round.",
            "def expert_capacity(tokens, experts, k, factor, multiple_of=1):\n"
            "    choices = tokens * k\n"
            "    print('choices', choices)\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "Divide last, then math.ceil. What is missing up to the next multiple of m is -rows % m, which is 0 for a "
            "multiple.",
            "def expert_capacity(tokens, experts, k, factor, multiple_of=1):\n"
            "    rows = 26\n"
            "    print('26 and what is missing to a multiple of 4:', rows, -rows % 4)\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "An answer, in one way of several.",
            "def expert_capacity(tokens, experts, k, factor, multiple_of=1):\n"
            "    rows = math.ceil(tokens * k * factor / experts)\n"
            "    while rows % multiple_of:\n"
            "        rows += 1\n"
            "    return rows",
        ),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=5,
    difficulty=2,
    points=2,
    essential=True,
    library=(capacity_for,),
)
