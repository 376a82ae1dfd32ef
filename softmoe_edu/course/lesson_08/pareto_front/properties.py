"""What a right `pareto_front` does."""

import torch

from softmoe_edu.teaching.check.properties import as_defined, brief, by_hand
from softmoe_edu.teaching.exercise import Finding, Property

TELLING = {
    "plain": ((5.0, 1.0, 3.0, 2.0, 4.0, 4.5), (88.0, 60.0, 81.0, 55.0, 70.0, 85.0)),
    "same cost": ((2.0, 1.0, 2.0, 3.0), (70.0, 60.0, 75.0, 80.0)),
    "same quality": ((2.0, 1.0, 3.0, 4.0), (70.0, 60.0, 70.0, 80.0)),
    "equal": ((2.0, 1.0, 2.0, 3.0), (70.0, 60.0, 70.0, 65.0)),
    "one": ((2.0,), (70.0,)),
}


def models(count, levels=0):
    """Return a function that draws this many models; with levels, costs and qualities that are often the same."""

    def case(draw):
        if levels:
            cost, quality = (draw.integers(0, levels, count).tolist() for _ in range(2))
            return draw.tensor(cost), draw.tensor(quality)
        return draw.uniform(count) * 9 + 1, draw.uniform(count) * 50 + 40

    return case


def _example(name, should, cost, quality):
    given = f"costs {brief(torch.tensor(cost))}, qualities {brief(torch.tensor(quality))}"
    return by_hand(lambda draw: (draw.tensor(cost), draw.tensor(quality)), should, given, name=name)


def _order(answer, draw):
    cost, quality = models(9)(draw)
    order = draw.permutation(9)
    expected, got = answer(cost, quality)[order], answer(cost[order], quality[order])
    if torch.equal(expected, got):
        return None
    should = "who is on the front does not depend on the order of the models"
    return Finding(should, "9 models; then in another order", brief(expected), brief(got))


def _units(answer, draw):
    cost, quality = models(9)(draw)
    expected, got = answer(cost, quality), answer(cost * 1000, quality / 100)
    if torch.equal(expected, got):
        return None
    should = "the units do not matter: MACs or billions of them, percent or shares"
    return Finding(should, "9 models; then cost times 1000, quality divided by 100", brief(expected), brief(got))


def _joined(answer, draw):
    cost, quality = models(8)(draw)
    front = answer(cost, quality)
    dear, poor = cost.max() + 1, quality.min() - 1
    got = answer(torch.cat([cost, dear[None]]), torch.cat([quality, poor[None]]))
    expected = torch.cat([front, torch.zeros_like(front[:1])])
    if torch.equal(expected, got):
        return None
    should = "a model that is dearer and worse than all others is off the front, and changes nothing for them"
    return Finding(should, "8 models, then one more, dearest and worst", brief(expected), brief(got))


PROPERTIES = (
    _example(
        "the example by hand",
        "model 2 (cost 3, 70) is beaten by model 1 (cost 2, 75); nobody beats the others",
        (1.0, 2.0, 3.0, 4.0),
        (60.0, 75.0, 70.0, 80.0),
    ),
    _example(
        "not sorted",
        "3 (cost 2, 55) is beaten by 1 (cost 1, 60), and 4 (cost 4, 70) by 2 (cost 3, 81); nobody beats the others",
        *TELLING["plain"],
    ),
    as_defined(
        "on the front is who is not beaten by another model", models(9), name="models at random", show_output=True
    ),
    Property("in another order", _order),
    Property("in other units", _units),
    Property("one more model", _joined),
    _example("the same cost", "of two models of the same cost the worse one is beaten", *TELLING["same cost"]),
    _example("the same quality", "of two equally good models the dearer one is beaten", *TELLING["same quality"]),
    _example("two equal models", "equal models do not beat each other: both stay on the front", *TELLING["equal"]),
    as_defined(
        "on the front is who is not beaten by another model", models(7, 4), models(1), models(2), show_output=True
    ),
)
