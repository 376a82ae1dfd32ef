"""Exercise: the exact sign test over paired seeds (lesson 08)."""

import math

import torch

from softmoe_edu.course.lesson_08.sign_test.mistakes import MISTAKES
from softmoe_edu.course.lesson_08.sign_test.properties import PROPERTIES, TELLING
from softmoe_edu.course.lesson_08.sign_test.variants import VARIANTS
from softmoe_edu.evidence import statistics
from softmoe_edu.teaching.exercise import Exercise, Hint


def sign_test(differences):
    """Return how likely signs this one-sided, or more so, are by chance: a float.

    differences (s,): one for each paired seed, s >= 1. Zeros are left out; if nothing
    else is there, the answer is 1.0. Count both directions.
    """
    up, down = int((differences > 0).sum()), int((differences < 0).sum())
    pairs = up + down
    tail = sum(math.comb(pairs, wins) for wins in range(max(up, down), pairs + 1)) / 2**pairs
    return min(1.0, 2 * tail)


def observe(function, draw):
    """Return the p-values of differences on which all mistakes differ, or the error that the function raises."""
    seen = {}
    for name, cases in TELLING.items():
        try:
            seen[name] = [float(function(torch.tensor(each, dtype=torch.float64))) for each in cases]
        except Exception as error:
            seen[name] = type(error).__name__
    return seen


EXERCISE = Exercise(
    id="sign-test",
    lesson="08",
    order=2,
    title="Five of five",
    answer=sign_test,
    probe=lambda draw: (draw.tensor(TELLING["plain"][0]),),
    observe=observe,
    properties=PROPERTIES,
    hints=(
        Hint(
            "Only signs count. How many differences are above 0, how many below? Of fair coins, as many as there are "
            "differences: how many of the 2^s equally likely rows of heads and tails look like yours?",
            "def sign_test(differences):\n"
            "    print('above 0:', int((differences > 0).sum()))\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "math.comb(n, k) counts the rows with exactly k heads. Add up those with as many heads as the more "
            "frequent sign, or more, and divide by 2 ** n. The other direction is as likely; and no probability is "
            "above 1.",
            "def sign_test(differences):\n"
            "    print('rows of 5 coins with 4 heads:', math.comb(5, 4), 'of', 2**5)\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "One right answer of several.",
            "def sign_test(differences):\n"
            "    signs = differences.sign()\n"
            "    n, most = int(signs.abs().sum()), int((signs.abs().sum() + signs.sum().abs()) / 2)\n"
            "    rows = sum(math.comb(n, k) for k in range(most, n + 1))\n"
            "    return min(1.0, 2 * rows / 2**n)",
        ),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=10,
    difficulty=3,
    points=3,
    essential=True,
    library=(statistics.sign_test,),
)
