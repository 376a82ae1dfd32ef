"""The cost of modules that are built, on whatever device, the meta device included."""

from torch import nn

from softmoe_edu.cost.layers import MoESizes, attention_cost, mlp_cost, model_cost, moe_cost
from softmoe_edu.cost.parts import Cost
from softmoe_edu.moe import MoE
from softmoe_edu.routers import ROUTERS
from softmoe_edu.vit import Attention, Mlp, ViT


def cost_of(module: nn.Module, tokens: int | None = None) -> Cost:
    """Cost of a built ViT for one image, or of a built MoE, Mlp or Attention for one example of `tokens` tokens.

    Raises TypeError for another module, ValueError when tokens are missing or a router's capacity is not fixed.
    """
    if isinstance(module, ViT):
        n, d = module.num_tokens, module.embed.out_channels
        attention, mlps = zip(*((cost_of(b.attention, n), cost_of(b.mlp, n)) for b in module.blocks), strict=True)
        return model_cost(attention, mlps, n, d, module.embed.weight[0].numel(), module.num_classes)
    if not isinstance(module, MoE | Mlp | Attention):
        raise TypeError(f"cost_of knows ViT, MoE, Mlp and Attention, got {type(module).__name__}: use Part and Cost")
    if tokens is None:
        raise ValueError(f"the cost of {type(module).__name__} depends on the tokens of an example: pass tokens=")
    if isinstance(module, Attention):
        return attention_cost(tokens, module.out.in_features, module.num_heads)
    if isinstance(module, Mlp):
        return mlp_cost(tokens, module.fc_in.in_features, module.fc_in.out_features)
    return moe_cost(tokens, module.experts.dim, module.experts.hidden_dim, sizes_of(module, tokens))


def sizes_of(layer: MoE, tokens: int) -> MoESizes:
    """Read the sizes of a built MoE layer that gets examples of `tokens` tokens.

    Raises TypeError for a router that is not in ROUTERS, ValueError when tokens choice drops nothing, since its slots
    then depend on the data.
    """
    router, g = layer.router, layer.examples_per_group
    name = next((name for name, kind in ROUTERS.items() if type(router) is kind), None)
    if name is None:
        raise TypeError(f"cost_of knows the routers in ROUTERS, got {type(router).__name__}: use moe_cost")
    slots = router.capacity(tokens * g) if hasattr(router, "capacity") else router.slots_per_expert
    if slots is None and name == "tokens choice":
        raise ValueError("capacity_factor=None makes as many slots as the data need: set one to know the cost")
    top_k = getattr(router, "top_k", 1)
    return MoESizes(
        router=name, num_experts=router.num_experts, slots_per_expert=slots, top_k=top_k, examples_per_group=g
    )
