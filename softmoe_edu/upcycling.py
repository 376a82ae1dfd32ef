"""Upcycling: a trained dense ViT becomes a mixture of experts that starts from its MLPs.

Source: Komatsuzaki et al., Sparse Upcycling (2212.05055), where every expert starts as a copy of the dense MLP.
"""

import copy
from collections.abc import Callable, Sequence

import torch

from softmoe_edu.experts import Experts
from softmoe_edu.moe import MoE
from softmoe_edu.vit import Mlp, ViT, check_blocks


def upcycle(vit: ViT, moe_layers: Sequence[int], moe: Callable[[int], MoE]) -> ViT:
    """Return a copy of the model in which MoE layers stand for the MLPs of some blocks.

    Every expert computes what the MLP computed; routers are new, all other parameters stay bit for bit. The model's
    output stays the same when each token's combine weights are one token's own and sum to 1: with the identity router,
    or tokens choice with "gshard" gates that drops nothing. Soft MoE mixes tokens, so its output changes at once.

    Args:
        vit: a model, which is left as it is.
        moe_layers: indices of the blocks, from 0.
        moe: a callable that takes dim and makes an MoE of `Experts` that have the MLP's sizes.

    Returns:
        The new model, in the dtype, on the device and in the mode of the old one.

    Raises:
        TypeError: an index is no whole number, or moe makes no MoE of `Experts`.
        ValueError: a block does not exist or holds no dense MLP, or the experts do not have its sizes.
    """
    model = copy.deepcopy(vit)
    for i in check_blocks(moe_layers, len(model.blocks)):
        block = model.blocks[i]
        if not isinstance(block.mlp, Mlp):
            raise ValueError(f"block {i} must hold a dense MLP, got {type(block.mlp).__name__}: leave it out")
        dense = block.mlp.fc_in
        with dense.weight.device:
            layer = moe(dense.in_features)
        experts = getattr(layer, "experts", None)
        if not isinstance(experts, Experts):
            raise TypeError(f"moe must make an MoE(router, Experts(...)), got {type(layer).__name__}")
        layer.to(dense.weight)
        _copy_mlp(block.mlp, experts)
        block.mlp = layer.train(model.training)
    return model


@torch.no_grad()
def _copy_mlp(mlp: Mlp, experts: Experts) -> None:
    dim, hidden_dim = mlp.fc_in.in_features, mlp.fc_in.out_features
    if (experts.dim, experts.hidden_dim) != (dim, hidden_dim):
        raise ValueError(
            f"experts must have the MLP's dim={dim} and hidden_dim={hidden_dim}, got {experts.dim} and "
            f"{experts.hidden_dim}: build them with Experts({dim}, num_experts, {hidden_dim})"
        )
    # Linear keeps its weight as (out, in); each copy_ repeats it over the experts.
    experts.w_in.copy_(mlp.fc_in.weight.mT)
    experts.b_in.copy_(mlp.fc_in.bias)
    experts.w_out.copy_(mlp.fc_out.weight.mT)
    experts.b_out.copy_(mlp.fc_out.bias)
