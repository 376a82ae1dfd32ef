"""A routing decision as a value: how tokens fill slots (dispatch) and how slots answer tokens (combine).

Every router returns a Routing; the layer, the figures, the widgets, the metrics and the losses take one.
"""

import contextlib
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor, nn

from softmoe_edu.names import plain_name
from softmoe_edu.shapes import Gates, Mask, SlotGates, Slots, SlotTokens, Tokens, Weights


class Routing(ABC):
    """What a router decided for b groups of n tokens, e experts and p slots of each expert.

    `logits` and `gates` are the router's scores before and after the softmax over experts where it has them,
    else None; `mask` is True for real tokens, None when all are real.
    """

    logits: Tensor | None
    gates: Gates | None
    mask: Mask | None
    dispatch: Weights
    combine: Weights

    @property
    @abstractmethod
    def sizes(self) -> tuple[int, int, int, int]:
        """(b, n, e, p): groups, tokens of a group, experts, slots of an expert."""

    @abstractmethod
    def to_slots(self, x: Tokens) -> Slots:
        """Fill every slot: the sum over tokens of dispatch times token."""

    @abstractmethod
    def to_tokens(self, y: Slots) -> Tokens:
        """Answer every token: the sum over experts and slots of combine times slot output."""

    def through(self, x: Tokens, experts: Callable[[Slots], Slots]) -> Tokens:
        """Send tokens through experts: fill the slots, compute, answer the tokens."""
        return self.to_tokens(experts(self.to_slots(x)))

    @abstractmethod
    def slot_load(self) -> SlotGates:
        """How many tokens' worth each slot received: dispatch summed over tokens."""

    @abstractmethod
    def token_load(self) -> Float[Tensor, "b n"]:
        """How many slots' worth each token gave: dispatch summed over experts and slots."""

    def map(self, change: Callable[[Tensor], Tensor]) -> "Routing":
        """Give a copy whose tensors are changed, for example by `torch.Tensor.detach`."""
        tensors = {f.name: getattr(self, f.name) for f in fields(self)}
        return replace(self, **{name: change(t) for name, t in tensors.items() if isinstance(t, Tensor)})

    def detach(self) -> "Routing":
        """Give a copy that holds no autograd graph."""
        return self.map(Tensor.detach)

    def __repr__(self) -> str:
        b, n, e, p = self.sizes
        return f"{type(self).__name__}(groups={b}, tokens={n}, experts={e}, slots_per_expert={p})"


@dataclass(frozen=True, eq=False, repr=False)
class SoftRouting(Routing):
    """Dense weights: every slot mixes tokens, every token mixes slots."""

    dispatch: Weights
    combine: Weights
    logits: Weights | None = None
    mask: Mask | None = None
    gates: None = None

    @property
    def sizes(self) -> tuple[int, int, int, int]:
        return tuple(self.dispatch.shape)

    def to_slots(self, x: Tokens) -> Slots:
        _, _, e, p = self.sizes
        return (self.dispatch.flatten(2).mT.to(x.dtype) @ x).unflatten(1, (e, p))

    def to_tokens(self, y: Slots) -> Tokens:
        return self.combine.flatten(2).to(y.dtype) @ y.flatten(1, 2)

    def slot_load(self) -> SlotGates:
        return self.dispatch.sum(1)

    def token_load(self) -> Float[Tensor, "b n"]:
        return self.dispatch.sum((2, 3))


@dataclass(frozen=True, eq=False, repr=False)
class SparseRouting(Routing):
    """Index form: which token fills each slot, and the gate that its answer is multiplied with.

    `token` is -1 and `gate` is 0 where a slot is empty. A (b, n, e, p) tensor is built only when `dispatch` or
    `combine` is looked at. `dropless`: an expert has as many slots as the busiest one needs, so that most may be
    empty; experts with a method `rows` then compute the filled ones alone.
    """

    token: SlotTokens
    gate: SlotGates
    num_tokens: int
    logits: Gates | None = None
    gates: Gates | None = None
    noisy_logits: Gates | None = None
    mask: Mask | None = None
    dropless: bool = False

    @property
    def sizes(self) -> tuple[int, int, int, int]:
        b, e, p = self.token.shape
        return b, self.num_tokens, e, p

    @property
    def filled(self) -> Tensor:
        """True (b, e, p) where a slot holds a token."""
        return self.token >= 0

    def _row(self) -> Tensor:
        """Row of each slot's token in the flattened (b n) tokens; an empty slot points at row 0."""
        b, n, _, _ = self.sizes
        first = torch.arange(b, device=self.token.device)[:, None, None] * n
        return torch.where(self.filled, self.token + first, 0).flatten()

    def to_slots(self, x: Tokens) -> Slots:
        rows = x.flatten(0, 1).index_select(0, self._row())
        return rows.unflatten(0, self.token.shape) * self.filled[..., None].to(x.dtype)

    def to_tokens(self, y: Slots) -> Tokens:
        b, n, _, _ = self.sizes
        answers = (y * self.gate[..., None].to(y.dtype)).flatten(0, 2)
        return answers.new_zeros(b * n, y.shape[-1]).index_add(0, self._row(), answers).unflatten(0, (b, n))

    def through(self, x: Tokens, experts: Callable[[Slots], Slots]) -> Tokens:
        if not (self.dropless and hasattr(experts, "rows")):
            return super().through(x, experts)
        filled = self.filled.transpose(0, 1)
        row = self._row().view(self.token.shape).transpose(0, 1)[filled]
        gate = self.gate.transpose(0, 1)[filled]
        answers = experts.rows(x.flatten(0, 1).index_select(0, row), filled.sum((1, 2)))
        answers = answers * gate[:, None].to(answers.dtype)
        b, n, _ = x.shape
        return answers.new_zeros(b * n, answers.shape[-1]).index_add(0, row, answers).unflatten(0, (b, n))

    def slot_load(self) -> SlotGates:
        return self.filled.to(self.gate.dtype)

    def token_load(self) -> Float[Tensor, "b n"]:
        b, n, _, _ = self.sizes
        zeros = self.gate.new_zeros(b * n)
        return zeros.index_add(0, self._row(), self.slot_load().flatten()).unflatten(0, (b, n))

    def _dense(self, value: SlotGates) -> Weights:
        b, n, e, p = self.sizes
        return value.new_zeros(b, n, e, p).scatter(1, self.token.clamp(min=0)[:, None], value[:, None])

    @cached_property
    def dispatch(self) -> Weights:
        """1 where a token fills a slot, else 0."""
        return self._dense(self.slot_load())

    @cached_property
    def combine(self) -> Weights:
        """The gate where a token fills a slot, else 0."""
        return self._dense(self.gate)


@contextlib.contextmanager
def record(model: nn.Module) -> Iterator[dict[str, Routing]]:
    """Collect the Routing of every router that runs inside the block, by module name.

    A name is as in `model.named_modules()`; a router that runs twice leaves its last decision. What is recorded
    keeps its autograd graph, so that a loss can be taken of it; `Routing.detach` drops it. Works in training,
    under `torch.no_grad` and nested. A compiled model runs uncompiled inside the block, since its code was
    made without hooks, and names are those of the plain model. Activation checkpointing runs a router again in the
    backward pass, which is no decision and is not recorded; with use_reentrant=True the decision itself is made
    without gradients, so that a loss of it would train nothing.
    """
    routings: dict[str, Routing] = {}

    def keep(name: str) -> Callable:
        def hook(module: nn.Module, args: tuple, output: object) -> None:
            # Inside a backward pass a checkpointed module only repeats what it decided.
            if isinstance(output, Routing) and torch._C._current_graph_task_id() == -1:
                routings[name] = output

        return hook

    handles = [module.register_forward_hook(keep(plain_name(model, name))) for name, module in model.named_modules()]
    # Nothing can be compiled before torch._dynamo is loaded, and loading it takes a second.
    eager = torch.compiler.set_stance("force_eager") if "torch._dynamo" in sys.modules else contextlib.nullcontext()
    try:
        with eager:
            yield routings
    finally:
        for handle in handles:
            handle.remove()
