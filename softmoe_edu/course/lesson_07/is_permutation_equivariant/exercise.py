"""Exercise: find out whether tokens in another order give the same answers in that order (lesson 07)."""

import torch

from softmoe_edu.course.lesson_07.is_permutation_equivariant.mistakes import MISTAKES
from softmoe_edu.course.lesson_07.is_permutation_equivariant.properties import LAYERS, PROPERTIES, case, tokens
from softmoe_edu.course.lesson_07.is_permutation_equivariant.variants import VARIANTS
from softmoe_edu.teaching.exercise import Exercise, Hint


def is_permutation_equivariant(layer, x):
    """Find out whether tokens in another order get the same answers, in that order.

    layer: a function from (b, n, d) to (b, n, d). x (b, n, d): tokens.
    Returns True or False: a Python bool.
    """
    answers = layer(x)
    rounding = 1e-4 * answers.abs().max()
    for _ in range(20):
        order = torch.randperm(x.shape[1])
        if (layer(x[:, order]) - answers[:, order]).abs().max() > rounding:
            return False
    return True


def observe(function, draw):
    """Return the verdict on each layer, or that an error is raised."""
    seen = {}
    for name, make in LAYERS.items():
        try:
            seen[name] = bool(function(make(draw.sub("layer")), tokens(draw.sub(name))))
        except Exception:
            seen[name] = "raises"
    return seen


EXERCISE = Exercise(
    id="is-permutation-equivariant",
    lesson="07",
    order=1,
    title="Does the order of the tokens matter?",
    answer=is_permutation_equivariant,
    probe=case("each token alone"),
    observe=observe,
    properties=PROPERTIES,
    hints=(
        Hint(
            "Two things are compared: what the layer answers to the tokens in another order, and its answers to the "
            "tokens as they are, put into that order afterwards. x[:, order] reorders the axis of the tokens.",
            "def is_permutation_equivariant(layer, x):\n"
            "    order = torch.randperm(x.shape[1])\n"
            "    print('an order:', order.tolist(), ' tokens in it:', tuple(x[:, order].shape))\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "Is the largest difference, as an absolute value, over 1e-4 of the largest answer? If so, this one order "
            "settles the question. If not, try the next order.",
            "def is_permutation_equivariant(layer, x):\n"
            "    largest = layer(x).abs().max()\n"
            "    print('a difference up to', float(1e-4 * largest), 'counts as rounding')\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "One right answer of several.",
            "def is_permutation_equivariant(layer, x):\n"
            "    y, worst = layer(x), 0.0\n"
            "    for _ in range(30):\n"
            "        order = torch.randperm(x.shape[1])\n"
            "        gap = layer(x[:, order]) - y[:, order]\n"
            "        worst = max(worst, gap.abs().max().item())\n"
            "    return worst <= 1e-4 * y.abs().max().item()",
        ),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=12,
    difficulty=3,
    points=3,
    essential=True,
)
