"""Soft MoE without its weights: dispatch and combine are attention, and a fused kernel never builds (b, n, e, p).

Dispatch is attention with slots as queries, tokens as keys and the raw tokens as values; combine is attention with
tokens as queries, slots as keys and the experts' answers as values. Memory for the routing then grows with n + s, not
with n s (s = e p slots).

The fused kernels know first derivatives only. Forward-mode derivatives (torch.func.jvp, jacfwd) and derivatives of
gradients (hessian, gradgradcheck) need `SoftRouter(..., form="weights")`.
"""

from dataclasses import dataclass
from functools import cached_property

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from softmoe_edu.routers.router import without_autocast
from softmoe_edu.routers.weights import combine_weights, dispatch_weights
from softmoe_edu.routing import Routing
from softmoe_edu.shapes import Logits, Mask, SlotGates, Slots, Tokens, Weights, without_padding

CHUNK = 1024  # slots whose weights are built at once where sums of weights are asked for


@dataclass(frozen=True, eq=False, repr=False)
class AttentionRouting(Routing):
    """The decision of `SoftRouter` as the two factors of its logits, `tokens` and `slots`.

    `logits`, `dispatch` and `combine` are built when they are looked at. The products agree with `SoftRouting`'s to
    rounding; half-precision tokens and answers are widened for them, as the weights are float32 there too.
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
    def logits(self) -> Logits:  # type: ignore[override]  # read-only: a Routing is frozen
        """Return scale times the cosine of every token and slot, (b, n, e, p)."""
        return (self.tokens @ self.slots.mT).unflatten(-1, self.sizes[2:])

    @cached_property
    def dispatch(self) -> Weights:  # type: ignore[override]
        """Return the softmax over tokens, (b, n, e, p)."""
        return dispatch_weights(self.logits, self.mask)

    @cached_property
    def combine(self) -> Weights:  # type: ignore[override]
        """Return the softmax over all slots, (b, n, e, p)."""
        return combine_weights(self.logits, self.mask)

    def to_slots(self, x: Tokens) -> Slots:
        if self.mask is None:
            return attend(self.slots, self.tokens, x).unflatten(1, self.sizes[2:])
        # A group that is all padding would divide 0 by 0: it attends to its padding instead, and stays empty.
        mask = self.mask | ~self.mask.any(1, keepdim=True)
        filled = attend(self.slots, self.tokens, without_padding(x, self.mask), mask)
        return self._of_real_groups(filled).unflatten(1, self.sizes[2:])

    def to_tokens(self, y: Slots) -> Tokens:
        answers = attend(self.tokens, self.slots, self._of_real_groups(y.flatten(1, 2)))
        return without_padding(answers, self.mask)

    def _of_real_groups(self, slots: Float[Tensor, "b s d"]) -> Float[Tensor, "b s d"]:
        """Zero the slots of groups that are all padding: phi, which all groups share, gets no gradient from them."""
        return slots if self.mask is None else slots.masked_fill(~self.mask.any(1)[:, None, None], 0)

    def slot_load(self) -> SlotGates:
        """Return 1 for every slot, 0 in a group that is all padding: dispatch is a softmax."""
        b, _, e, p = self.sizes
        return self.tokens.new_ones(b, e, p) if self.filled is None else self.filled.to(self.tokens.dtype)

    def token_load(self) -> Float[Tensor, "b n"]:
        first, *rest = self.slots.split(CHUNK, 1)
        load = self._token_load(first)
        for part in rest:
            load = load + self._token_load(part)
        return load

    def _token_load(self, slots: Float[Tensor, "b s d"]) -> Float[Tensor, "b n"]:
        return dispatch_weights((self.tokens @ slots.mT)[..., None], self.mask).sum((2, 3))


def attend(
    queries: Float[Tensor, "b q d"],
    keys: Float[Tensor, "b k d"],
    values: Float[Tensor, "b k w"],
    mask: Bool[Tensor, "b k"] | None = None,
) -> Float[Tensor, "b q w"]:
    """Compute for each query the mean of values, weighted by the softmax over keys of query times key.

    Computed in the wider of the queries' and values' dtypes, under autocast too, since to round the queries would
    change the routing decision; returned in the values' dtype.

    Raises:
        NotImplementedError: a forward-mode derivative is asked for, or later one of a gradient.
    """
    wide = torch.promote_types(queries.dtype, values.dtype)
    inputs = [t.to(wide)[:, None] for t in (queries, keys, values)]
    query, key, value = inputs
    if not torch.compiler.is_compiling():
        for t in inputs:
            if t.requires_grad:
                t.register_hook(_only_once)
    mask = None if mask is None else mask[:, None, None]
    try:
        with without_autocast(queries.device.type):
            out = F.scaled_dot_product_attention(query, key, value, attn_mask=mask, scale=1.0)
    except NotImplementedError as error:
        raise NotImplementedError(FIRST_ORDER) from error
    return out[:, 0].to(values.dtype)


FIRST_ORDER = (
    'form="attention" has no forward-mode derivatives and no derivatives of gradients: '
    'build the router with form="weights"'
)


def _only_once(gradient: Tensor | None) -> Tensor | None:
    """Mark a gradient that may be differentiated again, so that the error then says what to do."""
    if gradient is None or not gradient.requires_grad:
        return None
    return _Refused.apply(gradient)  # type: ignore[no-untyped-call]


class _Refused(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(gradient: Tensor) -> Tensor:
        return gradient.view_as(gradient)

    @staticmethod
    def setup_context(ctx: object, inputs: tuple[object, ...], output: Tensor) -> None:
        """Keep nothing."""

    @staticmethod
    def backward(ctx: object, *gradients: Tensor) -> Tensor:
        raise NotImplementedError(FIRST_ORDER)


def uses_attention(form: str, tokens: int, slots: int, noisy: bool) -> bool:
    """Choose the form: "auto" builds no weights from 2^20 of them per group on (4 MiB in float32) without noise.

    Under that the plain products are as fast or faster.

    Args:
        form: "auto", "weights" or "attention".
        tokens: tokens of a group.
        slots: slots of all experts.
        noisy: whether noise is added to the logits.

    Raises:
        ValueError: "attention" is forced with noise.
    """
    if form == "attention" and noisy:
        raise ValueError('form="attention" never builds the logits that noise is added to: use form="weights"')
    return form == "attention" or (form == "auto" and not noisy and tokens * slots >= 2**20)


def slot_queries(phi: Float[Tensor, "d e p"], groups: int) -> Float[Tensor, "b s d"]:
    """Return phi as one row per slot, for every group; rows lie in one piece, as fused kernels ask."""
    rows = phi.flatten(1).mT.contiguous()
    return torch.broadcast_to(rows, (groups, *rows.shape))
