"""Exercise: how many slots an expert has (lesson 02)."""

import math

from softmoe_edu.capacity import capacity_for
from softmoe_edu.course.lesson_02.expert_capacity.mistakes import MISTAKES
from softmoe_edu.course.lesson_02.expert_capacity.properties import NOISE, PROPERTIES
from softmoe_edu.course.lesson_02.expert_capacity.variants import VARIANTS
from softmoe_edu.teaching.exercise import Exercise, Hint


def expert_capacity(tokens, experts, k, factor, multiple_of=1):
    """Return the number of slots of one expert, an int, rounded up to a multiple."""
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
    """Return the slots for sizes on which all mistakes differ, or the name of the error that the function raises."""
    seen = {}
    for name, cases in (("slots", (s for s in TELLING if s[4] == 1)), ("multiples", (s for s in TELLING if s[4] > 1))):
        try:
            seen[name] = [function(*sizes) for sizes in cases]
        except Exception as error:
            seen[name] = type(error).__name__
    return seen


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
            "Count the choices of all tokens, give each expert an equal share, and multiply it by the factor. Print "
            "that number before you round.",
            "def expert_capacity(tokens, experts, k, factor, multiple_of=1):\n"
            "    choices = tokens * k\n"
            "    print('choices', choices)\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "Divide last, then use math.ceil. The distance to the next multiple of m is -slots % m, which is 0 for a "
            "multiple.",
            "def expert_capacity(tokens, experts, k, factor, multiple_of=1):\n"
            "    slots = 26\n"
            "    print('26 and its distance to a multiple of 4:', slots, -slots % 4)\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "One right answer of several.",
            "def expert_capacity(tokens, experts, k, factor, multiple_of=1):\n"
            "    slots = math.ceil(tokens * k * factor / experts)\n"
            "    while slots % multiple_of:\n"
            "        slots += 1\n"
            "    return slots",
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
