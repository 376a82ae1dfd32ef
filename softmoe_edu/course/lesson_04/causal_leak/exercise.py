"""Exercise: measure whether a layer's earlier outputs change with the last token (lesson 04)."""

import torch

from softmoe_edu.course.lesson_04.causal_leak.mistakes import MISTAKES
from softmoe_edu.course.lesson_04.causal_leak.properties import LAYERS, PROPERTIES, case, experts_choose
from softmoe_edu.course.lesson_04.causal_leak.variants import VARIANTS
from softmoe_edu.influence import earlier_share, influence
from softmoe_edu.teaching.exercise import Exercise, Hint


def causal_leak(layer, x):
    """Measure the share of earlier outputs that change with the last token.

    layer: any function from (b, n, d) to (b, n, d). x (b, n, d): tokens, n at least 2.
    Returns a number from 0 to 1.
    """
    changed = x.clone()
    changed[:, -1] = -x[:, -1]
    with torch.no_grad():
        apart = (layer(changed) - layer(x)).abs()
    return (apart[:, :-1] > 1e-6).any(dim=-1).float().mean().item()


def observe(function, draw):
    """Return whether two calls agree and, if they do, what is measured of layers on which all mistakes differ."""
    # One share is soon the same by chance: three of them first.
    sizes = ((9, 19, 5), (5, 13, 4), (7, 11, 3))
    seen = {}
    for layer, *cases in ((experts_choose, *sizes), *((layer, (3, 7, 5)) for layer in LAYERS)):
        try:
            made = [case(layer, *each)(draw.sub(layer.__name__, *each)) for each in cases]
            seen[layer.__name__] = [float(function(*args)) for args in made]
            # A share of something random can be the same twice, but hardly five times.
            again = [[float(function(*args)) for args in made] for _ in range(4 if len(made) > 1 else 0)]
            if any(each != seen[layer.__name__] for each in again):
                return {"two calls agree": False}
        except Exception as error:
            seen[layer.__name__] = type(error).__name__
    return {**seen, "two calls agree": True}


EXERCISE = Exercise(
    id="causal-leak",
    lesson="04",
    order=3,
    title="Who sees the last token",
    answer=causal_leak,
    probe=case(experts_choose, 3, 7, 5),
    observe=observe,
    properties=PROPERTIES,
    matches="your function measures the same as one that",
    hints=(
        Hint(
            "Two calls of the layer, before and after, and then a comparison. Start with the changed tokens: a copy "
            "of x, of which only x[:, -1] is different.",
            "def causal_leak(layer, x):\n"
            "    print('tokens', tuple(x.shape), 'and the last of each example', tuple(x[:, -1].shape))\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "From the difference of the two answers, (b, n, d), to one number: leave out the last output, check for "
            "each other output whether any of its d numbers moved by more than 1e-6, and take the share of True.",
            "def causal_leak(layer, x):\n"
            "    moved = torch.tensor([[True, False, False]])\n"
            "    print('any of them:', moved.any(-1), ' their share:', moved.float().mean())\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "One right answer of several.",
            "def causal_leak(layer, x):\n"
            "    other = torch.cat([x[:, :-1], -x[:, -1:]], dim=1)\n"
            "    difference = layer(other) - layer(x)\n"
            "    largest = difference[:, :-1].abs().amax(-1)\n"
            "    return float((largest > 1e-6).float().mean())",
        ),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=12,
    difficulty=3,
    points=4,
    essential=True,
    library=(influence, earlier_share),
)
