"""Upcycling: a trained dense ViT becomes a mixture of experts that starts from its MLPs.

Source: Komatsuzaki et al., Sparse Upcycling (2212.05055), where every expert starts as a copy of the dense MLP.
"""

import copy
from collections.abc import Callable, Sequence

import torch

from softmoe_edu.experts import Experts
from softmoe_edu.moe import MoE
from softmoe_edu.vit import Mlp, ViT


def upcycle(vit: ViT, moe_layers: Sequence[int], moe: Callable[[int], MoE]) -> ViT:
    """Give a copy of the model in which `moe(dim)` stands for the MLP of each block in moe_layers, from 0.

    Every expert computes what the MLP computed; routers are new, all other parameters stay bit for bit. The model's
    output stays the same when each token's combine weights are one token's own and sum to 1: with the identity router,
    or tokens choice with "gshard" gates that drops nothing. Soft MoE mixes tokens, so its output changes at once.

    Raises TypeError when moe makes no MoE of `Experts`; ValueError when a block is not there or is no dense MLP, or
    when the experts do not have its sizes.
    """
    model = copy.deepcopy(vit)
    for i in moe_layers:
        if i not in range(len(model.blocks)):
            raise ValueError(f"moe_layers must name blocks 0 to {len(model.blocks) - 1}, got {tuple(moe_layers)}")
        block = model.blocks[i]
        if not isinstance(block.mlp, Mlp):
            raise ValueError(f"block {i} must hold a dense MLP, got {type(block.mlp).__name__}: leave it out")
        dense = block.mlp.fc_in
        with dense.weight.device:
            layer = moe(dense.in_features)
        if not isinstance(getattr(layer, "experts", None), Experts):
            raise TypeError(f"moe must make an MoE(router, Experts(...)), got {type(layer).__name__}")
        layer = layer.to(dense.weight)
        _copy_mlp(block.mlp, layer.experts)
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
