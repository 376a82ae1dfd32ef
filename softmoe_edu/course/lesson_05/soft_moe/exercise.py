"""Exercise: the whole Soft MoE layer, from tokens and slot vectors to answers (lesson 05)."""

import torch

from softmoe_edu.course.lesson_05.soft_moe.mistakes import MISTAKES
from softmoe_edu.course.lesson_05.soft_moe.properties import PROPERTIES, case, raised
from softmoe_edu.course.lesson_05.soft_moe.variants import VARIANTS
from softmoe_edu.routers.soft import SoftRouter
from softmoe_edu.routers.weights import soft_weights
from softmoe_edu.teaching.exercise import Exercise, Hint


def soft_moe(x, phi, experts):
    """Return the answers (b, n, d) of a Soft MoE layer, Algorithm 1.

    x (b, n, d), phi (d, e, p), experts: a list of e functions (..., d) -> (..., d).
    """
    logits = torch.einsum("bnd,dep->bnep", x, phi)
    dispatch = logits.softmax(dim=1)
    combine = logits.flatten(2).softmax(dim=-1).view_as(logits)
    slots = torch.einsum("bnep,bnd->bepd", dispatch, x)
    answers = torch.stack([expert(slots[:, i]) for i, expert in enumerate(experts)], dim=1)
    return torch.einsum("bnep,bepd->bnd", combine, answers)


EXERCISE = Exercise(
    id="soft-moe",
    lesson="05",
    order=4,
    title="The whole layer",
    answer=soft_moe,
    probe=case(3, 7, 5, 4, 2),
    probes=(case(2, 5, 3, 4, 2, scale=1000.0), raised),
    properties=PROPERTIES,
    hints=(
        Hint(
            "One matrix of scores is used twice. Which axis is averaged over in a slot, and which in a token's "
            "answer? Print the shapes first.",
            "def soft_moe(x, phi, experts):\n"
            "    logits = torch.einsum('bnd,dep->bnep', x, phi)\n"
            "    print('scores', tuple(logits.shape))\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "Dispatch: softmax over the n tokens, for each slot. Combine: softmax over all e x p slots together, for "
            "each token; flatten the two axes first. Then slots are dispatch weights times the tokens as they came.",
            "def soft_moe(x, phi, experts):\n"
            "    logits = torch.einsum('bnd,dep->bnep', x, phi)\n"
            "    both = logits.flatten(2)  # (b, n, e p): the axis that combine runs over\n"
            "    print('axes', tuple(both.shape))\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "One right answer of several.",
            "def soft_moe(x, phi, experts):\n"
            "    scores = x @ phi.flatten(1)\n"
            "    slots = (scores.softmax(1).mT @ x).unflatten(1, phi.shape[1:])\n"
            "    answers = torch.cat([f(s) for f, s in zip(experts, slots.unbind(1))], 1)\n"
            "    return scores.softmax(2) @ answers",
        ),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=10,
    difficulty=3,
    points=4,
    essential=True,
    library=(soft_weights, SoftRouter),
)
