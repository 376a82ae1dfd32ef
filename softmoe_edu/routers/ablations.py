"""The paper's ablations: what is left when dispatch, combine or both are not learned.

Source: Puigcerver et al. (2308.00951), section 3.5, Table 2 and Appendix A. A name says dispatch, then combine.
"""

import torch
from torch import Tensor

from softmoe_edu.routers.router import Router
from softmoe_edu.routers.soft import SlotLogits
from softmoe_edu.routers.weights import combine_weights, dispatch_weights
from softmoe_edu.routing import SoftRouting, SparseRouting
from softmoe_edu.shapes import check_at_least, own_symbol


class UniformRouter(Router):
    """Every slot is the mean of all tokens, every token gets the mean of all slots.

    Experts must start from different parameters, as `Experts` does, or they stay equal.

    Args:
        dim: width d of a token.
        num_experts: number e of experts.
        slots_per_expert: number p of slots of an expert.
    """

    def __init__(self, dim: int, num_experts: int, slots_per_expert: int = 1):
        super().__init__(dim, num_experts)
        self.slots_per_expert = check_at_least("slots_per_expert", slots_per_expert)

    def route(self, x: Tensor, mask: Tensor | None) -> SoftRouting:
        """Decide for checked tokens: equal logits make both softmaxes uniform."""
        equal = x.new_zeros(*x.shape[:2], self.num_experts, self.slots_per_expert)
        return SoftRouting(dispatch_weights(equal, mask), combine_weights(equal, mask), mask=mask)


class UniformSoftRouter(SlotLogits):
    """Every slot is the mean of all tokens; combine is learned as in Soft MoE."""

    def route(self, x: Tensor, mask: Tensor | None) -> SoftRouting:
        """Decide for checked tokens."""
        logits = self.slot_logits(x)
        dispatch = dispatch_weights(torch.zeros_like(logits), mask)
        return SoftRouting(dispatch, combine_weights(logits, mask), logits=logits, mask=mask)


class SoftUniformRouter(SlotLogits):
    """Dispatch is learned as in Soft MoE; every token gets the mean of all slots."""

    def route(self, x: Tensor, mask: Tensor | None) -> SoftRouting:
        """Decide for checked tokens."""
        logits = self.slot_logits(x)
        combine = combine_weights(torch.zeros_like(logits), mask)
        return SoftRouting(dispatch_weights(logits, mask), combine, logits=logits, mask=mask)


class IdentityRouter(Router):
    """Token t goes to expert t mod e, slot t // e, and its answer comes back alone: no mixing, nothing learned.

    Args:
        dim: width d of a token.
        num_experts: number e of experts.
        slots_per_expert: number p of slots of an expert, which must hold all tokens; None makes as many as they need.
    """

    def __init__(self, dim: int, num_experts: int, slots_per_expert: int | None = None):
        super().__init__(dim, num_experts)
        self.slots_per_expert = None
        if slots_per_expert is not None:
            self.slots_per_expert = check_at_least("slots_per_expert", slots_per_expert)

    def route(self, x: Tensor, mask: Tensor | None) -> SparseRouting:
        """Decide for checked tokens; raises ValueError when they do not fit the slots."""
        b, n, _ = x.shape
        e = self.num_experts
        p = self.slots_per_expert or own_symbol(-(-n // e))
        if self.slots_per_expert and n > e * p:
            raise ValueError(
                f"tokens must fit {e} experts x {p} slots = {e * p} slots, got {n} tokens: "
                "raise slots_per_expert or leave it None"
            )
        token = torch.arange(e, device=x.device)[:, None] + e * torch.arange(p, device=x.device)
        token = token.masked_fill(token >= n, -1).expand(b, e, p)
        if mask is not None:
            real = mask.gather(1, token.clamp(min=0).flatten(1)).view_as(token)
            token = token.masked_fill(~real, -1)
        return SparseRouting(token, (token >= 0).to(x.dtype), n, mask=mask)
