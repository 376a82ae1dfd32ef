"""Upcycling: what a dense ViT keeps when its MLPs become experts, and what it does not."""

import pytest
import torch
from torch import nn

from softmoe_edu import Experts, IdentityRouter, MoE, SoftRouter, TokensChoiceRouter, ViT
from softmoe_edu.upcycling import upcycle

LAYERS = (1, 2)


@pytest.fixture
def dense():
    """A ViT in double precision whose parameters are all random, as after training."""
    torch.manual_seed(0)
    model = ViT(image_size=6, patch_size=2, channels=2, num_classes=5, dim=8, depth=3, num_heads=2, hidden_dim=12)
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.5)
    return model.double().eval()


@pytest.fixture
def images():
    return torch.rand(3, 2, 6, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def soft(dim):
    return MoE(SoftRouter(dim, 4, 2), Experts(dim, 4, 12))


def identity(dim):
    return MoE(IdentityRouter(dim, 4), Experts(dim, 4, 12))


def roomy(dim):
    """Tokens choice with renormalised gates that drops nothing."""
    return MoE(TokensChoiceRouter(dim, 4, 2, capacity_factor=None, gating="gshard"), Experts(dim, 4, 12))


def test_everything_but_the_mlps_is_kept_bit_for_bit(dense):
    """Every parameter outside the replaced MLPs is the dense model's; the dense model itself is untouched."""
    before = {name: value.clone() for name, value in dense.state_dict().items()}
    state = upcycle(dense, LAYERS, soft).state_dict()
    kept = [name for name in before if not name.startswith(("blocks.1.mlp", "blocks.2.mlp"))]

    assert len(kept) == len(before) - 8
    assert all(torch.equal(state[name], before[name]) for name in kept)
    assert all(torch.equal(value, before[name]) for name, value in dense.state_dict().items())
    assert [name for name in state if name not in before] == [
        f"blocks.{i}.mlp.{part}"
        for i in LAYERS
        for part in ("router.phi", "router.scale", "experts.w_in", "experts.b_in", "experts.w_out", "experts.b_out")
    ]


def test_each_expert_is_the_dense_mlp(dense):
    """An expert answers a slot as the MLP of its block answers a token; blocks keep their own MLP."""
    model = upcycle(dense, LAYERS, soft)
    slots = torch.randn(3, 4, 2, 8, generator=torch.Generator().manual_seed(2), dtype=torch.float64)

    for i in LAYERS:
        answers = dense.blocks[i].mlp(slots.flatten(1, 2)).view_as(slots)
        torch.testing.assert_close(model.blocks[i].mlp.experts(slots), answers)


@pytest.mark.parametrize("moe", [identity, roomy])
def test_output_stays_where_tokens_are_not_mixed(dense, images, moe):
    """Identity routing, and tokens choice with gates that sum to 1 and room for all, give the dense output."""
    torch.testing.assert_close(upcycle(dense, LAYERS, moe)(images), dense(images))


def test_output_changes_with_soft_moe_and_with_dropped_tokens(dense, images):
    """Soft MoE mixes tokens, gates of one expert in four are under 1, and a full expert drops: no dense output."""

    def softmax_first(dim):
        return MoE(TokensChoiceRouter(dim, 4, 1, capacity_factor=None), Experts(dim, 4, 12))

    def scarce(dim):
        return MoE(TokensChoiceRouter(dim, 4, 2, capacity_factor=0.5, gating="gshard"), Experts(dim, 4, 12))

    for moe in (soft, softmax_first, scarce):
        assert not torch.allclose(upcycle(dense, LAYERS, moe)(images), dense(images), rtol=1e-3)


def test_soft_moe_of_equal_tokens_is_dense(dense):
    """With all tokens of a group equal, a mixture of them is the token, and Soft MoE gives the dense answer."""
    layer = upcycle(dense, LAYERS, soft).blocks[2].mlp
    x = torch.randn(3, 1, 8, generator=torch.Generator().manual_seed(3), dtype=torch.float64).expand(3, 7, 8)

    torch.testing.assert_close(layer(x), dense.blocks[2].mlp(x))


def test_experts_have_parameters_of_their_own(dense):
    """Changing one expert changes neither its neighbours nor the dense MLP; dtype and mode are the model's."""
    model = upcycle(dense, LAYERS, soft)
    experts = model.blocks[1].mlp.experts
    with torch.no_grad():
        experts.w_in[0] += 1

    assert not torch.equal(experts.w_in[0], experts.w_in[1])
    assert torch.equal(experts.w_in[1], dense.blocks[1].mlp.fc_in.weight.mT)
    assert {p.dtype for p in model.parameters()} == {torch.float64}
    assert not any(module.training for module in model.modules())


@pytest.mark.parametrize(
    ("layers", "moe", "error", "said"),
    [
        ((3,), soft, ValueError, r"moe_layers must name blocks 0 to 2, got \(3,\)"),
        ((-1,), soft, ValueError, r"moe_layers must name blocks 0 to 2, got \(-1,\)"),
        ((1, 1), soft, ValueError, "block 1 must hold a dense MLP, got MoE: leave it out"),
        (
            (1,),
            lambda dim: MoE(SoftRouter(dim, 4), Experts(dim, 4, 10)),
            ValueError,
            r"must have the MLP's dim=8 and hidden_dim=12, got 8 and 10: build them with Experts\(8, num_experts, 12",
        ),
        (
            (1,),
            lambda dim: nn.Linear(dim, dim),
            TypeError,
            r"moe must make an MoE\(router, Experts\(...\)\), got Linear",
        ),
    ],
)
@pytest.mark.bad_input
def test_what_cannot_be_upcycled_is_named(dense, layers, moe, error, said):
    """A block that is not there, one that is no MLP, and experts of another size are answered in a sentence."""
    with pytest.raises(error, match=said):
        upcycle(dense, layers, moe)
