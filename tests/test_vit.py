"""The Vision Transformer: what goes where, and MoE layers in any block."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from softmoe_edu import ROUTERS, Experts, MoE, SoftRouter, TokensChoiceRouter, ViT, record
from softmoe_edu.vit import Attention, Mlp


def soft(dim):
    return MoE(SoftRouter(dim, 4, 2), Experts(dim, 4, 6))


def with_head(model):
    nn.init.normal_(model.head.weight)
    return model


def test_sizes_of_axes_that_all_differ():
    """3 channels of 6 x 6 in patches of 3 are 4 tokens; the result is (batch, classes)."""
    model = ViT(image_size=6, patch_size=3, channels=3, num_classes=7, dim=8, depth=2, num_heads=2, hidden_dim=10)

    assert model.tokens(torch.rand(5, 3, 6, 6)).shape == (5, 4, 8)
    assert model(torch.rand(5, 3, 6, 6)).shape == (5, 7)


def test_the_order_of_parts():
    """Parts keep their order, by which optimisers tell the parameters of a saved state apart."""
    model = ViT(depth=1)

    assert [name for name, _ in model.named_children()] == ["embed", "blocks", "norm", "head"]
    assert [name for name, _ in model.blocks[0].named_children()] == ["norm_attention", "attention", "norm_mlp", "mlp"]
    assert [name for name, _ in model.blocks[0].attention.named_children()] == ["qkv", "norm_q", "norm_k", "out"]
    assert next(iter(model.state_dict())) == "position"


def test_tokens_are_laid_out_in_order():
    """Every normalisation would copy tokens that keep the layout of the convolution."""
    model = ViT(image_size=6, patch_size=2, channels=3, dim=8, num_classes=5)

    assert model.tokens(torch.randn(4, 3, 6, 6)).is_contiguous()


def test_tokens_are_patches_row_by_row():
    """Token 1 sees the second patch of the first row and nothing else."""
    torch.manual_seed(0)
    model = ViT(image_size=4, patch_size=2, dim=8)
    image = torch.zeros(1, 1, 4, 4)
    image[0, 0, :2, 2:] = torch.tensor([[1.0, 2], [3, 4]])
    change = model.tokens(image) - model.tokens(torch.zeros(1, 1, 4, 4))
    kernel = model.embed.weight.flatten(1)

    torch.testing.assert_close(change[0, 1], kernel @ torch.tensor([1.0, 2, 3, 4]))
    assert not change[0, [0, 2, 3]].any()


def test_attention_by_loop():
    """Each head's softmax of normalised queries and keys over sqrt(width), one token at a time."""
    torch.manual_seed(0)
    attention, x = Attention(6, 2).double(), torch.randn(3, 5, 6, dtype=torch.float64)
    nn.init.normal_(attention.norm_q.weight)
    nn.init.normal_(attention.qkv.bias)
    q, k, v = (t.unflatten(-1, (2, 3)) for t in attention.qkv(x).chunk(3, -1))
    q = F.layer_norm(q, (3,), attention.norm_q.weight, eps=1e-6)
    k = F.layer_norm(k, (3,), attention.norm_k.weight, eps=1e-6)
    rows = []
    for g in range(3):
        for i in range(5):
            heads = []
            for h in range(2):
                weights = torch.stack([q[g, i, h] @ k[g, j, h] for j in range(5)]).div(math.sqrt(3)).softmax(0)
                heads.append(sum(weights[j] * v[g, j, h] for j in range(5)))
            rows.append(attention.out(torch.cat(heads)))

    torch.testing.assert_close(attention(x), torch.stack(rows).view(3, 5, 6))


def test_a_block_adds_and_normalises_first():
    """With silent sublayers a block is the identity; an MLP that echoes adds the normalised token."""
    model = ViT(dim=8)
    block, x = model.blocks[0], torch.randn(2, 16, 8)
    nn.init.zeros_(block.attention.out.weight)
    block.mlp = nn.Identity()

    torch.testing.assert_close(block(x), x + F.layer_norm(x, (8,), eps=1e-6))


def test_mean_pooling():
    """The classes see the mean of all tokens: no token is special."""
    torch.manual_seed(0)
    model = with_head(ViT(dim=8, depth=1))
    seen = {}
    model.norm.register_forward_hook(lambda module, args, output: seen.update(tokens=output))
    logits = model(torch.rand(2, 1, 8, 8))

    torch.testing.assert_close(logits, model.head(seen["tokens"].mean(1)))


def test_mlp_is_one_expert():
    """A dense block's MLP computes the same function as an expert with the same parameters."""
    torch.manual_seed(0)
    mlp, experts, x = Mlp(5, 6), Experts(5, 1, 6), torch.randn(3, 7, 5)
    values = [mlp.fc_in.weight.mT[None], mlp.fc_in.bias[None], mlp.fc_out.weight.mT[None], mlp.fc_out.bias[None]]
    experts.load_state_dict(dict(zip(("w_in", "b_in", "w_out", "b_out"), values, strict=True)))

    torch.testing.assert_close(mlp(x), experts(x[:, None])[:, 0])


@pytest.mark.parametrize("name", sorted(ROUTERS))
def test_any_router_in_any_block(name):
    """Every router works in the named blocks, and only there, and all its parameters are reached by the loss."""
    torch.manual_seed(0)
    model = with_head(
        ViT(dim=8, depth=4, moe_layers=(1, 3), moe=lambda dim: MoE(ROUTERS[name](dim, 4), Experts(dim, 4, 6)))
    )
    with record(model) as routings:
        model(torch.rand(4, 1, 8, 8)).square().sum().backward()

    assert list(routings) == ["blocks.1.mlp.router", "blocks.3.mlp.router"]
    assert all(p.grad is not None and p.grad.any() for p in model.parameters() if p.requires_grad)


def test_initial_answer_knows_nothing():
    """The head starts at zero, so every class starts with probability 1 / classes."""
    model = ViT(num_classes=7)

    torch.testing.assert_close(model(torch.rand(2, 1, 8, 8)).softmax(-1), torch.full((2, 7), 1 / 7))
    torch.testing.assert_close(model.head.bias, torch.full((7,), -math.log(7)))


def test_another_image_changes_nothing_for_soft_moe():
    """A Soft MoE ViT answers an image the same whatever else is in the batch; a sparse one with big groups does not."""
    torch.manual_seed(0)
    images = torch.rand(4, 1, 8, 8)
    other = images.clone()
    other[0] = torch.rand(1, 8, 8)
    model = with_head(ViT(dim=8, moe_layers=(1, 2), moe=soft))
    grouped = with_head(
        ViT(
            dim=8,
            moe_layers=(1, 2),
            moe=lambda dim: MoE(
                TokensChoiceRouter(dim, 4, capacity_factor=0.5), Experts(dim, 4, 6), examples_per_group=4
            ),
        )
    )

    torch.testing.assert_close(model(images)[1:], model(other)[1:], rtol=1e-6, atol=1e-6)
    assert (grouped(images)[1:] - grouped(other)[1:]).abs().max() > 1e-3


BAD = [
    ({"image_size": 9}, "image_size must be a multiple of patch_size=2, got 9"),
    ({"dim": 9}, "dim must be a multiple of num_heads=2, got 9"),
    ({"moe_layers": (3,), "moe": soft}, r"moe_layers must name blocks 0 to 2, got \(3,\)"),
    ({"moe_layers": (1,)}, r"moe_layers need a moe .* pass moe=lambda dim"),
    ({"depth": 0}, "depth must be at least 1, got 0"),
]


@pytest.mark.bad_input
@pytest.mark.parametrize(("changes", "sentence"), BAD)
def test_bad_sizes(changes, sentence):
    """Sizes that do not fit are named, with what would."""
    with pytest.raises(ValueError, match=sentence):
        ViT(**changes)


@pytest.mark.bad_input
def test_bad_images():
    """An image without a batch axis is told so, and another size is told the model's."""
    model = ViT()
    with pytest.raises(ValueError, match=r"images must be \(batch, 1, 8, 8\), got \(1, 8, 8\): add a batch axis"):
        model(torch.rand(1, 8, 8))
    with pytest.raises(ValueError, match=r"images must be \(batch, 1, 8, 8\), got \(2, 3, 8, 8\)"):
        model(torch.rand(2, 3, 8, 8))
