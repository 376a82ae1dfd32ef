"""Which letters are learned first and which later, and what the runs say of the claim."""

import pytest
import torch

from softmoe_edu.data import letters
from softmoe_edu.evidence import Result, Verdict
from softmoe_edu.evidence.claims import fine_tuning


def results(**better):
    """Results in which a router is better than the others after tuning by so much."""
    settings = [{"router": r, "seed": s, "tuning": False} for r in fine_tuning.ROUTERS for s in range(10)]
    return [
        Result(each, {"accuracy": 0.5 + better.get(each["router"].split()[0], 0), "before": 0.6, "from_nothing": 0.3})
        for each in settings
    ]


@pytest.mark.parametrize(
    "given, verdict",
    [
        (results(soft=0.1), Verdict.REPRODUCED),
        (results(soft=0.1, tokens=0.1), Verdict.DIRECTION),
        (results(), Verdict.NOT_AT_SCALE),
        (results(dense=0.1), Verdict.CONTRADICTED),
        (results(soft=0.1, tokens=0.2, experts=0.2), Verdict.CONTRADICTED),
    ],
)
def test_accuracy_after_tuning_decides(given, verdict):
    """Better than all, than some, than none; or worse."""
    assert fine_tuning.CLAIM.judge(given).verdict is verdict


def test_runs_of_tuning_say_nothing():
    """A rate that was best for another router in tuning does not count."""
    spoilt = [Result({**each.settings, "tuning": True}, {**each.figures, "accuracy": 1.0}) for each in results()]

    assert fine_tuning.CLAIM.judge([*results(soft=0.1), *spoilt]).verdict is Verdict.REPRODUCED


@pytest.mark.slow
def test_the_halves_share_no_letter():
    """Each image is in one half, and labels count from 0 in each."""
    whole, _ = letters(num_train=400, num_test=8)
    old, new = (fine_tuning._of(whole, half) for half in (False, True))

    assert len(old) + len(new) == len(whole)
    assert (old.num_classes, new.num_classes) == (50, 50)
    assert torch.equal(whole.images[whole.labels >= 50], new.images)
    assert torch.equal(whole.labels[whole.labels >= 50] - 50, new.labels)
    assert int(old.labels.max()) < 50
