"""A routing decision as a value: how tokens fill slots (dispatch) and how slots answer tokens (combine).

Every router returns a Routing; the layer, the figures, the widgets, the metrics and the losses take one.
"""

import contextlib
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from inspect import CO_VARKEYWORDS

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook

from softmoe_edu.names import plain_name
from softmoe_edu.shapes import Gates, Mask, SlotGates, Slots, SlotTokens, Tokens, Weights, without_padding


class Routing(ABC):
    """What a router decided for b groups of n tokens, e experts and p slots of each expert.

    `logits` and `gates` are the router's scores before and after the softmax over experts where it has them,
    else None; `mask` is True for real tokens, None when all are real. Padding and empty slots are ignored,
    whatever they hold.
    """

    logits: Tensor | None
    gates: Gates | None
    mask: Mask | None
    dispatch: Weights
    combine: Weights

    @property
    @abstractmethod
    def sizes(self) -> tuple[int, int, int, int]:
        """Return (b, n, e, p): groups, tokens of a group, experts, slots of an expert."""

    @property
    def filled(self) -> Bool[Tensor, "b e p"] | None:
        """Return True where a slot holds a token, (b, e, p), or None when all do, as after a softmax over tokens."""
        b, _, e, p = self.sizes
        return None if self.mask is None else self.mask.any(1)[:, None, None].expand(b, e, p)

    @abstractmethod
    def to_slots(self, x: Tokens) -> Slots:
        """Fill every slot: the sum over tokens of dispatch times token."""

    @abstractmethod
    def to_tokens(self, y: Slots) -> Tokens:
        """Answer every token: the sum over experts and slots of combine times slot output."""

    def through(self, x: Tokens, experts: Callable[..., Slots]) -> Tokens:
        """Send tokens through experts: fill the slots, compute, answer the tokens.

        Args:
            x: tokens (b, n, d), as the router read them.
            experts: any callable from slots (b, e, p, d) to answers of that shape. One whose `forward` has an argument
                `filled`, as that of `Experts`, is also told which slots hold a token; one with an argument `count` gets
                only the filled rows (r, d) of a dropless routing, and how many of them belong to each expert.

        Returns:
            Answers (b, n, d), exactly 0 at padding.
        """
        return self.to_tokens(_ask(experts, self.to_slots(x), self.filled))

    @abstractmethod
    def slot_load(self) -> SlotGates:
        """Compute the load of each slot: dispatch summed over tokens."""

    @abstractmethod
    def token_load(self) -> Float[Tensor, "b n"]:
        """Compute the load of each token: dispatch summed over experts and slots."""

    def map(self, change: Callable[[Tensor], Tensor]) -> "Routing":
        """Return a copy whose tensors are changed, for example by `torch.Tensor.detach`."""
        tensors = {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]  # of a subclass, each a dataclass
        changed = {name: change(t) for name, t in tensors.items() if isinstance(t, Tensor)}
        return replace(self, **changed)  # type: ignore[type-var]

    def detach(self) -> "Routing":
        """Return a copy that holds no autograd graph."""
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
        b, n, e, p = self.dispatch.shape
        return b, n, e, p

    def to_slots(self, x: Tokens) -> Slots:
        _, _, e, p = self.sizes
        x = without_padding(x, self.mask)
        return (self.dispatch.flatten(2).mT.to(x.dtype) @ x).unflatten(1, (e, p))

    def to_tokens(self, y: Slots) -> Tokens:
        return without_padding(self.combine.flatten(2).to(y.dtype) @ y.flatten(1, 2), self.mask)

    def slot_load(self) -> SlotGates:
        return without_padding(self.dispatch, self.mask).sum(1)

    def token_load(self) -> Float[Tensor, "b n"]:
        return without_padding(self.dispatch, self.mask).sum((2, 3))


@dataclass(frozen=True, eq=False, repr=False)
class SparseRouting(Routing):
    """Index form: which token fills each slot, and the gate by which its answer is multiplied.

    `token` is -1 and `gate` is 0 where a slot is empty; a gate of 0 alone empties no slot. A gate is NaN where it is
    not known, as in a server's trace, which holds choices alone. A (b, n, e, p) tensor is built only when `dispatch`
    or `combine` is looked at. `dropless`: an expert has as many slots as the busiest one needs, so that most may be
    empty; experts whose forward has an argument `count` then compute the filled ones alone.
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
    def filled(self) -> Bool[Tensor, "b e p"]:
        """Return True where a slot holds a token, (b, e, p)."""
        return self.token >= 0

    def answer_gate(self) -> SlotGates:
        """Return the gate of every filled slot, and 0 for an empty one, whatever `gate` holds there."""
        return torch.where(self.filled, self.gate, 0)

    def _row(self) -> Tensor:
        """Return the row of each slot's token in the flattened (b n) tokens; for an empty slot, one past the last."""
        b, n, _, _ = self.sizes
        first = torch.arange(b, device=self.token.device)[:, None, None] * n
        return torch.where(self.filled, self.token + first, b * n).flatten()

    def to_slots(self, x: Tokens) -> Slots:
        return self._read(x, self._row())

    def to_tokens(self, y: Slots) -> Tokens:
        return self._answered(y, self._row())

    def through(self, x: Tokens, experts: Callable[..., Slots]) -> Tokens:
        row, filled = self._row(), self.filled
        if self.dropless and _takes(experts, "count"):
            filled = filled.transpose(0, 1)
            row = row.view(self.token.shape).transpose(0, 1)[filled]
            gate = self.gate.transpose(0, 1)[filled]
            answers = experts(x.flatten(0, 1).index_select(0, row), count=filled.sum((1, 2)))
            return self._added(answers * gate[:, None].to(answers.dtype), row)
        return self._answered(_ask(experts, self._read(x, row), filled), row)

    def _read(self, x: Tokens, row: Tensor) -> Slots:
        # Empty slots read a row of zeros, so that no token's value or gradient passes through them.
        rows = torch.cat((x.flatten(0, 1), x.new_zeros(1, x.shape[-1])))
        return rows.index_select(0, row).unflatten(0, self.token.shape)

    def _answered(self, y: Slots, row: Tensor) -> Tokens:
        return self._added((y * self.answer_gate()[..., None].to(y.dtype)).flatten(0, 2), row)

    def _added(self, values: Float[Tensor, "r d"], row: Tensor) -> Tokens:
        """Add values up by row (b n); what is written to the row after the last, by empty slots, is never read."""
        b, n, _, _ = self.sizes
        rows = values.new_zeros(b * n + 1, values.shape[-1]).index_add(0, row, values)
        return rows[: b * n].unflatten(0, (b, n))

    def only(self, tokens: Sequence[int] | Int[Tensor, " m"]) -> "SparseRouting":
        """Return what was decided about some tokens of every group, numbered anew in the order given.

        The slots of the others are empty. A dropless routing then has as many as the busiest expert needs for these.

        Args:
            tokens: numbers of different tokens of a group.

        Raises:
            ValueError: a number is no token's, or stands there twice.
        """
        kept = torch.as_tensor(tokens, dtype=torch.long, device=self.token.device).flatten()
        n, m = self.num_tokens, len(kept)
        if not m or not bool(((kept >= 0) & (kept < n)).all()) or len(kept.unique()) < m:
            raise ValueError(f"tokens must be different numbers from 0 to {n - 1}, at least one, got {kept.tolist()}")
        new = kept.new_full((n + 1,), -1).index_copy(0, kept, torch.arange(m, device=kept.device))
        token, gate = new[torch.where(self.filled, self.token, n)], self.gate
        if self.dropless:
            slots = max(1, int((token >= 0).sum(-1).max()))
            order = (token < 0).to(torch.int8).sort(dim=-1, stable=True).indices[..., :slots]
            token, gate = token.gather(-1, order), gate.gather(-1, order)
        logits, gates, noisy, mask = (
            None if part is None else part[:, kept] for part in (self.logits, self.gates, self.noisy_logits, self.mask)
        )
        gate = torch.where(token >= 0, gate, 0)
        return SparseRouting(token, gate, m, logits, gates, noisy, mask, dropless=self.dropless)

    def slot_load(self) -> SlotGates:
        return self.filled.to(self.gate.dtype)

    def token_load(self) -> Float[Tensor, "b n"]:
        return self._added(self.slot_load().flatten()[:, None], self._row())[..., 0]

    def _dense(self, value: SlotGates) -> Weights:
        b, n, e, p = self.sizes
        return value.new_zeros(b, n, e, p).scatter(1, self.token.clamp(min=0)[:, None], value[:, None])

    @cached_property
    def dispatch(self) -> Weights:  # type: ignore[override]  # read-only: a Routing is frozen
        """Return 1 where a token fills a slot, else 0, (b, n, e, p)."""
        return self._dense(self.slot_load())

    @property
    def combine(self) -> Weights:  # type: ignore[override]
        """Return the gate where a token fills a slot, else 0, (b, n, e, p)."""
        kept = self.__dict__.get("_combine")
        # One that was first looked at under no_grad has no gradient to give.
        if kept is None or (torch.is_grad_enabled() and self.gate.requires_grad and not kept.requires_grad):
            kept = self.__dict__["_combine"] = self._dense(self.answer_gate())
        return kept


def _ask(experts: Callable[..., Slots], slots: Slots, filled: Bool[Tensor, "b e p"] | None) -> Slots:
    """Let experts answer slots, and tell those whose forward has an argument `filled` which slots hold a token."""
    told = filled is not None and _takes(experts, "filled")
    return experts(slots, filled=filled) if told else experts(slots)


def _takes(function: Callable[..., object], argument: str) -> bool:
    """Return whether a function, or a module's forward, has an argument of this name or passes any to one that has.

    Read from its code, which torch.compile can follow where it cannot follow inspect.signature.
    """
    function = getattr(function, "forward", function)
    code = getattr(function, "__code__", None)
    if code is None:
        return False
    if argument in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]:
        return True
    inner = getattr(function, "__wrapped__", None)  # what a decorator passes its arguments to
    return inner is not None and bool(code.co_flags & CO_VARKEYWORDS) and _takes(inner, argument)


@contextlib.contextmanager
def record(model: nn.Module) -> Iterator[dict[str, Routing]]:
    """Collect the Routing of every router that runs inside the block, by module name.

    A name is as in `model.named_modules()`, and that of the plain model where it is compiled or parallel; a router that
    runs twice leaves its last decision. What is recorded keeps its autograd graph, so that a loss can be taken of it;
    `Routing.detach` drops it. Works in training, under `torch.no_grad` and nested. Nothing is attached to the model, so
    a copy of it made inside the block is not recorded; what hooks of a router's own make of its decision is not seen. A
    compiled model runs uncompiled inside the block, since its code was made without hooks. Activation checkpointing
    runs a router again in the backward pass, which is no decision and is not recorded; with use_reentrant=True the
    decision itself is made without gradients, so that a loss of it would train nothing.

    Args:
        model: any module; what is added to it inside the block is not recorded.

    Yields:
        The decisions so far, {module name: Routing}.
    """
    routings: dict[str, Routing] = {}
    # By identity, and with the modules themselves so that no other object can take one's place.
    names = {id(module): (plain_name(model, name), module) for name, module in model.named_modules()}

    def keep(module: nn.Module, args: tuple[object, ...], output: object) -> None:
        # Inside a backward pass a checkpointed module only repeats what it decided.
        if id(module) in names and isinstance(output, Routing) and torch._C._current_graph_task_id() == -1:
            routings[names[id(module)][0]] = output

    # Nothing can be compiled before torch._dynamo is loaded, and loading it takes a second.
    eager = torch.compiler.set_stance("force_eager") if "torch._dynamo" in sys.modules else contextlib.nullcontext()
    handle = register_module_forward_hook(keep)
    try:
        with eager:
            yield routings
    finally:
        handle.remove()
