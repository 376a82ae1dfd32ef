"""The loss term that a learner's function makes of a step's routings: a scalar with a slope, or a clear error.

A term without a gradient would be logged as if it were added and would train nothing, so `train` rejects it.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import CheckpointFunction

from softmoe_edu.names import plain_name
from softmoe_edu.routing import Routing

Auxiliary = Callable[[dict[str, Routing]], Tensor]


def auxiliary_loss(
    auxiliary: Auxiliary,
    routings: Mapping[str, Routing],
    model: nn.Module,
    parameters: Iterable[nn.Parameter],
    device: torch.device,
) -> Tensor:
    """Compute the auxiliary loss of a step's routings and check that adding it trains something.

    A finite value other than 0 must have a gradient with respect to one of `parameters`. A constant 0 adds nothing and
    is accepted, as in a warm-up; what is not finite is left to the check of the whole loss.

    Args:
        auxiliary: Maps the routings, by module name, to a scalar tensor.
        routings: What the routers of the model decided in this step's forward pass.
        model: The model that the routings come from.
        parameters: The parameters that are trained; none of them has a gradient yet.
        device: Where the loss is.

    Returns:
        The scalar to add to the loss.

    Raises:
        TypeError: If the function returns anything but a scalar floating tensor.
        ValueError: If there is no routing, the value has no gradient or is on another device, or the function changes
            the routings or runs the backward pass.
    """
    if not routings:
        raise ValueError("auxiliary needs a routing, got a model without a router: leave auxiliary out")
    parameters = set(parameters)
    severed = {name: routing for name, routing in routings.items() if _is_severed(name, routing, model)}
    probes: dict[Tensor, str] = {}
    given = {name: _probed(name, r, probes) if name in severed else r for name, r in routings.items()}
    before = _versions(given)
    value = auxiliary(dict(given))
    _check_kind(value, device)
    after = _versions(given)
    changed = [f"{field} of {name!r}" for name, field in after if after[name, field] != before[name, field]]
    if changed:
        raise ValueError(
            f"auxiliary must leave the routings as they are, got a change in place to {', '.join(changed)}: "
            "work on a copy, for example gates.clone()"
        )
    if any(parameter.grad is not None for parameter in parameters):
        raise ValueError("auxiliary must leave the backward pass to train, got gradients: return the loss alone")
    _check_gradient(value, routings, parameters, probes)
    return value


def _check_gradient(
    value: Tensor, routings: Mapping[str, Routing], parameters: set[nn.Parameter], probes: dict[Tensor, str]
) -> None:
    """Raise an error that names the reason unless value has a gradient that trains something, or is a constant 0."""
    if probes and (reached := sorted({probes[leaf] for leaf in _leaves(value) if leaf in probes})):
        raise ValueError(
            f"auxiliary must have a gradient, got a loss of {', '.join(map(repr, reached))}, which ran without "
            "gradients: pass use_reentrant=False to torch.utils.checkpoint, or take the router out of torch.no_grad()"
        )
    if not value.requires_grad:
        number = float(value)
        if number != 0 and math.isfinite(number):
            raise ValueError(
                f"auxiliary must have a gradient, got the constant {number:.4g}: {_why_constant(routings)}"
            )
    elif not any(leaf in parameters or leaf is CheckpointFunction for leaf in _leaves(value)):
        raise ValueError(
            "auxiliary must have a gradient that reaches a trained parameter, got one that reaches none: "
            "take the loss of the routings' own gates or logits, and let the router's parameters require a gradient"
        )


def _check_kind(value: object, device: torch.device) -> None:
    """Raise an error that says what to return instead unless value is a scalar floating tensor on device."""
    if not isinstance(value, Tensor):
        hint = "add up the losses of the layers"
        if isinstance(value, int | float):
            hint = "a plain number has no gradient, so leave .item() and float() out and add up at least one layer"
        raise TypeError(f"auxiliary must return a scalar tensor, got {type(value).__name__}: {hint}")
    if value.ndim:
        raise TypeError(
            f"auxiliary must return a scalar tensor, got shape {tuple(value.shape)}: add up the losses of the layers"
        )
    if not value.is_floating_point():
        raise TypeError(
            f"auxiliary must return a floating-point scalar, got {value.dtype}: a count or a choice has no gradient, "
            "so take a loss of gates or logits"
        )
    if value.device != device:
        raise ValueError(
            f"auxiliary must return a scalar on {device}, where the loss is, got {value.device}: "
            f"leave .cpu() out, or move it with .to({str(device)!r})"
        )


def _why_constant(routings: Mapping[str, Routing]) -> str:
    """Return why a loss of these routings may have no gradient, and what to do."""
    if not any(t.requires_grad for routing in routings.values() for t in _tensors(routing).values()):
        return "the routers and all layers before them are frozen, so set requires_grad or leave auxiliary out"
    return (
        "take the gates or logits as recorded, not detached or under torch.no_grad(), and no metric that only counts "
        "tokens, such as expert_load or dropped_fraction, since a count has no slope"
    )


def _tensors(routing: Routing) -> dict[str, Tensor]:
    """Return the routing's tensors by the name of their field."""
    found = {f.name: getattr(routing, f.name) for f in fields(routing)} if is_dataclass(routing) else vars(routing)
    return {name: value for name, value in found.items() if isinstance(value, Tensor)}


def _versions(routings: Mapping[str, Routing]) -> dict[tuple[str, str], int]:
    """Return PyTorch's count of changes in place of each tensor, by the router's name and the tensor's field."""
    return {
        (name, field): t._version
        for name, routing in routings.items()
        for field, t in _tensors(routing).items()
        if not t.is_inference()
    }


def _is_severed(name: str, routing: Routing, model: nn.Module) -> bool:
    """Return whether a router with parameters to train made its decision without a graph."""
    if any(t.requires_grad for t in _tensors(routing).values()) or not is_dataclass(routing):
        return False
    return any(p.requires_grad for p in _router(name, model).parameters())


def _router(name: str, model: nn.Module) -> nn.Module:
    """Return the module that `record` calls by this name."""
    return next(module for key, module in model.named_modules() if plain_name(model, key) == name)


def _probed(name: str, routing: Routing, probes: dict[Tensor, str]) -> Routing:
    """Return the routing with the same numbers behind new leaves, which tell whether a loss depends on them."""

    def probe(t: Tensor) -> Tensor:
        if not t.is_floating_point():
            return t
        leaf = t.detach().clone().requires_grad_()
        probes[leaf] = name
        return leaf.clone()

    return routing.map(probe)


def _leaves(value: Tensor) -> Iterator[Any]:
    """Yield the leaf tensors that the value's gradient reaches.

    A reentrant checkpoint hides the parameters inside it; it stands for them among the leaves.
    """
    if value.requires_grad and value.grad_fn is None:
        yield value
    seen, waiting = set(), [value.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable"):
            yield node.variable
        elif getattr(node, "_forward_cls", None) is CheckpointFunction:
            yield CheckpointFunction
        waiting += [following for following, _ in node.next_functions]
