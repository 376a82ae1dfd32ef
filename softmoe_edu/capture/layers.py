"""Find a model's MoE layers by their structure: modules that are called with (tokens, experts, weights) and routers.

transformers declares the routers of a model in `_can_record_outputs`; experts declare nothing, and are known by what
they take and hold.
"""

import inspect
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from softmoe_edu.capture.choices import Choices
from softmoe_edu.capture.formula import Formula, recover
from softmoe_edu.names import plain_name

GROUPS = (("n_group", "topk_group"), ("num_group", "topk_group"), ("num_expert_group", "topk_group"))
"""What models call their groups of experts, and how many of them a token may choose from."""


@dataclass(frozen=True)
class Declared:
    """What a model declares about its routers.

    Attributes:
        kind: their class; None where only a name is declared.
        index: where in their output the logits stand.
        name: a part of their name in the model, such as "router"; None for any.
    """

    kind: type[nn.Module] | None
    index: int
    name: str | None

    def is_of(self, name: str, module: nn.Module) -> bool:
        """Return whether a module of this name is such a router."""
        fits = self.name is None or f".{self.name}." in f".{name}."
        return fits and (self.name is not None if self.kind is None else isinstance(module, self.kind))


@dataclass(eq=False)
class Layer:
    """One MoE layer of a model.

    Attributes:
        name: of the module that holds router and experts, as in `named_modules()` of the plain model; of the experts
            themselves where it holds several.
        block: that module.
        experts: what is called with (tokens, experts, weights); None for one whose router alone tells.
        routers: modules inside the block that are declared as routers, each with the place of its logits.
        certain: whether a router says that this is an MoE layer; another is one if its experts are called like experts.
    """

    name: str
    block: nn.Module
    experts: nn.Module | None
    routers: list[tuple[nn.Module, int]]
    certain: bool

    def formula(self, choices: Choices, ids: Tensor | None = None) -> Formula:
        """Recover what turns this layer's logits into weights and choices.

        Args:
            choices: what its experts received.
            ids: (b, n), the tokens' numbers where the choices do not know them.
        """
        if choices.ids is None and ids is not None and ids.shape == choices.index.shape[:2]:
            choices = replace(choices, ids=ids.to(choices.index.device))
        index, weight, logits, seen = choices.real()
        return recover(index, weight, logits, numbers=dict(self._numbers()), groups=self._groups(), ids=seen)

    def _numbers(self) -> Iterator[tuple[str, Tensor]]:
        """Yield the parameters and buffers of the block that are not the experts', by their last names."""
        theirs = set() if self.experts is None else {id(part) for part in _tensors(self.experts)}
        for name, tensor in (*self.block.named_parameters(), *self.block.named_buffers()):
            if id(tensor) not in theirs and tensor.ndim <= 2:
                yield name.rpartition(".")[2], tensor.detach()

    def _groups(self) -> tuple[int, int] | None:
        """Return groups of experts and how many a token may choose from, as routers or their settings name them."""
        for module in (*(router for router, _ in self.routers), self.block):
            for holder in (module, getattr(module, "config", None)):
                for count, allowed in GROUPS:
                    of, choose = getattr(holder, count, None), getattr(holder, allowed, None)
                    if isinstance(of, int) and isinstance(choose, int):
                        return of, choose
        return None


def find_layers(model: nn.Module) -> list[Layer]:
    """Return the MoE layers of a model, in its order.

    Args:
        model: any module; those of transformers declare their routers.
    """
    declared = list(_declared(model))
    modules = dict(model.named_modules())
    parents = {id(child): (name, module) for name, module in modules.items() for child in module.children()}
    routers = {}
    for name, module in modules.items():
        if places := [kind.index for kind in declared if kind.is_of(name, module)]:
            routers[id(module)] = (module, places[0])
    for key, (module, _) in list(routers.items()):
        if any(id(inner) in routers for inner in module.modules() if inner is not module):
            del routers[key]  # it only passes on what its router returned
    layers: list[Layer] = []
    some = {id(module) for module in modules.values() if looks_like_experts(module)}
    # From the inside out, so that a router belongs to the smallest module that also holds experts.
    for _, module in sorted(modules.items(), key=lambda each: -each[0].count(".")):
        if id(module) in some and id(module) in parents:
            name, block = _around(module, parents, routers, some)
            mine = [routers.pop(id(each)) for each in block.modules() if id(each) in routers]
            layers.append(Layer(plain_name(model, name), block, module, mine, bool(mine)))
    kinds = {type(layer.block) for layer in layers if layer.certain}
    layers = [replace(layer, certain=type(layer.block) in kinds) for layer in layers]
    called = Counter(layer.name for layer in layers)
    own = {id(module): plain_name(model, name) for name, module in modules.items()}
    # Two kinds of experts in one module go by their own names.
    layers = [layer if called[layer.name] == 1 else replace(layer, name=own[id(layer.experts)]) for layer in layers]
    for key, (module, index) in routers.items():
        if key in parents:
            name, block = parents[key]
            layers.append(Layer(plain_name(model, name), block, None, [(module, index)], True))
    order = {id(module): i for i, module in enumerate(modules.values())}
    return sorted(layers, key=lambda layer: order[id(layer.block)])


def _around(
    experts: nn.Module, parents: Mapping[int, tuple[str, nn.Module]], routers: Mapping[int, object], some: set[int]
) -> tuple[str, nn.Module]:
    """Return the module that holds experts and their router, also where adapters are wrapped around the experts.

    Without a router it is the module that holds the experts.
    """
    name, block = parents[id(experts)]
    while sum(id(each) in some for each in block.modules()) == 1:
        if any(id(each) in routers for each in block.modules()):
            return name, block
        if id(block) not in parents:
            break
        name, block = parents[id(block)]
    return parents[id(experts)]


def _declared(model: nn.Module) -> Iterator[Declared]:
    """Yield the classes that the models in a model declare as routers."""
    for module in model.modules():
        recorded = getattr(type(module), "_can_record_outputs", None)
        specs = recorded.get("router_logits", ()) if isinstance(recorded, dict) else ()
        for spec in specs if isinstance(specs, list | tuple) else [specs]:
            # A class alone stands for the second part of its output, as in transformers.
            kind = spec if isinstance(spec, type) else getattr(spec, "target_class", None)
            named = (
                spec
                if isinstance(spec, str)
                else getattr(spec, "layer_name", None) or getattr(spec, "class_name", None)
            )
            if kind is not None or named:
                yield Declared(kind, getattr(spec, "index", 1), named.strip(".") if named else None)


def _tensors(module: nn.Module) -> Iterator[Tensor]:
    yield from module.parameters()
    yield from module.buffers()


def looks_like_experts(module: nn.Module) -> bool:
    """Return whether a module takes three things and holds experts: kernels in a stack, modules, or their number."""
    if len(_taken(module)) != 3:
        return False
    if isinstance(getattr(module, "num_experts", None), int):
        return True
    stacked = any(parameter.ndim == 3 for parameter in module.parameters(recurse=False))
    return stacked or (isinstance(module, nn.ModuleDict | nn.ModuleList) and len(module) > 0)


def _taken(module: nn.Module) -> tuple[str, ...]:
    """Return the names of what a module's forward takes by position."""
    forward: Any = type(module).forward
    return _positional(forward)


@cache
def _positional(forward: Any) -> tuple[str, ...]:
    plain = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    try:
        found = inspect.signature(forward).parameters.values()
    except (TypeError, ValueError):
        return ()
    return tuple(parameter.name for parameter in found if parameter.kind in plain)[1:]


def named_arguments(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call by name."""
    return {**dict(zip(_taken(module), args, strict=False)), **kwargs}


def asked(experts: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Tensor, Tensor, Tensor] | None:
    """Return what experts are called with, (tokens, index, weights), or None where it is something else."""
    values = list(named_arguments(experts, args, kwargs).values())[:3]
    if len(values) < 3 or not all(isinstance(value, Tensor) for value in values):
        return None
    hidden, index, weights = values
    whole = not index.is_floating_point() and not index.is_complex() and index.dtype != torch.bool
    if not (hidden.is_floating_point() and whole and weights.is_floating_point()):
        return None
    rows = hidden.numel() // max(hidden.shape[-1], 1)
    return (hidden, index, weights) if index.ndim >= 2 and rows == len(index) == len(weights) else None
