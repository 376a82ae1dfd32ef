"""What a model would answer if one of its layers routed differently: the same scores, read by another router."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from softmoe_edu.modes import evaluated
from softmoe_edu.moe import MoE
from softmoe_edu.names import plain_name
from softmoe_edu.routers import Router
from softmoe_edu.routers.registry import build, name_of, registered, settings_taken
from softmoe_edu.routers.router import ask, check_has_scores, widen, without_autocast
from softmoe_edu.routing import Routing, SoftRouting, SparseRouting, record
from softmoe_edu.shapes import Logits, check_choice

SETTINGS = ("gating", "priority", "top_k", "capacity_factor")


class Rerouted:
    """A trained model with one layer whose router can be exchanged, for a batch of images.

    Called with settings as `widgets.RouterExplorer.settings` holds them, it returns the model's output (b, ...) for its
    images; with None, the output of the model as it is. Nothing is trained, and the model is left as it was.

    Args:
        model: a trained model.
        images: (b, c, h, w), as the model takes them.
        layer: the name of an `MoE` of the model, as in `named_modules()`.

    Attributes:
        logits: (b, n, e, p), the layer's scores, with p = 1 for a router that scores experts: a soft router then has
            one slot of each expert.
        settings: those of the layer's own router, named where it is one of ROUTERS; as long as the settings are its
            own, this router itself decides, and what they do not name stays as it is there.
        output: (b, ...), of the model as it is.

    Raises:
        ValueError: the layer is no MoE, its router has no scores, or its groups are neither single images nor the whole
            batch.
    """

    def __init__(self, model: nn.Module, images: Tensor, layer: str):
        layers = {plain_name(model, name): part for name, part in model.named_modules() if isinstance(part, MoE)}
        check_choice("layer", layer, tuple(layers))
        device = next((parameter.device for parameter in model.parameters()), images.device)
        self.model, self.images, self.layer = model, images.to(device), layers[layer]
        group, b = self.layer.examples_per_group, len(images)
        if group not in (1, b):
            raise ValueError(
                f"examples_per_group of {layer} must be 1 or {b}, the images of the batch, got {group}: "
                f"give {group} images"
            )
        seen: list[Tensor] = []
        router: Any = self.layer.router
        with record(model) as routings, router.register_forward_pre_hook(lambda _, args: seen.append(args[0])):
            self.output = self._run()
        if getattr(router, "has_scores", False):  # what a routing keeps as its logits may be changed by deciding
            scores: Tensor | None = _scored(router, seen[-1])
        else:
            scores = routings[f"{layer}.router"].logits
        if scores is None or 0 in scores.shape:
            name = type(router).__name__
            raise ValueError(f"the router of {layer} must have scores, got none: {name} has none for others to read")
        scores = scores if scores.ndim == 4 else scores[..., None]
        self.logits: Logits = scores.reshape(b, -1, *scores.shape[2:])
        own = {setting: getattr(router, setting) for setting in SETTINGS if hasattr(router, setting)}
        self.settings: dict[str, Any] = {"group": "one image" if group == 1 else "whole batch", **own}
        if (known := name_of(router)) is not None:
            self.settings["router"] = known

    def __call__(self, settings: Mapping[str, Any] | None) -> Float[Tensor, "b ..."]:
        """Return the model's output under these settings.

        Args:
            settings: as `widgets.RouterExplorer.settings` holds them; None for the model as it is.

        Returns:
            (b, ...).

        Raises:
            ValueError: the settings cannot be routed or are not known here, as the browser's noise.
        """
        if settings is None:
            return self.output
        if settings["noise"]:
            raise ValueError("noise is drawn in the browser and not known here: set it to 0")
        if settings["num_experts"] > self.logits.shape[2]:
            raise ValueError(f"the layer has {self.logits.shape[2]} experts, and further ones have no weights")
        scores, alone = self.logits, settings["group"] == "one image"
        scores = scores[:, :, : settings["num_experts"], : settings["slots_per_expert"]] * settings["scale"]
        router: Any = self.layer.router
        groups = scores if alone else scores.flatten(0, 1)[None]
        routing = _with_experts(route_scores(groups, settings, router), self.logits.shape[2])
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


def _scored(router: Router, x: Tensor) -> Tensor:
    """Score tokens as the router does in a forward pass of evaluation."""
    with evaluated(router), torch.no_grad(), without_autocast(x.device.type):
        return router.score(widen(x))


class _Decided(nn.Module):
    """Stand in for a router whose decision has already been made."""

    def __init__(self, routing: Routing):
        super().__init__()
        self.routing = routing

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Routing:
        return self.routing


def route_scores(scores: Logits, settings: Mapping[str, Any], own: Router | None = None) -> Routing:
    """Let the named router of ROUTERS decide from given scores.

    Args:
        scores: (b, n, e, p); a router that scores experts reads those of the first slots.
        settings: `router`, and of `gating`, `priority`, `top_k` and `capacity_factor` those that it takes.
        own: the router that made the scores; where it is the named one, what the settings do not name stays as it is.

    Returns:
        The decision, made in evaluation mode.

    Raises:
        ValueError: no router has this name, the router would raise it, or `own` cannot be built again with other
            settings.
        TypeError: the router cannot be built from dim, num_experts and the settings.
        NotImplementedError: the router decides from tokens, not from scores (`Router.has_scores`).
    """
    router = _router(scores, settings, own)
    per = ask(router, "score_per")
    logits = scores if per == "slot" else scores[..., 0] if per == "expert" else scores[..., 0, :0]
    with evaluated(router):
        return router.decide(logits, None)


def _router(scores: Logits, settings: Mapping[str, Any], own: Router | None) -> Router:
    """Return the router that the settings ask for: the own one, where it is as asked, or a new one."""
    name, (num_experts, slots) = settings["router"], scores.shape[2:]
    kind, taken = registered(name), settings_taken(name)
    asked = {setting: settings[setting] for setting in SETTINGS if setting in taken and setting in settings}
    is_own = type(own) is kind

    def built(**more: object) -> Router:
        # From a seed of its own, so that no other random numbers change.
        with torch.device("cpu"), torch.random.fork_rng(devices=()):
            torch.default_generator.manual_seed(0)
            return build(name, getattr(own, "dim", 1), num_experts, more).to(scores)

    kept = {setting: getattr(own, setting) for setting in taken if hasattr(own, setting)} if is_own else asked
    router = own if own is not None and is_own else built(**asked)
    check_has_scores(router)
    # Where scores are of experts, or a slot holds one token, the router makes its slots itself.
    if "slots_per_expert" in taken and ask(router, "score_per") != "expert" and not ask(router, "is_sparse"):
        asked = {**asked, "slots_per_expert": slots}
    if router.num_experts == num_experts and asked.items() <= kept.items():
        return router
    if is_own and (lost := [setting for setting in taken if setting not in kept]):
        raise ValueError(
            f"{kind.__name__} must keep {', '.join(lost)} under the names of its arguments to be built again with "
            f"other settings, got none: add self.{lost[0]} = {lost[0]} to its __init__"
        )
    router = built(**{**kept, **asked})
    if own is not None and is_own:
        mine = router.state_dict()
        learned = {key: value for key, value in own.state_dict().items() if key in mine}
        fits = {key: value for key, value in learned.items() if value.shape == mine[key].shape}
        router.load_state_dict(fits, strict=False)
    return router


def _with_experts(routing: Routing, e: int) -> Routing:
    """Let the last experts of e, which the routing does not know, receive and answer nothing."""
    missing = (0, 0, 0, e - routing.sizes[2])
    if isinstance(routing, SparseRouting):
        token, gate = F.pad(routing.token, missing, value=-1), F.pad(routing.gate, missing)
        return SparseRouting(token, gate, routing.num_tokens, dropless=routing.dropless)
    return SoftRouting(F.pad(routing.dispatch, missing), F.pad(routing.combine, missing))
