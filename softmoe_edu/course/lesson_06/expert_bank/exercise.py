"""Exercise: all experts at once, as stacked parameters and batched products (lesson 06)."""

import torch

from softmoe_edu.course.lesson_06.expert_bank.mistakes import MISTAKES
from softmoe_edu.course.lesson_06.expert_bank.properties import PROPERTIES, case
from softmoe_edu.course.lesson_06.expert_bank.variants import VARIANTS
from softmoe_edu.experts import Experts
from softmoe_edu.teaching.exercise import Exercise, Hint


def expert_bank(slots, w_in, b_in, w_out, b_out):
    """Compute the answers of all experts to their slots.

    slots (b, e, p, d). w_in (e, d, f), b_in (e, f), w_out (e, f, d), b_out (e, d).
    Returns (b, e, p, d): expert i is an MLP with GELU (tanh form), on its own slots.
    """
    hidden = torch.einsum("bepd,edf->bepf", slots, w_in) + b_in[:, None]
    hidden = torch.nn.functional.gelu(hidden, approximate="tanh")
    return torch.einsum("bepf,efd->bepd", hidden, w_out) + b_out[:, None]


EXERCISE = Exercise(
    id="expert-bank",
    lesson="06",
    order=3,
    title="All experts at once",
    answer=expert_bank,
    probe=case(3, 4, 2, 5, 6),
    probes=(case(2, 3, 2, 4, 5),),
    properties=PROPERTIES,
    hints=(
        Hint(
            "Write it as a loop over experts first: slots[:, i] are those of expert i. What stays the same in every "
            "turn, and what has the index i?",
            "def expert_bank(slots, w_in, b_in, w_out, b_out):\n"
            "    print('expert 0:', tuple(slots[:, 0].shape), 'times', tuple(w_in[0].shape))\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "In an einsum the letter e stands in both factors and in the result: it is an axis along which the product "
            "is repeated, not summed. A bias (e, f) needs an axis of length 1 for the slots.",
            "def expert_bank(slots, w_in, b_in, w_out, b_out):\n"
            "    hidden = torch.einsum('bepd,edf->bepf', slots, w_in)\n"
            "    print('hidden', tuple(hidden.shape), 'bias', tuple(b_in[:, None].shape))\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "One right answer of several.",
            "def expert_bank(slots, w_in, b_in, w_out, b_out):\n"
            "    gelu = torch.nn.functional.gelu\n"
            "    return gelu(slots @ w_in + b_in[:, None], approximate='tanh') @ w_out + b_out[:, None]",
        ),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=10,
    difficulty=3,
    points=2,
    library=(Experts,),
)
