"""Exercise: how many rows an expert's buffer has (lesson 02)."""

import math
from fractions import Fraction

import numpy as np

from softmoe_edu.capacity import capacity_for
from softmoe_edu.teaching.exercise import Exercise, Hint
from softmoe_edu.teaching.exercises.expert_capacity_mistakes import MISTAKES
from softmoe_edu.teaching.properties import as_defined, by_hand, each_of


def expert_capacity(tokens, experts, k, factor, multiple_of=1):
    """Give the number of rows of one expert's buffer, an int.

    tokens: tokens of a group. experts: experts of the layer. k: experts that each token chooses. factor: how many rows
    all buffers have together, over what all choices need. The rows are shared evenly and rounded up, then up again to
    the next multiple of `multiple_of`. Compute in floating point and round what comes out as it is: 100 tokens with
    factor 1.1 on 2 experts are a little over 55 and give 56, as in the official code.
    """
    capacity = math.ceil(tokens * k * factor / experts)
    return capacity + -capacity % multiple_of


def by_counting(tokens, experts, k, factor, multiple_of=1):
    """Add a block of rows until they are enough."""
    rows = multiple_of
    while rows < tokens * factor * k / experts:
        rows += multiple_of
    return rows


def with_fractions(tokens, experts, k, factor, multiple_of=1):
    """Exact arithmetic on the factor as the machine holds it."""
    rows = math.ceil(Fraction(factor) * tokens * k / experts)
    return math.ceil(Fraction(rows, multiple_of)) * multiple_of


def by_numpy(tokens, experts, k, factor, multiple_of=1):
    """NumPy's ceil, twice."""
    rows = np.ceil(factor * k * tokens / experts)
    return int(np.ceil(rows / multiple_of) * multiple_of)


FACTORS = (0.5, 0.75, 1.0, 1.05, 1.125, 1.25, 1.5, 2.0)
NOISE = (100, 2, 1, 1.1, 1)
ONE = (10, 1, 1, 1.5, 4)
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


def calm(draw):
    """Draw sizes for which every order of the arithmetic, also an exact one, rounds to the same number."""
    while True:
        tokens, experts, k = (int(draw.integers(low, high, 1)) for low, high in ((1, 300), (1, 40), (1, 6)))
        factor = FACTORS[int(draw.integers(0, len(FACTORS), 1))]
        orders = (
            tokens * k * factor / experts,
            factor * k * tokens / experts,
            tokens / experts * k * factor,
            factor / experts * k * tokens,
            Fraction(factor) * k * tokens / experts,
            round(tokens * k * factor / experts, 6),
        )
        if k <= experts and len({math.ceil(share) for share in orders}) == 1:
            return tokens, experts, k, factor, (1, 1, 3, 4, 6, 8)[int(draw.integers(0, 6, 1))]


def _example(name, should, *args):
    given = f"{args[0]} tokens, {args[1]} experts, k = {args[2]}, factor {args[3]}"
    given += f", a multiple of {args[4]}" if args[4:] else ""
    return by_hand(lambda draw: args, should, given, name=name)


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
    properties=(
        _example("the example by hand", "10 choices shared by 4 experts are 2.5 rows each: rounded up", 10, 4, 1, 1.0),
        _example("two choices each", "with k = 2 every token needs two rows", 10, 4, 2, 1.25),
        _example("fewer tokens than experts", "each expert has a row, or it could serve nobody", 3, 8, 1, 1.0),
        each_of(
            "nothing to round",
            _example("even", "a whole number stays as it is", 64, 16, 1, 1.0),
            _example("odd", "a whole number stays as it is", 12, 4, 1, 1.0),
        ),
        each_of(
            "multiples",
            _example("few", "the rows go up to the next multiple, also for few tokens", 3, 8, 1, 1.0, 4),
            _example("three", "any whole number can be the multiple, not powers of two alone", 10, 4, 1, 1.0, 3),
            _example("six", "any whole number can be the multiple, not powers of two alone", 10, 4, 1, 1.0, 6),
        ),
        _example("a multiple already", "a multiple stays as it is", 64, 16, 1, 2.0, 8),
        each_of(
            "no other limit",
            _example("above", "a factor over 1 may give more rows than tokens: nothing cuts them", 10, 2, 2, 1.5),
            _example("below", "6 choices on 8 experts are less than a row each, and give one row, not k", 3, 8, 2, 1.0),
        ),
        _example("rounded once", "3 · 2 · 1.5 / 3 is 3 and stays 3: nothing is rounded on the way", 3, 3, 2, 1.5),
        each_of(
            "one expert, many choices",
            _example("one", "one expert has the rows for all tokens, times the factor, up to the multiple", *ONE),
            _example("many", "k may be any number up to the number of experts", 10, 8, 5, 1.0),
        ),
        _example("floating point", "100 · 1.1 / 2 is a little over 55 in floating point, and is rounded up", *NOISE),
        as_defined("choices · factor / experts, rounded up, then up to a multiple", calm, repeats=40, show_output=True),
    ),
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
    variants=(by_counting, with_fractions, by_numpy),
    mistakes=MISTAKES,
    minutes=5,
    difficulty=2,
    points=2,
    essential=True,
    library=(capacity_for,),
)
