import re

import numpy as np
import pytest
import torch
from routing_lens_values import both, pictures, seven, soft, sparse, weights_of

from softmoe_edu.routing import SoftRouting, SparseRouting
from softmoe_edu.widgets import RoutingLens, packing


def test_logits_of_every_slot_arrive_unchanged() -> None:
    """A soft routing's logits are drawn as tokens by slots, before dispatch."""
    routing = seven()
    (entry,) = RoutingLens(routing)._entries

    assert entry["views"] == ["logits", "dispatch", "combine"]
    assert entry["logits_slots"] == 2
    sent = np.frombuffer(entry["logits"], np.float32).reshape(3, 7, 4, 2)
    np.testing.assert_array_equal(sent, routing.logits.numpy())
    assert (entry["logits_least"], entry["logits_most"]) == (routing.logits.min(), routing.logits.max())


def test_logits_of_experts_are_one_for_each_expert() -> None:
    """A sparse routing's logits have no axis of slots."""
    logits = torch.arange(2 * 8 * 2).view(2, 8, 2) / 8
    plain = sparse()
    (entry,) = RoutingLens(SparseRouting(plain.token, plain.gate, 8, logits=logits))._entries

    assert entry["logits_slots"] == 1
    np.testing.assert_array_equal(np.frombuffer(entry["logits"], np.float32).reshape(2, 8, 2), logits.numpy())


def test_outputs_are_sent_as_the_length_of_each_token() -> None:
    """Group by group or image by image, nested as the routings; only layers that have one offer the view."""
    outputs = torch.randn(4, 4, 5, generator=torch.Generator().manual_seed(0))
    grouped = outputs.reshape(2, 8, 5)
    outputs_of = {"r": {"a": outputs, "b": grouped}}
    lens = RoutingLens({"r": {"a": sparse(), "b": sparse(), "c": sparse()}}, outputs=outputs_of)
    a, b, c = lens._entries

    lengths = np.linalg.norm(outputs.numpy(), axis=-1).ravel()
    for entry in (a, b):
        np.testing.assert_allclose(np.frombuffer(entry["output"], np.float32), lengths, rtol=1e-6)
        assert entry["output_most"] == pytest.approx(float(lengths.max()))
    assert [entry["views"][-1] for entry in (a, b, c)] == ["output", "output", "combine"]
    lone = RoutingLens(sparse(), outputs=outputs, view="output")
    assert lone._entries[0]["output"] == a["output"]


def test_a_view_gives_way_where_a_layer_has_none_of_it() -> None:
    """Logits are not everywhere: then dispatch is shown."""
    lens = RoutingLens({"soft": {"a": seven()}, "bare": {"a": SoftRouting(*both(seven().logits))}}, view="logits")
    lens.router = "bare"

    assert lens.view == "dispatch"
    with pytest.raises(ValueError, match=re.escape("view must be one of 'dispatch', 'combine', got 'logits'")):
        lens.view = "logits"


def test_of_too_many_tokens_evenly_spaced_ones_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are those of the drawn tokens; sums, loads and fates stay those of all."""
    monkeypatch.setattr(packing, "MOST_WEIGHTS", 5 * 4 * 2)
    routing = seven()
    (entry,) = RoutingLens(routing)._entries

    ids = [0, 1, 2, 4, 5]
    assert np.frombuffer(entry["ids"], np.int32).tolist() == ids
    assert entry["tokens"] == 7 and len(entry["fate"]) == 3 * 7
    for name in ("dispatch", "combine", "logits"):
        sent = np.frombuffer(entry[name], np.float32).reshape(3, 5, 4, 2)
        np.testing.assert_array_equal(sent, getattr(routing, name)[:, ids].numpy())
    np.testing.assert_allclose(np.frombuffer(entry["dispatch_sums"], np.float32), 1, rtol=1e-6)
    load = np.frombuffer(entry["load"], np.float32).reshape(3, 4)
    np.testing.assert_allclose(load, routing.dispatch.sum((1, 3)).numpy(), rtol=1e-6)


def test_drawn_tokens_are_all_different(monkeypatch: pytest.MonkeyPatch) -> None:
    """For every number of rows up to that of the tokens, from the first token on."""
    for rows in range(1, 8):
        monkeypatch.setattr(packing, "MOST_WEIGHTS", rows * 8)
        (entry,) = RoutingLens(seven())._entries
        ids = np.frombuffer(entry["ids"], np.int32).tolist() if "ids" in entry else list(range(7))

        assert ids[0] == 0 and ids == sorted(set(ids)) and len(ids) == rows


def test_a_token_that_is_not_drawn_cannot_be_pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sentence names one that is."""
    monkeypatch.setattr(packing, "MOST_WEIGHTS", 5 * 4 * 2)
    lens = RoutingLens(seven())

    with pytest.raises(ValueError, match="token 3 is not drawn, since there are too many tokens: take 2, which is"):
        lens.token = 3
    lens.token = 4
    assert lens.token == 4


def test_weights_that_are_not_finite_are_sent_as_they_are() -> None:
    """The scale is that of the finite ones, from 0 or below."""
    dispatch, combine = both(seven().logits)
    combine[1, 2, 0, 0], combine[0, 3, 1, 1], combine[2, 6, 3, 0] = torch.nan, torch.inf, -0.25
    (entry,) = RoutingLens(SoftRouting(dispatch, combine))._entries

    np.testing.assert_array_equal(weights_of(entry, "combine", 1), combine[1].flatten(1).numpy())
    assert (entry["combine_least"], entry["dispatch_least"]) == (-0.25, 0.0)
    assert entry["combine_most"] == combine[combine.isfinite()].max()
    assert entry["hard"] is False


@pytest.mark.parametrize(("dtype", "close"), [(torch.float32, 1e-4), (torch.bfloat16, 2e-2)])
def test_half_precision_gets_more_room_around_one(dtype: torch.dtype, close: float) -> None:
    """Sums of bfloat16 weights miss 1 by rounding."""
    (entry,) = RoutingLens(seven().map(lambda x: x.to(dtype)))._entries

    assert entry["close"] == close
    sums = np.frombuffer(entry["dispatch_sums"], np.float32)
    assert np.abs(sums - 1).max() < close


def test_pins_are_up_to_four_places_of_the_layer() -> None:
    """Lists of token, expert and slot, -1 for none, from Python as from the view."""
    lens = RoutingLens(seven(), pins=[(6, -1, -1), [2, 3, 1]])
    lens.pins = [*lens.pins, [-1, 0, -1], [-1, 1, 0]]

    assert lens.pins == [[6, -1, -1], [2, 3, 1], [-1, 0, -1], [-1, 1, 0]]
    with pytest.raises(ValueError, match="pins must be at most 4, got 5: remove one first"):
        lens.pins = [*lens.pins, [0, 0, 0]]
    assert len(lens.pins) == 4


@pytest.mark.bad_input
@pytest.mark.parametrize("pin", [[7, -1, -1], [0, 4, -1], [0, 0, 2], [0, -1, 0], [-1, -1, -1], [1, 2], [-2, 0, 0], 3])
def test_a_pin_of_nothing_is_refused(pin: object) -> None:
    """What the routing does not have, a slot without its expert, and what is no pin."""
    with pytest.raises(
        ValueError, match=re.escape("pins must be [token, expert, slot] of this layer, -1 for none, got")
    ):
        RoutingLens(seven(), pins=[pin])


def test_pins_that_another_router_lacks_are_freed() -> None:
    """The others stay."""
    few = SoftRouting(*[torch.full((3, 7, 2, 1), 0.25)] * 2)
    lens = RoutingLens({"seven": {"a": seven()}, "few": {"a": few}}, pins=[[6, -1, -1], [0, 3, -1], [1, 1, 0]])
    lens.router = "few"

    assert lens.pins == [[6, -1, -1], [1, 1, 0]]


WRONG = {
    "no tensor": (
        {"a": [1.0]},
        "outputs must be nested as routings are, with tensors (groups, tokens, width), got list",
    ),
    "flat": ({"a": torch.ones(4, 4)}, "with tensors (groups, tokens, width), got (4, 4)"),
    "another layer": ({"b": torch.ones(4, 4, 5)}, "with the names ['a'], got 'b'"),
    "no names": (torch.ones(4, 4, 5), "with the names ['a'], got Tensor"),
    "too few tokens": ({"a": torch.ones(4, 3, 5)}, "'a' answers 16 tokens, its output has 4 x 3: give what the MoE"),
}


@pytest.mark.bad_input
@pytest.mark.parametrize("name", WRONG)
def test_wrong_outputs_are_answered_with_a_sentence(name: str) -> None:
    """What was expected, what came."""
    outputs, text = WRONG[name]

    with pytest.raises(ValueError, match=re.escape(text)):
        RoutingLens({"a": soft()}, pictures(), outputs=outputs)


@pytest.mark.bad_input
def test_logits_of_another_shape_are_answered_with_a_sentence() -> None:
    """They must fit the weights."""
    dispatch, combine = both(seven().logits)

    with pytest.raises(ValueError, match=re.escape("must have logits (3, 7, 4, 2) or (3, 7, 4), got (3, 7, 8)")):
        RoutingLens(SoftRouting(dispatch, combine, logits=torch.ones(3, 7, 8)))
