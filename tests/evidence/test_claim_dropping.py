"""What sparse routers drop: every verdict that judge can give, how capacities are read, and faults that change it."""

import pytest

from softmoe_edu.evidence import Result, Verdict
from softmoe_edu.evidence.claims import dropping
from softmoe_edu.evidence.claims.dropping import EXPERTS, FACTORS, TRAINED, TURNED, judge, measure, runs


def results(few=0.1, many=0.5, gained=0.02, served=0.03, needed=4.0, seeds=8):
    """Results in which dropping goes from `few` to `many` with the experts, and batch priority gains accuracy."""
    given = []
    for asked in runs(seeds):
        e, seed, by_place = int(asked["experts"]), int(asked["seed"]), asked.get("priority") == "position"
        factors = [factor for factor in FACTORS if factor <= e]
        share = few + (many - few) * (e - EXPERTS[0]) / (EXPERTS[-1] - EXPERTS[0]) + seed / 1000
        own = 0.5 + seed / 1000
        figures = {
            "tokens": 128,
            "factors_at": factors,
            "dropped_at": [share if f <= TRAINED else 0.02 if f < min(needed, e) else 0.001 for f in factors],
            "accuracy_at": [own - gained * by_place] * len(factors),
            "factors_turned": list(TURNED),
            "dropped_turned": [share] * len(TURNED),
            "accuracy_turned": [own - served] * len(TURNED),
        }
        given.append(Result(asked, figures))
    return given


def test_every_verdict():
    """All parts reproduce it; growth alone leaves the direction; without it nothing is left."""
    assert judge(results()).verdict is Verdict.REPRODUCED
    assert judge(results(gained=0.0)).verdict is Verdict.DIRECTION
    assert judge(results(served=-0.01)).verdict is Verdict.DIRECTION
    assert judge(results(needed=12.0)).verdict is Verdict.DIRECTION
    assert judge(results(needed=1.25)).verdict is Verdict.DIRECTION
    assert judge(results(many=0.1)).verdict is Verdict.NOT_AT_SCALE
    assert judge(results(seeds=5)).verdict is Verdict.NOT_AT_SCALE  # too few for four comparisons
    assert judge(results(few=0.5, many=0.1)).verdict is Verdict.CONTRADICTED


def test_swapped_priorities_turn_the_gain_round():
    """Where the runs by gate and by position are taken for one another, batch priority seems to cost accuracy."""
    given = results(gained=0.02)
    swapped = [
        Result({**r.settings, "priority": dropping.OTHER[r.settings["priority"]]}, r.figures)
        if "priority" in r.settings and r.settings["experts"] == EXPERTS[-1]
        else r
        for r in given
    ]
    assert "Training with batch priority raises accuracy" in judge(given).reason
    assert "Training with batch priority lowers accuracy" in judge(swapped).reason


def test_the_reason_and_the_figures_come_from_the_results():
    """The capacity that it takes, who lies outside of what is said, and a random choice from the binomial."""
    found = judge(results(needed=12.0))
    values = {each.name: each.value for each in found.measured}

    assert "it takes 12 to 12 times the slots until less than 1% is dropped, which is not 2 to 8 for" in found.reason
    assert values["tokens choice, 4 experts: times the slots for less than 1%"] == 4.0
    assert values["experts choice, 16 experts: times the slots for less than 1%"] == 12.0
    assert values["tokens choice, 32 experts: dropped"] == pytest.approx(50.35)
    # 128 tokens on 32 experts with 4 slots each, by simulation 19.2 %.
    assert values["a random choice of 32 experts: dropped"] == pytest.approx(19.2, abs=0.1)


@pytest.mark.slow
def test_a_run_is_tested_at_every_capacity():
    """Less is dropped with more slots and nothing with one for each token; the other priority is tested too."""
    asked = {**runs(1, 2, (3,), 64)[0], "task": "scripts"}
    figures = measure(asked, "cpu")

    assert figures["factors_at"] == [factor for factor in FACTORS if factor <= 3]
    assert figures["dropped_at"][-1] == 0 < figures["dropped_at"][0]
    assert figures["dropped_at"] == sorted(figures["dropped_at"], reverse=True)
    assert figures["tokens"] == 128
    assert len(figures["accuracy_turned"]) == len(TURNED)
    assert asked["priority"] == "gate"
