"""What a right `smoothness_probe` does: the layers that it walks through, and what it finds."""

import torch

from softmoe_edu.teaching.check.properties import as_defined, brief, by_hand, close, each_of
from softmoe_edu.teaching.exercise import Finding, Property

SHAPE = 3, 4, 2


def wave(x):
    """Answer with a wave, steep in some places and flat in others."""
    return torch.sin(3 * x) + x.mean(1, keepdim=True)


def steps_down(x):
    """Fall by 5 where a token's first number passes 0, and rise a little elsewhere."""
    return x / 10 - 5 * (x[..., :1] > 0)


def late(x):
    """Change more and more the further the walk goes."""
    return (x.sum((1, 2), keepdim=True) / 3).exp() * torch.ones_like(x)


def second_example(x):
    """Change in the second example alone."""
    return x * 0 + (torch.arange(len(x), device=x.device) == 1)[:, None, None] * torch.sin(2 * x)


def among_examples(x):
    """Subtract the mean over the batch, which one of many points would be part of."""
    return torch.tanh(x - x.mean(0, keepdim=True)) * len(x)


def turns_back(x):
    """Go up and down again, so that the end is near the start."""
    return torch.cos(2 * torch.pi * x)


LAYERS = {
    "wave": wave,
    "steps down": steps_down,
    "late": late,
    "second example": second_example,
    "among examples": among_examples,
    "turns back": turns_back,
}


def case(name, steps):
    """Return a function that gives this layer and draws a walk."""

    def make(draw):
        x = draw.normal(*SHAPE)
        # A walk that passes 0 at different places, away from them at its ends.
        direction = 0.2 + draw.uniform(*SHAPE) if name != "turns back" else 1 + 0.05 * draw.uniform(*SHAPE)
        return LAYERS[name], x, direction, steps

    return make


def hand(steps):
    """Return a function that makes a walk of one token in steps that can be computed on paper."""

    def double(x):
        return 3 * x

    return lambda draw: (double, draw.tensor([[[1, 0]]]), draw.tensor([[[1, -2]]]), steps)


def jump(steps):
    """Return a function that makes a walk of one number from 0 to 1, with a fall of 2 on the way."""

    def falls(x):
        return torch.where(x > 0.55, -2.0, 0.0).to(x)

    return lambda draw: (falls, draw.tensor([[[0]]]), draw.tensor([[[1]]]), steps)


def _measured(name, should, described, *all_steps):
    """Return the property that a layer's largest step is the definition's."""

    def test(answer, draw):
        for steps in all_steps:
            for dtype in (torch.float64, torch.float32):
                args = case(name, steps)(draw.sub(steps, dtype=dtype))
                expected, got = answer.beside(*args)
                if not close(float(expected), float(got)):
                    return Finding(
                        should, f"{described}; {steps} steps", brief(float(expected), 4), brief(float(got), 4)
                    )
        return None

    return Property(name, test)


def _each_point_alone(answer, draw):
    _, x, direction, steps = case("among examples", 6)(draw)
    shapes = set()

    def layer(given):
        shapes.add(tuple(given.shape))
        return among_examples(given)

    found = float(answer.raw(layer, x, direction, steps))
    expected = answer.expected(among_examples, x, direction, steps)
    if close(found, expected):
        return None
    return Finding(
        "every point goes through the layer by itself, with the shape of x: in some layers the examples of a batch "
        "change each other's answers",
        "a layer that subtracts the mean over the batch; 6 steps",
        f"{brief(expected, 4)}, called with {SHAPE}",
        f"{brief(found, 4)}, called with {', '.join(map(str, sorted(shapes)))}",
    )


PROPERTIES = (
    by_hand(
        hand(4),
        "four steps of [1, -2] / 4 through a layer that multiplies by 3: the larger change is 3 · 2/4",
        "a layer that multiplies by 3, x [1, 0], direction [1, -2], 4 steps",
    ),
    by_hand(
        jump(10),
        "the answer falls by 2 in one of the steps, and does not change in the others",
        "one number from 0 to 1, a layer that answers 0 up to 0.55 and -2 above, 10 steps",
        name="a fall",
    ),
    by_hand(
        hand(1),
        "with one step there are two points, the start and the end",
        "the layer that multiplies by 3, x [1, 0], direction [1, -2], 1 step",
        name="one step",
    ),
    _measured(
        "wave", "the largest change from one point to the next, of any number", "a layer that makes a wave", 6, 7
    ),
    _measured("late", "all steps count, the first and the last one too", "a layer that is steep at the end", 3, 8),
    _measured(
        "turns back", "steps on the way count, not the ends alone", "a layer that comes back to where it began", 5, 8
    ),
    each_of(
        "all numbers",
        _measured("second example", "all examples count", "a layer that moves in the second example alone", 4),
        _measured("steps down", "a fall counts as much as a rise: absolute values", "a layer that falls by 5", 5, 60),
    ),
    Property("each point alone", _each_point_alone, "print the shape that your function gives to the layer"),
    as_defined(
        "the largest change of any number in a single step",
        *(case(name, steps) for name in LAYERS for steps in (2, 11)),
    ),
)
