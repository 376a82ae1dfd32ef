"""The cost of modules that are built, on whatever device, the meta device included."""

from typing import Any

from torch import nn

from softmoe_edu.cost.layers import attention_cost, mlp_cost, model_cost, routed_cost
from softmoe_edu.cost.parts import Cost
from softmoe_edu.moe import MoE
from softmoe_edu.routers import Router
from softmoe_edu.vit import Attention, Mlp, ViT


def cost_of(module: nn.Module, tokens: int | None = None) -> Cost:
    """Compute the cost of a built ViT for one image, or of a built MoE, Mlp or Attention for one example.

    Args:
        module: the module, on any device.
        tokens: tokens of an example; a ViT knows its own.

    Returns:
        The cost, by parts.

    Raises:
        TypeError: module is of another kind, or its router is no `Router`.
        ValueError: tokens are missing, or the router's capacity is not fixed or it cannot say what it costs.
    """
    if isinstance(module, ViT):
        n, d = module.num_tokens, module.embed.out_channels
        blocks: Any = module.blocks
        attention, mlps = zip(*((cost_of(b.attention, n), cost_of(b.mlp, n)) for b in blocks), strict=True)
        return model_cost(attention, mlps, n, d, module.embed.weight[0].numel(), module.num_classes)
    if not isinstance(module, MoE | Mlp | Attention):
        raise TypeError(f"cost_of knows ViT, MoE, Mlp and Attention, got {type(module).__name__}: use Part and Cost")
    if tokens is None:
        raise ValueError(f"the cost of {type(module).__name__} depends on the tokens of an example: pass tokens=")
    if isinstance(module, Attention):
        return attention_cost(tokens, module.out.in_features, module.num_heads)
    if isinstance(module, Mlp):
        return mlp_cost(tokens, module.fc_in.in_features, module.fc_in.out_features)
    if not isinstance(module.router, Router):
        name = type(module.router).__name__
        raise TypeError(f"cost_of asks a softmoe_edu.routers.Router what it costs, got {name}: make it a subclass")
    hidden_dim: Any = module.experts.hidden_dim
    return routed_cost(tokens, hidden_dim, module.router, module.examples_per_group)
