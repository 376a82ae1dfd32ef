"""Soft MoE without its weights: dispatch and combine are attention, and a fused kernel never builds (b, n, e, p).

Dispatch is attention with slots as queries, tokens as keys and the raw tokens as values; combine is attention with
tokens as queries, slots as keys and the experts' answers as values. Memory for the routing then grows with n + s, not
with n s (s = e p slots).
"""

from dataclasses import dataclass
from functools import cached_property

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from softmoe_edu.routers.weights import combine_weights, dispatch_weights
from softmoe_edu.routing import Routing
from softmoe_edu.shapes import Logits, Mask, SlotGates, Slots, Tokens, Weights

CHUNK = 1024  # slots whose weights are built at once where sums of weights are asked for


@dataclass(frozen=True, eq=False, repr=False)
class AttentionRouting(Routing):
    """The decision of `SoftRouter` as the two factors of its logits, `tokens` and `slots`.

    `logits`, `dispatch` and `combine` are built when they are looked at. The products agree with `SoftRouting`'s to
    rounding; in half precision the factors are rounded to the tokens' dtype, and the kernel's softmax is float32.
    """

    tokens: Tokens
    slots: Float[Tensor, "b s d"]
    num_experts: int
    mask: Mask | None = None
    gates: None = None

    @property
    def sizes(self) -> tuple[int, int, int, int]:
        b, n, _ = self.tokens.shape
        return b, n, self.num_experts, self.slots.shape[1] // self.num_experts

    @cached_property
    def logits(self) -> Logits:
        """Scale times the cosine of every token and slot."""
        return (self.tokens @ self.slots.mT).unflatten(-1, self.sizes[2:])

    @cached_property
    def dispatch(self) -> Weights:
        """Softmax over tokens."""
        return dispatch_weights(self.logits, self.mask)

    @cached_property
    def combine(self) -> Weights:
        """Softmax over all slots."""
        return combine_weights(self.logits, self.mask)

    def to_slots(self, x: Tokens) -> Slots:
        mask = real = None
        if self.mask is not None:
            real = self.mask.any(1)[:, None, None]
            # A group that is all padding would divide 0 by 0: it attends to its padding and is zeroed below.
            mask = self.mask | ~real[:, 0]
        filled = attend(self.slots, self.tokens, x, mask)
        return (filled if real is None else filled * real).unflatten(1, self.sizes[2:])

    def to_tokens(self, y: Slots) -> Tokens:
        answers = attend(self.tokens, self.slots, y.flatten(1, 2))
        return answers if self.mask is None else answers * self.mask[..., None]

    def slot_load(self) -> SlotGates:
        """1 for every slot, 0 in a group that is all padding: dispatch is a softmax."""
        b, _, e, p = self.sizes
        full = self.tokens.new_ones(b, e, p)
        return full if self.mask is None else full * self.mask.any(1)[:, None, None]

    def token_load(self) -> Float[Tensor, "b n"]:
        parts = self.slots.split(CHUNK, 1)
        return sum(dispatch_weights((self.tokens @ part.mT)[..., None], self.mask).sum((2, 3)) for part in parts)


def attend(
    queries: Float[Tensor, "b q d"],
    keys: Float[Tensor, "b k d"],
    values: Float[Tensor, "b k w"],
    mask: Bool[Tensor, "b k"] | None = None,
) -> Float[Tensor, "b q w"]:
    """Give each query the mean of values, weighted by the softmax over keys of query times key."""
    queries, keys = queries.to(values.dtype), keys.to(values.dtype)
    out = F.scaled_dot_product_attention(
        queries[:, None],
        keys[:, None],
        values[:, None],
        attn_mask=None if mask is None else mask[:, None, None],
        scale=1.0,
    )
    return out[:, 0]


def uses_attention(form: str, tokens: int, slots: int, noisy: bool) -> bool:
    """Choose the form: "auto" builds no weights from 2^20 of them per group on (4 MiB in float32) without noise.

    Under that the plain products are as fast or faster. Raises ValueError when "attention" is forced with noise.
    """
    if form == "attention" and noisy:
        raise ValueError('form="attention" never builds the logits that noise is added to: use form="weights"')
    return form == "attention" or (form == "auto" and not noisy and tokens * slots >= 2**20)


def slot_queries(phi: Float[Tensor, "d e p"], groups: int) -> Float[Tensor, "b s d"]:
    """Give phi as one row per slot, for every group; rows lie in one piece, as fused kernels ask."""
    rows = phi.flatten(1).mT.contiguous()
    return torch.broadcast_to(rows, (groups, *rows.shape))
