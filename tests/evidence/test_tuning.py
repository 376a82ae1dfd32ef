"""Every model gets the same tuning, and what is counted is not what was tuned on."""

import pytest
import torch

from softmoe_edu.evidence import Result
from softmoe_edu.evidence.toy import TASKS, layer_of, macs_of, matched_hidden, task_of
from softmoe_edu.evidence.tuning import at_an_end, runs_at_best_rate, tuning_runs

SOFT, DENSE = {"router": "soft", "steps": 7}, {"router": "dense", "steps": 7}


def test_each_model_is_tuned_alike_and_counted_with_the_same_seeds():
    """By hand: soft is best at 0.2 on average, though its best run is at 0.1; dense at 0.1."""
    runs = tuning_runs([SOFT, DENSE], 2, (0.1, 0.2))
    accuracy = iter([0.9, 0.1, 0.6, 0.7, 0.5, 0.5, 0.4, 0.4])
    counted = runs_at_best_rate([Result(each, {"accuracy": next(accuracy)}) for each in runs], 3)

    assert [each["rate"] for each in runs] == [0.1, 0.1, 0.2, 0.2] * 2
    assert [(each["router"], each["rate"], each["seed"]) for each in counted] == [
        ("soft", 0.2, 0),
        ("soft", 0.2, 1),
        ("soft", 0.2, 2),
        ("dense", 0.1, 0),
        ("dense", 0.1, 1),
        ("dense", 0.1, 2),
    ]
    assert not {each["seed"] for each in runs} & {each["seed"] for each in counted}
    assert {each["tuning"] for each in counted} == {False}


def test_models_that_count_at_an_end_of_their_grid_are_counted():
    """By hand: soft counts at the middle rate, dense at the highest; a claim without tuning has neither."""
    runs = tuning_runs([SOFT, DENSE], 1, (0.1, 0.2, 0.4))
    accuracy = iter([0.5, 0.6, 0.5, 0.1, 0.2, 0.3])
    tuned = [Result(each, {"accuracy": next(accuracy)}) for each in runs]
    counted = [Result(each, {"accuracy": 0.5}) for each in runs_at_best_rate(tuned, 3)]

    assert at_an_end([*tuned, *counted]) == (1, 2)
    assert at_an_end([Result({"router": "soft", "rate": 0.1, "seed": 0}, {"accuracy": 0.5})]) == (0, 0)


def test_a_run_may_change_what_its_layer_takes():
    """Settings of the router, the group and the balance loss replace those of the table; others are not the layer's."""
    layer = layer_of({"router": "tokens choice", "capacity_factor": 2.0, "group": 3, "balance": 0.5, "seed": 4})

    assert (layer.settings["capacity_factor"], layer.group, layer.balance) == (2.0, 3, 0.5)
    assert layer.settings["priority"] == "gate"
    assert "seed" not in layer.settings
    assert layer_of({"router": "soft", "normalize": False}).settings["normalize"] is False
    assert layer_of({"router": "dense"}) is None


@pytest.mark.parametrize("router", ["soft", "tokens choice", "experts choice"])
def test_models_that_are_compared_cost_the_same(router):
    """Within 1 % of the dense model, and the width is the nearest there is."""
    settings = {"task": "scripts", "router": router, "budget": 64, "rate": 0.1, "seed": 5, "tuning": False}
    dense, hidden = macs_of({**settings, "router": "dense"}, 64), matched_hidden(settings)
    off = [abs(macs_of(settings, h) - dense) for h in (hidden - 1, hidden, hidden + 1)]

    assert off[1] <= 0.01 * dense
    assert off[1] == min(off)


def test_a_budget_that_cannot_be_matched_is_refused():
    """With 16 experts that each have many slots, no width is cheap enough."""
    with pytest.raises(ValueError, match="must cost within 1%"):
        matched_hidden({"task": "scripts", "router": "soft", "budget": 8, "slots_per_expert": 9})


def test_tuning_never_touches_the_test_data():
    """Training data alone, in two parts that share no image."""
    train_data, test_data = task_of("scripts", False)
    tuned, held = task_of("scripts", True)

    assert len(tuned) + len(held) == len(train_data)
    assert test_data.images.shape[0] != held.images.shape[0] or not bool((test_data.images == held.images).all())


@pytest.mark.parametrize("task", ["scripts", "languages"])
def test_a_test_is_in_random_order(task):
    """A group of eight images holds many classes, where the task's own order gives them one after the other."""
    own, mixed = TASKS[task]()[1], task_of(task, False)[1]

    def classes(labels):
        return labels[: len(labels) // 8 * 8].unflatten(0, (-1, 8)).sort(1).values.diff(dim=1).ne(0).sum(1).add(1)

    assert classes(own.labels).float().mean() < 1.5
    assert classes(mixed.labels).float().mean() > 5
    assert torch.equal(own.labels.bincount(), mixed.labels.bincount())
