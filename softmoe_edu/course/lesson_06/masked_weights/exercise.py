"""Exercise: dispatch and combine weights of tokens beside padding (lesson 06)."""

import torch

from softmoe_edu.course.lesson_06.masked_weights.mistakes import MISTAKES
from softmoe_edu.course.lesson_06.masked_weights.properties import PROPERTIES, case, one_example_of_padding
from softmoe_edu.course.lesson_06.masked_weights.variants import VARIANTS
from softmoe_edu.routers import weights
from softmoe_edu.teaching.exercise import Exercise, Hint


def masked_weights(logits, mask):
    """Compute both weights of Soft MoE where some tokens are padding.

    logits (b, n, e, p): finite scores. mask (b, n), bool: True for a real token.
    Returns dispatch and combine, each (b, n, e, p), both exactly 0 at padding.
    """
    padding = ~mask[:, :, None, None]
    lowest = torch.finfo(logits.dtype).min
    dispatch = logits.masked_fill(padding, lowest).softmax(dim=1)
    combine = logits.flatten(2).softmax(dim=-1).view_as(logits)
    return dispatch.masked_fill(padding, 0), combine.masked_fill(padding, 0)


EXERCISE = Exercise(
    id="masked-weights",
    lesson="06",
    order=2,
    title="Padding that takes no part",
    answer=masked_weights,
    probe=case(3, 7, 4, 2),
    probes=(one_example_of_padding, case(2, 5, 4, 3, 1000.0)),
    properties=PROPERTIES,
    hints=(
        Hint(
            "The mask is (b, n), the scores are (b, n, e, p). Give the mask two more axes of length 1 first.",
            "def masked_weights(logits, mask):\n"
            "    real = mask[:, :, None, None]\n"
            "    print('scores', tuple(logits.shape), 'mask', tuple(real.shape))\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "A score so low that exp of it is 0 takes no part in a softmax: torch.finfo(logits.dtype).min is the "
            "lowest number there is. Which of the two softmaxes compares tokens, and so needs it? At the end, set "
            "both weights to 0 at padding.",
            "def masked_weights(logits, mask):\n"
            "    low = logits.masked_fill(~mask[:, :, None, None], torch.finfo(logits.dtype).min)\n"
            "    print('scores over tokens', low[0, :, 0, 0])\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "One right answer of several.",
            "def masked_weights(logits, mask):\n"
            "    real = mask[:, :, None, None]\n"
            "    dispatch = torch.where(real, logits, float('-inf')).softmax(1)\n"
            "    combine = torch.exp(logits - logits.logsumexp((2, 3), keepdim=True))\n"
            "    return torch.where(real, dispatch, 0.0), torch.where(real, combine, 0.0)",
        ),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=10,
    difficulty=3,
    points=3,
    essential=True,
    parts=("dispatch", "combine"),
    library=(weights.soft_weights, weights.dispatch_weights, weights.combine_weights),
)
