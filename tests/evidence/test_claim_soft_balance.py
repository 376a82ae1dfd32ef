"""Soft MoE's balance: the measure by hand, every verdict, and faults that change it."""

import pytest
import torch

from softmoe_edu.data import token_kinds
from softmoe_edu.evidence import Result, Verdict
from softmoe_edu.evidence.claims import soft_balance
from softmoe_edu.evidence.claims.soft_balance import balance, judge
from softmoe_edu.evidence.toy import model_of
from softmoe_edu.routing import SoftRouting, SparseRouting, record


def test_balance_by_hand():
    """Four tokens, two experts of two slots: one token has three slots and one has none; a slot is empty."""
    token = torch.tensor([[[0, 1], [0, 0]], [[1, 2], [3, -1]]])
    gate = torch.tensor([[[0.5, 0.5], [0.2, 0.1]], [[0.3, 0.2], [0.2, 0.0]]])
    found = balance(SparseRouting(token, gate, 4))

    # The first group drops tokens 2 and 3, the second drops token 0.
    assert found["dropped"] == pytest.approx(3 / 8)
    assert (found["busiest"], found["idlest"]) == pytest.approx(((1 + 4 / 3) / 2, (1 + 2 / 3) / 2))
    assert (found["much"], found["little"]) == pytest.approx((1 / 8, 3 / 8))
    assert (found["importance"], found["leading"]) == pytest.approx((1.5 / 0.5, 1.5 / 1.0))


def test_an_expert_that_nobody_chose_has_no_ratio():
    """Infinity would not be JSON."""
    routing = SparseRouting(torch.tensor([[[0], [-1]]]), torch.tensor([[[0.7], [0.0]]]), 3)
    assert balance(routing)["importance"] is None


def swapped(routing):
    """Softmax over slots where that over tokens should be, and the other way round."""
    logits = routing.logits
    return SoftRouting(logits.flatten(2).softmax(-1).view_as(logits), logits.softmax(1))


def test_a_swapped_softmax_is_contradicted():
    """With its dispatch normalised over slots, a soft layer no longer loads experts alike."""
    torch.manual_seed(4)
    data, _ = token_kinds(num_train=24, num_test=8)
    model = model_of({"router": "soft", "task": "none", "experts": 5}, data, 7)
    with record(model) as routings, torch.no_grad():
        model(data.images)
    routing = next(iter(routings.values()))
    right, wrong = balance(routing), balance(swapped(routing))

    assert (right["busiest"], right["idlest"]) == pytest.approx((1, 1), abs=1e-5)
    assert wrong["busiest"] > 1 + 100 * soft_balance.EXACT
    assert judge(results()).verdict is Verdict.REPRODUCED
    assert judge(results(busiest=wrong["busiest"])).verdict is Verdict.CONTRADICTED


def results(dropped=0.0, busiest=1.0, idlest=1.0, much=0.03, little=0.18, importance=7.0):
    """Results of eight seeds, whose soft layers have these figures; a little differs from seed to seed."""
    given = []
    for asked in soft_balance.runs():
        soft, seed = asked["router"] == "soft", int(asked["seed"])
        figures = {
            "dropped": dropped if soft else 0.3 + seed / 1000,
            "busiest": busiest if soft else 2.5,
            "idlest": idlest if soft else 0.0,
            "much": much + seed / 10_000,
            "little": little + seed / 10_000,
            "importance": importance + seed / 10 if soft else None,
            "leading": 2.0,
            "tokens_a_slot": 9.0 + seed,
        }
        before = {**figures, "importance": 1.5 if soft else None, "much": 0.01, "little": 0.0}
        rows = {"trained": figures, "untrained": before}
        given.append(Result(asked, {f"{k}_{when}": [v, v] for when, row in rows.items() for k, v in row.items()}))
    return given


def test_every_verdict():
    """A dropped token or an uneven load contradicts the claim; another spread than the paper's leaves its direction."""
    assert judge(results()).verdict is Verdict.REPRODUCED
    for other in ({"much": 0.4}, {"little": 0.01}, {"importance": 40.0}):
        assert judge(results(**other)).verdict is Verdict.DIRECTION, other
    for fault in ({"dropped": 0.001}, {"busiest": 1.01}, {"idlest": 0.99}):
        assert judge(results(**fault)).verdict is Verdict.CONTRADICTED, fault


def test_the_reason_says_what_was_measured():
    """Its numbers come from the results."""
    found = judge(results(importance=40.0))
    assert "In all 16 Soft MoE layers" in found.reason
    assert "tokens choice drops 30.3 %" in found.reason
    assert (
        "contributes 40.4 times as much as the least (before training 1.5 times; in the paper 3 to 14 times)"
        in found.reason
    )
