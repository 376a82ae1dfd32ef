"""A dropless routing of thousands of tokens opens in the lens: some are drawn, with the slots that they fill."""

import time

import numpy as np
import pytest
import torch
from test_routing_lens_words_js import told

from softmoe_edu.routers import TokensChoiceRouter
from softmoe_edu.routing import SparseRouting
from softmoe_edu.widgets import RoutingLens, packing
from softmoe_edu.widgets.packing import MOST_WEIGHTS, weights_of


def routed(tokens: int = 7, groups: int = 3, experts: int = 4, k: int = 2, seed: int = 0) -> SparseRouting:
    """Return a dropless routing of random tokens, the last two of the first group padding."""
    torch.manual_seed(seed)
    router = TokensChoiceRouter(5, experts, k, capacity_factor=None).eval()
    mask = torch.ones(groups, tokens, dtype=torch.bool)
    mask[0, -2:] = False
    with torch.no_grad():
        return router(torch.randn(groups, tokens, 5), mask)


def test_drawn_tokens_keep_their_weights_and_all_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are those of the drawn tokens, expert by expert; load, fate and capacity are of all tokens."""
    routing = routed()
    monkeypatch.setattr(packing, "MOST_WEIGHTS", 4 * 4 * 3)
    (entry,) = RoutingLens(routing)._entries
    ids = np.frombuffer(entry["ids"], np.int32).tolist()

    assert 1 < len(ids) < 7 and ids == sorted(set(ids)) and len(ids) * 4 * entry["slots"] <= 4 * 4 * 3
    assert (entry["tokens"], entry["capacity"]) == (7, routing.sizes[3]) and entry["slots"] < routing.sizes[3]
    for view, whole in (("dispatch", routing.dispatch), ("combine", routing.combine)):
        for image in range(3):
            sent = weights_of(entry, view, image).reshape(len(ids), 4, -1).sum(-1)
            np.testing.assert_array_equal(sent, whole[image, ids].sum(-1).numpy())
    load = routing.dispatch.sum((1, 3)).numpy()
    for name in ("load", "group_load"):
        np.testing.assert_array_equal(np.frombuffer(entry[name], np.float32).reshape(3, 4), load)
    assert np.frombuffer(entry["fate"], np.uint8).reshape(3, 7)[0].tolist() == [0, 0, 0, 0, 0, 2, 2]
    logits = np.frombuffer(entry["logits"], np.float32).reshape(3, len(ids), 4)
    np.testing.assert_array_equal(logits, routing.logits[:, ids].numpy())
    assert "holders" not in entry and "gates" not in entry


def test_images_of_one_group_are_sampled_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a group holds two images, each keeps its own tokens and its own load."""
    routing, half = routed(tokens=8), 4
    monkeypatch.setattr(packing, "MOST_WEIGHTS", 4 * 5)
    entry = packing.pack_routing(routing, "", "", 6)
    ids = np.frombuffer(entry["ids"], np.int32).tolist()

    assert entry["tokens"] == half and 0 < len(ids) < half
    load = np.frombuffer(entry["load"], np.float32).reshape(6, 4)
    for image in range(6):
        own = slice(image % 2 * half, image % 2 * half + half)
        np.testing.assert_array_equal(load[image], routing.dispatch[image // 2, own].sum((0, 2)).numpy())
        sent = weights_of(entry, "combine", image).reshape(len(ids), 4, -1).sum(-1)
        np.testing.assert_array_equal(sent, routing.combine[image // 2, own][ids].sum(-1).numpy())


def test_the_lens_says_what_it_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """The caption, an expert's load and the still picture tell drawn tokens from all."""
    routing = routed()
    monkeypatch.setattr(packing, "MOST_WEIGHTS", 4 * 4 * 3)
    lens = RoutingLens(routing)
    drawn = len(np.frombuffer(lens._entries[0]["ids"], np.int32))

    text = told(lens, "caption(scene(0, 1, 'dispatch'), 'dispatch')")
    assert f"{drawn} of 7 tokens are drawn, evenly spaced, in the slots that they fill; loads are of all." in text
    load, slots = int(routing.dispatch[1, :, 2].sum()), routing.sizes[3]
    facts = told(lens, "sentence(scene(0, 1, 'dispatch'), at(-1, 2, -1), 'dispatch')")
    assert f"its dispatch sums to {load} in {slots} slots, {100 * load / 14:.1f} % of all" in facts
    assert f"{drawn} tokens of 7, evenly spaced, (rows)" in lens.still()[1]


def test_a_layer_of_4096_tokens_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    """64 experts, 8 choices of each token: hundreds of tokens are drawn, in little time and memory."""
    routing = routed(tokens=4096, groups=1, experts=64, k=8)

    def never(self: SparseRouting) -> torch.Tensor:
        if self.num_tokens > 1000:
            raise AssertionError("a dense tensor of the whole layer was built")
        return whole.func(self)

    whole = SparseRouting.__dict__["dispatch"]
    monkeypatch.setattr(SparseRouting, "dispatch", property(never))
    begun = time.process_time()
    lens = RoutingLens({"layer": routing}, words=[f"w{i}" for i in range(4096)])
    (entry,) = lens._entries

    assert time.process_time() - begun < 10
    drawn = len(np.frombuffer(entry["ids"], np.int32))
    assert 100 < drawn < 1000
    assert drawn * 64 * entry["slots"] <= MOST_WEIGHTS
    assert np.frombuffer(entry["load"], np.float32).sum() == 8 * 4094
    assert packing.size_of(entry) < 16 * 1024**2
    lens.token = int(np.frombuffer(entry["ids"], np.int32)[-1])


def test_too_many_experts_for_one_token_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where not even one token fits, a sentence stands in place of the picture."""
    monkeypatch.setattr(packing, "MOST_WEIGHTS", 3)
    (entry,) = RoutingLens(routed())._entries
    assert entry["note"] == (
        "the routing has 4 slots for one token of each image, and the lens draws at most 3 weights of an image"
    )
