"""Exercise: measure in how many tokens the other examples of a batch change the answer (lesson 07)."""

import torch

from softmoe_edu.course.lesson_07.batch_effect.mistakes import MISTAKES
from softmoe_edu.course.lesson_07.batch_effect.properties import LAYERS, PROPERTIES, case
from softmoe_edu.course.lesson_07.batch_effect.variants import VARIANTS
from softmoe_edu.teaching.exercise import Exercise, Hint


def batch_effect(layer, x, others):
    """Measure the share of x's tokens whose answer changes with the rest of the batch.

    layer: a function from (b, n, d) to (b, n, d), for any b. x (b, n, d).
    others: a list of two or more tensors (m, n, d), each of them the company of x once.
    Returns a share from 0 to 1 of the b * n tokens.
    """
    answers = [layer(torch.cat([company, x]))[len(company) :] for company in others]
    rounding = 1e-4 * answers[0].abs().max()
    changed = [(each - answers[0]).abs().amax(-1) > rounding for each in answers[1:]]
    return torch.stack(changed).any(0).float().mean().item()


def observe(function, draw):
    """Return the share that is measured of each layer, or that an error is raised."""
    seen = {}
    for name in LAYERS:
        for repeat in range(3 if name in ("shared slots", "experts choice") else 1):
            try:
                seen[f"{name} {repeat}"] = float(function(*case(name)(draw.sub(name, repeat))))
            except Exception:
                seen[f"{name} {repeat}"] = "raises"
    return seen


EXERCISE = Exercise(
    id="batch-effect",
    lesson="07",
    order=4,
    title="Do the other examples matter?",
    answer=batch_effect,
    probe=case("shared slots"),
    observe=observe,
    properties=PROPERTIES,
    hints=(
        Hint(
            "torch.cat([company, x]) is one batch: the company in front, x behind it. The last len(x) rows of what "
            "the layer returns are the answers to x.",
            "def batch_effect(layer, x, others):\n"
            "    batch = torch.cat([others[0], x])\n"
            "    print('one batch:', tuple(batch.shape), ' the answers to x:', tuple(layer(batch)[-len(x):].shape))\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "Collect the answers to x for each company. A token has changed if any of its d numbers differs from that "
            "in the first answers by over 1e-4 of their largest value, in any of the other batches: amax over the "
            "last axis, then any over the batches.",
            "def batch_effect(layer, x, others):\n"
            "    changed = torch.tensor([[True, False, False], [False, False, True]])  # 2 batches, 3 tokens\n"
            "    print('share changed in any of them:', float(changed.any(0).float().mean()))\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "One right answer of several.",
            "def batch_effect(layer, x, others):\n"
            "    found = [layer(torch.cat([company, x]))[-len(x):] for company in others]\n"
            "    gap = torch.zeros_like(found[0])\n"
            "    for each in found[1:]:\n"
            "        gap = torch.maximum(gap, (each - found[0]).abs())\n"
            "    return (gap.amax(2) > 1e-4 * found[0].abs().max()).float().mean()",
        ),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=12,
    difficulty=3,
    points=3,
)
