"""What counts as a spike, and what the counts say of the claim."""

import math

import pytest

from softmoe_edu.evidence import Result, Verdict
from softmoe_edu.evidence.claims import stability

FLAT = [1.0] * stability.WINDOW


@pytest.mark.parametrize(
    "losses, count",
    [
        (FLAT, 0),
        ([*FLAT, 1.4, 1.0, 1.4], 0),
        ([*FLAT, 1.6, 1.0, 1.7], 2),
        ([*FLAT, 1.6, 1.7, 1.8, 1.0], 1),
        ([*FLAT, math.nan, 1.0, math.inf], 2),
        ([9.0, *FLAT[1:], 1.2], 0),
    ],
)
def test_a_spike_lies_above_the_median_before_it(losses, count):
    """By hand: half a nat over the median of 25 batches, or not finite; consecutive ones are one."""
    assert stability.spikes(losses) == count


def test_the_largest_jump_is_found():
    """By hand, beside one that is not finite; a short run has none."""
    assert stability.largest_jump([*FLAT, 1.25, math.inf, 0.5]) == 0.25
    assert stability.largest_jump(FLAT) is None


def results(tokens=0, experts=0, soft=0, failed=""):
    """Results in which each router has so many spikes in each run."""
    spikes = {"dense": 0, "tokens choice": tokens, "experts choice": experts, "soft": soft}
    return [
        Result(
            each,
            {
                "accuracy": 0.5,
                "spikes": spikes[each["router"]],
                "largest_jump": 0.2,
                "learned_nothing": each["router"] == failed,
            },
        )
        for each in stability.runs()
    ]


@pytest.mark.parametrize(
    "given, verdict",
    [
        (results(), Verdict.NOT_AT_SCALE),
        (results(tokens=2, experts=1), Verdict.REPRODUCED),
        (results(tokens=2), Verdict.DIRECTION),
        (results(soft=1), Verdict.CONTRADICTED),
        (results(failed="soft"), Verdict.CONTRADICTED),
        (results(failed="experts choice"), Verdict.DIRECTION),
    ],
)
def test_spikes_and_failed_runs_decide(given, verdict):
    """Fewer than both sparse routers, than one, than none; or more."""
    assert stability.CLAIM.judge(given).verdict is verdict


@pytest.mark.slow
def test_a_model_that_learns_nothing_is_counted():
    """After one step at a rate of 0 the accuracy is that of chance."""
    figures = stability.measure({**stability.runs(1)[0], "steps": 1, "rate": 1e-9}, "cpu")

    assert figures["learned_nothing"]
    assert (figures["spikes"], figures["largest_jump"]) == (0, None)
