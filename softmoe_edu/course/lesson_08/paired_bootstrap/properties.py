"""What a right `paired_bootstrap` does."""

import torch

from softmoe_edu.teaching.check.properties import as_defined, brief, by_hand, close
from softmoe_edu.teaching.exercise import Finding, Property


def case(seeds, resamples):
    """Return a function that draws the results of two models over seeds, which move both of them, and resamples."""

    def drawn(draw):
        luck = 3 * draw.normal(seeds)
        a, b = (80 + luck + draw.normal(seeds) + more for more in (1.5, 0.0))
        return a, b, draw.integers(0, seeds, resamples, seeds)

    return drawn


def _hand(draw):
    # All differences of a resample are the same but one: the quantiles of five means are exact.
    draws = torch.tensor([[0, 0, 0], [1, 1, 1], [2, 2, 2], [0, 1, 2], [0, 0, 1]]).to(draw.device)
    return draw.tensor([5, 9, 4]), draw.tensor([4, 6, 2]), draws


def _luck(answer, draw):
    seeds = 8
    b = 60 + 10 * draw.normal(seeds)
    draws = draw.integers(0, seeds, 50, seeds)
    expected, got = (2.0, 2.0, 2.0), answer(b + 2, b, draws)
    if close(expected, got):
        return None
    should = "a is 2 better in every pair: the interval has no width, however much the seeds differ"
    return Finding(should, "8 seeds that differ by some 10 points, a = b + 2", brief(expected), brief(got))


def _swapped(answer, draw):
    a, b, draws = case(7, 40)(draw)
    mean, low, high = answer(a, b, draws)
    expected, got = (-mean, -high, -low), answer(b, a, draws)
    if close(expected, got):
        return None
    should = "with a and b exchanged the mean changes its sign, and the ends change places and signs"
    return Finding(should, "7 seeds; then a and b exchanged", brief(expected), brief(got))


def _shifted(answer, draw):
    a, b, draws = case(7, 40)(draw)
    expected, got = tuple(each + 5 for each in answer(a, b, draws)), answer(a + 5, b, draws)
    if close(expected, got):
        return None
    should = "with 5 more for every a, mean and both ends are 5 higher"
    return Finding(should, "7 seeds; then a + 5", brief(expected), brief(got))


DEFINITION = "the mean of a - b, and the quantiles 0.025 and 0.975 of its resampled means"

PROPERTIES = (
    by_hand(
        _hand,
        "differences 1, 3, 2; the resampled means are 1, 3, 2, 2 and 5/3, between them the quantiles 1.067 and 2.9",
        "a [5, 9, 4], b [4, 6, 2], draws [[0, 0, 0], [1, 1, 1], [2, 2, 2], [0, 1, 2], [0, 0, 1]]",
    ),
    as_defined(DEFINITION, case(7, 40), name="seeds and resamples at random", show_output=True),
    Property("pairs stay together", _luck),
    Property("a and b exchanged", _swapped),
    Property("everything higher", _shifted),
    as_defined(DEFINITION, case(3, 90), case(12, 12), case(2, 25), case(30, 7), show_output=True),
)
