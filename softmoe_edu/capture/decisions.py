"""Read a decision from what experts are called with, or from what a router returns, in the forms that models use."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True, eq=False)
class Decision:
    """Experts and weights of a call of a layer, row by row, (rows, ...) or (b, n, ...).

    Attributes:
        index: (..., k), the experts.
        weight: (..., k), 0 where nothing is asked.
        num_experts: how many experts there are.
        logits: (..., e), or None.
    """

    index: Tensor
    weight: Tensor
    num_experts: int
    logits: Tensor | None

    def shaped(self, b: int, n: int) -> "Decision":
        """Return rows as b examples of n tokens."""
        return self._each(lambda part: part.reshape(b, n, part.shape[-1]))

    def first(self, n: int) -> "Decision":
        """Return the first n tokens of every example."""
        return self._each(lambda part: part[:, :n])

    def _each(self, change: Any) -> "Decision":
        logits = None if self.logits is None else change(self.logits)
        return Decision(change(self.index), change(self.weight), self.num_experts, logits)


def read_experts(
    experts: nn.Module, asked: tuple[Tensor, Tensor, Tensor], routers: Sequence[tuple[Any, int]]
) -> Decision:
    """Return the decision that experts are called with.

    Experts are given as numbers (rows, k), or as a mask (rows, k, e) of zeros and ones (Switch).

    Args:
        experts: the module.
        asked: tokens, experts and weights.
        routers: what the layer's routers returned, and where their logits stand.

    Raises:
        ValueError: a number is no expert's.
    """
    _, index, weight = (part.detach() for part in asked)
    rows = len(index)
    logits = next((found for output, at in routers if (found := _logits(output, at, rows)) is not None), None)
    if index.ndim == 3:
        weight = torch.where(index.any(-1), weight, 0)
        num_experts, index = index.shape[-1], index.argmax(-1)
    else:
        num_experts = logits.shape[-1] if logits is not None else count_experts(experts)
    return Decision(index.long(), weight, num_experts, logits)


def count_experts(experts: nn.Module) -> int:
    """Return how many experts a module holds: modules, or the kernels of a stack."""
    if isinstance(experts, nn.ModuleDict | nn.ModuleList):
        return len(experts)
    return max(len(parameter) for parameter in experts.parameters(recurse=False) if parameter.ndim == 3)


def _logits(output: Any, at: int, rows: int) -> Tensor | None:
    """Return the logits (rows, e) in what a router returned."""
    part = output[at] if isinstance(output, tuple | list) and len(output) > at else output
    if not isinstance(part, Tensor) or part.ndim < 2 or part.numel() // part.shape[-1] != rows:
        return None
    return part.detach().reshape(rows, part.shape[-1])


def read_router(output: Any, at: int) -> Decision | None:
    """Return the decision in a router's output where its experts are called in another way, None where there is none.

    Two forms are known: scores of all experts, 0 for those not chosen, beside logits of the same shape (Llama 4); and
    choices sorted by expert: how many tokens each expert gets, which, and with what weights (JetMoe).

    Args:
        output: what the router returned.
        at: where its logits stand.
    """
    if not isinstance(output, tuple) or len(output) <= at or not isinstance(output[at], Tensor):
        return None
    logits = output[at].detach()
    if logits.ndim != 2:
        return None
    others = [part for i, part in enumerate(output) if i != at]
    dense = [part for part in others if isinstance(part, Tensor) and part.shape == logits.shape]
    if len(others) == 1 and dense and dense[0].is_floating_point():
        return _dense(dense[0].detach(), logits)
    return _sorted(others, logits)


def _dense(scores: Tensor, logits: Tensor) -> Decision | None:
    k = int((scores != 0).sum(-1).max())
    weight, index = scores.topk(k, dim=-1)
    return Decision(index, weight, logits.shape[-1], logits)


def _sorted(parts: Sequence[Any], logits: Tensor) -> Decision | None:
    rows, e = logits.shape
    counts = [part for part in parts if isinstance(part, list) and len(part) == e]
    floats = [part for part in parts if isinstance(part, Tensor) and part.ndim == 1 and part.is_floating_point()]
    wholes = [part for part in parts if isinstance(part, Tensor) and part.ndim == 1 and part.dtype == torch.int64]
    if len(counts) != 1 or len(floats) != 1 or sum(counts[0]) != len(floats[0]) or len(floats[0]) % rows:
        return None
    k, weight = len(floats[0]) // rows, floats[0].detach()
    # The tokens in the order of their experts: every one k times.
    tokens = [part for part in wholes if len(part) == rows * k and bool((part.bincount(minlength=rows) == k).all())]
    if not tokens or (k == 1 and len(tokens) > 1 and not all(torch.equal(tokens[0], each) for each in tokens)):
        return None
    by_token = tokens[-1].argsort(stable=True)
    expert = torch.arange(e, device=logits.device).repeat_interleave(torch.tensor(counts[0], device=logits.device))
    return Decision(expert[by_token].view(rows, k), weight[by_token].view(rows, k), e, logits)
