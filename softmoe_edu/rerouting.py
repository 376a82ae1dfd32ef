"""What a model would answer if one of its layers routed in another way: the same scores, read by another router."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from softmoe_edu.capacity import capacity_for
from softmoe_edu.modes import evaluated
from softmoe_edu.moe import MoE
from softmoe_edu.names import plain_name
from softmoe_edu.routers import (
    ROUTERS,
    IdentityRouter,
    assign_experts,
    assign_tokens,
    choose_experts,
    combine_weights,
    dispatch_weights,
)
from softmoe_edu.routing import Routing, SoftRouting, SparseRouting, record
from softmoe_edu.shapes import Logits, check_choice

OWN = ("gating", "priority", "top_k", "capacity_factor")


class Rerouted:
    """A trained model with one layer whose router can be exchanged, for a batch of images.

    layer: the name of an `MoE` of the model, as in `named_modules()`. Called with settings as
    `widgets.RouterExplorer.settings` gives them, it answers with the model's output (b, ...) for its images; with None,
    with the output of the model as it is. Nothing is trained, and the model is left as it was.

    `logits` (b, n, e, p) are the layer's scores, with p = 1 for a router that scores experts: a soft router then has
    one slot of each expert. `settings` name the layer's own router, where it is one of ROUTERS.

    Raises ValueError for a layer that is no MoE, whose router gives no scores (uniform and identity), or whose groups
    are neither single images nor the whole batch.
    """

    def __init__(self, model: nn.Module, images: Tensor, layer: str):
        layers = {plain_name(model, name): part for name, part in model.named_modules() if isinstance(part, MoE)}
        check_choice("layer", layer, tuple(layers))
        device = next((parameter.device for parameter in model.parameters()), images.device)
        self.model, self.images, self.layer = model, images.to(device), layers[layer]
        group, b = self.layer.examples_per_group, len(images)
        if group not in (1, b):
            raise ValueError(
                f"examples_per_group of {layer} must be 1 or the batch of {b} images, got {group}: give {group} images"
            )
        with record(model) as routings:
            self.output = self._run()
        scores = routings[f"{layer}.router"].logits
        if scores is None:
            raise ValueError(f"the router of {layer} must give scores, got none: {type(self.layer.router).__name__}")
        scores = scores if scores.ndim == 4 else scores[..., None]
        self.logits: Logits = scores.reshape(b, -1, *scores.shape[2:])
        router = self.layer.router
        own = {setting: getattr(router, setting) for setting in OWN if hasattr(router, setting)}
        names = [name for name, kind in ROUTERS.items() if type(router) is kind]
        self.settings = {"group": "one image" if group == 1 else "whole batch", **own}
        if names:
            self.settings["router"] = names[0]

    def __call__(self, settings: Mapping[str, object] | None) -> Float[Tensor, "b ..."]:
        """Return the model's output under these settings; ValueError for what cannot be routed or is not known here."""
        if settings is None:
            return self.output
        if settings["noise"]:
            raise ValueError("noise is drawn in the browser and not known here: set it to 0")
        scores, alone = self.logits, settings["group"] == "one image"
        scores = scores[:, :, : settings["num_experts"], : settings["slots_per_expert"]] * settings["scale"]
        groups = scores if alone else scores.flatten(0, 1)[None]
        routing = _with_experts(route_scores(groups, settings), self.logits.shape[2])
        with self._routed(routing, 1 if alone else len(self.images)):
            return self._run()

    def _run(self) -> Tensor:
        with evaluated(self.model), torch.no_grad():
            return self.model(self.images)

    @contextmanager
    def _routed(self, routing: Routing, examples: int) -> Iterator[None]:
        kept = self.layer.router, self.layer.examples_per_group
        self.layer.router, self.layer.examples_per_group = _Decided(routing), examples
        try:
            yield
        finally:
            self.layer.router, self.layer.examples_per_group = kept


class _Decided(nn.Module):
    """Stand in for a router with a decision that is made already."""

    def __init__(self, routing: Routing):
        super().__init__()
        self.routing = routing

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Routing:
        return self.routing


def route_scores(scores: Logits, settings: Mapping[str, object]) -> Routing:
    """Route by the named router of ROUTERS what is scored already; those that score experts read the first slots.

    settings: `router`, and for tokens choice `gating`, `priority`, `top_k`, and with experts choice `capacity_factor`.
    Raises ValueError where the library's router would.
    """
    name = settings["router"]
    check_choice("router", name, tuple(ROUTERS))
    equal = torch.zeros_like(scores)
    read = {
        "soft": (scores, scores),
        "uniform": (equal, equal),
        "uniform / soft": (equal, scores),
        "soft / uniform": (scores, equal),
    }
    if name in read:
        first, second = read[name]
        return SoftRouting(dispatch_weights(first), combine_weights(second), logits=scores)
    logits = scores[..., 0]
    n, e = logits.shape[1:]
    if name == "identity":
        return IdentityRouter(e, e)(logits)
    gates, factor = logits.softmax(-1), settings["capacity_factor"]
    if name == "experts choice":
        if factor is None:
            raise ValueError("capacity_factor must be a number in experts choice, got None: no expert would be full")
        token, gate = assign_experts(gates, capacity_for(n, e, factor=factor, rounding="round"))
        return SparseRouting(token, gate, n, logits, gates)
    experts, chosen = choose_experts(logits, settings["top_k"], settings["gating"])
    capacity = None if factor is None else capacity_for(n, e, top_k=settings["top_k"], factor=factor)
    score = gates.amax(-1) if settings["priority"] == "gate" else None
    token, gate = assign_tokens(experts, chosen, e, capacity, score=score)
    return SparseRouting(token, gate, n, logits, gates, dropless=capacity is None)


def _with_experts(routing: Routing, e: int) -> Routing:
    """Let the last experts of e, which the routing does not know, receive and answer nothing."""
    missing = (0, 0, 0, e - routing.sizes[2])
    if isinstance(routing, SparseRouting):
        token, gate = F.pad(routing.token, missing, value=-1), F.pad(routing.gate, missing)
        return SparseRouting(token, gate, routing.num_tokens, dropless=routing.dropless)
    return SoftRouting(F.pad(routing.dispatch, missing), F.pad(routing.combine, missing))
