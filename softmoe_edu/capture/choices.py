"""What the experts of one layer were asked to do, token by token, and the routing that this is."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from softmoe_edu.routers.router import widen
from softmoe_edu.routers.tokens_choice import assign_tokens
from softmoe_edu.routing import SparseRouting
from softmoe_edu.shapes import Gates, Mask


@dataclass(frozen=True, eq=False)
class Choices:
    """What the experts of a layer received, in the order of the batch.

    Attributes:
        index: (b, n, k), the experts of each token.
        weight: (b, n, k), what their answers are multiplied by; exactly 0 for an expert that adds nothing.
        num_experts: how many experts there are.
        logits: (b, n, e), the router's scores of all experts, None where no module gives them.
        mask: (b, n), True for real tokens; None when all are real.
        ids: (b, n), the tokens' numbers in the vocabulary; None where the layer's tokens are no words.
    """

    index: Int[Tensor, "b n k"]
    weight: Float[Tensor, "b n k"]
    num_experts: int
    logits: Gates | None = None
    mask: Mask | None = None
    ids: Int[Tensor, "b n"] | None = None

    def routing(self, gates: Gates | None = None) -> SparseRouting:
        """Return the decision in index form.

        Slots are bookkeeping here, since a real model lays none out: every expert has as many as the busiest expert of
        the busiest example needs. They are filled as by `TokensChoiceRouter(capacity_factor=None)`: all first choices
        in the order of the tokens, then all second ones; a token's first choice is that of its largest weight. A choice
        of weight 0, which adds nothing to the answer, fills no slot: that is how models drop by capacity.

        Args:
            gates: (b, n, e), the scores of all experts that the routing carries.
        """
        weight, order = widen(self.weight).sort(dim=-1, descending=True, stable=True)
        # One expert too many, which is never read.
        index = self.index.gather(-1, order).masked_fill(weight == 0, self.num_experts)
        token, gate = assign_tokens(index, weight, self.num_experts, None, mask=self.mask)
        logits = None if self.logits is None else widen(self.logits)
        return SparseRouting(token, gate, index.shape[1], logits, gates, mask=self.mask, dropless=True)

    def wide_logits(self) -> Gates:
        """Return the logits in float32, or in float64 if they are."""
        assert self.logits is not None
        return widen(self.logits)

    def used_gates(self) -> Gates:
        """Return the weights as used, (b, n, e), and 0 for experts that were not asked."""
        weight = widen(self.weight)
        return weight.new_zeros(*weight.shape[:2], self.num_experts).scatter_add(2, self.index, weight)

    def real(self) -> tuple[Tensor, Tensor, Tensor | None, Tensor | None]:
        """Return index, weight, logits and ids of the real tokens alone, (tokens, ...)."""
        b, n, _ = self.index.shape
        keep = torch.ones(b, n, dtype=torch.bool, device=self.index.device) if self.mask is None else self.mask
        logits = None if self.logits is None else self.logits[keep]
        return self.index[keep], self.weight[keep], logits, None if self.ids is None else self.ids[keep]
