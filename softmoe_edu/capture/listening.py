"""Listen to a model through hooks alone, and keep what each layer's router and experts were given and gave."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import prod
from typing import Any

import torch
from torch import Tensor, nn

from softmoe_edu.capture.choices import Choices
from softmoe_edu.capture.decisions import Decision, Routed, read_experts, read_router
from softmoe_edu.capture.layers import Layer, asked, find_layers
from softmoe_edu.capture.passes import Pass, Place, last_keys, length_of, locate
from softmoe_edu.capture.refusals import check_known, check_layer, refuse


@dataclass(eq=False)
class Run:
    """What one layer decided about one batch, step by step."""

    pieces: list[tuple[Place, Decision]] = field(default_factory=list)

    def goes_on(self, place: Place, examples: int) -> bool:
        """Return whether tokens come after those that are here."""
        if not self.pieces or not place.start:
            return False
        last, decision = self.pieces[-1]
        before, now = (None if each.within is None else each.within.cache for each in (last, place))
        return now is not None and before is now and len(decision.index) == examples

    def add(self, place: Place, decision: Decision) -> None:
        """Add the decisions of a step; those about tokens that the cache has dropped again are forgotten."""
        kept: list[tuple[Place, Decision]] = []
        for old, piece in self.pieces:
            left = place.start - old.start
            if left > 0:
                kept.append((old.first(left), piece.first(left)))
        self.pieces = [*kept, (place, decision)]

    def joined(self) -> Choices:
        """Return all steps as one decision about all their tokens."""
        places, pieces = [place for place, _ in self.pieces], [piece for _, piece in self.pieces]
        mask = ids = None
        if any(place.mask is not None for place in places):
            mask = torch.cat([_or_all(place.mask, piece) for place, piece in self.pieces], 1)
        if all(place.ids is not None for place in places):
            # A model on several devices keeps its text on the first.
            ids = torch.cat([place.ids.to(pieces[0].index.device) for place in places if place.ids is not None], 1)
        parts = [part for piece in pieces if (part := piece.real_logits()) is not None]
        logits = torch.cat(parts, 1) if len(parts) == len(pieces) else None
        index, weight = (torch.cat([getattr(piece, name) for piece in pieces], 1) for name in ("index", "weight"))
        return Choices(index, weight, pieces[0].num_experts, logits, mask, ids)


def _or_all(mask: Tensor | None, piece: Decision) -> Tensor:
    """Return a mask of a step, or one that calls all its tokens real."""
    real = torch.ones_like(piece.index[..., 0], dtype=torch.bool)
    return real if mask is None else mask.to(real.device)


class Listener:
    """Hooks on the MoE layers of a model and on the models around them, and what they heard.

    Args:
        model: the model.
        mask: the attention mask that the user gave, or None.

    Raises:
        ValueError: the model has no MoE layer, or one that hooks cannot see as it is.
    """

    def __init__(self, model: nn.Module, mask: Tensor | None):
        self.model, self.mask = model, mask
        check_known(model)
        self.layers = find_layers(model)
        if not self.layers:
            raise refuse(
                model,
                "it has no MoE layer: no router that it declares, and no experts that it calls. Models of this project "
                "are recorded with softmoe_edu.record",
            )
        for layer in self.layers:
            if layer.experts is not None:
                check_layer(model, layer.name, layer.block, layer.experts)
        self.runs: dict[str, Run] = {}
        self._passes: list[Pass] = []
        self._ended: dict[int, tuple[Any, int, Tensor | None]] = {}

    @contextlib.contextmanager
    def attached(self) -> Iterator[None]:
        """Listen inside the block; compiled models run uncompiled in it, since their code was made without hooks."""
        eager = torch.compiler.set_stance("force_eager") if "torch._dynamo" in sys.modules else contextlib.nullcontext()
        with contextlib.ExitStack() as stack:
            # Models are entered before their layers, so that these know where they are.
            for owner in self._owners():
                stack.enter_context(_hooked(owner.register_forward_pre_hook(self._entered, with_kwargs=True)))
                stack.enter_context(_hooked(owner.register_forward_hook(self._left, always_call=True)))
            for layer in self.layers:
                ear = _Ear(self, layer)
                for module, hook in ear.before:
                    stack.enter_context(_hooked(module.register_forward_pre_hook(hook, with_kwargs=True)))
                for module, after in ear.after:
                    stack.enter_context(_hooked(module.register_forward_hook(after)))
            with eager:
                yield

    def _owners(self) -> list[nn.Module]:
        """Return the models around the layers: the model itself, and those of transformers inside it."""
        blocks = {id(layer.block) for layer in self.layers}
        return [
            module
            for module in self.model.modules()
            if (module is self.model or hasattr(type(module), "_can_record_outputs"))
            and any(id(inner) in blocks for inner in module.modules())
        ]

    def _entered(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if not repeating():
            each = Pass.of(module, args, kwargs)
            self._check_order(each)
            self._passes.append(each)

    def _left(self, module: nn.Module, args: tuple[Any, ...], output: object) -> None:
        if not repeating() and self._passes:
            each = self._passes.pop()
            each.end(output)
            if each.cache is not None:
                keys = last_keys(each.cache)
                self._ended[id(each.cache)] = (
                    each.cache,
                    length_of(each.cache),
                    None if keys is None else keys.clone(),
                )

    def _check_order(self, each: Pass) -> None:
        """Raise an error where the examples of a cache changed places since the last step."""
        cache, length, before = self._ended.get(id(each.cache), (None, 0, None))
        if each.cache is None or cache is not each.cache or length != each.start or before is None:
            return
        now = last_keys(cache)
        if now is not None and not torch.equal(now, before):
            raise refuse(
                self.model,
                "the examples changed their order between two steps, as in beam search, so that a row is no text: "
                "capture generate(num_beams=1), or a pass over the text that it returned",
            )

    def heard(self, layer: Layer, times: int, shape: tuple[int, int], decision: Decision) -> None:
        """Keep a decision of a layer.

        Args:
            layer: the layer.
            times: how often it has run in this pass.
            shape: (b, n).
            decision: about b n rows.
        """
        place = locate(self._passes, shape, self.mask)
        name = layer.name if times == 1 else f"{layer.name}:{times}"
        run = self.runs.get(name)
        if run is None or not run.goes_on(place, shape[0]):
            run = self.runs[name] = Run()
        run.add(place, decision.shaped(*shape))

    def layer(self, name: str) -> Layer:
        """Return the layer that a name of `choices` is of."""
        known = {layer.name: layer for layer in self.layers}
        return known.get(name) or known[name.rpartition(":")[0]]

    @property
    def within(self) -> Pass | None:
        """Return the innermost pass that is running."""
        return self._passes[-1] if self._passes else None

    def choices(self) -> dict[str, Choices]:
        """Return what every layer decided, in the order of the model."""
        order = {layer.name: i for i, layer in enumerate(self.layers)}
        names = sorted(self.runs, key=lambda name: (order[self.layer(name).name], len(name), name))
        found = {name: self.runs[name].joined() for name in names}
        for name, choices in found.items():
            if not choices.index.numel():
                raise refuse(self.model, f"{name} was given no tokens: skip the empty batch")
            least, most = choices.index.aminmax()
            if least < 0 or most >= choices.num_experts:
                odd = int(least if least < 0 else most)
                raise refuse(
                    self.model, f"{name} asks for expert {odd} of {choices.num_experts}, which stands for one elsewhere"
                )
        return found


class _Ear:
    """The hooks of one layer."""

    def __init__(self, listener: Listener, layer: Layer):
        self.listener, self.layer = listener, layer
        self.given: tuple[int, ...] = ()
        self.routed: list[Routed] = []
        self.parts: dict[int, list[Any]] = {}
        self.calls, self.times = 0, 0
        self.within: object = None
        self.before: list[tuple[nn.Module, Callable[..., None]]] = [(layer.block, self._opened)]
        self.after: list[tuple[nn.Module, Callable[..., None]]] = []
        for router, at in layer.routers:
            self.after.append((router, self._router(at)))
            self.after += [(part, self._part(router)) for part in router.children()]
        if layer.experts is not None:
            self.before.append((layer.experts, self._experts))
            if not layer.routers:  # one of these may be a router that nobody declares
                others = [child for child in layer.block.children() if child is not layer.experts]
                self.after += [(child, self._router(None)) for child in others]
        if layer.certain:
            self.after.append((layer.block, self._closed))

    def _opened(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Note the shape of what the layer is given, before its tokens are put into one row after another."""
        if repeating():
            return
        given = [
            value for value in (*args, *kwargs.values()) if isinstance(value, Tensor) and value.is_floating_point()
        ]
        self.given = tuple(given[0].shape[:-1]) if given else ()
        self.calls, self.routed = 0, []

    def _part(self, router: nn.Module) -> Callable[..., None]:
        def after(module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
            if not repeating():
                self.parts.setdefault(id(router), []).append(output)

        return after

    def _router(self, at: int | None) -> Callable[..., None]:
        def after(module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
            if repeating():
                return
            self.routed.append(Routed(output, at, self.parts.pop(id(module), ())))
            if self.layer.experts is None and at is not None:
                decision = read_router(output, at)
                if decision is None:
                    kind = type(module).__name__
                    raise self._refused(f"{kind} at {self.layer.name} returns nothing that hooks can read")
                self._keep(decision)

        return after

    def _experts(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if repeating():
            return
        found = asked(module, args, kwargs)
        if found is not None:
            self._keep(read_experts(module, found, self.routed))
        elif self.layer.certain:
            kind = type(module).__name__
            raise self._refused(f"{kind} at {self.layer.name} was not called with (tokens, experts, weights)")

    def _keep(self, decision: Decision) -> None:
        self.calls += 1
        shape = self._shape(len(decision.index))
        within = self.listener.within
        self.times = self.times + 1 if within is not None and within is self.within else 1
        self.within = within
        self.listener.heard(self.layer, self.times, shape, decision)
        self.routed = []

    def _shape(self, rows: int) -> tuple[int, int]:
        """Return (b, n) of the tokens that were routed, as the layer was given them or else the model around it."""
        if len(self.given) > 1 and prod(self.given) == rows:
            return self.given[0], prod(self.given[1:])
        around = None if self.listener.within is None else self.listener.within.shape
        if around is None and prod(self.given) == rows:
            return 1, rows
        if around is None or prod(around) != rows:
            size = " x ".join(map(str, around or self.given))
            raise self._refused(
                f"{self.layer.name} routed {rows} tokens of {size}: the others go elsewhere, and hooks do not see which"
            )
        return around

    def _closed(self, module: nn.Module, args: tuple[Any, ...], output: object) -> None:
        if not repeating() and not self.calls:
            raise self._refused(
                f"{self.layer.name} ran without calling its experts or its router, as where a kernel stands in for "
                "them: load the model with use_kernels=False and experts_implementation='eager'"
            )

    def _refused(self, reason: str) -> ValueError:
        return refuse(self.listener.model, reason)


def repeating() -> bool:
    """Return whether a backward pass is running, in which checkpointed modules repeat what they decided."""
    return torch._C._current_graph_task_id() != -1


@contextlib.contextmanager
def _hooked(handle: Any) -> Iterator[None]:
    try:
        yield
    finally:
        handle.remove()
