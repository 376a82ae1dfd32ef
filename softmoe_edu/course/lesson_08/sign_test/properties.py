"""What a right `sign_test` does."""

import torch

from softmoe_edu.teaching.check.properties import as_defined, brief, by_hand, close, each_of
from softmoe_edu.teaching.exercise import Finding, Property

TELLING = {
    "plain": ((1.5, 0.3, 2.0, -0.1, 0.7, 1.1, 0.2), (4.0, 1.0, 2.0, 0.5, 3.0), (-0.2, -3.0, 0.4, -1.0, -2.0, -0.3)),
    "even": ((1.0, -2.0, 3.0, -0.5),),
    "ties": ((0.0, 1.0, 2.0, 0.0, 3.0, 1.0, 0.0, -0.5),),
    "nothing": ((0.0, 0.0, 0.0),),
    "one": ((2.0,),),
}


def drawn(draw):
    """Draw the differences of 2 to 15 seeds, some of which are 0."""
    seeds, shift = int(draw.integers(2, 16, 1)), float(draw.normal(1))
    differences = draw.normal(seeds) + shift
    return (torch.where(draw.uniform(seeds) < 0.15, torch.zeros_like(differences), differences),)


def _example(name, should, given, *values):
    return by_hand(lambda draw: (draw.tensor(values),), should, given, name=name, show=lambda args, p: brief(p, 4))


def _sizes(answer, draw):
    differences = draw.normal(9) + 0.4
    order = draw.permutation(9)
    expected, got = answer(differences), answer((differences * 3)[order])
    if close(expected, got):
        return None
    should = "only signs count: neither the sizes of the differences nor the order of the seeds"
    return Finding(should, "9 differences; then three times as large, in another order", brief(expected), brief(got))


def _mirrored(answer, draw):
    differences = draw.normal(8) + 0.8
    expected, got = answer(differences), answer(-differences)
    if close(expected, got):
        return None
    should = "both directions count: with all signs turned round the result is the same"
    return Finding(should, "8 differences; then the same with all signs turned", brief(expected), brief(got))


PROPERTIES = (
    _example(
        "the example by hand",
        "4 of 5 up: 5 + 1 of 32 rows of coins have 4 heads or more, as many have 4 tails or more: 12/32",
        "differences [2, 1, -1, 3, 0.5]",
        2,
        1,
        -1,
        3,
        0.5,
    ),
    each_of(
        "all in one direction",
        _example("up", "of 64 rows of 6 coins one is all heads and one all tails: 2/64", "6 of 6 up", *range(1, 7)),
        _example(
            "down", "of 64 rows of 6 coins one is all heads and one all tails: 2/64", "6 of 6 down", *range(-6, 0)
        ),
    ),
    Property("sizes and order", _sizes),
    Property("signs turned", _mirrored),
    _example(
        "as many up as down",
        "no probability is above 1: half up, half down is as even as it gets, so 1.0",
        "differences [1, -2, 3, -0.5]",
        1,
        -2,
        3,
        -0.5,
    ),
    _example(
        "zeros",
        "a difference of 0 says nothing and is left out: 4 of 5 up are left, 12/32",
        "differences [0, 1, 2, 0, 3, 1, 0, -0.5]",
        0,
        1,
        2,
        0,
        3,
        1,
        0,
        -0.5,
    ),
    as_defined("the exact two-sided sign test", drawn, repeats=20, show_output=True),
    each_of(
        "the smallest cases",
        _example("one seed", "a single sign is no evidence: one coin is always one-sided", "one difference, 2", 2),
        _example("only zeros", "without a sign nothing speaks against chance: 1.0", "differences [0, 0, 0]", 0, 0, 0),
    ),
)
