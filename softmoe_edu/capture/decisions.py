"""Read a decision from what experts are called with, or from what a router returns, in the forms that models use."""

from collections.abc import Callable, Sequence
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
        logits: (..., e), what the router gives as its logits, or None.
        inner: (..., e), what a part of the router computed of this shape, or None.
    """

    index: Tensor
    weight: Tensor
    num_experts: int
    logits: Tensor | None
    inner: Tensor | None = None

    def shaped(self, b: int, n: int) -> "Decision":
        """Return rows as b examples of n tokens."""
        return self._each(lambda part: part.reshape(b, n, part.shape[-1]))

    def first(self, n: int) -> "Decision":
        """Return the first n tokens of every example."""
        return self._each(lambda part: part[:, :n])

    def real_logits(self) -> Tensor | None:
        """Return the logits; those of a router that gives probabilities in their place are found inside it.

        Where they are not, the logarithm of the probabilities stands for them: the same but for one number for each
        token, which no softmax sees.
        """
        if self.logits is None or not _are_probabilities(self.logits):
            return self.logits
        if self.inner is not None and torch.allclose(self.inner.float().softmax(-1), self.logits.float(), rtol=1e-2):
            return self.inner
        return self.logits.log()

    def _each(self, change: Callable[[Tensor], Tensor]) -> "Decision":
        logits, inner = (None if part is None else change(part) for part in (self.logits, self.inner))
        return Decision(change(self.index), change(self.weight), self.num_experts, logits, inner)


def _are_probabilities(part: Tensor) -> bool:
    close = 8 * torch.finfo(part.dtype).eps * part.shape[-1] ** 0.5
    return bool((part >= 0).all()) and bool(((part.float().sum(-1) - 1).abs() <= close).all())


@dataclass(frozen=True, eq=False)
class Routed:
    """What a module of a layer returned.

    Attributes:
        output: that.
        at: where the logits stand in it; None where nobody declares it.
        parts: what parts of the module returned.
    """

    output: Any
    at: int | None
    parts: Sequence[Any] = ()


def read_experts(experts: nn.Module, asked: tuple[Tensor, Tensor, Tensor], routers: Sequence[Routed]) -> Decision:
    """Return the decision that experts are called with.

    Experts are given as numbers (rows, k), or as a mask (rows, k, e) of zeros and ones (Switch).

    Args:
        experts: the module.
        asked: tokens, experts and weights.
        routers: what the layer's routers returned.
    """
    _, index, weight = (part.detach() for part in asked)
    rows, e = len(index), count_experts(experts)
    logits = inner = None
    for each in routers:
        found = _logits(each.output, each.at, rows) if each.at is not None else _beside(each.output, index, e)
        if found is not None:
            logits = found
            inner = next((part for part in map(_tensor, each.parts) if _fits(part, rows, found.shape[-1])), None)
    if index.ndim == 3:
        weight = torch.where(index.any(-1), weight, 0)
        e, index = index.shape[-1], index.argmax(-1)
    elif logits is not None:
        e = logits.shape[-1]
    inner = None if inner is None else inner.detach().reshape(rows, -1)
    return Decision(index.long(), weight, e, logits, inner)


def count_experts(experts: nn.Module) -> int:
    """Return how many experts a module holds: modules, or the kernels of a stack."""
    if isinstance(experts, nn.ModuleDict | nn.ModuleList):
        return len(experts)
    if isinstance(number := getattr(experts, "num_experts", None), int):
        return number
    return max(len(parameter) for parameter in experts.parameters(recurse=False) if parameter.ndim == 3)


def _tensor(output: Any) -> Any:
    return output[0] if isinstance(output, tuple | list) and output else output


def _fits(part: Any, rows: int, e: int) -> bool:
    """Return whether something holds one number for every row and expert."""
    return isinstance(part, Tensor) and part.is_floating_point() and part.ndim > 1 and _flat(part) == (rows, e)


def _flat(part: Tensor) -> tuple[int, int]:
    return part.numel() // max(part.shape[-1], 1), part.shape[-1]


def _logits(output: Any, at: int, rows: int) -> Tensor | None:
    """Return the logits (rows, e) in what a router returned."""
    part = output[at] if isinstance(output, tuple | list) and len(output) > at else output
    if not isinstance(part, Tensor) or not _fits(part, rows, part.shape[-1] if part.ndim else 0):
        return None
    return part.detach().reshape(rows, part.shape[-1])


def _beside(output: Any, index: Tensor, e: int) -> Tensor | None:
    """Return scores (rows, e) that stand beside the choices in what a module returned, as of a router by a table."""
    parts = output if isinstance(output, tuple | list) else ()
    chosen = any(isinstance(part, Tensor) and part.data_ptr() == index.data_ptr() for part in parts)
    found = [part for part in parts if chosen and _fits(part, len(index), e)]
    return found[0].detach().reshape(len(index), e) if len(found) == 1 else None


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
