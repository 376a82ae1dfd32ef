"""Exercise: Soft MoE in which the slots of each token hold the tokens up to it (lesson 11)."""

import torch

from softmoe_edu.course.lesson_11.prefix_soft_moe.mistakes import MISTAKES
from softmoe_edu.course.lesson_11.prefix_soft_moe.properties import PROPERTIES, layer
from softmoe_edu.course.lesson_11.prefix_soft_moe.variants import VARIANTS
from softmoe_edu.teaching.exercise import Exercise, Hint


def prefix_soft_moe(x, phi, experts):
    """Compute Soft MoE with slots for each position, filled from the tokens up to it.

    x (b, n, d); phi (d, e, p); experts: a list of e functions (..., d) -> (..., d).
    Returns (b, n, d). Answer i is the last one of Soft MoE on tokens 0 to i.
    """
    n = x.shape[1]
    scores = torch.einsum("bnd,dep->bnep", x, phi)
    late = torch.ones(n, n, dtype=torch.bool, device=x.device).triu(1)[:, :, None, None]
    each = scores[:, None].expand(-1, n, -1, -1, -1)
    dispatch = each.masked_fill(late, -torch.inf).softmax(2)
    slots = torch.einsum("bijep,bjd->biepd", dispatch, x)
    answers = torch.stack([expert(slots[:, :, k]) for k, expert in enumerate(experts)], 2)
    combine = scores.flatten(2).softmax(-1).view_as(scores)
    return torch.einsum("biep,biepd->bid", combine, answers)


EXERCISE = Exercise(
    id="prefix-soft-moe",
    lesson="11",
    order=3,
    title="Slots for every prefix",
    answer=prefix_soft_moe,
    probe=layer(3, 7, 5, 4, 2),
    properties=PROPERTIES,
    hints=(
        Hint(
            "Begin with a loop over positions: x[:, : i + 1] is the prefix, on which you know all six steps. Of the "
            "answers to a prefix, only the last one is new.",
            "def prefix_soft_moe(x, phi, experts):\n"
            "    for i in range(x.shape[1]):\n"
            "        print('prefix', tuple(x[:, : i + 1].shape))\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "In one prefix, dispatch is the softmax over its tokens (axis 1), and the slots are mixed from them. The "
            "combine weights of token i are a softmax over all slots of its own scores. torch.stack(answers, 1) puts "
            "the answers side by side.",
            "def prefix_soft_moe(x, phi, experts):\n"
            "    scores = torch.einsum('bnd,dep->bnep', x, phi)\n"
            "    print('the first two tokens in slot 0 of expert 0:', scores[0, :2, 0, 0].softmax(0))\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "One right answer of several.",
            "def prefix_soft_moe(x, phi, experts):\n"
            "    outputs = []\n"
            "    for i in range(x.shape[1]):\n"
            "        prefix = x[:, : i + 1]\n"
            "        scores = torch.einsum('bnd,dep->bnep', prefix, phi)\n"
            "        slots = torch.einsum('bnep,bnd->bepd', scores.softmax(1), prefix)\n"
            "        answers = torch.stack([f(slots[:, k]) for k, f in enumerate(experts)], 1)\n"
            "        weights = scores[:, -1].flatten(1).softmax(-1)\n"
            "        outputs.append(torch.einsum('bs,bsd->bd', weights, answers.flatten(1, 2)))\n"
            "    return torch.stack(outputs, 1)",
        ),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=20,
    difficulty=5,
    points=5,
)
