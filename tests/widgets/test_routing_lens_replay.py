import math
import re

import numpy as np
import pytest
import torch
from routing_lens_values import both, pictures, seven, sparse, weights_of

from softmoe_edu.routing import SoftRouting, SparseRouting
from softmoe_edu.widgets import RoutingLens

LOG = {"step": [0, 40, 80], "loss": [2.0, 1.0, 0.5], "accuracy": [0.125, 0.5, 0.875], "dropped": [math.nan] * 3}


def snapshots() -> dict[int, dict]:
    """Two layers at three steps, given out of order."""
    return {step: {"blocks.1": seven(seed=step), "blocks.2": seven(seed=step + 1)} for step in (40, 0, 80)}


def test_a_replay_has_the_routings_of_every_step() -> None:
    """In the order of the steps, from the first; the trait moves it."""
    given = snapshots()
    lens = RoutingLens.replay(given, tests_log=LOG)

    assert [(entry["step"], entry["layer"]) for entry in lens._entries] == [
        (step, layer) for step in (0, 40, 80) for layer in ("blocks.1", "blocks.2")
    ]
    for entry in lens._entries:
        expected = given[entry["step"]][entry["layer"]].dispatch[2].flatten(1).numpy()
        np.testing.assert_array_equal(weights_of(entry, "dispatch", 2), expected)
    assert lens.step == 0
    lens.step = 80
    assert repr(lens) == "RoutingLens(images=3, routers=[''], layers=['blocks.1', 'blocks.2'], steps=[0, 40, 80])"
    with pytest.raises(ValueError, match="step must be one of 0, 40, 80, got 79"):
        lens.step = 79


def test_a_colour_means_the_same_at_every_step() -> None:
    """One scale for all steps of a layer: from the smallest to the largest of them."""
    given = snapshots()
    lens = RoutingLens.replay(given)

    for entry in lens._entries:
        all_steps = torch.stack([given[step][entry["layer"]].logits for step in given])
        assert (entry["logits_least"], entry["logits_most"]) == (all_steps.min(), all_steps.max())
        assert entry["dispatch_most"] == max(given[step][entry["layer"]].dispatch.max() for step in given)
    assert lens._entries[0]["logits_most"] != lens._entries[1]["logits_most"]


def test_evaluations_are_sent_as_steps_and_accuracies() -> None:
    """Without those that are NaN, which JSON has no word for."""
    log = {"step": [80, 0, 40], "accuracy": [0.875, 0.125, math.nan]}

    assert RoutingLens.replay(snapshots(), tests_log=LOG)._tests == {"": [[0, 0.125], [40, 0.5], [80, 0.875]]}
    assert RoutingLens.replay(snapshots(), tests_log=log)._tests == {"": [[0, 0.125], [80, 0.875]]}
    assert RoutingLens.replay(snapshots())._tests == {}


def test_every_router_has_its_own_log() -> None:
    """Accuracies go by router; a router without a log has none; one log of two routers is refused."""
    two = {step: {"a": layers, "b": layers} for step, layers in snapshots().items()}
    lens = RoutingLens.replay(two, tests_log={"b": LOG})

    assert lens._tests == {"b": [[0, 0.125], [40, 0.5], [80, 0.875]]}
    with pytest.raises(ValueError, match=re.escape("{router: log} of a, b, got one log: say whose it is")):
        RoutingLens.replay(two, tests_log=LOG)


def test_dropped_tokens_of_each_step_are_counted_over_all_images() -> None:
    """Of real tokens: 6 of 15 in the hand-made routing, none in a soft one."""
    lens = RoutingLens.replay({0: {"a": sparse()}, 5: {"a": SoftRouting(*both(torch.zeros(2, 8, 2, 3)))}}, pictures())

    assert [entry["dropped"] for entry in lens._entries] == [pytest.approx(6 / 15), 0.0]


def test_routers_side_by_side_are_replayed_too() -> None:
    """{step: {router: {layer: Routing}}}, with outputs nested alike."""
    given = {step: {"soft": {"a": seven(seed=step)}, "other": {"a": seven(seed=step + 9)}} for step in (0, 3)}
    outputs = {3: {"other": {"a": torch.ones(3, 7, 5)}}}
    lens = RoutingLens.replay(given, outputs=outputs, step=3, router="other", view="output")

    assert [entry["step"] for entry in lens._entries if "output" in entry] == [3]
    lens.step = 0
    assert lens.view == "dispatch"
    lone = RoutingLens.replay({0: {"a": seven()}}, outputs={0: {"a": torch.ones(3, 7, 5)}}, view="output")
    assert lone._entries[0]["output_most"] == pytest.approx(5**0.5)


def test_a_step_with_fewer_slots_frees_what_it_lacks() -> None:
    """A dropless routing has as many slots as it needs at that step."""
    token = torch.tensor([[[0, 1, 2], [3, -1, -1]]])
    wide = SparseRouting(token, (token >= 0).float(), 4)
    narrow = SparseRouting(token[..., :1], torch.ones(1, 2, 1), 4)
    lens = RoutingLens.replay({0: {"a": wide}, 9: {"a": narrow}}, expert=0, slot=2, pins=[[-1, 0, 2], [-1, 1, 0]])
    lens.step = 9

    assert (lens.expert, lens.slot, lens.pins) == (0, -1, [[-1, 1, 0]])


WRONG = {
    "no steps": (lambda: RoutingLens.replay({}), "at least one step, got none: train with snapshot_at=(0, ..., -1)"),
    "a routing": (
        lambda: RoutingLens.replay(seven()),
        "{steps done: {layer: Routing}}, got SoftRouting: give history.",
    ),
    "layers": (lambda: RoutingLens.replay({"a": seven()}), "{steps done: {layer: Routing}}, got ['a']: give history."),
    "a list of none": (lambda: RoutingLens.replay({0: []}), "{router: {layer: Routing}}, got list"),
    "steps that are none": (
        lambda: RoutingLens({0: seven(), "a": seven()}),
        "whole numbers, got 'a': give {steps done",
    ),
    "other layers": (
        lambda: RoutingLens.replay({0: {"a": seven()}, 4: {"b": seven()}}),
        "every step must have the same routers and layers, got {'': ['a']} at step 0 and {'': ['b']} at step 4",
    ),
    "no accuracy": (
        lambda: RoutingLens.replay(snapshots(), tests_log={"step": [1]}),
        "tests_log must have lists 'step' and 'accuracy', got ['step']: give history.tests_log",
    ),
    "odd lists": (
        lambda: RoutingLens.replay(snapshots(), tests_log={"step": [1, 2], "accuracy": [0.5]}),
        "tests_log must have as many steps as accuracies, got 2 and 1",
    ),
}


@pytest.mark.bad_input
@pytest.mark.parametrize("name", WRONG)
def test_wrong_snapshots_are_answered_with_a_sentence(name: str) -> None:
    """What was expected, what came, what to do."""
    make, text = WRONG[name]

    with pytest.raises((TypeError, ValueError), match=re.escape(text)):
        make()
