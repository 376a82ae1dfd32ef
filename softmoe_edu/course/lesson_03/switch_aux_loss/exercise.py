"""Exercise: the balance loss of GShard and Switch Transformers (lesson 03)."""

import torch

from softmoe_edu import losses
from softmoe_edu.course.lesson_03.switch_aux_loss.mistakes import MISTAKES
from softmoe_edu.course.lesson_03.switch_aux_loss.properties import PROPERTIES, case, empty_group, unclean
from softmoe_edu.course.lesson_03.switch_aux_loss.variants import VARIANTS
from softmoe_edu.teaching.check.diagnosis import observations
from softmoe_edu.teaching.exercise import Exercise, Hint


def switch_aux_loss(probs, indices, mask=None):
    """Return e · Σ f_i · P_i, summed over experts, averaged over groups: one number.

    probs (b, n, e): each token's gates. indices (b, n, k): the experts it chooses.
    mask (b, n): True for real tokens; None if all are real.
    """
    e = probs.shape[-1]
    real = torch.ones_like(indices[..., 0], dtype=torch.bool) if mask is None else mask
    chosen = (indices[..., None] == torch.arange(e, device=probs.device)) & real[..., None, None]
    counts = chosen.sum((1, 2)).to(probs.dtype)
    fraction = counts / counts.sum(-1, keepdim=True).clamp(min=1)
    gate = probs.masked_fill(~real[..., None], 0).sum(1) / real.sum(1, keepdim=True).clamp(min=1)
    return e * (fraction * gate).sum(-1).mean()


def observe(function, draw):
    """Return what tells answers apart: numbers, gradients, and whether NaN of padding comes through."""
    seen = observations(EXERCISE, function, draw)
    try:
        probs, indices, mask = unclean(draw.sub("unclean"))
        seen["finite"] = bool(torch.as_tensor(function(probs, indices, mask)).isfinite())
        probs.requires_grad_()
        (slopes,) = torch.autograd.grad(function(probs, indices, mask), probs, allow_unused=True)
        seen["slopes"] = slopes is not None and bool(slopes.isfinite().all())
    except Exception as error:
        seen.setdefault("finite", type(error).__name__)
    return seen


EXERCISE = Exercise(
    id="switch-aux-loss",
    lesson="03",
    order=2,
    title="The loss of an uneven load",
    answer=switch_aux_loss,
    probe=case(3, 7, 5, 2, padding=True),
    probes=(case(2, 6, 4, 1), empty_group),
    observe=observe,
    properties=PROPERTIES,
    hints=(
        Hint(
            "Two vectors with one number per expert, for each group: f, the share of choices, which you already have, "
            "and P, the mean gate. Over which axis is P a mean?",
            "def switch_aux_loss(probs, indices, mask=None):\n"
            "    b, n, e = probs.shape\n"
            "    print('mean gates without a mask:', probs.mean(1).shape, 'and their sums:', probs.mean(1).sum(1))\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "P is a sum over real tokens, divided by their number. Put 0 where the mask is False before you add "
            "(masked_fill; multiplying by the mask keeps NaN). Then multiply f and P expert by expert, add over "
            "experts, multiply by e, and take the mean over groups.",
            "def switch_aux_loss(probs, indices, mask=None):\n"
            "    f, P = torch.tensor([0.75, 0.25]), torch.tensor([0.6, 0.4])\n"
            "    print('two experts:', 2 * (f * P).sum())\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "One right answer of several.",
            "def switch_aux_loss(probs, indices, mask=None):\n"
            "    values, e = [], probs.shape[-1]\n"
            "    for group in range(len(probs)):\n"
            "        gates, chosen = probs[group], indices[group]\n"
            "        if mask is not None:\n"
            "            gates, chosen = gates[mask[group]], chosen[mask[group]]\n"
            "        f = torch.bincount(chosen.flatten(), minlength=e) / max(1, chosen.numel())\n"
            "        values.append(e * (f * gates.sum(0) / max(1, len(gates))).sum())\n"
            "    return torch.stack(values).mean()",
        ),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=12,
    difficulty=3,
    points=4,
    essential=True,
    library=(losses.load_balancing_loss,),
)
