"""A captured layer's own experts, asked with another routing: alone, or inside the whole model."""

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from softmoe_edu.capture.layers import asked, named_arguments
from softmoe_edu.routing import Routing, SparseRouting
from softmoe_edu.shapes import Slots


class SlotExperts(nn.Module):
    """Let experts that are called with (tokens, experts, weights) answer slots, as `Routing.through` asks them.

    `routing.through(x, SlotExperts(routings.experts[layer]))` is what the layer's experts answer to tokens x (b, n, d)
    under any routing; shared experts, and what the layer does to the sum, are not in it.

    Args:
        experts: an entry of `Captured.experts`.
    """

    def __init__(self, experts: nn.Module):
        super().__init__()
        self.experts = experts

    def forward(
        self, slots: Slots | Float[Tensor, "r d"], count: Int[Tensor, " e"] | None = None
    ) -> Slots | Float[Tensor, "r d"]:
        """Answer slots (b, e, p, d), or the filled ones alone (r, d), of which each expert has `count`."""
        if count is None:
            b, e, p, _ = slots.shape
            expert = torch.arange(e, device=slots.device)[None, :, None].expand(b, e, p).flatten()
            return self._answers(slots.flatten(0, 2), expert).view(slots.shape)
        return self._answers(slots, torch.arange(len(count), device=slots.device).repeat_interleave(count))

    def _answers(self, rows: Tensor, expert: Tensor) -> Tensor:
        return self.experts(rows, expert[:, None], rows.new_ones(len(rows), 1)).reshape(rows.shape)


@contextlib.contextmanager
def rerouted(experts: nn.Module, routing: Routing) -> Iterator[None]:
    """Let a model's layer route as given inside the block, by a hook before its experts alone.

    Args:
        experts: of that layer, an entry of `Captured.experts`.
        routing: of the tokens that the model is then given, in index form; padding and dropped tokens ask no expert.

    Raises:
        TypeError: the routing mixes tokens, which no sparse layer can.
        ValueError: inside the block, the layer is given other tokens than those of the routing, or its experts are not
            called with the numbers of experts (Switch).
    """
    if not isinstance(routing, SparseRouting):
        raise TypeError(
            f"routing must be a SparseRouting, got {type(routing).__name__}: a sparse layer mixes no tokens"
        )
    index, weight = choices_of(routing)

    def replaced(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], Any]:
        call = asked(module, args, kwargs)
        if call is None or call[1].ndim != 2:
            raise ValueError(f"{type(module).__name__} is not called with (tokens, numbers of experts, weights)")
        hidden, _, weights = call
        if len(call[1]) != len(index):
            raise ValueError(
                f"the routing is of {len(index)} tokens, the layer got {len(call[1])}: give the model the same tokens"
            )
        names = list(named_arguments(module, args, kwargs))
        return (), dict(zip(names, (hidden, index.to(hidden.device), weight.to(weights)), strict=False))

    handle = experts.register_forward_pre_hook(replaced, with_kwargs=True)
    try:
        yield
    finally:
        handle.remove()


def choices_of(routing: SparseRouting) -> tuple[Int[Tensor, "t k"], Float[Tensor, "t k"]]:
    """Return what experts are called with under a routing: of every token its experts and weights, 0 for no expert.

    Args:
        routing: in index form.

    Returns:
        Experts and weights, (b n, k), where k is the most slots that a token fills.
    """
    b, n, e, p = routing.sizes
    filled = routing.filled.flatten()
    row = (routing.token + torch.arange(b, device=routing.token.device)[:, None, None] * n).flatten()[filled]
    expert = torch.arange(e, device=row.device)[None, :, None].expand(b, e, p).flatten()[filled]
    gate = routing.gate.flatten()[filled]
    row, order = row.sort(stable=True)
    count = row.bincount(minlength=b * n)
    k = max(1, int(count.max()))
    place = torch.arange(len(row), device=row.device) - (count.cumsum(0) - count)[row]
    index = row.new_zeros(b * n, k).index_put((row, place), expert[order])
    weight = gate.new_zeros(b * n, k).index_put((row, place), gate[order])
    return index, weight
