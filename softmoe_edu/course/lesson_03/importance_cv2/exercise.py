"""Exercise: the importance loss, an older way to ask for balance (lesson 03)."""

import torch

from softmoe_edu import losses
from softmoe_edu.course.lesson_03.importance_cv2.mistakes import MISTAKES
from softmoe_edu.course.lesson_03.importance_cv2.properties import PROPERTIES, balanced, case
from softmoe_edu.course.lesson_03.importance_cv2.variants import VARIANTS
from softmoe_edu.teaching.check.diagnosis import observations
from softmoe_edu.teaching.exercise import Exercise, Hint


def importance_cv2(probs):
    """Return the variance of the experts' summed gates over their squared mean.

    probs (b, n, e): each token's gates. The mean over the b groups is returned.
    """
    importance = probs.sum(1)
    variance = importance.var(-1, correction=0)
    return (variance / importance.mean(-1).square()).mean()


def observe(function, draw):
    """Return what tells answers apart: numbers, gradients, and the gradient at exact balance."""
    seen = observations(EXERCISE, function, draw)
    try:
        (probs,) = balanced(draw)
        probs.requires_grad_()
        (slopes,) = torch.autograd.grad(function(probs), probs, allow_unused=True)
        seen["slopes"] = slopes is not None and bool(slopes.isfinite().all())
    except Exception as error:
        seen["slopes"] = type(error).__name__
    return seen


EXERCISE = Exercise(
    id="importance-cv2",
    lesson="03",
    order=4,
    title="An older way to ask for balance",
    answer=importance_cv2,
    probe=case(3, 7, 5),
    probes=(case(1, 6, 4),),
    observe=observe,
    properties=PROPERTIES,
    hints=(
        Hint(
            "An expert's importance is the sum of its gates over the tokens of a group. The variance is taken over "
            "experts: how far are their importances from the mean importance?",
            "def importance_cv2(probs):\n"
            "    print('importances', tuple(probs.sum(1).shape), 'their means', probs.sum(1).mean(-1))\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "torch's var divides by e - 1 unless you say correction=0. And do not take a root only to square it again: "
            "the slope of a root at 0 is infinite.",
            "def importance_cv2(probs):\n"
            "    example = torch.tensor([3.0, 1.0, 2.0])\n"
            "    print(example.var(), example.var(correction=0))\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "One right answer of several.",
            "def importance_cv2(probs):\n"
            "    total = probs.sum(dim=1)\n"
            "    mean = total.mean(-1, keepdim=True)\n"
            "    return ((total / mean - 1) ** 2).mean()",
        ),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=8,
    difficulty=2,
    points=2,
    library=(losses.importance_loss,),
)
