"""Exercise: how many tokens have no expert, one, two and so on (lesson 04)."""

import torch

from softmoe_edu.course.lesson_04.coverage_histogram.mistakes import MISTAKES
from softmoe_edu.course.lesson_04.coverage_histogram.properties import PROPERTIES, all_alike, case, crowded, empty
from softmoe_edu.course.lesson_04.coverage_histogram.variants import VARIANTS
from softmoe_edu.metrics import experts_per_token
from softmoe_edu.teaching.exercise import Exercise, Hint


def coverage_histogram(token_idx, tokens):
    """Count the tokens that no expert took, that one took, two took, up to all e.

    token_idx (b, e, capacity): the token in each slot, -1 if it is empty.
    tokens: the number of tokens of each example. Returns (e + 1,) whole numbers.
    """
    b, e, _ = token_idx.shape
    taken = torch.zeros(b, tokens, dtype=torch.int64, device=token_idx.device)
    example, expert, slot = (token_idx >= 0).nonzero(as_tuple=True)
    token = token_idx[example, expert, slot]
    taken.index_put_((example, token), torch.ones_like(token), accumulate=True)
    return taken.flatten().bincount(minlength=e + 1)


def observe(function, draw):
    """Return the counts in cases on which all mistakes differ, or the name of the error that is raised."""
    cases = {
        "plain": case(3, 7, 5, 2),
        "more tokens": case(2, 11, 3, 4),
        "some empty": case(2, 8, 4, 3, empty=0.4),
        "last ones free": case(2, 9, 4, 2, among=5),
        "alike": all_alike,
        "crowded": crowded,
        "nothing": empty,
        # Token 0 is taken three times and the last one never, so that the two cannot stand for an empty slot alike.
        "first and last": lambda draw: (draw.tensor([[[0, 1], [0, -1], [0, 2]]]).long(), 5),
    }
    seen = {}
    for name, make in cases.items():
        try:
            output = function(*make(draw.sub(name)))
            seen[name] = [list(output.shape), output.cpu().double()]
        except Exception as error:
            seen[name] = type(error).__name__
    return seen


EXERCISE = Exercise(
    id="coverage-histogram",
    lesson="04",
    order=2,
    title="Who gets how many experts",
    answer=coverage_histogram,
    probe=case(3, 7, 5, 2),
    observe=observe,
    properties=PROPERTIES,
    hints=(
        Hint(
            "Two counts, one after the other. First: in how many slots does each token sit? Then: how many tokens sit "
            "in none, in one, in two? Do the first count for one example by hand.",
            "def coverage_histogram(token_idx, tokens):\n"
            "    print('slots of the first example:', token_idx[0].flatten().tolist())\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "torch.bincount counts how often each whole number occurs, from 0 on, and minlength makes the result long "
            "enough. It takes neither -1 nor several examples at once: leave empty slots out, and go through the "
            "examples in a loop.",
            "def coverage_histogram(token_idx, tokens):\n"
            "    print(torch.tensor([0, 2, 2, 5]).bincount(minlength=8))\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "One right answer of several.",
            "def coverage_histogram(token_idx, tokens):\n"
            "    histogram = torch.zeros(token_idx.shape[1] + 1, dtype=torch.int64)\n"
            "    for example in token_idx:\n"
            "        sitting = example[example != -1]\n"
            "        times = torch.bincount(sitting, minlength=tokens)\n"
            "        histogram += torch.bincount(times, minlength=len(histogram))\n"
            "    return histogram",
        ),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=10,
    difficulty=2,
    points=3,
    essential=True,
    library=(experts_per_token,),
)
