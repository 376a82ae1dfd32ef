"""The claim on accuracy: every verdict, and faults that block it."""

import random
from itertools import product

import pytest
import torch

from softmoe_edu.data import Images
from softmoe_edu.evidence import Result, Verdict, run_claim, toy
from softmoe_edu.evidence.claims.accuracy import ROUTERS, judge
from softmoe_edu.routers import soft

PLACES = [(task, budget) for task in ("scripts", "letters") for budget in (64, 128)]
AHEAD = {"soft": 0.9, "experts choice": 0.8, "tokens choice": 0.7, "dense": 0.6}


def results(accuracy, macs=None):
    """Twelve paired seeds a model; accuracy is asked for each task, budget, router and seed."""
    return [
        Result(
            {"task": task, "budget": budget, "router": router, "seed": seed, "tuning": False},
            {"accuracy": accuracy(task, budget, router, seed), "macs": (macs or {}).get((task, budget, router), 1000)},
        )
        for (task, budget), router, seed in product(PLACES, ROUTERS, range(12))
    ]


def ahead(task, budget, router, seed):
    """Soft MoE is ahead of every rival, but for a little that is each seed's own."""
    return AHEAD[router] + seed / 1000


def test_soft_ahead_everywhere_reproduces_the_claim():
    """Three rivals at four places: all twelve comparisons are won."""
    found = judge(results(ahead))

    assert found.verdict is Verdict.REPRODUCED
    assert "Of 12 comparisons Soft MoE wins 12 and loses 0" in found.reason
    assert len(found.measured) == 16


def test_a_place_that_says_nothing_leaves_the_direction():
    """On letters at 128 half of the seeds are won: nine comparisons of twelve."""

    def undecided(task, budget, router, seed):
        tied = (task, budget, router) == ("letters", 128, "soft")
        return (0.99 if seed % 2 else 0.01) if tied else ahead(task, budget, router, seed)

    found = judge(results(undecided))

    assert found.verdict is Verdict.DIRECTION
    assert "wins 9 and loses 0" in found.reason


def test_soft_behind_contradicts_the_claim_and_names_who_leads():
    """With the accuracies of soft and dense exchanged, every comparison is lost."""
    turned = {"soft": "dense", "dense": "soft"}
    found = judge(results(lambda task, budget, router, seed: ahead(task, budget, turned.get(router, router), seed)))

    assert found.verdict is Verdict.CONTRADICTED
    assert "wins 0 and loses 12" in found.reason
    assert "It loses to dense on scripts at 64; tokens choice on scripts at 64;" in found.reason


def test_as_many_won_as_lost_is_no_verdict():
    """Ahead on scripts, behind on letters."""
    found = judge(results(lambda task, *rest: ahead(task, *rest) * (1 if task == "scripts" else -1)))

    assert found.verdict is Verdict.NOT_AT_SCALE
    assert "wins 6 and loses 6" in found.reason


@pytest.mark.parametrize("router", ["soft", "dense"])
def test_unequal_macs_block_the_comparison(router):
    """A model that costs 3 % more than its rivals at one place; 1 % is allowed."""
    place = ("letters", 64, router)
    found = judge(results(ahead, macs={place: 1030}))

    assert found.verdict is Verdict.NOT_AT_SCALE
    assert found.reason.startswith("No comparison: on letters at budget 64 the models cost ")
    assert judge(results(ahead, macs={place: 1010})).verdict is Verdict.REPRODUCED


@pytest.mark.slow
def test_shuffled_labels_leave_nothing_to_compare(monkeypatch):
    """Trained on labels in another order every model is at chance, and then so is the verdict."""
    train_data, test_data = toy.task_of("languages", False)
    order = torch.randperm(len(train_data), generator=torch.Generator().manual_seed(0))
    shuffled = Images(
        train_data.images,
        train_data.labels[order],
        num_classes=train_data.num_classes,
        patch_size=train_data.patch_size,
    )
    most = int(test_data.labels.bincount().max()) / len(test_data)
    chance = most + 4 * (most * (1 - most) / len(test_data)) ** 0.5

    def accuracies():
        asked = {"task": "languages", "budget": 64, "steps": 25, "rate": 4e-3, "seed": 0, "tuning": False}
        return {router: toy.trained({**asked, "router": router}, "cpu")["accuracy"] for router in ROUTERS}

    true = accuracies()
    monkeypatch.setattr(toy, "task_of", lambda name, validation: (shuffled, test_data))
    wrong = accuracies()
    assert max(wrong.values()) < chance < min(true.values())

    draw, correct = random.Random(0), max(wrong.values())
    found = judge(results(lambda *_: sum(draw.random() < correct for _ in range(1000)) / 1000))
    assert found.verdict is Verdict.NOT_AT_SCALE
    assert "wins 0 and loses 0" in found.reason


@pytest.mark.slow
def test_a_softmax_over_the_wrong_axis_blocks_the_record(monkeypatch, tmp_path):
    """Dispatch over slots and combine over tokens: accuracy would not show it, and so the run itself refuses it."""
    right = soft.soft_weights

    def swapped(logits, mask=None):
        dispatch, combine = right(logits.flatten(2).transpose(1, 2).unsqueeze(-1), mask)
        return (each.squeeze(-1).transpose(1, 2).unflatten(2, logits.shape[2:]) for each in (dispatch, combine))

    monkeypatch.setattr(soft, "soft_weights", swapped)
    with pytest.raises(ValueError, match=r"a slot of blocks\.1\..* got \d\.\d\d: no verdict can rest"):
        run_claim("accuracy", tmp_path, smoke=True, progress=False)
