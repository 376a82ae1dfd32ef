"""Exercise: how many copies of each expert (lesson 10)."""

import torch

from softmoe_edu.course.lesson_10.copies_of_experts.mistakes import MISTAKES
from softmoe_edu.course.lesson_10.copies_of_experts.properties import PROPERTIES, many
from softmoe_edu.course.lesson_10.copies_of_experts.variants import VARIANTS
from softmoe_edu.teaching.exercise import Exercise, Hint


def copies_of_experts(loads, places):
    """Return how many copies of each expert to keep, (e,): they sum to places.

    loads (e,): the load of each expert, shared evenly among its copies.
    places: at least e. Each expert has a copy; the busiest copy has least load.
    """
    copies = torch.ones_like(loads, dtype=torch.int64)
    for _ in range(places - len(loads)):
        copies[(loads / copies).argmax()] += 1
    return copies


TELLING = (
    ([24.0, 9.0, 5.2, 3.1, 1.4, 0.3], 15),
    ([12.0, 5.0, 3.0], 5),
    ([2.0, 7.0, 4.5, 1.0, 3.0], 6),
    ([10.0, 6.0, 5.9], 4),
)


def observe(function, draw):
    """Return the copies for loads on which all mistakes differ."""
    seen = {}
    for number, (values, places) in enumerate(TELLING):
        try:
            copies = torch.as_tensor(function(draw.tensor(values), places))
            seen[f"copies {number}"] = [float(x) for x in copies.tolist()]
        except Exception as error:
            seen[f"copies {number}"] = type(error).__name__
    return seen


EXERCISE = Exercise(
    id="copies-of-experts",
    lesson="10",
    order=4,
    title="Copies of busy experts",
    answer=copies_of_experts,
    probe=many(6, 15),
    observe=observe,
    properties=PROPERTIES,
    hints=(
        Hint(
            "Begin with one copy of each. Which copy is the busiest? Give its expert one more, and look again.",
            "def copies_of_experts(loads, places):\n"
            "    print('to give out beyond one each:', places - len(loads))\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "The load of a copy is loads / copies, a tensor of e numbers, of which argmax finds the largest.",
            "def copies_of_experts(loads, places):\n"
            "    loads, copies = torch.tensor([12.0, 5.0]), torch.tensor([3, 1])\n"
            "    print('loads of a copy:', (loads / copies).tolist())\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "One right answer of several.",
            "def copies_of_experts(loads, places):\n"
            "    counts = [1] * len(loads)\n"
            "    while sum(counts) < places:\n"
            "        shares = [load.item() / count for load, count in zip(loads, counts)]\n"
            "        counts[shares.index(max(shares))] += 1\n"
            "    return torch.tensor(counts, device=loads.device)",
        ),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=8,
    difficulty=2,
    points=2,
)
