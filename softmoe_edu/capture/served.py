"""What a trace holds: which experts tokens chose, or only how often each expert was chosen.

A trace is read anew each time it is gone through, group by group, so that a long file never stands in memory.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

import torch
from jaxtyping import Int
from torch import Tensor

from softmoe_edu.routing import SparseRouting
from softmoe_edu.shapes import Mask, SlotTokens
from softmoe_edu.text import plural


@dataclass(frozen=True, eq=False)
class Chosen:
    """The experts that the tokens of one group chose: of one response of a server, or of one forward pass.

    Attributes:
        experts: (tokens, layers, k) int32, -1 where a choice is not recorded.
        tokens: the tokens' ids in the vocabulary, (tokens,) int64; None where the server did not say.
        where: what holds them, for messages: "line 3".
    """

    experts: Int[Tensor, "n l k"]
    tokens: Int[Tensor, " n"] | None = None
    where: str = ""


@dataclass(frozen=True, eq=False, repr=False)
class Trace:
    """The experts that tokens chose in each layer of a served model, read anew and checked at every pass over it.

    A server records choices and no gates: what is made of gates is not known, and is NaN (`routings`).

    Attributes:
        num_experts: experts of a layer.
        layers: the numbers of the layers in the model.
        top_k: columns of choices; a token may have chosen fewer experts.
        origin: who recorded it, and where it is.
        read: starts to read, and gives group after group, unchecked; iterate over the trace itself.
    """

    num_experts: int
    layers: tuple[int, ...]
    top_k: int
    origin: str
    read: Callable[[], Iterator[Chosen]]

    def __iter__(self) -> Iterator[Chosen]:
        """Go through the groups, each checked.

        Raises:
            ValueError: the source is damaged, or a group has other sizes than the first, an expert that does not
                exist, or a token that chose an expert twice.
        """
        for choices in self.read():
            self._check(choices)
            yield choices

    def counts(self) -> Int[Tensor, "l e"]:
        """Count how many tokens chose each expert, (layers, experts)."""
        total = torch.zeros(len(self.layers), self.num_experts, dtype=torch.int64, device="cpu")
        for choices in self:
            total += count_experts(choices.experts, self.num_experts)
        return total

    def routings(self, first: int = 0, count: int | None = 1) -> dict[str, SparseRouting]:
        """Return some groups as {"layer 3": SparseRouting}, which metrics, figures and the lens take.

        Every gate is NaN, since none was recorded: load, dispatch and what follows from them are exact, and what
        follows from `combine` is NaN. Shorter groups are padded, and a token without a recorded choice counts as
        padding. A layer has as many slots as its busiest expert needs.

        Args:
            first: the number of the first group.
            count: how many groups; None for all that follow, which have to fit into memory.

        Raises:
            ValueError: the trace has no such group, or is damaged.
        """
        groups = list(islice(iter(self), first, None if count is None else first + count))
        if not groups:
            raise ValueError(f"first must be the number of a group, got {first}: {self.origin} holds fewer groups")
        n = max(len(choices.experts) for choices in groups)
        experts = torch.full(
            (len(groups), max(n, 1), len(self.layers), self.top_k), -1, dtype=torch.int32, device="cpu"
        )
        for i, choices in enumerate(groups):
            experts[i, : len(choices.experts)] = choices.experts
        return {f"layer {layer}": routing_of(experts[:, :, i], self.num_experts) for i, layer in enumerate(self.layers)}

    def _check(self, choices: Chosen) -> None:
        """Raise an error that says what is wrong with the first wrong choice."""
        where = ", ".join(filter(None, (self.origin, choices.where)))
        experts = choices.experts
        wanted = (len(self.layers), self.top_k)
        if tuple(experts.shape[1:]) != wanted:
            raise ValueError(
                f"{where}: expected choices of (layers, k) = {wanted} like those before, got "
                f"{tuple(experts.shape[1:])}: read traces of different models one by one"
            )
        least, most = (experts if experts.numel() else torch.zeros(1, device="cpu")).aminmax()
        if not -1 <= least <= most < self.num_experts:
            wrong = (experts < -1) | (experts >= self.num_experts)
            token, layer, place = wrong.nonzero()[0].tolist()
            raise ValueError(
                f"{where}: expected experts from 0 to {self.num_experts - 1} (or -1 where none is recorded), got "
                f"{int(experts[token, layer, place])} for token {token} in layer {self.layers[layer]}: "
                "give the model's num_experts, num_layers and top_k"
            )
        twice = first_repeated(experts)
        if twice is not None:
            token, layer, expert = twice
            raise ValueError(
                f"{where}: expected different experts for each choice of a token, got expert {expert} twice for token "
                f"{token} in layer {self.layers[layer]}: servers leave zeros in layers without experts, so name those "
                "with experts in moe_layers; or top_k and num_layers are not the model's"
            )

    def __repr__(self) -> str:
        sizes = f"layers={len(self.layers)}, experts={self.num_experts}, top_k={self.top_k}"
        return f"Trace({sizes}, origin={self.origin!r})"


@dataclass(frozen=True, eq=False, repr=False)
class CountTrace:
    """How often each expert of each layer was chosen, pass by pass: what a server keeps that records no tokens.

    Attributes:
        num_experts: experts of a layer.
        layers: the numbers of the layers in the model.
        origin: who recorded it, and where it is.
        passes: (passes, layers, experts) int64.
    """

    num_experts: int
    layers: tuple[int, ...]
    origin: str
    passes: Int[Tensor, "g l e"]

    def counts(self) -> Int[Tensor, "l e"]:
        """Count how many tokens chose each expert, (layers, experts)."""
        return self.passes.sum(0)

    def __repr__(self) -> str:
        sizes = f"passes={len(self.passes)}, layers={len(self.layers)}, experts={self.num_experts}"
        return f"CountTrace({sizes}, origin={self.origin!r})"


def count_experts(experts: Int[Tensor, "n l k"], num_experts: int) -> Int[Tensor, "l e"]:
    """Count how many tokens chose each expert of each layer, (layers, experts); -1 counts nowhere."""
    layers = experts.shape[1]
    first = torch.arange(layers, device="cpu")[:, None] * (num_experts + 1)
    # One column more than experts takes what is not recorded.
    flat = torch.where(experts < 0, num_experts, experts) + first
    return flat.flatten().bincount(minlength=layers * (num_experts + 1)).view(layers, -1)[:, :num_experts]


def first_repeated(experts: Int[Tensor, "n l k"]) -> tuple[int, int, int] | None:
    """Return the first (token, layer, expert) where a token chose an expert twice, None where none did."""
    repeated = torch.zeros(experts.shape[:2], dtype=torch.bool, device="cpu")
    for apart in range(1, experts.shape[2]):
        near, far = experts[..., :-apart], experts[..., apart:]
        repeated |= ((near == far) & (near >= 0)).any(-1)
    if not bool(repeated.any()):
        return None
    token, layer = repeated.nonzero()[0].tolist()
    row = experts[token, layer].tolist()
    return token, layer, next(expert for i, expert in enumerate(row) if expert >= 0 and expert in row[:i])


def routing_of(experts: Int[Tensor, "b n k"], num_experts: int) -> SparseRouting:
    """Return the routing in which every token fills a slot of each expert that it chose, with gates that are NaN.

    Args:
        experts: the choices, -1 for none.
        num_experts: experts of the layer.
    """
    b, n, k = experts.shape
    flat = torch.where(experts < 0, num_experts, experts).flatten(1).long()
    expert, order = flat.sort(dim=1, stable=True)
    counts = torch.zeros(b, num_experts + 1, dtype=torch.int64, device="cpu").scatter_add_(
        1, flat, torch.ones_like(flat)
    )
    slot = torch.arange(n * k, device="cpu") - (counts.cumsum(1) - counts).gather(1, expert)
    slots = max(int(counts[:, :-1].max()), 1)
    token: SlotTokens = torch.full((b, num_experts, slots), -1, dtype=torch.int64, device="cpu")
    chosen = expert < num_experts
    group = torch.arange(b, device="cpu")[:, None].expand_as(expert)
    token[group[chosen], expert[chosen], slot[chosen]] = order[chosen] // k
    gate = torch.zeros(token.shape, device="cpu").masked_fill_(token >= 0, torch.nan)
    mask: Mask = (experts >= 0).any(-1)
    return SparseRouting(token, gate, n, mask=None if bool(mask.all()) else mask, dropless=True)


def choices_of(routings: dict[str, SparseRouting]) -> tuple[list[str], int, Chosen]:
    """Return the layers' names, the number of experts, and the choices of routings that were captured in memory.

    A token's experts are in the order of their numbers; one that lost a choice has -1 there.

    Args:
        routings: {layer: routing in index form}, of the same tokens and as many experts.

    Raises:
        TypeError: a routing has no choices.
        ValueError: there is no routing, or their sizes differ.
    """
    for name, routing in routings.items():
        if not isinstance(routing, SparseRouting):
            kind = type(routing).__name__
            raise TypeError(f"routings must be of choices to become a trace, got {kind} at {name!r}: leave it out")
    sizes = {(routing.sizes[0] * routing.sizes[1], routing.sizes[2]) for routing in routings.values()}
    if len(sizes) != 1:
        got = ", ".join(f"{plural(n, 'token')} on {plural(e, 'expert')}" for n, e in sorted(sizes)) or "none"
        raise ValueError(f"routings must be of the same tokens and as many experts in every layer, got {got}")
    ((_, num_experts),) = sizes
    columns = [_chosen(routing) for routing in routings.values()]
    most = max(column.shape[1] for column in columns)
    padded = [torch.nn.functional.pad(column, (0, most - column.shape[1]), value=-1) for column in columns]
    return list(routings), num_experts, Chosen(torch.stack(padded, 1))


def _chosen(routing: SparseRouting) -> Int[Tensor, "n k"]:
    """Return the experts of each of the (b n) tokens, in the order of their numbers, -1 after the last."""
    b, n, e, _ = routing.sizes
    token = torch.where(routing.filled, routing.token, n)
    taken = token.new_zeros(b, e, n + 1, dtype=torch.bool).scatter(2, token, True)[..., :n]
    if routing.mask is not None:
        taken = taken & routing.mask[:, None]
    taken = taken.movedim(1, 2).reshape(b * n, e).cpu()
    k = max(int(taken.sum(1).max()), 1) if b * n else 1
    number = torch.where(taken, torch.arange(e, device="cpu"), e).sort(1).values[:, :k]
    return torch.where(number < e, number, -1).int()
