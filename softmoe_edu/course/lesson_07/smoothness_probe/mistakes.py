"""Mistakes in measuring whether a layer jumps."""

from itertools import pairwise

import torch

from softmoe_edu.teaching.exercise import mistake, mistakes_in

MEANING = "a step is the change from one point to the next"


def _answers(layer, x, direction, steps):
    return [layer(x + k / steps * direction) for k in range(steps + 1)]


def _changes(layer, x, direction, steps):
    answers = _answers(layer, x, direction, steps)
    return torch.stack([b - a for a, b in pairwise(answers)])


@mistake(
    does="measures how far the answer gets from where it began",
    belief="A jump is a large distance.",
    refuted=f"a smooth layer goes far too, in many small steps; {MEANING}",
    seen="a difference from the first answer",
)
def from_the_start(layer, x, direction, steps):
    """Distance from the start."""
    answers = _answers(layer, x, direction, steps)
    return max(float((each - answers[0]).abs().max()) for each in answers[1:])


@mistake(
    does="compares the two ends alone",
    belief="Start and end tell how much the answer changes.",
    refuted="one large step jumps over everything on the way: that is the case steps = 1",
    seen="layer(x + direction) - layer(x)",
)
def ends_only(layer, x, direction, steps):
    """One step."""
    return (layer(x + direction) - layer(x)).abs().max()


@mistake(
    does="adds up the largest changes of all steps",
    belief="The length of the way tells how rough it is.",
    refuted="the sum hardly depends on how many steps there are; the largest step tells a jump from a slope",
    seen="sum in place of max",
)
def way_added_up(layer, x, direction, steps):
    """A sum."""
    return _changes(layer, x, direction, steps).abs().flatten(1).amax(1).sum()


@mistake(
    does="takes the mean of all changes",
    belief="A mean is less noisy than a maximum.",
    refuted="one jump in a thousand steps vanishes in a mean",
    seen="mean in place of max",
)
def mean_change(layer, x, direction, steps):
    """A mean."""
    return _changes(layer, x, direction, steps).abs().mean()


@mistake(
    does="takes the largest change with its sign, so that falls do not count",
    belief="The largest change is the maximum of the differences.",
    refuted="a fall is a negative difference: take the absolute value first",
    seen="max without abs",
)
def falls_unseen(layer, x, direction, steps):
    """No abs."""
    return _changes(layer, x, direction, steps).max()


@mistake(
    does="takes the length of a change over all its numbers instead of the largest number",
    belief="The size of a change is its norm.",
    refuted="the task asks for the largest change of any output number; a norm grows with how many there are",
    seen="norm()",
)
def length_of_change(layer, x, direction, steps):
    """A norm."""
    return _changes(layer, x, direction, steps).flatten(1).norm(dim=1).max()


@mistake(
    does="divides by the length of a step, and so measures a slope",
    belief="Change is change per step.",
    refuted="a slope stays as it is when steps become smaller, and that of a jump grows; the task asks for the change",
    seen="a difference quotient",
)
def slope_for_change(layer, x, direction, steps):
    """Per step."""
    return _changes(layer, x, direction, steps).abs().max() * steps


@mistake(
    does="has one point too few: as many points as steps",
    belief="linspace(0, 1, steps) makes that many steps.",
    refuted="steps + 1 points make that many steps, and the last point is x + direction",
    seen="torch.linspace(0, 1, steps)",
)
def point_too_few(layer, x, direction, steps):
    """As many points as steps, from 0 to 1."""
    if steps == 1:
        return 0.0
    return _changes(layer, x, direction, steps - 1).abs().max()


@mistake(
    does="stops one step before the end",
    belief="range(steps) goes through all points.",
    refuted="the last number of range(steps) is steps - 1: the point x + direction is left out",
    seen="for k in range(steps)",
)
def last_step_missing(layer, x, direction, steps):
    """No last step."""
    if steps == 1:
        return 0.0
    return _changes(layer, x, direction, steps)[:-1].abs().max()


@mistake(
    does="adds the whole direction in every step",
    belief="Direction is what one step adds.",
    refuted="the walk ends at x + direction: a step adds direction / steps",
    seen="x = x + direction in a loop",
)
def whole_direction_each_step(layer, x, direction, steps):
    """A walk that is steps times as long."""
    return _changes(layer, x, steps * direction, steps).abs().max()


@mistake(
    does="walks a way of length 1, whatever the length of direction",
    belief="A direction has length 1.",
    refuted="the walk ends at x + direction, as long as that may be",
    seen="direction / direction.norm()",
)
def way_of_length_one(layer, x, direction, steps):
    """A unit vector."""
    return _changes(layer, x, direction / direction.norm(), steps).abs().max()


@mistake(
    "M42",
    does="sends all points through the layer as one batch",
    belief="More examples in a batch are just faster.",
    refuted="in a layer whose examples share something, the points change each other's answers: call it once for each",
    seen="points stacked along axis 0",
)
def points_as_a_batch(layer, x, direction, steps):
    """One call."""
    points = torch.cat([x + k / steps * direction for k in range(steps + 1)])
    return layer(points).unflatten(0, (steps + 1, len(x))).diff(dim=0).abs().max()


@mistake(
    does="looks at the first example alone",
    belief="One example is enough.",
    refuted="a jump may come in any of the b examples",
    seen="layer(x)[0]",
)
def first_example_only(layer, x, direction, steps):
    """Example 0."""
    return _changes(layer, x, direction, steps)[:, 0].abs().max()


@mistake(
    does="measures the steps of the input",
    belief="Small steps in, small steps out.",
    refuted="what jumps is the layer's answer: the input moves evenly",
    seen="the wrong tensor",
)
def steps_of_the_input(layer, x, direction, steps):
    """No layer."""
    return (direction / steps).abs().max()


MISTAKES = mistakes_in(globals())
