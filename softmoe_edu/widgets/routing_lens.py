"""RoutingLens: what a router decided, seen on the image, on a map of tokens by slots, and as each expert's load."""

from pathlib import Path

import traitlets
from torch import Tensor

from softmoe_edu.routing import Routing
from softmoe_edu.shapes import check_choice
from softmoe_edu.widgets.base import Instrument
from softmoe_edu.widgets.packing import name_routings, pack_images, pack_routing, patch_grid

HERE = Path(__file__).parent
# The browser gets one module as text, in which a file could not import its neighbour: they are joined instead.
SCRIPTS = ("painting.js", "routing_numbers.js", "routing_panels.js", "routing_lens.js")


class RoutingLens(Instrument):
    """Look at routings: point at a patch, a weight, a slot or an expert and see the others answer.

    `routings` is a Routing, {layer: Routing} as `record(model)` gives, or {router: {layer: Routing}}. `images` are
    those that were routed, (batch, channels, height, width) with 1 or 3 channels in any range, cut into a square of
    patches or into `grid` (rows, columns). A group that holds several images is split again: each image shows its own
    tokens against the slots of its group. Without images every group is drawn as a line of tokens.
    `labels` has one string for each image.

    These traits follow the view and move it when they are set: `router`, `layer`, `image_index`, `view` ("dispatch" or
    "combine"), and what is pinned by a click, -1 for none: `token` of the image, `expert`, and `slot` of that expert.
    """

    _esm = "\n".join((HERE / name).read_text("utf-8") for name in SCRIPTS)
    _css = HERE / "routing_lens.css"

    router = traitlets.Unicode().tag(sync=True)
    layer = traitlets.Unicode().tag(sync=True)
    image_index = traitlets.Int(0).tag(sync=True)
    view = traitlets.Unicode("dispatch").tag(sync=True)
    token = traitlets.Int(-1).tag(sync=True)
    expert = traitlets.Int(-1).tag(sync=True)
    slot = traitlets.Int(-1).tag(sync=True)

    _entries = traitlets.List().tag(sync=True)
    _pictures = traitlets.Dict().tag(sync=True)
    _labels = traitlets.List().tag(sync=True)
    _count = traitlets.Int().tag(sync=True)

    def __init__(
        self,
        routings: Routing | dict,
        images: Tensor | None = None,
        *,
        image_index: int = 0,
        labels: list[str] | None = None,
        grid: tuple[int, int] | None = None,
        router: str | None = None,
        layer: str | None = None,
        view: str = "dispatch",
        token: int = -1,
        expert: int = -1,
        slot: int = -1,
        **unknown: object,
    ) -> None:
        self.refuse_unknown(unknown)
        named = name_routings(routings)
        router = next(iter(named)) if router is None else router
        check_choice("router", router, tuple(named))
        layer = next(iter(named[router])) if layer is None else layer
        check_choice("layer", layer, tuple(named[router]))
        each = [(r, name, routing) for r, layers in named.items() for name, routing in layers.items()]
        pictures = {} if images is None else pack_images(images)
        # Routers may group the same examples differently: the one with most groups then shows what one example is.
        count = max(routing.sizes[0] for _, _, routing in each) if images is None else len(images)
        entries = [pack_routing(routing, r, name, count) for r, name, routing in each]
        for entry in entries:
            entry["grid"] = patch_grid(grid, entry["tokens"], images)
        if labels is not None and len(labels) != count:
            raise ValueError(f"labels must have one string for each of {count} images, got {len(labels)}")
        super().__init__(
            _entries=entries,
            _pictures=pictures,
            _labels=[str(label) for label in labels or ()],
            _count=count,
            router=router,
            layer=layer,
            image_index=image_index,
            view=view,
            token=token,
            expert=expert,
            slot=slot,
        )

    def _layers(self) -> dict[str, dict]:
        return {entry["layer"]: entry for entry in self._entries if entry["router"] == self.router}

    @traitlets.validate("router", "layer", "view")
    def _one_of(self, proposal: dict) -> str:
        routers = dict.fromkeys(entry["router"] for entry in self._entries)
        known = {"router": routers, "layer": self._layers(), "view": ("dispatch", "combine")}
        check_choice(proposal["trait"].name, proposal["value"], tuple(known[proposal["trait"].name]))
        return proposal["value"]

    @traitlets.validate("image_index", "token", "expert", "slot")
    def _inside(self, proposal: dict) -> int:
        name, value = proposal["trait"].name, proposal["value"]
        least = 0 if name == "image_index" else -1
        if not least <= value < self._most(name):
            raise ValueError(f"{name} must be from {least} to {self._most(name) - 1}, got {value}")
        if name == "slot" and value >= 0 and self.expert < 0:
            most = self._most("expert") - 1
            raise ValueError(f"slot {value} needs its expert: set expert first, from 0 to {most}")
        return value

    def _most(self, name: str) -> int:
        return self._count if name == "image_index" else self._layers()[self.layer][f"{name}s"]

    @traitlets.observe("router", "layer", "expert")
    def _fit_selection(self, change: dict) -> None:
        """Free what the other router, layer or expert does not have."""
        if self.layer not in self._layers():
            self.layer = next(iter(self._layers()))
        with self.hold_sync():
            if self.expert >= self._most("expert"):
                self.expert = -1
            if self.expert < 0 or self.slot >= self._most("slot"):
                self.slot = -1
            if self.token >= self._most("token"):
                self.token = -1

    def __repr__(self) -> str:
        routers = list(dict.fromkeys(entry["router"] for entry in self._entries))
        return f"RoutingLens(images={self._count}, routers={routers}, layers={list(self._layers())})"
