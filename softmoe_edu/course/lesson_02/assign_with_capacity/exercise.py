"""Exercise: which choice gets which slot of an expert, and which is dropped (lesson 02)."""

import torch

from softmoe_edu.course.lesson_02.assign_with_capacity.mistakes import MISTAKES
from softmoe_edu.course.lesson_02.assign_with_capacity.properties import (
    PROPERTIES,
    case,
    comparable,
    crossing,
    padding_alone,
    some_choices,
)
from softmoe_edu.course.lesson_02.assign_with_capacity.variants import VARIANTS
from softmoe_edu.routers.tokens_choice import assign_tokens
from softmoe_edu.teaching.check.parsons import NumberedLines
from softmoe_edu.teaching.exercise import Exercise, Hint


def assign_with_capacity(indices, weights, capacity, priority):
    """Return positions (n, k) and kept (n, k): the slot of each choice, if it got one.

    indices (n, k): experts, best first, -1: no choice. weights (n, k): their gates.
    """
    n, k = indices.shape
    order = range(n)
    if priority == "gate":
        order = weights.amax(1).argsort(descending=True, stable=True).tolist()
    positions = torch.full_like(indices, -1)
    kept = torch.zeros_like(indices, dtype=torch.bool)
    taken = {}
    for choice in range(k):
        for token in order:
            expert = int(indices[token, choice])
            slot = taken.get(expert, 0)
            if expert >= 0 and slot < capacity:
                positions[token, choice] = slot
                kept[token, choice] = True
                taken[expert] = slot + 1
    return positions, kept


def observe(function, draw):
    """Return the assignments in cases on which all mistakes differ, or the name of the error that is raised."""
    cases = (
        *(case(9, 2, 4, 3, priority, (1, 6)) for priority in ("gate", "position")),
        case(7, 3, 5, 2),
        case(8, 1, 3, 2),
        crossing,
        *(some_choices(priority) for priority in ("position", "gate")),
        # The last token has the largest gate and no slot, whatever was drawn above.
        lambda draw: (draw.tensor([[0]] * 3).long(), draw.tensor([[0.2], [0.5], [0.9]]), 2, "position"),
    )
    try:
        given = [make(draw.sub("assigned", number)) for number, make in enumerate(cases)]
        seen = {"assigned": [comparable(args, function(*args)) for args in given]}
    except Exception as error:
        seen = {"assigned": type(error).__name__}
    return {**seen, **_at_the_edges(function, draw)}


def _at_the_edges(function, draw):
    # Either of two equal tokens may be first, so only what does not depend on it is recorded.
    seen = {}
    cases = {
        "three alike": (draw.tensor([[0]] * 3).long(), draw.tensor([[0.6]] * 3), 3, "gate"),
        "padding alone": padding_alone(draw),
    }
    for name, args in cases.items():
        try:
            positions, kept = function(*args)
            seen[name] = [int(kept.sum()), len({*positions[kept].tolist()})]
        except Exception as error:
            seen[name] = type(error).__name__
    return seen


# 15 of the 20 make up the function; the others are common mistakes.
LINES = NumberedLines(
    "assign_with_capacity(indices, weights, capacity, priority)",
    (
        "        for token in tokens:",
        "    taken = {}",
        "            if slot < capacity:",
        "    return positions, kept",
        "                taken[expert] = slot + 1",
        "    for token in tokens:",
        "        tokens.sort(key=lambda token: weights[token, 0].item())",
        "    n, k = indices.shape",
        "            expert = int(indices[token, choice])",
        "    if priority == 'gate':",
        "    kept = torch.zeros_like(indices, dtype=torch.bool)",
        "            if expert >= 0 and slot < capacity:",
        "        taken = {}",
        "    for choice in range(k):",
        "                positions[token, choice], kept[token, choice] = slot, True",
        "    positions = torch.full_like(indices, -1)",
        "        tokens.sort(key=lambda token: weights[token, 0].item(), reverse=True)",
        "            slot = taken.get(expert, 0)",
        "    tokens = list(range(n))",
        "        for choice in range(k):",
    ),
)
in_order, numbered = LINES.in_order, LINES.numbered

EXERCISE = Exercise(
    id="assign-with-capacity",
    lesson="02",
    order=2,
    title="Who gets a slot",
    answer=assign_with_capacity,
    probe=case(7, 2, 4, 3, padding=(2,), partly=(4,)),
    observe=observe,
    same=comparable,
    parts=("positions", "kept"),
    properties=PROPERTIES,
    hints=(
        Hint(
            "Write the queue first: who is served before whom? A choice is a pair (token, choice). Which of the two "
            "loops is the outer one?",
            "def assign_with_capacity(indices, weights, capacity, priority):\n"
            "    print('tokens, choices:', tuple(indices.shape))\n"
            "    print('largest weight of each token:', weights.amax(1))\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "The outer loop runs over rounds of choices, the inner one over tokens in order of priority. Keep a count "
            "for each expert: it is the next free slot. Write results at the token's own index, not at its position "
            "in the queue, and skip -1.",
            "def assign_with_capacity(indices, weights, capacity, priority):\n"
            "    positions = torch.full_like(indices, -1)\n"
            "    kept = torch.zeros_like(indices, dtype=torch.bool)\n"
            "    taken = {}  # expert -> how many of its slots are taken\n"
            "    return positions, kept",
        ),
        Hint(
            "One right answer of several.",
            "def assign_with_capacity(indices, weights, capacity, priority):\n"
            "    n, k = indices.shape\n"
            "    tokens = list(range(n))\n"
            "    if priority == 'gate':\n"
            "        tokens.sort(key=lambda token: float(weights[token, 0]), reverse=True)\n"
            "    positions = torch.zeros(n, k, dtype=torch.long)\n"
            "    kept = torch.zeros(n, k, dtype=torch.bool)\n"
            "    free = [0] * (int(indices.max()) + 1)\n"
            "    for choice in range(k):\n"
            "        for token in tokens:\n"
            "            expert = int(indices[token, choice])\n"
            "            if expert >= 0 and free[expert] < capacity:\n"
            "                positions[token, choice], kept[token, choice] = free[expert], True\n"
            "                free[expert] += 1\n"
            "    return positions, kept",
        ),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=10,
    difficulty=4,
    points=4,
    essential=True,
    library=(assign_tokens,),
)
