"""The claim on the ablation's rows: every verdict, what counts as explained, and faults that block it."""

import pytest
import torch

from softmoe_edu.data import to_patches
from softmoe_edu.evidence import Result, Verdict, find_claim
from softmoe_edu.evidence.claims import ablations
from softmoe_edu.evidence.claims.ablations import BUDGET, PLAIN, RATES, ROWS, SHUFFLED, judge, smoke, tuning
from softmoe_edu.evidence.toy import LAYERS, macs_of, matched_hidden, model_of, task_of
from softmoe_edu.paper import published
from softmoe_edu.routers import IdentityRouter

IN_ORDER = dict(zip(ROWS, (0.9, 0.85, 0.8, 0.75, 0.7, 0.65), strict=True))


def results(plain, shuffled, seeds=10, macs=None):
    """Runs in which a row's accuracy is the given one, but for a little that is each seed's own."""
    return [
        Result(
            {"task": task, "router": row, "seed": seed, "tuning": False},
            {"accuracy": accuracy[row] + seed / 1000, "macs": (macs or {}).get((task, row), 1000)},
        )
        for task, accuracy in ((PLAIN, plain), (SHUFFLED, shuffled))
        for row in ROWS
        for seed in range(seeds)
    ]


def test_the_rows_are_in_the_order_of_the_table():
    """Soft MoE first and dense last, and the paper's figures fall from one to the next."""
    rows = published("table2")
    named = [row["method"].lower().replace("soft moe", "soft").replace("vit", "dense") for row in rows]

    assert tuple(named) == ROWS
    assert [row["jft"] for row in rows] == sorted((row["jft"] for row in rows), reverse=True)


def test_the_order_of_the_paper_on_both_tasks_reproduces_the_claim():
    """All ten comparisons are won, and the order agrees in every pair."""
    found = judge(results(IN_ORDER, IN_ORDER))
    agreement = [each for each in found.measured if "Kendall" in each.name]

    assert found.verdict is Verdict.REPRODUCED
    assert [each.value for each in agreement] == [1, 1]
    assert "Position" not in found.reason


def test_a_lead_that_shuffling_takes_away_is_explained():
    """Identity leads by 7 points in order and is 20 behind once shuffled: the rest still stands."""
    found = judge(results(IN_ORDER | {"identity": 0.97}, IN_ORDER))

    assert found.verdict is Verdict.DIRECTION
    assert "Position tells the expert" in found.reason
    assert "identity goes from +7.0 to -20.0 points over Soft" in found.reason
    assert "alone" not in found.reason


def test_a_lead_that_stays_is_not_explained():
    """Soft / uniform leads on both tasks; it is one part that fails, and two of ten comparisons."""
    ahead = IN_ORDER | {"soft / uniform": 0.95}
    found = judge(results(ahead, ahead))

    assert found.verdict is Verdict.DIRECTION
    assert "Position alone does not explain the lead of soft / uniform" in found.reason
    assert "tells the expert" not in found.reason


def test_a_lead_that_shrinks_is_not_explained():
    """Soft / uniform is 10 points ahead in order and still 2 ahead once shuffled."""
    found = judge(results(IN_ORDER | {"soft / uniform": 1.0}, IN_ORDER | {"soft / uniform": 0.92}))

    assert "tells the expert" not in found.reason
    assert "soft / uniform goes from +10.0 to +2.0 points over Soft" in found.reason


def test_a_lead_that_is_merely_lost_is_not_explained():
    """On the shuffled task nothing can be told apart, by half of the seeds each way: that explains nothing."""
    runs = results(IN_ORDER | {"identity": 0.91}, dict.fromkeys(ROWS, 0.5))
    odd = [
        Result(
            each.settings,
            {**each.figures, "accuracy": each.figures["accuracy"] + (0.02 if each.settings["seed"] % 2 else -0.001)},
        )
        if (each.settings["task"], each.settings["router"]) == (SHUFFLED, "identity")
        else each
        for each in runs
    ]
    found = judge(odd)

    assert "tells the expert" not in found.reason
    assert "does not explain the lead of identity" in found.reason


def test_the_order_turned_round_contradicts_the_claim():
    """Soft MoE is the worst of all on both tasks; being better than one of the five is not enough either."""
    turned = dict(zip(ROWS, reversed(IN_ORDER.values()), strict=True))
    found = judge(results(turned, turned))

    assert found.verdict is Verdict.CONTRADICTED
    assert (
        "In order, Soft MoE loses to soft / uniform, uniform / soft, uniform, identity and dense; shuffled, "
        in found.reason
    )
    one_won = turned | {"dense": 0.6}
    assert judge(results(one_won, one_won)).verdict is Verdict.CONTRADICTED


def test_what_seeds_do_not_agree_on_says_nothing():
    """Equal accuracies; and the paper's order with too few seeds for a test."""
    equal = judge(results(*[dict.fromkeys(ROWS, 0.1)] * 2))
    assert equal.verdict is Verdict.NOT_AT_SCALE
    assert "In order, Soft MoE cannot be told from any other row" in equal.reason
    assert judge(results(IN_ORDER, IN_ORDER, seeds=4)).verdict is Verdict.NOT_AT_SCALE


@pytest.mark.parametrize("task", [PLAIN, SHUFFLED])
def test_unequal_cost_blocks_the_verdict(task):
    """A row that costs 3 % more on one task is no comparison."""
    found = judge(results(IN_ORDER, IN_ORDER, macs={(task, "uniform"): 1030}))

    assert found.verdict is Verdict.NOT_AT_SCALE
    assert found.reason.startswith(f"No comparison: on {task} ")


@pytest.mark.slow
def test_every_row_costs_the_same():
    """Within 1 % of the dense model on both tasks, though not with the same hidden width."""
    asked = {(s["task"], s["router"]): s for s in tuning()}
    assert set(asked) == {(task, row) for task in RATES for row in ROWS} and set(ROWS) <= set(LAYERS)
    for task in RATES:
        dense = macs_of(asked[task, "dense"], BUDGET)
        widths = {row: matched_hidden(asked[task, row]) for row in ROWS}
        assert widths["soft"] < widths["uniform"] < widths["identity"]
        assert all(abs(macs_of(asked[task, row], h) / dense - 1) <= 0.01 for row, h in widths.items())


def test_only_in_order_does_an_expert_of_identity_see_one_position():
    """Expert i always takes token i; shuffled, that token has any of the 16 positions, which is written on it."""
    part = task_of(SHUFFLED, True)[0][:64]
    settings = next(s for s in tuning() if (s["task"], s["router"]) == (SHUFFLED, "identity"))
    router = next(each for each in model_of(settings, part, 8).modules() if isinstance(each, IdentityRouter))
    assert torch.equal(router(torch.randn(2, 16, 32)).dispatch[0].squeeze(-1), torch.eye(16))

    written = to_patches(part.images[:, 1:], part.patch_size).flatten(2).argmax(2)
    assert all(row.sort().values.tolist() == list(range(16)) for row in written)
    assert all(len(column.unique()) > 8 for column in written.T)
    assert task_of(PLAIN, True)[0].images.shape[1] == 1


def test_smoke_runs_every_model():
    """One short run for each row and task."""
    assert [(each["task"], each["router"]) for each in smoke()] == [(task, row) for task in RATES for row in ROWS]
    assert {each["steps"] for each in smoke()} == {2}
    assert find_claim("ablations") is ablations.CLAIM
