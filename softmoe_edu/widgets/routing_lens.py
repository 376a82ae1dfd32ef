"""RoutingLens: what a router decided, seen on the image, on a map of tokens by slots, and as each expert's load."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

import numpy as np
import traitlets
from torch import Tensor

from softmoe_edu.routing import Routing
from softmoe_edu.shapes import check_choice
from softmoe_edu.widgets.base import STATIC, Instrument
from softmoe_edu.widgets.inputs import (
    SHADINGS,
    Index,
    Pictures,
    grid_of,
    images_of,
    items,
    labels_of,
    plain,
    text,
    words_of,
)
from softmoe_edu.widgets.packing import (
    VIEWS,
    Entry,
    check_size,
    pack_images,
    pack_routing,
    patch_grid,
    size_of,
    weights_of,
)
from softmoe_edu.widgets.routing_lens_calls import route
from softmoe_edu.widgets.routing_lens_steps import (
    TestsLog,
    check_snapshots,
    evaluations_of,
    name_outputs,
    name_steps,
    share_scale,
)
from softmoe_edu.widgets.stills import map_still

MOST_PINS = 4


class Pins(traitlets.List[Any]):
    """A trait for some selections, each [token, expert, slot]: Python, NumPy or torch numbers, kept as lists."""

    def validate(self, obj: traitlets.HasTraits, value: Any) -> list[Any]:
        pins = items(value, "pins must be a list of [token, expert, slot]", MOST_PINS)
        rows = [pin if isinstance(pin, Iterable) and bool(getattr(pin, "ndim", 1)) else [pin] for pin in pins]
        return [[plain(number) for number in row] for row in rows]


class RoutingLens(Instrument):
    """Look at routings: point at a patch, a weight, a slot or an expert and see the others answer.

    A group that holds several images is split again: each image shows its own tokens against the slots of its group.
    Without images every group is drawn as a line of tokens. Numbers, labels and words may be of Python, NumPy or torch.
    Of more tokens than a browser draws without delay, evenly spaced ones are drawn, and the caption says how many.

    Args:
        routings: a Routing, {layer: Routing} as `record(model)` yields, or {router: {layer: Routing}}; {step: any of
            these} is replayed with a slider of steps.
        images: those that were routed, (batch, channels, height, width) with 1 or 3 channels in any range, in a tensor,
            an array or a list, cut into a square of patches or into `grid`.
        labels: one string or number for each image.
        grid: (rows, columns) of patches.
        outputs: the MoE layer's answers (groups, tokens, width), nested as the routings.
        tests_log: lists "step" and "accuracy" of evaluations; for several routers {router: such lists}.
        words: the tokens of a text, drawn in place of numbers: one list of strings, or one for each group.
        **controls: the traits below, all of which follow the view and move it when they are set.

    Attributes:
        router: the router that is shown.
        layer: its layer.
        step: the step of a replay.
        image_index: the image.
        view: "logits", "dispatch", "combine" or "output", where there are such.
        shading: "linear" or "root" colours of the map's weights; "auto" takes the root where most would be dark.
        token: the pinned token of the image, -1 for none.
        expert: the pinned expert, -1 for none.
        slot: the pinned slot of that expert, -1 for none.
        pins: up to four more [token, expert, slot] that are compared side by side.
    """

    _esm = STATIC / "routing_lens.js"
    _css = STATIC / "routing_lens.css"

    router = traitlets.Unicode().tag(sync=True)
    layer = traitlets.Unicode().tag(sync=True)
    step = Index(0).tag(sync=True)
    image_index = Index(0).tag(sync=True)
    view = traitlets.Unicode("dispatch").tag(sync=True)
    shading = traitlets.Unicode("auto").tag(sync=True)
    token = Index(-1).tag(sync=True)
    expert = Index(-1).tag(sync=True)
    slot = Index(-1).tag(sync=True)
    pins = Pins().tag(sync=True)

    _entries: traitlets.List[Any] = traitlets.List().tag(sync=True)
    _pictures = traitlets.Dict().tag(sync=True)
    _labels: traitlets.List[Any] = traitlets.List().tag(sync=True)
    _count = traitlets.Int().tag(sync=True)
    _tests = traitlets.Dict().tag(sync=True)
    _words: traitlets.List[Any] = traitlets.List().tag(sync=True)

    def __init__(
        self,
        routings: Routing | dict[Any, Any],
        images: Pictures | None = None,
        *,
        labels: Iterable[str | int | float] | None = None,
        grid: Iterable[int] | None = None,
        outputs: Tensor | dict[Any, Any] | None = None,
        tests_log: TestsLog | Mapping[str, TestsLog] | None = None,
        words: Iterable[str] | Iterable[Iterable[str]] | None = None,
        router: str | None = None,
        layer: str | None = None,
        step: int | None = None,
        **controls: Any,
    ) -> None:
        self.refuse_unknown(controls)
        steps, images, grid = name_steps(routings), images_of(images), grid_of(grid)
        named = next(iter(steps.values()))
        router = next(iter(named)) if router is None else text(router)
        check_choice("router", router, tuple(named))
        layer = next(iter(named[router])) if layer is None else text(layer)
        check_choice("layer", layer, tuple(named[router]))
        each = {(s, r, name): x for s, named in steps.items() for r, part in named.items() for name, x in part.items()}
        answers = name_outputs(outputs, steps)
        pictures = {} if images is None else pack_images(images)
        # Routers may group the same examples differently: the one with most groups then shows what one example is.
        count = max(routing.sizes[0] for routing in each.values()) if images is None else len(images)
        entries: list[Entry] = []
        size = 0
        for (s, r, name), routing in each.items():
            entry = pack_routing(routing, r, name, count, step=s, output=answers.get((s, r, name)))
            entry["grid"] = patch_grid(grid, entry["tokens"], images)
            size += size_of(entry)
            check_size(size)  # before the next one takes its memory
            entries.append(entry)
        share_scale(entries)
        if words is not None and (images is not None or grid is not None):
            raise ValueError("words must come without images and grid, got both: a token is a word or a patch")
        super().__init__(
            _entries=entries,
            _pictures=pictures,
            _labels=labels_of(labels, count),
            _count=count,
            _words=words_of(words, count, max(entry["tokens"] for entry in entries)),
            _tests=evaluations_of(tests_log, tuple(named)),
            router=router,
            layer=layer,
            step=next(iter(steps)) if step is None else step,
            **controls,
        )

    @classmethod
    def replay(
        cls,
        snapshots: Mapping[int, dict[Any, Any]],
        images: Pictures | None = None,
        tests_log: TestsLog | Mapping[str, TestsLog] | None = None,
        **more: Any,
    ) -> "RoutingLens":
        """Show a training run as its routings step by step: `history.snapshots` and `history.tests_log`.

        Several runs side by side are {steps done: {router: ...}} and {router: history.tests_log}.

        Args:
            snapshots: {steps done: {layer: Routing}} or {steps done: {router: {layer: Routing}}}.
            images: those that were routed in all of them.
            tests_log: as RoutingLens takes it.
            **more: what else RoutingLens takes.

        Raises:
            TypeError: snapshots are no such mapping.
            ValueError: snapshots are empty.
        """
        check_snapshots(snapshots)
        return cls(dict(snapshots), images, tests_log=tests_log, **more)

    @classmethod
    def of(
        cls,
        function: Callable[[Tensor], tuple[Tensor, Tensor]],
        logits: Tensor,
        images: Pictures | None = None,
        reference: Callable[[Tensor], tuple[Tensor, Tensor]] | None = None,
        **more: Any,
    ) -> "RoutingLens":
        """Show what a function, logits (b, n, e, p) -> (dispatch, combine), makes of logits, right or wrong.

        Its router is called "own"; weights below 0, over 1 or not finite are drawn and marked, as are sums that miss 1
        and choices in place of mixtures; a wrong shape or an exception is explained.

        Args:
            function: the function to look at.
            logits: (b, n, e, p), floating point.
            images: as in RoutingLens.
            reference: a function of the same kind, shown as the router "reference" and compared with; where it assigns
                whole tokens to slots, so may the other.
            **more: what else RoutingLens takes.

        Raises:
            TypeError: function or reference cannot be called, or logits are not floating point.
            ValueError: logits have another shape, or the reference fails.
        """
        routers = route(function, logits, reference)
        return cls({name: {"": routing} for name, routing in routers.items()}, images, **more)

    def _layers(self) -> dict[str, dict[str, Any]]:
        entries = [entry for entry in self._entries if entry["router"] == self.router]
        # A step that does not exist is refused after the layers were asked for.
        now = [entry for entry in entries if entry["step"] == self.step] or entries
        return {entry["layer"]: entry for entry in now}

    def _views(self) -> Sequence[str]:
        return self._layers().get(self.layer, {}).get("views") or VIEWS

    @traitlets.validate("router", "layer", "view", "shading")
    def _one_of(self, proposal: dict[str, Any]) -> str:
        routers = dict.fromkeys(entry["router"] for entry in self._entries)
        known: dict[str, Iterable[str]] = {"router": routers, "layer": self._layers(), "view": self._views()}
        known["shading"] = SHADINGS
        check_choice(proposal["trait"].name, proposal["value"], tuple(known[proposal["trait"].name]))
        return proposal["value"]

    @traitlets.validate("step")
    def _recorded(self, proposal: dict[str, Any]) -> int:
        steps = dict.fromkeys(entry["step"] for entry in self._entries)
        if proposal["value"] not in steps:
            raise ValueError(f"step must be one of {', '.join(map(str, steps))}, got {proposal['value']}")
        return proposal["value"]

    @traitlets.validate("image_index", "token", "expert", "slot")
    def _inside(self, proposal: dict[str, Any]) -> int:
        name, value = proposal["trait"].name, proposal["value"]
        least = 0 if name == "image_index" else -1
        if not least <= value < self._most(name):
            raise ValueError(f"{name} must be from {least} to {self._most(name) - 1}, got {value}")
        if name == "slot" and value >= 0 and self.expert < 0:
            most = self._most("expert") - 1
            raise ValueError(f"slot {value} needs its expert: set expert first, from 0 to {most}")
        if name == "token" and value >= 0 and value not in (drawn := self._drawn()):
            low = max(t for t in drawn if t < value)
            raise ValueError(f"token {value} is not drawn, since there are too many tokens: take {low}, which is")
        return value

    @traitlets.validate("pins")
    def _four(self, proposal: dict[str, Any]) -> list[list[int]]:
        pins = proposal["value"]
        if len(pins) > MOST_PINS:
            raise ValueError(f"pins must be at most {MOST_PINS}, got {len(pins)}: remove one first")
        for pin in pins:
            if not self._fits(pin):
                raise ValueError(f"pins must be [token, expert, slot] of this layer, -1 for none, got {pin}")
        return pins

    def _fits(self, pin: list[int]) -> bool:
        """Return whether a pin names something, all of which the routing has."""
        if len(pin) != 3 or not all(isinstance(x, int) for x in pin) or (pin[0] < 0 and pin[1] < 0):
            return False
        inside = all(-1 <= x < self._most(name) for name, x in zip(("token", "expert", "slot"), pin, strict=True))
        return inside and (pin[1] >= 0 or pin[2] < 0) and (pin[0] < 0 or pin[0] in self._drawn())

    def _drawn(self) -> Sequence[int]:
        """Return the tokens of an image that have a row in the map."""
        entry = self._layers()[self.layer]
        return np.frombuffer(entry["ids"], np.int32).tolist() if "ids" in entry else range(entry["tokens"])

    def _most(self, name: str) -> int:
        return self._count if name == "image_index" else self._layers()[self.layer][f"{name}s"]

    @traitlets.observe("router", "layer", "step", "expert")
    def _fit_selection(self, change: dict[str, Any]) -> None:
        """Unpin what the other router, layer, step or expert does not have."""
        if self.layer not in self._layers():
            self.layer = next(iter(self._layers()))
        with self.hold_sync():
            if self.expert >= self._most("expert"):
                self.expert = -1
            if self.expert < 0 or self.slot >= self._most("slot"):
                self.slot = -1
            if self.token >= 0 and (self.token >= self._most("token") or self.token not in self._drawn()):
                self.token = -1
            if any(not self._fits(pin) for pin in self.pins):
                self.pins = [pin for pin in self.pins if self._fits(pin)]
            if self.view not in self._views():
                self.view = "dispatch"

    def still(self) -> tuple[str, str]:
        """Return the map of the image that is shown."""
        entry = self._layers()[self.layer]
        if entry["note"]:
            return "", ""
        view = "combine" if self.view == "combine" else "dispatch"
        weights = weights_of(cast(Entry, entry), view, self.image_index)
        of = f" of {entry['tokens']:,}, evenly spaced," if "ids" in entry else ""
        sizes = f"{len(weights)} tokens{of} (rows) by {entry['experts']} experts x {entry['slots']} slots (columns)"
        return map_still(weights, least=0), f"{view.capitalize()} of image {self.image_index}: {sizes}."

    def __repr__(self) -> str:
        routers = list(dict.fromkeys(entry["router"] for entry in self._entries))
        steps = list(dict.fromkeys(entry["step"] for entry in self._entries))
        shown = f", steps={steps}" if len(steps) > 1 else ""
        return f"RoutingLens(images={self._count}, routers={routers}, layers={list(self._layers())}{shown})"
