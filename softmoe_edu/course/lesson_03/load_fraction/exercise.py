"""Exercise: what share of the choices each expert gets (lesson 03)."""

import torch

from softmoe_edu.course.lesson_03.load_fraction.mistakes import MISTAKES
from softmoe_edu.course.lesson_03.load_fraction.properties import PROPERTIES, case, odd_padding, unchosen
from softmoe_edu.course.lesson_03.load_fraction.variants import VARIANTS
from softmoe_edu.teaching.exercise import Exercise, Hint


def load_fraction(indices, num_experts, mask=None):
    """Return the share of each group's choices that goes to each expert.

    indices (b, n, k): the experts that each token chooses. mask (b, n): True for real
    tokens; None if all are real. The result is (b, num_experts).
    """
    chosen = indices[..., None] == torch.arange(num_experts, device=indices.device)
    if mask is not None:
        chosen = chosen & mask[..., None, None]
    counts = chosen.sum((1, 2))
    return counts / counts.sum(-1, keepdim=True).clamp(min=1)


EXERCISE = Exercise(
    id="load-fraction",
    lesson="03",
    order=1,
    title="The load of each expert",
    answer=load_fraction,
    probe=case(3, 7, 5, 2, padding=True),
    probes=(case(2, 6, 4, 3), unchosen, odd_padding),
    properties=PROPERTIES,
    hints=(
        Hint(
            "Count before you divide. How many choices does a group make, if it has 7 real tokens that choose 2 "
            "experts each? The shares of a group sum to 1.",
            "def load_fraction(indices, num_experts, mask=None):\n"
            "    b, n, k = indices.shape\n"
            "    print('choices of a group without padding:', n * k)\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "Compare every choice with every expert's number: indices[..., None] == torch.arange(num_experts) is True "
            "where a choice is that expert. Take out the padding there, before you count, and divide by what is left.",
            "def load_fraction(indices, num_experts, mask=None):\n"
            "    choices = torch.tensor([[0, 2], [2, 1]])\n"
            "    print((choices[..., None] == torch.arange(3)).long())\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "One right answer of several.",
            "def load_fraction(indices, num_experts, mask=None):\n"
            "    shares = []\n"
            "    for group in range(len(indices)):\n"
            "        real = indices[group] if mask is None else indices[group][mask[group]]\n"
            "        counts = torch.bincount(real.flatten(), minlength=num_experts)\n"
            "        shares.append(counts / max(1, real.numel()))\n"
            "    return torch.stack(shares)",
        ),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=10,
    difficulty=2,
    points=3,
    essential=True,
)
