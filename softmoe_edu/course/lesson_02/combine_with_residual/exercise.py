"""Exercise: what the layer and the block return, even for a dropped token (lesson 02)."""

import torch

from softmoe_edu.course.lesson_02.combine_with_residual.mistakes import MISTAKES
from softmoe_edu.course.lesson_02.combine_with_residual.properties import PROPERTIES, case, unanswered
from softmoe_edu.course.lesson_02.combine_with_residual.variants import VARIANTS
from softmoe_edu.teaching.check.diagnosis import observations
from softmoe_edu.teaching.exercise import Exercise, Hint


def combine_with_residual(x, expert_out, weights, kept):
    """Return layer (n, d), the weighted answers of kept choices, and block, x + layer.

    x (n, d), expert_out (n, k, d), weights (n, k), kept (n, k), bool.
    """
    answers = expert_out.masked_fill(~kept[..., None], 0)
    layer = (answers * weights[..., None]).sum(1)
    return layer, x + layer


def observe(function, draw):
    """Return what tells answers apart: numbers, gradients, and whether inf and NaN of dropped choices come through."""
    seen = observations(EXERCISE, function, draw)
    try:
        layer, _ = function(*unanswered(case(7, 2, 5)(draw.sub("unanswered"))))
        seen["finite"] = bool(layer.isfinite().all())
    except Exception as error:
        seen["finite"] = type(error).__name__
    return {**seen, "slopes": _slopes_are_finite(function, draw.sub("unanswered"))}


def _slopes_are_finite(function, draw):
    x, expert_out, weights, kept = unanswered(case(7, 2, 5)(draw))
    try:
        weights.requires_grad_()
        layer, block = function(x, expert_out, weights, kept)
        return bool(torch.autograd.grad((layer + block).sum(), weights)[0].isfinite().all())
    except Exception:
        return None  # other observations record what happens without a gradient


EXERCISE = Exercise(
    id="combine-with-residual",
    lesson="02",
    order=3,
    title="What comes back",
    answer=combine_with_residual,
    probe=case(7, 2, 5),
    probes=(case(6, 3, 4), case(8, 1, 3)),
    observe=observe,
    parts=("layer", "block"),
    properties=PROPERTIES,
    hints=(
        Hint(
            "A dropped choice takes no part in the sum. What is a sum of no terms, and what is left of the token "
            "after the residual connection?",
            "def combine_with_residual(x, expert_out, weights, kept):\n"
            "    print('choices kept of each token:', kept.sum(1))\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "Put 0 where kept is False, multiply by the weights, and sum over the axis of choices, which is axis 1. Do "
            "not multiply by 0 instead: torch.where(condition, a, b) takes a where the condition holds, else b. kept "
            "and weights need one more axis at the end.",
            "def combine_with_residual(x, expert_out, weights, kept):\n"
            "    print('0 times NaN:', 0 * torch.tensor([float('nan'), 2.0]))\n"
            "    print('kept', tuple(kept.unsqueeze(-1).shape), 'answers', tuple(expert_out.shape))\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "One right answer of several.",
            "def combine_with_residual(x, expert_out, weights, kept):\n"
            "    answers = torch.where(kept.unsqueeze(-1), expert_out, torch.zeros_like(expert_out))\n"
            "    layer = (weights.unsqueeze(-1) * answers).sum(dim=1)\n"
            "    return layer, x + layer",
        ),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=10,
    difficulty=2,
    points=3,
    essential=True,
)
