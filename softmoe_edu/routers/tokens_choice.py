"""Tokens Choice: every token chooses its top-k experts, and an expert that is full turns the next one away.

Source: Riquelme et al., Scaling Vision with Sparse Mixture of Experts (2106.05974), as coded in
google-research/vmoe nn/routing.py and moe.py. Variants: Shazeer et al. (1701.06538), GShard (2006.16668),
Switch Transformer (2101.03961).
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from softmoe_edu.capacity import capacity_for
from softmoe_edu.routers.router import Router, add_noise, check_noise, lecun_normal_, top_in_order, widen
from softmoe_edu.routing import SparseRouting
from softmoe_edu.shapes import Gates, Mask, SlotGates, SlotTokens, check_at_least, check_choice

GATINGS = ("vmoe", "switch", "gshard", "top_k_then_softmax")
PRIORITIES = ("position", "gate")
Choices = Int[Tensor, "b n k"]
ChoiceGates = Float[Tensor, "b n k"]


def choose_experts(logits: Gates, top_k: int, gating: str = "vmoe") -> tuple[Choices, ChoiceGates]:
    """Give the experts that each token chooses, best first, and the gates of these choices.

    "vmoe": softmax over all experts, then top-k, not renormalised. "switch": the same with one choice.
    "gshard": the chosen gates are divided by their sum. "top_k_then_softmax" (Shazeer, Mixtral): softmax over the
    chosen logits, equal in value to "gshard"; with top_k=1 both give a constant 1, and the router no gradient.
    Equal logits go to the expert with the lower index.
    """
    if gating == "top_k_then_softmax":
        values, experts = top_in_order(logits, top_k)
        return experts, values.softmax(-1)
    gates, experts = top_in_order(logits.softmax(-1), top_k)
    return experts, gates / gates.sum(-1, keepdim=True) if gating == "gshard" else gates


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

    Among first choices tokens come by position, or by falling `score` (batch priority routing; equal scores by
    position). Gives the token in each slot (-1: empty) and its gate (0: empty). capacity None makes as many slots
    as the busiest expert needs, which drops nothing. Padding never takes a place.
    """
    b, n, k = experts.shape
    if mask is not None:
        experts = experts.masked_fill(~mask[..., None], num_experts)  # one expert too many, which nobody reads
    by_position = torch.arange(n, device=experts.device).expand(b, n)
    order = by_position if score is None else score.argsort(dim=1, descending=True, stable=True)
    tokens = order.repeat(1, k)
    choice = order[..., None].expand(-1, -1, k)
    # A stable sort by expert keeps the order of arrival, so an expert's tokens stand in one run, first come first.
    queue, arrival = experts.gather(1, choice).mT.flatten(1).sort(dim=1, stable=True)
    edges = torch.searchsorted(queue, torch.arange(num_experts + 1, device=queue.device).repeat(b, 1))
    first, count = edges[:, :-1], edges.diff()
    if capacity is None:
        capacity = max(1, int(count.max()))
    rank = torch.arange(capacity, device=queue.device)
    filled = rank < count[..., None]
    place = (first[..., None] + rank).clamp(max=k * n - 1).flatten(1)
    entry = arrival.gather(1, place)
    token = tokens.gather(1, entry).view_as(filled)
    gate = gates.gather(1, choice).mT.flatten(1).gather(1, entry).view_as(filled)
    return torch.where(filled, token, -1), torch.where(filled, gate, 0)


class TokensChoiceRouter(Router):
    """Top-k routing with capacity; a token that no expert has room for gets exactly 0 from the layer.

    capacity_factor: slots of an expert over tokens * top_k / experts; None drops nothing. rounding: "ceil" or "round".
    priority: "position" serves tokens in their order, "gate" by their largest gate (batch priority routing).
    noise_std: in training, logits get Gaussian noise of standard deviation noise_std / num_experts.
    jitter: in training, the router's input is multiplied by numbers from 1 - jitter to 1 + jitter (Switch).
    gating: how gates are made of logits, see `choose_experts`; "switch" needs top_k=1.

    The routing's `gates` are the softmax over all experts of the logits in use, `logits` are without noise.
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
        super().__init__(dim, num_experts)
        check_at_least("top_k", top_k)
        if top_k > num_experts:
            raise ValueError(f"top_k must be at most num_experts={num_experts}, got {top_k}: lower top_k")
        check_choice("priority", priority, PRIORITIES)
        check_choice("rounding", rounding, ("ceil", "round"))
        check_choice("gating", gating, GATINGS)
        if gating == "switch" and top_k != 1:
            raise ValueError(f"gating 'switch' lets a token choose one expert, got top_k={top_k}: use gating 'vmoe'")
        if not 0 <= jitter < 1:
            raise ValueError(f"jitter must be at least 0 and under 1, got {jitter}")
        self.top_k = top_k
        self.capacity_factor = capacity_factor
        self.rounding = rounding
        self.priority = priority
        self.multiple_of = multiple_of
        self.noise_std = check_noise(noise_std)
        self.jitter = jitter
        self.gating = gating
        self.w_gate = nn.Parameter(lecun_normal_(torch.empty(dim, num_experts), dim))

    def capacity(self, tokens: int) -> int | None:
        """Give the slots of an expert for a group of this many tokens; None when nothing is dropped."""
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

    def route(self, x: Tensor, mask: Tensor | None) -> SparseRouting:
        """Decide for checked tokens; raises ValueError when the capacity is under one slot."""
        capacity = self.capacity(x.shape[1])
        if self.training and self.jitter:
            x = x * torch.empty_like(x).uniform_(1 - self.jitter, 1 + self.jitter)
        logits = x @ widen(self.w_gate)
        noisy = add_noise(logits, self.noise_std / self.num_experts) if self.training and self.noise_std else None
        used = logits if noisy is None else noisy
        gates = used.softmax(-1)
        experts, chosen = choose_experts(used, self.top_k, self.gating)
        score = gates.amax(-1) if self.priority == "gate" else None
        token, gate = assign_tokens(experts, chosen, self.num_experts, capacity, score=score, mask=mask)
        return SparseRouting(token, gate, x.shape[1], logits, gates, noisy, mask, dropless=capacity is None)

    def extra_repr(self) -> str:
        """Show the settings where the module is printed."""
        return (
            f"{super().extra_repr()}, top_k={self.top_k}, capacity_factor={self.capacity_factor}, "
            f"priority={self.priority!r}, gating={self.gating!r}"
        )
