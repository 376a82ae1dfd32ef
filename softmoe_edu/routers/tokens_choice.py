"""Tokens Choice: every token chooses its top-k experts, and an expert that is full turns the next one away.

Source: Riquelme et al., Scaling Vision with Sparse Mixture of Experts (2106.05974), as coded in
google-research/vmoe nn/routing.py and moe.py. Variants: Shazeer et al. (1701.06538), GShard (2006.16668),
Switch Transformer (2101.03961).
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from softmoe_edu.capacity import capacity_for, check_factor, check_multiple
from softmoe_edu.routers.gate_logits import GateLogits
from softmoe_edu.routers.router import top_in_order
from softmoe_edu.routing import SparseRouting
from softmoe_edu.shapes import (
    Gates,
    Mask,
    SlotGates,
    SlotTokens,
    check_at_least,
    check_choice,
)

GATINGS = ("vmoe", "switch", "gshard", "top_k_then_softmax")
PRIORITIES = ("position", "gate")
Choices = Int[Tensor, "b n k"]
ChoiceGates = Float[Tensor, "b n k"]


def choose_experts(logits: Gates, top_k: int, gating: str = "vmoe") -> tuple[Choices, ChoiceGates]:
    """Choose each token's experts by their logits; equal logits go to the expert with the lower index.

    Args:
        logits: scores (b, n, e) of tokens and experts.
        top_k: experts that each token chooses.
        gating: how gates are made of logits. "vmoe": softmax over all experts, then top-k, not renormalised.
            "switch": the same with one choice. "gshard": the chosen gates are divided by their sum.
            "top_k_then_softmax" (Shazeer, Mixtral): softmax over the chosen logits, equal in value to "gshard"; with
            top_k=1 both give a constant 1, and the router no gradient.

    Returns:
        The experts (b, n, k) that each token chooses, best first, and the gates of these choices.
    """
    if gating == "top_k_then_softmax":
        values, experts = _best(logits, top_k)
        return experts, values.softmax(-1)
    gates, experts = _best(logits.softmax(-1), top_k)
    return experts, gates / gates.sum(-1, keepdim=True) if gating == "gshard" else gates


def _best(scores: Gates, top_k: int) -> tuple[ChoiceGates, Choices]:
    if top_k == 1:
        return scores.max(-1, keepdim=True)  # the first of equal ones, many times faster than an order of all
    return top_in_order(scores, top_k)


def assign_tokens(
    experts: Choices,
    gates: ChoiceGates,
    num_experts: int,
    capacity: int | None,
    *,
    score: Float[Tensor, "b n"] | None = None,
    mask: Mask | None = None,
) -> tuple[SlotTokens, SlotGates]:
    """Fill the experts' slots in order: all first choices, then all second ones, until an expert is full.

    Args:
        experts: each token's choices (b, n, k), best first.
        gates: the gates (b, n, k) of these choices; padding may hold anything.
        num_experts: number e of experts.
        capacity: slots of an expert. None makes as many as the busiest expert needs, which drops nothing.
        score: (b, n); among first choices tokens come by falling score (batch priority routing; equal scores by
            position), or by position where it is None.
        mask: (b, n), True for real tokens; None when all are real. Padding never fills a slot.

    Returns:
        The token in each slot (b, e, p), -1 for an empty one, and its gate, 0 for an empty one.

    Raises:
        RuntimeError: capacity is None where the busiest expert cannot be known, see `TokensChoiceRouter`.
    """
    b, n, k = experts.shape
    if mask is not None:
        experts = experts.masked_fill(~mask[..., None], num_experts)  # one expert too many, which is never read
    if score is not None:
        order = score.argsort(dim=1, descending=True, stable=True)
        served = order[..., None].expand(-1, -1, k)
        experts, gates = experts.gather(1, served), gates.gather(1, served)
    # A stable sort by expert keeps the order of arrival, so an expert's tokens stand in one run, first come first.
    queue, arrival = experts.mT.flatten(1).sort(dim=1, stable=True)
    count = queue.new_zeros(b, num_experts + 1).scatter_add(1, queue, torch.ones_like(queue))[:, :num_experts]
    first = count.cumsum(1) - count
    if capacity is None:
        capacity = max(1, _busiest(count))
    rank = torch.arange(capacity, device=queue.device)
    filled = rank < count[..., None]
    entry = arrival.gather(1, (first[..., None] + rank).clamp(max=k * n - 1).flatten(1))
    token = entry % n if score is None else order.gather(1, entry % n)
    gate = gates.mT.flatten(1).gather(1, entry)
    return torch.where(filled, token.view_as(filled), -1), torch.where(filled, gate.view_as(filled), 0)


def _busiest(count: Int[Tensor, "b e"]) -> int:
    """Read how many choices the busiest expert got."""
    if torch.compiler.is_compiling() and not torch.compiler.is_exporting():
        torch._dynamo.graph_break(msg=DATA_DEPENDENT)
    try:
        return int(count.max())
    except RuntimeError as error:
        raise RuntimeError(DATA_DEPENDENT) from error


DATA_DEPENDENT = (
    "capacity_factor=None must read how many tokens chose the busiest expert, which cannot be known under "
    "torch.func.vmap, in fake tensors, on the meta device, in torch.export and in torch.compile(fullgraph=True): "
    "give capacity_factor a number"
)


class TokensChoiceRouter(GateLogits):
    """Top-k routing with capacity; a token that every expert it chose turned away gets exactly 0 from the layer.

    The routing's `gates` are the softmax over all experts of the logits in use, `logits` are without noise.

    Without a capacity factor the number of slots depends on the tokens themselves. Such a router runs neither under
    torch.func.vmap nor in fake tensors nor on the meta device; torch.export takes it in strict mode at most, and
    torch.compile breaks its graph there, which fullgraph=True refuses. Give it a factor for these.

    Args:
        dim: width d of a token.
        num_experts: number e of experts.
        top_k: experts that each token chooses.
        capacity_factor: slots of an expert over tokens * top_k / experts; None drops nothing.
        rounding: how slots are rounded, "ceil" or "round", see `capacity_for`.
        priority: "position" serves tokens in their order, "gate" by their largest gate (batch priority routing).
        multiple_of: what the slots are raised to a multiple of, see `capacity_for`.
        noise_std: in training, logits get Gaussian noise of standard deviation noise_std / num_experts.
        jitter: in training, every number of the router's input is multiplied by its own random factor from
            1 - jitter to 1 + jitter (Switch).
        gating: how gates are made of logits, see `choose_experts`; "switch" needs top_k=1.

    Raises:
        TypeError: a size is no whole number, or a factor no number.
        ValueError: an argument is out of range.
    """

    def __init__(
        self,
        dim: int,
        num_experts: int,
        top_k: int = 1,
        *,
        capacity_factor: float | None = 1.0,
        rounding: str = "ceil",
        priority: str = "position",
        multiple_of: int | None = 1,
        noise_std: float = 0.0,
        jitter: float = 0.0,
        gating: str = "vmoe",
    ):
        super().__init__(dim, num_experts, noise_std, jitter)
        self.top_k = check_at_least("top_k", top_k)
        if self.top_k > self.num_experts:
            raise ValueError(f"top_k must be at most num_experts={num_experts}, got {top_k}: lower top_k")
        check_choice("priority", priority, PRIORITIES)
        check_choice("rounding", rounding, ("ceil", "round"))
        check_choice("gating", gating, GATINGS)
        if gating == "switch" and self.top_k != 1:
            raise ValueError(f"gating 'switch' lets a token choose one expert, got top_k={top_k}: use gating 'vmoe'")
        factor = capacity_factor
        self.capacity_factor = None if factor is None else check_factor(factor, self.num_experts, self.top_k)
        self.rounding = rounding
        self.priority = priority
        self.multiple_of = check_multiple(multiple_of)
        self.gating = gating

    def capacity(self, tokens: int) -> int | None:
        """Compute the slots of an expert for a group of this many tokens; None when nothing is dropped."""
        if self.capacity_factor is None:
            return None
        return capacity_for(
            tokens,
            self.num_experts,
            top_k=self.top_k,
            factor=self.capacity_factor,
            rounding=self.rounding,
            multiple_of=self.multiple_of,
        )

    def decide(self, logits: Gates, mask: Mask | None = None) -> SparseRouting:
        """Choose experts and fill their slots.

        Args:
            logits: what `score` returns, or any scores of that shape; padding may hold anything.
            mask: (b, n), True for real tokens; None when all are real.

        Raises:
            ValueError: the capacity is under one slot.
        """
        n = logits.shape[1]
        capacity = self.capacity(n)
        noisy = self.noisy(logits)
        used = logits if noisy is None else noisy
        gates = used.softmax(-1)
        experts, chosen = choose_experts(used, self.top_k, self.gating)
        score = gates.amax(-1) if self.priority == "gate" else None
        token, gate = assign_tokens(experts, chosen, self.num_experts, capacity, score=score, mask=mask)
        return SparseRouting(token, gate, n, logits, gates, noisy, mask, dropless=capacity is None)

    def experts_per_token(self, tokens: int, slots_per_expert: int) -> int:
        """Return top_k, the experts that a token asks, whatever their slots."""
        return self.top_k

    def extra_repr(self) -> str:
        """Show the settings where the module is printed."""
        return (
            f"{super().extra_repr()}, top_k={self.top_k}, capacity_factor={self.capacity_factor}, "
            f"priority={self.priority!r}, gating={self.gating!r}"
        )
