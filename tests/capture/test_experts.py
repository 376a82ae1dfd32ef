"""A layer's own experts answer under another routing, alone and inside the whole model."""

import pytest
import torch

pytest.importorskip("transformers")

import zoo

from softmoe_edu import SoftRouter, SparseRouting, metrics
from softmoe_edu.capture.experts import SlotExperts, choices_of, rerouted
from softmoe_edu.capture.huggingface import capture
from softmoe_edu.rerouting import route_scores

LAYER = "model.layers.0.mlp"


def captured(kind="mixtral"):
    """Return a model, what its layers were given, {layer: tokens (b, n, d)}, its logits and what was captured."""
    model, given = zoo.build(kind), {}
    handle = model.get_submodule(LAYER).register_forward_pre_hook(lambda _, args: given.update({LAYER: args[0]}))
    with torch.no_grad(), capture(model) as routings:
        output = model(**zoo.given(model)).logits
    handle.remove()
    return model, given[LAYER], output, routings


def test_choices_by_hand():
    """A routing of two groups becomes experts and weights of every token, empty places with weight 0."""
    token = torch.tensor([[[0, 2], [2, -1], [-1, -1]], [[-1, -1], [1, -1], [0, 1]]])
    gate = torch.tensor([[[0.5, 0.3], [0.7, 9.0], [9.0, 9.0]], [[9.0, 9.0], [0.25, 9.0], [1.0, 0.75]]])
    index, weight = choices_of(SparseRouting(token, gate, 3))
    assert index.tolist() == [[0, 0], [0, 0], [0, 1], [2, 0], [1, 2], [0, 0]]
    torch.testing.assert_close(weight, torch.tensor([[0.5, 0], [0, 0], [0.3, 0.7], [1, 0], [0.25, 0.75], [0, 0]]))


def test_the_layer_is_its_experts_under_its_routing():
    """The layer's answer comes from its experts and its routing, whichever way slots are laid out."""
    model, x, _, routings = captured()
    experts, real = SlotExperts(routings.experts[LAYER]), routings[LAYER].mask
    answer = model.get_submodule(LAYER)(x)
    torch.testing.assert_close(routings[LAYER].through(x, experts)[real], answer[real])
    slots = routings[LAYER].to_slots(x)
    torch.testing.assert_close(routings[LAYER].to_tokens(experts(slots))[real], answer[real])


def test_another_router_reads_the_same_scores():
    """Top-1 of the same scores answers with one expert, as a loop over tokens and that expert alone does."""
    _, x, _, routings = captured()
    experts = routings.experts[LAYER]
    settings = {"router": "tokens choice", "top_k": 1, "capacity_factor": None, "gating": "vmoe"}
    routing = route_scores(routings[LAYER].logits[..., None], settings)
    answer = routing.through(x, SlotExperts(experts))
    gates = routings[LAYER].logits.softmax(-1)
    for group in range(zoo.B):
        for token in range(zoo.N):
            best = int(gates[group, token].argmax())
            alone = experts(x[group, token][None], torch.tensor([[best]]), gates[group, token, best].view(1, 1))
            torch.testing.assert_close(answer[group, token], alone[0])


def test_the_model_under_its_own_routing_is_itself():
    """Given what it decided itself, the model answers as it is; given another decision it does not."""
    model, _, output, routings = captured()
    real = routings[LAYER].mask
    with torch.no_grad(), rerouted(routings.experts[LAYER], routings[LAYER]):
        same = model(**zoo.given(model)).logits
    torch.testing.assert_close(same[real], output[real])
    settings = {"router": "tokens choice", "top_k": 1, "capacity_factor": 0.5, "gating": "vmoe"}
    routing = route_scores(routings[LAYER].logits[..., None], settings)
    assert metrics.dropped_fraction(routing) > 0
    with torch.no_grad(), rerouted(routings.experts[LAYER], routing), capture(model) as again:
        other = model(**zoo.given(model)).logits
    assert (other - output).abs().max() > 1e-3
    with torch.no_grad():
        torch.testing.assert_close(model(**zoo.given(model)).logits, output)
    # What the experts received is what was captured, whoever decided it.
    wanted = routing.combine.sum(-1) * real[..., None]
    torch.testing.assert_close(again[LAYER].combine.sum(-1), wanted)


def test_what_cannot_be_rerouted():
    """A routing that mixes, or that is of other tokens, and experts that are asked by a mask, end in errors."""
    model, _, _, routings = captured()
    experts = routings.experts[LAYER]
    with pytest.raises(
        TypeError, match="routing must be a SparseRouting, got SoftRouting: a sparse layer mixes no tok"
    ):
        with rerouted(experts, SoftRouter(8, 4)(torch.randn(2, 3, 8))):
            pass
    with pytest.raises(
        ValueError, match="the routing is of 21 tokens, the layer got 8: give the model the same tokens"
    ):
        with torch.no_grad(), rerouted(experts, routings[LAYER]):
            model(input_ids=zoo.text(2, 4))
    switch = zoo.build("switch_transformers")
    with torch.no_grad(), capture(switch) as theirs:
        switch(**zoo.given(switch))
    name, routing = next(iter(theirs.items()))
    with pytest.raises(ValueError, match=r"SwitchTransformersExperts is not called with \(tokens, numbers of experts"):
        with torch.no_grad(), rerouted(theirs.experts[name], routing):
            switch(**zoo.given(switch))
