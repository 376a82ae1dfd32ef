"""What `capture` says a model's layers decided is what their experts received, in the order of the batch."""

import copy

import pytest
import torch

pytest.importorskip("transformers")

from transformers import MixtralConfig, MixtralForCausalLM

from softmoe_edu import SparseRouting, metrics
from softmoe_edu.capture.huggingface import capture

B, N, E, K = 3, 7, 5, 2


def mixtral(**more):
    """Return a tiny Mixtral whose routers are far from uniform."""
    sizes = {"hidden_size": 12, "intermediate_size": 20, "num_hidden_layers": 2, "vocab_size": 97, "head_dim": 6}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 2}
    config = MixtralConfig(**sizes, **heads, num_local_experts=E, num_experts_per_tok=K, **more)
    torch.manual_seed(0)
    model = MixtralForCausalLM(config).eval()
    for layer in model.model.layers:
        torch.nn.init.normal_(layer.mlp.gate.weight)
    return model


def text(seed=1):
    """Return token numbers (b, n)."""
    return torch.randint(3, 97, (B, N), generator=torch.Generator().manual_seed(seed))


class Received:
    """Calls of a model's experts, seen by replacing their forward and not by hooks."""

    def __init__(self, model):
        self.calls = {}
        for name, module in model.named_modules():
            if name.endswith(".experts"):
                self._watch(name.removesuffix(".experts"), module)

    def _watch(self, name, module):
        forward, calls = module.forward, self.calls.setdefault(name, [])

        def watched(hidden, index, weights):
            calls.append((index.clone(), weights.detach().clone()))
            return forward(hidden, index, weights)

        module.forward = watched


def asked(index, weights, e, mask):
    """Return the weight (b, n, e) of every token and expert in a loop over what experts received row by row."""
    found = torch.zeros(*mask.shape, e)
    for row, (experts, gates) in enumerate(zip(index.tolist(), weights.tolist(), strict=True)):
        group, token = divmod(row, mask.shape[1])
        for expert, gate in zip(experts, gates, strict=True):
            if mask[group, token]:
                found[group, token, expert] += gate
    return found


class Wrapped(torch.nn.Module):
    """A module around another, as adapters are."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, *args, **kwargs):
        return self.inner(*args, **kwargs)


@pytest.mark.parametrize("what", ["experts", "gate", "mlp", "model"])
def test_wrappers_change_nothing(what):
    """Adapters around experts, routers, layers and the whole model leave the decisions where they were."""
    model, ids = mixtral(), text()
    with torch.no_grad(), capture(model) as plain:
        model(input_ids=ids)
    for layer in model.model.layers:
        if what == "mlp":
            layer.mlp = Wrapped(layer.mlp)
        elif what != "model":
            setattr(layer.mlp, what, Wrapped(getattr(layer.mlp, what)))
    model = Wrapped(model) if what == "model" else model
    with torch.no_grad(), capture(model) as routings:
        model(input_ids=ids)
    assert len(routings) == len(plain) == 2
    for routing, before in zip(routings.values(), plain.values(), strict=True):
        assert torch.equal(routing.token, before.token)
        assert torch.equal(routing.gate, before.gate)
        assert torch.equal(routing.logits, before.logits)


def test_two_kinds_of_experts_in_one_layer_have_their_own_names():
    """A layer that asks two modules of experts is two entries, and none hides the other."""
    model, ids = mixtral(), text()
    block = model.model.layers[0].mlp
    block.others = copy.deepcopy(block.experts)
    whole = block.forward

    def both(hidden):
        _, weights, index = block.gate(hidden)
        return whole(hidden) + block.others(hidden.flatten(0, 1), index[:, :1], weights[:, :1]).view_as(hidden)

    block.forward = both
    with torch.no_grad(), capture(model) as routings:
        model(input_ids=ids)
    assert list(routings) == ["model.layers.0.mlp.experts", "model.layers.0.mlp.others", "model.layers.1.mlp"]
    first, second, _ = routings.choices.values()
    assert torch.equal(second.index, first.index[..., :1])
    assert torch.equal(second.weight, first.weight[..., :1])


@pytest.mark.parametrize("padding", ["none", "left", "right"])
def test_weights_are_those_that_the_experts_received(padding):
    """Every real token's weights are those that its layer's experts were called with, and padding has none."""
    model, ids, mask = mixtral(), text(), torch.ones(B, N, dtype=torch.bool)
    if padding != "none":
        mask[1, slice(0, 3) if padding == "left" else slice(4, N)] = False
    received = Received(model)
    with torch.no_grad(), capture(model) as routings:
        model(input_ids=ids, attention_mask=None if padding == "none" else mask.long())
    assert list(routings) == ["model.layers.0.mlp", "model.layers.1.mlp"]
    for name, routing in routings.items():
        (call,) = received.calls[name]
        assert isinstance(routing, SparseRouting)
        assert torch.equal(routing.combine.sum(-1), asked(*call, E, mask))
        assert torch.equal(metrics.experts_per_token(routing), K * mask)
        assert metrics.expert_load(routing).sum() == K * mask.sum()
