"""Every type of model in transformers that has experts is captured as it routes, or refused by name."""

import pytest
import torch

pytest.importorskip("transformers")

import zoo
from received import Received, jetmoe_weights, llama4_weights, weights_in

from softmoe_edu import SparseRouting
from softmoe_edu.capture.experts import SlotExperts
from softmoe_edu.capture.huggingface import capture

KINDS = zoo.with_experts()

REFUSED = {
    "doge": "DogeCDMoE; its weights are computed and used inside one module",
    "ernie4_5_vl_moe_text": "Ernie4_5_VLMoeMoeBlock; it splits every batch into text and image tokens",
    "vitpose_backbone": "VitPoseNaiveMoe; its experts are given by the number of the dataset",
}
# What is read from routers, where experts are not called with (tokens, experts, weights).
ROUTED = {"llama4_text": llama4_weights, "jetmoe": jetmoe_weights}

# Experts that fail where a token asks only one of them.
NEVER_ALONE = {"longcat_flash"}

TRAINED = "ignore:.*:UserWarning"  # what models say about their own settings


def expected(model, kind):
    """Watch a model; return {layer: [weights (rows, e)]} and {layer: [calls of experts]}, filled when it runs."""
    if kind in ROUTED:
        return ROUTED[kind](model), {}
    return {}, Received(model).calls


@pytest.mark.slow
@pytest.mark.filterwarnings(TRAINED)
@pytest.mark.parametrize("kind", KINDS)
def test_is_captured_or_refused(kind):
    """Weights of all layers equal what the experts received, and these experts then give the layer's answer again."""
    model = zoo.build(kind)
    batch = zoo.given(model)
    if kind in REFUSED:
        with pytest.raises(ValueError, match=f"{type(model).__name__} cannot be captured: .*{REFUSED[kind]}"):
            with capture(model):
                pass
        return
    weights, calls = expected(model, kind)
    with torch.no_grad(), capture(model) as routings:
        model(**batch)
    called = {name: each for name, each in (weights or calls).items() if each}
    assert called, "no experts ran"
    assert set(routings) == set(called)
    for name, routing in routings.items():
        (call,) = called[name]
        assert isinstance(routing, SparseRouting)
        b, n, e, _ = routing.sizes
        (asked, answers) = (None, None) if weights else call
        mask = torch.ones(b, n, dtype=torch.bool) if routing.mask is None else routing.mask
        wanted = (call if weights else weights_in(asked, e)).view(b, n, e) * mask[..., None]
        torch.testing.assert_close(routing.combine.sum(-1), wanted, rtol=1e-6, atol=1e-6 if weights else 0)
        assert routing.logits is not None and routing.logits.shape == (b, n, e)
        check_padding(routing, batch)
        if answers is not None and asked[1].ndim == 2 and kind not in NEVER_ALONE:
            again = routing.through(asked[0].reshape(b, n, -1), SlotExperts(routings.experts[name]))
            torch.testing.assert_close(again[mask], answers.view(b, n, -1)[mask], rtol=1e-4, atol=1e-5)
        elif kind == "llama4_text":
            check_llama4(model.get_submodule(name), routing)
        if formula := routings.formulas[name]:
            check_formula(formula, routings.choices[name], routing.logits)


def check_padding(routing, batch):
    """The mask of text is the one that the model was given, and padding fills no slot."""
    mask = batch.get("attention_mask")
    if mask is not None and routing.sizes[1] == mask.shape[1]:
        assert torch.equal(routing.mask, mask.bool())
        assert not routing.combine[~routing.mask].any()


def check_formula(formula, choices, logits):
    """A formula gives the weights of every real token again."""
    score = {
        "softmax": lambda x: x.exp() / x.exp().sum(-1, keepdim=True),
        "sigmoid": lambda x: 1 / (1 + (-x).exp()),
        "sqrt_softplus": lambda x: (1 + x.exp()).log().sqrt(),
    }[formula.score](logits.double())
    real = torch.ones_like(choices.index[..., 0], dtype=torch.bool) if choices.mask is None else choices.mask
    index = choices.index.clamp(max=logits.shape[-1] - 1)
    value = score.gather(-1, index)
    value = formula.factor * (value / value.sum(-1, keepdim=True) if formula.renormalised else value)
    used = (choices.weight != 0) & real[..., None]
    torch.testing.assert_close(value[used].float(), choices.weight[used].float(), rtol=1e-4, atol=1e-6)


def check_llama4(block, routing):
    """Llama 4 multiplies what its experts read, not what they answer; so do these weights."""
    x = torch.randn(1, 5, 32, generator=torch.Generator().manual_seed(7))
    scores, _ = block.router(x[0])
    routed = block.experts((scores.T[:, :, None] * x[0]).reshape(-1, 32)).view(8, 5, 32).sum(0)
    torch.testing.assert_close(block(x)[0].view(5, 32), routed + block.shared_expert(x[0]))


@pytest.mark.slow
def test_none_is_left_out():
    """Every model folder whose code has a router is that of a type in the sweep, and no type stands there twice."""
    folders = {zoo.folder_of(zoo.class_of(zoo.config_of(kind))) for kind in KINDS}
    assert zoo.folders_with_routers() <= folders
    assert len(KINDS) == len(set(KINDS)) > len(REFUSED)
    assert set(REFUSED) | set(ROUTED) <= set(KINDS)
