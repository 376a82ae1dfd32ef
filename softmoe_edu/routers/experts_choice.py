"""Experts Choice: every expert chooses the tokens that it scores highest.

Source: Zhou et al., Mixture-of-Experts with Expert Choice Routing (2202.09368), section 3.2, as coded in
google-research/vmoe nn/routing.py (NoisyTopItemsPerExpertRouter).
"""

import torch

from softmoe_edu.capacity import capacity_for, check_factor, check_multiple
from softmoe_edu.routers.gate_logits import GateLogits
from softmoe_edu.routers.router import top_in_order
from softmoe_edu.routing import SparseRouting
from softmoe_edu.shapes import Gates, Mask, SlotGates, SlotTokens, check_choice, is_symbol


def assign_experts(gates: Gates, capacity: int, mask: Mask | None = None) -> tuple[SlotTokens, SlotGates]:
    """Let each expert take the `capacity` tokens with its highest gates, best first; equal gates by position.

    Args:
        gates: softmax over experts (b, n, e); padding may hold anything.
        capacity: slots of an expert.
        mask: (b, n), True for real tokens; None when all are real. Padding is never taken: where real tokens run out,
            a slot stays empty.

    Returns:
        The token in each slot (b, e, p), -1 for an empty one, and its gate, 0 for an empty one.

    Raises:
        ValueError: the capacity is over the token count.
    """
    check_fits(capacity, gates.shape[1])
    scores = gates if mask is None else gates.masked_fill(~mask[..., None], -1)  # below every gate
    gate, token = top_in_order(scores.mT, capacity)
    if mask is None:
        return token, gate
    filled = gate >= 0
    return torch.where(filled, token, -1), torch.where(filled, gate, 0)


def check_fits(capacity: int, tokens: int) -> None:
    """Raise an error unless an expert can fill this many slots with the tokens of a group."""
    if is_symbol(capacity):
        torch._check(capacity <= tokens)
    elif capacity > tokens:
        raise ValueError(
            f"capacity must be at most the {tokens} tokens of a group in experts choice, got {capacity}: "
            "lower capacity_factor or multiple_of, or merge examples into larger groups"
        )


class ExpertsChoiceRouter(GateLogits):
    """Every expert is exactly full; a token may get several experts, or none and then exactly 0 from the layer.

    Args:
        dim: width d of a token.
        num_experts: number e of experts.
        capacity_factor: slots of an expert over tokens / experts.
        rounding: "round" (the paper's runs) or "ceil".
        multiple_of: what the slots are raised to a multiple of, see `capacity_for`.
        noise_std: in training, logits get Gaussian noise of standard deviation noise_std / num_experts.

    Raises:
        TypeError: a size is no whole number, or a factor no number.
        ValueError: an argument is out of range.
    """

    def __init__(
        self,
        dim: int,
        num_experts: int,
        *,
        capacity_factor: float = 1.0,
        rounding: str = "round",
        multiple_of: int | None = 1,
        noise_std: float = 0.0,
    ):
        super().__init__(dim, num_experts, noise_std)
        check_choice("rounding", rounding, ("ceil", "round"))
        if capacity_factor is None:
            raise ValueError(
                "capacity_factor must be a number in experts choice, got None: no expert would be full; 1.0 is usual"
            )
        self.capacity_factor = check_factor(capacity_factor, self.num_experts)
        self.rounding = rounding
        self.multiple_of = check_multiple(multiple_of)

    def capacity(self, tokens: int) -> int:
        """Compute the slots of an expert for a group.

        Args:
            tokens: tokens of the group.

        Raises:
            ValueError: the capacity is under one slot or over the tokens.
        """
        capacity = capacity_for(
            tokens,
            self.num_experts,
            factor=self.capacity_factor,
            rounding=self.rounding,
            multiple_of=self.multiple_of,
        )
        check_fits(capacity, tokens)
        return capacity

    def decide(self, logits: Gates, mask: Mask | None = None) -> SparseRouting:
        """Let experts choose.

        Args:
            logits: what `score` returns, or any scores of that shape; padding may hold anything.
            mask: (b, n), True for real tokens; None when all are real.

        Raises:
            ValueError: the capacity is under one slot or over the tokens.
        """
        n = logits.shape[1]
        noisy = self.noisy(logits)
        gates = (logits if noisy is None else noisy).softmax(-1)
        token, gate = assign_experts(gates, self.capacity(n), mask)
        return SparseRouting(token, gate, n, logits, gates, noisy, mask)

    def extra_repr(self) -> str:
        """Show the settings where the module is printed."""
        return f"{super().extra_repr()}, capacity_factor={self.capacity_factor}, rounding={self.rounding!r}"
