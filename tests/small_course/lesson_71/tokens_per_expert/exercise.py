"""Exercise: how many choices each expert has (lesson 71)."""

import torch
from softmoe_edu.course.lesson_71.tokens_per_expert.mistakes import MISTAKES
from softmoe_edu.course.lesson_71.tokens_per_expert.properties import PROPERTIES, case
from softmoe_edu.course.lesson_71.tokens_per_expert.variants import VARIANTS

from softmoe_edu.teaching.exercise import Exercise, Hint


def tokens_per_expert(indices, experts):
    """Count for each expert the tokens that chose it.

    indices (n, k): the experts that each of n tokens chose. experts: how many there are.
    Returns (experts,), int64.
    """
    return torch.bincount(indices.flatten(), minlength=experts)


EXERCISE = Exercise(
    id="tokens-per-expert",
    lesson="71",
    order=1,
    title="Count the choices",
    answer=tokens_per_expert,
    probe=case(7, 2, 5),
    properties=PROPERTIES,
    hints=(
        Hint(
            "Every choice counts, the second ones too.",
            "def tokens_per_expert(indices, experts):\n    print(indices.flatten())\n    raise NotImplementedError",
        ),
        Hint(
            "One right answer of several.",
            "def tokens_per_expert(indices, experts):\n"
            "    return torch.stack([(indices == expert).sum() for expert in range(experts)])",
        ),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=5,
    difficulty=1,
    points=2,
    essential=True,
)
