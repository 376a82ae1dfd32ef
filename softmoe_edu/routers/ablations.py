"""The paper's ablations: what is left when dispatch, combine or both are not learned.

Source: Puigcerver et al. (2308.00951), section 3.5, Table 2 and Appendix A. A name says dispatch, then combine.
"""

import torch
from torch import Tensor

from softmoe_edu.routers.router import Router
from softmoe_edu.routers.soft import SlotLogits
from softmoe_edu.routers.weights import combine_weights, dispatch_weights
from softmoe_edu.routing import SoftRouting, SparseRouting
from softmoe_edu.shapes import Logits, Mask, check_at_least, own_symbol


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

    def score(self, x: Tensor) -> Tensor:
        """Return (b, n, 0): nothing is scored."""
        return x[..., :0]

    def decide(self, logits: Tensor, mask: Mask | None = None) -> SoftRouting:
        """Let equal logits make both softmaxes uniform.

        Args:
            logits: of which only the groups and tokens count.
            mask: (b, n), True for real tokens; None when all are real.
        """
        equal = logits.new_zeros(*logits.shape[:2], self.num_experts, self.slots_per_expert)
        return SoftRouting(dispatch_weights(equal, mask), combine_weights(equal, mask), mask=mask)

    def score_per(self) -> None:
        """Return None: nothing is scored."""

    def is_sparse(self) -> bool:
        """Return False: a slot holds a mixture."""
        return False

    def capacity(self, tokens: int) -> int:
        """Return the slots of an expert, the same for every number of tokens."""
        return self.slots_per_expert

    def score_macs(self, tokens: int) -> int:
        """Return 0: nothing is scored."""
        return 0


class UniformSoftRouter(SlotLogits):
    """Every slot is the mean of all tokens; combine is learned as in Soft MoE."""

    def decide(self, logits: Logits, mask: Mask | None = None) -> SoftRouting:
        """Read the logits for combine alone.

        Args:
            logits: what `score` returns, or any scores of that shape; padding may hold anything.
            mask: (b, n), True for real tokens; None when all are real.
        """
        logits = self.in_use(logits)
        dispatch = dispatch_weights(torch.zeros_like(logits), mask)
        return SoftRouting(dispatch, combine_weights(logits, mask), logits=logits, mask=mask)


class SoftUniformRouter(SlotLogits):
    """Dispatch is learned as in Soft MoE; every token gets the mean of all slots."""

    def decide(self, logits: Logits, mask: Mask | None = None) -> SoftRouting:
        """Read the logits for dispatch alone.

        Args:
            logits: what `score` returns, or any scores of that shape; padding may hold anything.
            mask: (b, n), True for real tokens; None when all are real.
        """
        logits = self.in_use(logits)
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

    def score(self, x: Tensor) -> Tensor:
        """Return (b, n, 0): nothing is scored."""
        return x[..., :0]

    def decide(self, logits: Tensor, mask: Mask | None = None) -> SparseRouting:
        """Deal tokens out.

        Args:
            logits: of which only the groups and tokens count.
            mask: (b, n), True for real tokens; None when all are real.

        Raises:
            ValueError: the tokens do not fit the slots.
        """
        b, n = logits.shape[:2]
        e, p = self.num_experts, self.capacity(n)
        token = torch.arange(e, device=logits.device)[:, None] + e * torch.arange(p, device=logits.device)
        token = token.masked_fill(token >= n, -1).expand(b, e, p)
        if mask is not None:
            real = mask.gather(1, token.clamp(min=0).flatten(1)).view_as(token)
            token = token.masked_fill(~real, -1)
        return SparseRouting(token, (token >= 0).to(logits.dtype), n, mask=mask)

    def capacity(self, tokens: int) -> int:
        """Compute the slots of an expert.

        Args:
            tokens: tokens of a group.

        Raises:
            ValueError: this many tokens do not fit the slots that were given.
        """
        e, p = self.num_experts, self.slots_per_expert
        if p and tokens > e * p:
            raise ValueError(
                f"tokens must fit {e} experts x {p} slots = {e * p} slots, got {tokens} tokens: "
                "raise slots_per_expert or leave it None"
            )
        return p or own_symbol(-(-tokens // e))

    def score_per(self) -> None:
        """Return None: nothing is scored."""

    def is_sparse(self) -> bool:
        """Return True: a slot holds one token or none."""
        return True

    def score_macs(self, tokens: int) -> int:
        """Return 0: nothing is scored."""
        return 0

    def experts_per_token(self, tokens: int, slots_per_expert: int) -> int:
        """Return 1, whatever their slots."""
        return 1
