"""How speed is read off two curves, every verdict that judge can give, and unequal costs that block it."""

import pytest

from softmoe_edu.evidence import Result, Verdict
from softmoe_edu.evidence.claims import experts_choice_speed
from softmoe_edu.evidence.claims.experts_choice_speed import MODELS, SERVED, finals, judge, smoothed, speed, tuning


def test_a_curve_is_the_mean_of_the_steps_before():
    """Its points are spaced evenly, and the last one is at the end."""
    steps, curve = smoothed([float(i) for i in range(120)])

    assert steps == list(range(3, 121, 3))
    assert curve[0] == 1.0  # of losses 0, 1, 2
    assert curve[-1] == pytest.approx(sum(range(70, 120)) / 50)
    assert smoothed([4.0, 2.0]) == ([1, 2], [4.0, 3.0])


def test_speed_by_hand():
    """One run needs 20 of 40 steps to where the other ends: twice as fast, and seen from the other half as fast."""
    steps = [10, 20, 30, 40]
    one = {"curve_steps": steps, "loss_curve": [3.0, 2.0, 1.0, 0.5]}
    other = {"curve_steps": steps, "loss_curve": [3.5, 3.0, 2.5, 2.2]}

    assert speed(one, other, 1.0) == 2.0
    assert speed(other, one, 1.0) == 0.5
    assert speed(one, other, 0.5) == 2.0  # at half time the other is at 3.0, where one is after 10 steps
    assert speed(one, one, 1.0) == 1.0


def results(halved=2.5, cost=1.0, macs=1000, seeds=8, wobble=0):
    """Results of paired seeds: experts choice is `halved` times as fast, and its step takes `cost` times as long."""
    given = [Result(each, {"accuracy": 0.5}) for each in tuning()]
    for settings in finals(given)[: 2 * 8]:
        seed, fast = int(settings["seed"]), settings["router"] == "experts choice"
        if seed >= seeds:
            continue
        factor = 1 if not fast else 1 / halved if seed < wobble else halved
        steps = list(range(1, 1001))
        figures = {
            "macs": macs if fast else 1000,
            "accuracy": 0.5 + fast / 10 + seed / 1000,
            "cpu_seconds": 10.0 * (cost if fast else 1) + seed / 100,
            "curve_steps": steps,
            "loss_curve": [5 - factor * step / 1000 for step in steps],
            "served": [0.1, 0.3, 0.3, 0.23, 0.07] if fast else [0.2, 0.25, 0.55, 0.0, 0.0],
        }
        given.append(Result(settings, figures))
    return given


def test_every_verdict():
    """Twice as fast in steps and seconds reproduces it; less, or in steps alone, leaves the direction."""
    assert judge(results()).verdict is Verdict.REPRODUCED
    assert judge(results(halved=1.5)).verdict is Verdict.DIRECTION
    assert judge(results(cost=2.0)).verdict is Verdict.DIRECTION
    assert judge(results(wobble=4)).verdict is Verdict.NOT_AT_SCALE
    assert judge(results(seeds=5)).verdict is Verdict.NOT_AT_SCALE  # too few for three comparisons
    assert judge(results(halved=0.5)).verdict is Verdict.CONTRADICTED


def test_unequal_costs_block_the_verdict():
    """A model that costs more than the match allows is named, and not judged."""
    found = judge(results(macs=1100))
    assert found.verdict is Verdict.NOT_AT_SCALE
    assert "cost 1,000 and 1,100 MACs" in found.reason


def test_the_reason_says_what_was_measured():
    """Its numbers come from the results."""
    found = judge(results(wobble=4))
    assert "which may be chance" in found.reason
    assert (
        "leaves 10 % of tokens without an expert, where tokens choice leaves 20 %, and gives 30 % three" in found.reason
    )


def test_both_have_as_many_slots_and_the_same_tuning():
    """As many rates and seeds for each; classes of tokens cover every number of experts once."""
    asked = [(each["router"], each["rate"], each["seed"]) for each in tuning()]
    experts, tokens = (str(each["router"]) for each in MODELS)

    assert [each[1:] for each in asked if each[0] == experts] == [each[1:] for each in asked if each[0] == tokens]
    assert MODELS[0]["capacity_factor"] == MODELS[1]["top_k"]
    ends = [end for pair in SERVED.values() for end in pair]
    assert sorted(ends) == ends and ends[0] == 0 and ends[-1] == experts_choice_speed.EXPERTS
