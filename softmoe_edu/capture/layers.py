"""Find a model's MoE layers by their structure: modules that are called with (tokens, experts, weights) and routers.

transformers declares the routers of a model in `_can_record_outputs`; experts declare nothing, and are known by what
they take and hold.
"""

import inspect
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from softmoe_edu.names import plain_name


@dataclass(frozen=True)
class Declared:
    """A class of routers, and where in its output the logits stand."""

    kind: type[nn.Module]
    index: int


@dataclass(eq=False)
class Layer:
    """One MoE layer of a model.

    Attributes:
        name: of the module that holds router and experts, as in `named_modules()` of the plain model.
        block: that module.
        experts: what is called with (tokens, experts, weights); None for one whose router alone tells.
        routers: modules inside the block that are declared as routers, each with the place of its logits.
    """

    name: str
    block: nn.Module
    experts: nn.Module | None
    routers: list[tuple[nn.Module, int]] = field(default_factory=list)


def find_layers(model: nn.Module) -> list[Layer]:
    """Return the MoE layers of a model, in its order.

    Args:
        model: any module; those of transformers declare their routers.
    """
    declared = list(_declared(model))
    layers: list[Layer] = []
    known: set[int] = set()
    parents = {id(child): (name, module) for name, module in model.named_modules() for child in module.children()}
    for module in model.modules():
        if looks_like_experts(module) and id(module) in parents:
            name, block = parents[id(module)]
            routers = [(each, kind.index) for each in _within(block) for kind in declared if isinstance(each, kind.kind)]
            layers.append(Layer(plain_name(model, name), block, module, _first_of_each(routers)))
            known |= {id(each) for each, _ in routers}
    for module in model.modules():
        places = [kind.index for kind in declared if isinstance(module, kind.kind)]
        if places and id(module) not in known and id(module) in parents:
            name, block = parents[id(module)]
            layers.append(Layer(plain_name(model, name), block, None, [(module, places[0])]))
    order = {id(module): i for i, module in enumerate(model.modules())}
    return sorted(layers, key=lambda layer: order[id(layer.block)])


def _declared(model: nn.Module) -> Iterator[Declared]:
    """Yield the classes that the models in a model declare as routers."""
    for module in model.modules():
        recorded = getattr(type(module), "_can_record_outputs", None)
        specs = recorded.get("router_logits", ()) if isinstance(recorded, dict) else ()
        for spec in specs if isinstance(specs, list | tuple) else [specs]:
            # A class alone stands for the second part of its output, as in transformers.
            kind = spec if isinstance(spec, type) else getattr(spec, "target_class", None)
            if kind is not None:
                yield Declared(kind, getattr(spec, "index", 1))


def _within(block: nn.Module) -> Iterator[nn.Module]:
    """Yield the modules of a block that are not inside the experts."""
    for child in block.children():
        if not looks_like_experts(child):
            yield from child.modules()


def _first_of_each(routers: list[tuple[nn.Module, int]]) -> list[tuple[nn.Module, int]]:
    return list({id(module): (module, index) for module, index in reversed(routers)}.values())[::-1]


def looks_like_experts(module: nn.Module) -> bool:
    """Return whether a module takes three things and holds several kernels: a stack of them, or modules of one kind."""
    if len(_positional(type(module))) != 3:
        return False
    stacked = any(parameter.ndim == 3 for parameter in module.parameters(recurse=False))
    return stacked or (isinstance(module, nn.ModuleDict | nn.ModuleList) and len(module) > 0)


def _positional(kind: type[nn.Module]) -> list[str]:
    """Return the names of what a class's forward takes by position."""
    plain = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    try:
        found = inspect.signature(kind.forward).parameters.values()
    except (TypeError, ValueError):
        return []
    return [parameter.name for parameter in found if parameter.kind in plain][1:]


def named_arguments(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call by name."""
    return {**dict(zip(_positional(type(module)), args, strict=False)), **kwargs}


def asked(experts: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Tensor, Tensor, Tensor] | None:
    """Return what experts are called with, (tokens, index, weights), or None where it is something else."""
    values = list(named_arguments(experts, args, kwargs).values())[:3]
    if len(values) < 3 or not all(isinstance(value, Tensor) for value in values):
        return None
    hidden, index, weights = values
    whole = not index.is_floating_point() and not index.is_complex() and index.dtype != torch.bool
    if not (hidden.is_floating_point() and whole and weights.is_floating_point()):
        return None
    return (hidden, index, weights) if index.ndim >= 2 and len(index) == len(hidden) == len(weights) else None
