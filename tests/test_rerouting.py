"""A layer's router is exchanged: the model's own router gives its own output, others what they would have given."""

import re

import pytest
import torch
from torch import nn

from softmoe_edu import (
    ROUTERS,
    Experts,
    ExpertsChoiceRouter,
    IdentityRouter,
    MoE,
    SoftRouter,
    SoftUniformRouter,
    TokensChoiceRouter,
    UniformSoftRouter,
    ViT,
)
from softmoe_edu.rerouting import Rerouted, route_scores

B, E, P = 3, 4, 2
BASE = {"group": "one image", "gating": "vmoe", "priority": "position", "top_k": 1, "capacity_factor": 1.0}
BASE |= {"num_experts": E, "slots_per_expert": P, "scale": 1.0, "noise": 0.0, "seed": 0}
IMAGES = torch.rand(B, 1, 6, 6, generator=torch.Generator().manual_seed(2))
MAKE = {
    "soft": lambda dim: SoftRouter(dim, E, P, scale_init=8.0),
    "uniform / soft": lambda dim: UniformSoftRouter(dim, E, P, scale_init=8.0),
    "soft / uniform": lambda dim: SoftUniformRouter(dim, E, P, scale_init=8.0),
    "tokens choice": lambda dim: TokensChoiceRouter(
        dim, E, 2, capacity_factor=0.6, priority="gate", gating="top_k_then_softmax"
    ),
    "experts choice": lambda dim: ExpertsChoiceRouter(dim, E, capacity_factor=0.7),
}


def model_with(router, examples: int = 1) -> ViT:
    torch.manual_seed(0)

    def layer(dim: int) -> MoE:
        made = MoE(router(dim), Experts(dim, E, 6), examples_per_group=examples)
        for name, parameter in made.router.named_parameters():
            if name == "w_gate":
                nn.init.normal_(parameter)
        return made

    model = ViT(image_size=6, dim=8, hidden_dim=12, depth=2, moe_layers=(1,), moe=layer)
    nn.init.normal_(model.head.weight)  # it starts at zero, where no change could be seen
    return model


@pytest.mark.parametrize("examples", [1, B])
@pytest.mark.parametrize("name", MAKE)
def test_the_models_own_router_gives_its_own_output(name: str, examples: int) -> None:
    """With the settings that are read off the layer, and no other settings, nothing moves."""
    model = model_with(MAKE[name], examples)
    layer = Rerouted(model, IMAGES, "blocks.1.mlp")
    settings = BASE | {"slots_per_expert": layer.logits.shape[3]} | layer.settings

    assert (settings["router"], settings["group"]) == (name, "one image" if examples == 1 else "whole batch")
    torch.testing.assert_close(layer(settings), layer(None))
    torch.testing.assert_close(layer(None), model.eval()(IMAGES))
    for other in set(ROUTERS) - {name}:
        changed = settings | {"router": other, "gating": "vmoe", "priority": "position"}
        assert (layer(changed) - layer(None)).abs().max() > 1e-4, other


@pytest.mark.parametrize(("change", "expected"), [({"scale": 0.0}, "uniform"), ({"scale": 1e4}, None)])
def test_settings_reach_the_router(change: dict, expected: str | None) -> None:
    """Scores times 0 route evenly; times a large number they do not, and the answer moves again."""
    layer = Rerouted(model_with(MAKE["soft"]), IMAGES, "blocks.1.mlp")
    turned = layer(BASE | {"router": "soft"} | change)
    if expected:
        torch.testing.assert_close(turned, layer(BASE | {"router": expected}))
    else:
        assert (turned - layer(None)).abs().max() > 1e-4


def test_fewer_experts_are_the_first_ones_alone() -> None:
    """A layer whose last experts get nothing answers like one without them."""
    model = model_with(MAKE["soft"])
    layer = Rerouted(model, IMAGES, "blocks.1.mlp")
    fewer = {name: layer(BASE | {"router": name, "num_experts": 3, "slots_per_expert": 1}) for name in ROUTERS}
    experts = model.blocks[1].mlp.experts
    experts.w_in.data[3], experts.w_out.data[3] = float("nan"), float("nan")
    experts.forward = lambda slots, old=experts.forward: old(slots).nan_to_num(0)

    again = {name: layer(BASE | {"router": name, "num_experts": 3, "slots_per_expert": 1}) for name in ROUTERS}
    for name in ROUTERS:
        torch.testing.assert_close(again[name], fewer[name])


def test_the_model_is_left_as_it_was() -> None:
    """Router, groups and training mode come back, also after an error."""
    model = model_with(MAKE["experts choice"]).train()
    router = model.blocks[1].mlp.router
    layer = Rerouted(model, IMAGES, "blocks.1.mlp")
    one_slot = BASE | {"slots_per_expert": 1}
    layer(one_slot | {"router": "soft", "group": "whole batch"})
    with pytest.raises(ValueError, match="capacity must be at most the 9 tokens"):
        layer(one_slot | {"router": "experts choice", "capacity_factor": 9.0})

    assert model.blocks[1].mlp.router is router and model.training
    assert model.blocks[1].mlp.examples_per_group == 1


def test_dropless_tokens_choice_computes_what_was_asked() -> None:
    """Without a capacity the output is that of a layer whose capacity is never reached."""
    layer = Rerouted(model_with(MAKE["tokens choice"]), IMAGES, "blocks.1.mlp")
    settings = BASE | {"router": "tokens choice", "slots_per_expert": 1, "top_k": 2}

    torch.testing.assert_close(layer(settings | {"capacity_factor": None}), layer(settings | {"capacity_factor": 9.0}))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Rerouted(model_with(MAKE["soft"]), IMAGES, "blocks.0.mlp"), "layer must be one of 'blocks.1.mlp'"),
        (
            lambda: Rerouted(model_with(lambda dim: IdentityRouter(dim, E)), IMAGES, "blocks.1.mlp"),
            "the router of blocks.1.mlp must have scores, got none: IdentityRouter",
        ),
        (
            lambda: Rerouted(model_with(MAKE["soft"], 2), IMAGES[[0, 1, 2, 0]], "blocks.1.mlp"),
            "examples_per_group of blocks.1.mlp must be 1 or 4, the images of the batch, got 2: give 2 images",
        ),
        (
            lambda: Rerouted(model_with(MAKE["soft"]), IMAGES, "blocks.1.mlp")(BASE | {"router": "soft", "noise": 1.0}),
            "noise is drawn in the browser and not known here: set it to 0",
        ),
        (
            lambda: route_scores(torch.ones(1, 3, 2, 1), BASE | {"router": "experts choice", "capacity_factor": None}),
            "capacity_factor must be a number in experts choice, got None",
        ),
        (lambda: route_scores(torch.ones(1, 3, 2, 1), BASE | {"router": "hard"}), "router must be one of 'soft', "),
    ],
)
def test_what_cannot_be_exchanged_gets_a_sentence(make, sentence: str) -> None:
    """No MoE, no scores, groups of another size, noise, no capacity, no such router."""
    with pytest.raises(ValueError, match=re.escape(sentence)):
        make()


def test_every_part_keeps_its_mode() -> None:
    """A model in training with a part in evaluation is left like that, whatever it was asked."""
    model = model_with(MAKE["soft"]).train()
    model.blocks[0].eval()
    modes = [part.training for part in model.modules()]
    Rerouted(model, IMAGES, "blocks.1.mlp")(BASE | {"router": "identity"})

    assert [part.training for part in model.modules()] == modes


@pytest.mark.compiled
@pytest.mark.filterwarnings("ignore")  # torch.compile's own warnings
def test_a_layer_of_a_compiled_model_has_its_plain_name() -> None:
    """The router inside a compiled model is exchanged as in the plain one."""
    model = model_with(MAKE["soft"])
    settings = BASE | {"router": "identity"}
    with torch.compiler.set_stance("force_eager"):
        compiled = Rerouted(torch.compile(model), IMAGES, "blocks.1.mlp")

        assert torch.equal(compiled(settings), Rerouted(model, IMAGES, "blocks.1.mlp")(settings))
