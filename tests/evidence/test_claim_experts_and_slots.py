"""The claim on experts and slots: every verdict, and faults that block or change it."""

import pytest
import torch

from softmoe_edu.evidence import Result, Verdict, find_claim
from softmoe_edu.evidence.claims import experts_and_slots
from softmoe_edu.evidence.claims.experts_and_slots import (
    EXPERTS,
    HIDDEN,
    MODELS,
    ONE_LARGE,
    SLOTS,
    SWEEP,
    TWICE_AS_MANY,
    TWO_SLOTS,
    judge,
    smoke,
    tuning,
)
from softmoe_edu.evidence.toy import macs_of, model_of, task_of
from softmoe_edu.experts import Experts

# As the paper has it: accuracy grows with experts at 16 slots, with slots at 16 experts, and parameters are not all.
AS_CLAIMED = dict(zip(SWEEP, (0.6, 0.65, 0.7, 0.75, 0.8), strict=True)) | {
    TWO_SLOTS: 0.82,
    TWICE_AS_MANY: 0.85,
    ONE_LARGE: 0.7,
}


def results(accuracy, seeds=8, macs=lambda sizes: 100 * sizes[0] * sizes[1] * sizes[2]):
    """Runs in which a model's accuracy is the given one, but for a little that is each seed's own."""
    return [
        Result(
            {"experts": e, "slots_per_expert": p, "expert_hidden": h, "seed": seed, "tuning": False},
            {"accuracy": accuracy[e, p, h] + seed / 1000, "macs": macs((e, p, h)), "parameters": e * h},
        )
        for e, p, h in MODELS
        for seed in range(seeds)
    ]


def verdict_of(accuracy, **given):
    """The verdict where models have these accuracies."""
    return judge(results(AS_CLAIMED | accuracy, **given)).verdict


def test_all_parts_borne_out_reproduce_the_claim():
    """Every part agrees over every seed, and the slope is by hand: 5 points for each doubling."""
    found = judge(results(AS_CLAIMED))

    assert found.verdict is Verdict.REPRODUCED
    assert "other way" not in found.reason and "not shown" not in found.reason
    assert f"Twice the experts bring 5.0 points at {SLOTS} slots, twice the slots 2.0." in found.reason
    assert "1.00 times the parameters of 16 experts and 16.0 times their MACs, scores 10.0 points less" in found.reason


def test_parameters_that_do_as_well_leave_the_direction():
    """Where one large expert is as good, more experts may be no more than more parameters."""
    found = judge(results(AS_CLAIMED | {ONE_LARGE: 0.8}))

    assert found.verdict is Verdict.DIRECTION
    assert "Parameters alone may explain it" in found.reason


def test_a_part_that_fails_is_named():
    """More slots that do harm leave the direction; where two parts are reversed, the claim is contradicted."""
    one = judge(results(AS_CLAIMED | {TWO_SLOTS: 0.78}))
    assert one.verdict is Verdict.DIRECTION
    assert "the other way round: more slots for each expert" in one.reason

    falling = dict(zip(SWEEP, (0.8, 0.75, 0.7, 0.65, 0.6), strict=True))
    assert verdict_of(falling) is Verdict.CONTRADICTED


@pytest.mark.parametrize(
    ("better", "how"), [({SWEEP[3]: 0.81}, "not shown by these seeds"), ({TWICE_AS_MANY: 0.81}, "the other way round")]
)
def test_one_slot_must_beat_every_other(better, how):
    """A single better model takes that part away, though the slope still rises.

    Losing to the best of several says less than losing to the only rival.
    """
    found = judge(results(AS_CLAIMED | better))

    assert found.verdict is Verdict.DIRECTION
    assert f"{how}: one slot for each expert at the same slots" in found.reason


def test_what_seeds_do_not_agree_on_says_nothing():
    """The same accuracies everywhere; and as claimed, but with too few seeds for any sign test."""
    assert verdict_of(dict.fromkeys(MODELS, 0.5)) is Verdict.NOT_AT_SCALE
    assert verdict_of({}, seeds=4) is Verdict.NOT_AT_SCALE


@pytest.mark.parametrize("odd", [SWEEP[2], TWO_SLOTS])
def test_unequal_cost_blocks_the_verdict(odd):
    """One model of equal slots that costs 1 MAC more is no comparison; the large expert may cost what it does."""
    found = judge(results(AS_CLAIMED, macs=lambda sizes: 100 * sizes[0] * sizes[1] + (sizes == odd)))

    assert found.verdict is Verdict.NOT_AT_SCALE
    assert found.reason.startswith("No comparison")


def test_the_models_are_what_the_claim_says():
    """Equal slots have equal MACs, and one large expert has the parameters of all within 1 %, for more MACs."""
    asked = {(s["experts"], s["slots_per_expert"], s["expert_hidden"]): s for s in tuning()}
    assert set(asked) == set(MODELS)
    macs = {sizes: macs_of(settings, HIDDEN) for sizes, settings in asked.items()}
    assert len({macs[sizes] for sizes in SWEEP}) == 1
    assert macs[TWO_SLOTS] == macs[TWICE_AS_MANY] > macs[SWEEP[0]]
    assert macs[ONE_LARGE] > 3 * macs[SWEEP[0]]

    part = task_of("scripts", True)[0]
    with torch.device("meta"):
        models = {sizes: model_of(asked[sizes], part, HIDDEN) for sizes in (SWEEP[-1], ONE_LARGE)}
    held = {s: sum(each.numel() for each in m.parameters()) for s, m in models.items()}
    assert abs(held[ONE_LARGE] / held[SWEEP[-1]] - 1) < 0.01
    # The wide layer is the experts' alone: the dense block before them is that of the others.
    widths = [m.w_in.shape for m in models[ONE_LARGE].modules() if isinstance(m, Experts)]
    assert {tuple(each) for each in widths} == {(1, 32, EXPERTS * HIDDEN)}
    assert models[ONE_LARGE].state_dict().keys() == models[SWEEP[-1]].state_dict().keys()


def test_smoke_runs_every_model():
    """One short run for each."""
    assert len(smoke()) == len(MODELS)
    assert {each["steps"] for each in smoke()} == {2}
    assert find_claim("experts-and-slots") is experts_and_slots.CLAIM
