"""What parameters start from, and that every module which owns some can start again."""

import math
import re

import pytest
import torch
from torch import nn

from softmoe_edu import (
    ROUTERS,
    Experts,
    ExpertsChoiceRouter,
    MoE,
    SoftRouter,
    TokensChoiceRouter,
    UniformSoftRouter,
    ViT,
)
from softmoe_edu.vit import Attention, Mlp


def vit(name):
    return ViT(
        image_size=6,
        patch_size=3,
        channels=2,
        num_classes=7,
        dim=8,
        depth=4,
        hidden_dim=10,
        moe_layers=(1, 3),
        moe=lambda dim: MoE(ROUTERS[name](dim, 4), Experts(dim, 4, 6)),
    )


MODULES = {
    "experts": lambda: Experts(5, 4, 6),
    "soft": lambda: SoftRouter(5, 4, 2, scale_init=7.0),
    "uniform / soft": lambda: UniformSoftRouter(5, 4, 2),
    "tokens choice": lambda: TokensChoiceRouter(5, 4),
    "experts choice": lambda: ExpertsChoiceRouter(5, 4),
    "layer": lambda: MoE(SoftRouter(5, 4, 2), Experts(5, 4, 6)),
    "attention": lambda: Attention(6, 2),
    "mlp": lambda: Mlp(5, 6),
    **{f"model of {name}": lambda name=name: vit(name) for name in ROUTERS},
}


def reset(module):
    """Reset every part that can be, as fully_shard's users and torchtitan do after to_empty."""
    for part in module.modules():
        if hasattr(part, "reset_parameters"):
            part.reset_parameters()


@pytest.mark.parametrize("name", MODULES)
def test_built_on_meta_and_reset(name):
    """Built without memory, then given some and reset, a module is bit for bit the one that is built at once."""
    torch.manual_seed(3)
    built = MODULES[name]()
    after = torch.get_rng_state()
    with torch.device("meta"):
        module = MODULES[name]()
    module.to_empty(device="cpu")
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.fill_(float("nan"))
    torch.manual_seed(3)
    reset(module)

    assert list(built.state_dict()) == list(module.state_dict())
    assert all(torch.equal(one, other) for one, other in zip(built.parameters(), module.parameters(), strict=True))
    assert torch.equal(torch.get_rng_state(), after)


@pytest.mark.parametrize("name", MODULES)
def test_every_owner_of_parameters_can_reset_them(name):
    """Every part that owns parameters has reset_parameters, which draws others; constants come back."""
    module = MODULES[name]()
    assert all(hasattr(part, "reset_parameters") for part in module.modules() if list(part.parameters(recurse=False)))
    before = {key: value.clone() for key, value in module.state_dict().items()}
    reset(module)
    constant = {key for key, value in module.state_dict().items() if torch.equal(value, before[key])}
    fixed = re.compile(r"(^|\.)(norm\w*\.\w+|scale|head\.\w+|(qkv|out|embed)\.bias)$")

    assert {key for key in before if fixed.search(key)} == constant


def test_a_reset_router_has_its_scale_back():
    """A scale that was learned goes back to scale_init."""
    router = SoftRouter(5, 4, 2, scale_init=7.0)
    with torch.no_grad():
        router.scale.fill_(2.0)
    router.reset_parameters()

    assert router.scale.tolist() == [7.0]


def test_biases_of_experts_are_small_and_not_zero():
    """Biases start normal with deviation 1e-6, as the official code draws them, and none is exactly 0."""
    torch.manual_seed(0)
    experts = Experts(64, 8, 64)
    for bias in (experts.b_in, experts.b_out, Mlp(64, 4096).fc_in.bias):
        assert bias.count_nonzero() == bias.numel()
        assert abs(bias.std().item() / 1e-6 - 1) < 0.1 and abs(bias.mean().item()) < 2e-7


def test_queries_keys_and_values_start_as_three_matrices():
    """Each has Xavier's bound of a square matrix, which is wider than that of the three side by side."""
    torch.manual_seed(0)
    dim = 64
    attention = Attention(dim, 2)
    square, together = math.sqrt(6 / (dim + dim)), math.sqrt(6 / (dim + 3 * dim))
    for kernel in (*attention.qkv.weight.chunk(3), attention.out.weight):
        assert together < kernel.abs().max() <= square
        assert abs(kernel.std().item() / (square / math.sqrt(3)) - 1) < 0.03


def test_the_embedding_is_cut_at_two_deviations():
    """Kernels of patches are a normal distribution of deviation 1 / sqrt(numbers of a patch), cut at two of them."""
    torch.manual_seed(0)
    model = ViT(image_size=8, patch_size=4, channels=3, dim=512, depth=1)
    std = 1 / math.sqrt(3 * 4 * 4)
    weight = model.embed.weight

    assert 1.95 * std < weight.abs().max() <= 2 * std
    assert abs(weight.std().item() / (0.87962566 * std) - 1) < 0.02
    assert not model.embed.bias.any()


def test_every_norm_has_the_small_epsilon():
    """All five norms of a model add 1e-6 to the variance, where PyTorch's default is 1e-5."""
    norms = {name: module.eps for name, module in ViT(depth=1).named_modules() if isinstance(module, nn.LayerNorm)}

    assert norms == {
        f"{name}": 1e-6
        for name in (
            "blocks.0.norm_attention", "blocks.0.attention.norm_q", "blocks.0.attention.norm_k", "blocks.0.norm_mlp",
            "norm",
        )
    }  # fmt: skip
