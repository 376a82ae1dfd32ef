"""RoutingFlow: one batch of scores, sent through several routers at once as an animated picture."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import traitlets
from torch import Tensor

from softmoe_edu.routing import Routing
from softmoe_edu.shapes import check_choice
from softmoe_edu.widgets.base import STATIC, Instrument
from softmoe_edu.widgets.explorer import Real, Whole, check_in_browser, focused, limits_of
from softmoe_edu.widgets.inputs import Pictures, grid_of, images_of, text, words_of
from softmoe_edu.widgets.packing import Unseen, pack_images, patch_grid
from softmoe_edu.widgets.router_explorer import IN_BROWSER
from softmoe_edu.widgets.routing_flow_scores import digit_scores
from softmoe_edu.widgets.routing_lens_calls import call
from softmoe_edu.widgets.scores import check_scores
from softmoe_edu.widgets.stills import scores_still

SECONDS = 12.0
"""How long one loop takes."""

MOST_LANES = 3
MOST_TOKENS = 64
MOST_SLOTS = 64
"""Tokens and slots beyond these would be too small to follow."""

KNOBS = ("top_k", "capacity_factor", "slots_per_expert", "scale", "priority", "image_index")
NUMBERS = ("top_k", "slots_per_expert", "image_index", "token")

Decider = Routing | Callable[[Tensor], tuple[Tensor, Tensor]]


class RoutingFlow(Instrument):
    """Watch the same tokens and scores flow through up to three routers, in six chapters of a loop of 12 seconds.

    Without arguments it shows the 16 patches of a real digit, a seven, and 4 experts of 4 slots. Its scores are
    computed: a patch with the pixels around it is a token, the same of another digit, drawn at random, is the vector of
    a slot, and a score is four times their cosine. The seed was chosen so that the story has all its events.

    Args:
        logits: the scores of a batch, (batch, tokens, experts) or (batch, tokens, experts, slots). Routers that score
            experts read the first slot of each.
        images: as in RoutingLens.
        routers: which routers to show, of those that the browser computes.
        own: a lane of one's own, or {name: lane}: a Routing of these tokens, or a function, logits (b, n, e, p) ->
            (dispatch, combine), which Python calls with the scaled logits; a saved page shows what was known when it
            was saved.
        grid: as in RoutingLens.
        words: the tokens of a text, drawn in place of patches: one list of strings, or one for each text of the batch.
        slots_per_expert: the trait; None for all slots that were scored.
        lane: the trait; None for the first router.
        focus: the controls to show, such as ("top_k", "scale"), for a task that needs no others; None for all.
        **controls: the other traits below, all of which follow the view and move it when they are set.

    Attributes:
        t: where the loop is, in seconds from 0 to 12.
        playing: whether it goes on by itself; under reduced motion six still pictures are shown instead.
        token: the token that is followed, -1 for one that the first sparse router drops.
        lane: the router that a narrow screen shows.
        top_k: experts that a token asks for in tokens choice.
        capacity_factor: slots over tokens in the sparse routers.
        slots_per_expert: how many slots of each expert the soft routers use, the first ones.
        scale: what multiplies the scores, one over the temperature.
        priority: which tokens tokens choice serves first, by "position" or by "gate".
        image_index: the image that is shown.
    """

    _esm = STATIC / "routing_flow.js"
    _css = STATIC / "routing_flow.css"

    t = Real(0.0, 0.0, SECONDS).tag(sync=True)
    playing = traitlets.Bool(True).tag(sync=True)
    token = Whole(-1, -1, 2**31 - 1).tag(sync=True)
    lane = traitlets.Unicode().tag(sync=True)
    top_k = Whole(1, 1, 2**31 - 1).tag(sync=True)
    capacity_factor = Real(1.0, 0.01, 100.0).tag(sync=True)
    slots_per_expert = Whole(1, 1, 2**31 - 1).tag(sync=True)
    scale = Real(1.0, 0.0, 1000.0).tag(sync=True)
    priority = traitlets.Unicode("position").tag(sync=True)
    image_index = Whole(0, 0, 2**31 - 1).tag(sync=True)

    _logits = traitlets.Bytes().tag(sync=True)
    _sizes = traitlets.Dict().tag(sync=True)
    _grid: traitlets.List[Any] = traitlets.List().tag(sync=True)
    _pictures = traitlets.Dict().tag(sync=True)
    _words: traitlets.List[Any] = traitlets.List().tag(sync=True)
    _lanes: traitlets.List[Any] = traitlets.List().tag(sync=True)
    _focus: traitlets.List[Any] = traitlets.List().tag(sync=True)
    _own: traitlets.List[Any] = traitlets.List().tag(sync=True)
    _limits = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        logits: Tensor | None = None,
        images: Pictures | None = None,
        *,
        routers: Iterable[str] = ("tokens choice", "experts choice", "soft"),
        own: Decider | Mapping[str, Decider] | None = None,
        grid: Iterable[int] | None = None,
        words: Iterable[str] | Iterable[Iterable[str]] | None = None,
        slots_per_expert: int | None = None,
        lane: str | None = None,
        focus: Iterable[str] | None = None,
        **controls: Any,
    ) -> None:
        self.refuse_unknown(controls)
        if logits is None:
            for name, given in (("images", images), ("words", words)):
                if given is not None:
                    raise ValueError(f"{name} must come with their logits, got none: give the scores of these {name}")
            logits, images = digit_scores()
        check_scores(logits)
        logits = logits.detach().float().cpu()
        logits = logits if logits.ndim == 4 else logits[..., None]
        b, n, e, p = logits.shape
        for name, size, most in (("tokens", n, MOST_TOKENS), ("slots", e * p, MOST_SLOTS)):
            if size > most:
                raise ValueError(
                    f"logits must have at most {most} {name}, so that each can be followed, got {size}: "
                    "give a part of them, or see all in RouterExplorer"
                )
        if words is not None and (images is not None or grid is not None):
            raise ValueError("words must come without images and grid, got both: a token is a word or a patch")
        pictures, rows = images_of(images), grid_of(grid)
        if pictures is not None and len(pictures) != b:
            raise ValueError(f"images must be the {b} images that were scored, got {len(pictures)}")
        self._deciders = _named(own, logits)
        lanes = [*_known(routers), *self._deciders]
        if not 1 <= len(lanes) <= MOST_LANES:
            raise ValueError(
                f"routers and own must be 1 to {MOST_LANES} lanes in all, got {len(lanes)}: "
                "name fewer routers, such as routers=('tokens choice', 'soft')"
            )
        if len(set(lanes)) < len(lanes):
            raise ValueError(f"lanes must have different names, got {', '.join(lanes)}: rename your own")
        self._scores = logits
        limits = limits_of(type(self))
        ends = {"top_k": e, "slots_per_expert": p, "image_index": b - 1, "token": n - 1}
        super().__init__(
            _logits=logits.contiguous().numpy().tobytes(),
            _sizes={"b": b, "n": n, "e": e, "p": p},
            _grid=patch_grid(rows, n, pictures),
            _pictures={} if pictures is None else pack_images(pictures),
            _words=words_of(words, b, n),
            _lanes=lanes,
            _focus=focused(focus, KNOBS),
            _limits=limits | {name: [limits[name][0], end, True, False] for name, end in ends.items()},
            lane=lanes[0] if lane is None else lane,
            slots_per_expert=p if slots_per_expert is None else slots_per_expert,
            **controls,
        )
        self._decide({})

    @traitlets.observe("scale", "slots_per_expert")
    def _decide(self, change: dict[str, Any]) -> None:
        """Ask one's own routers what they make of the scores as they are now."""
        logits = self._scores[..., : self.slots_per_expert] * self.scale
        self._own = [
            _packed(name, decider, None)
            if isinstance(decider, Routing)
            else _packed(name, call(name, decider, logits), self.scale)
            for name, decider in self._deciders.items()
        ]

    @traitlets.validate("lane", "priority")
    def _one_of(self, proposal: dict[str, Any]) -> str:
        name, value = proposal["trait"].name, proposal["value"]
        check_choice(name, value, tuple(self._lanes) if name == "lane" else ("position", "gate"))
        return proposal["value"]

    @traitlets.validate(*NUMBERS)
    def _inside(self, proposal: dict[str, Any]) -> int:
        name, value = proposal["trait"].name, proposal["value"]
        least, most, *_ = self._limits[name]
        if not least <= value <= most:
            raise ValueError(f"{name} must be from {least} to {most}, got {value}")
        return value

    def still(self) -> tuple[str, str]:
        """Return the scores of the image that is shown."""
        return scores_still(self._logits, self._sizes, self.image_index)

    def __repr__(self) -> str:
        sizes = ", ".join(f"{word}={self._sizes[letter]}" for word, letter in (("tokens", "n"), ("experts", "e")))
        return f"RoutingFlow({sizes}, slots_per_expert={self.slots_per_expert}, lanes={list(self._lanes)})"


def _known(routers: object) -> list[str]:
    """Return the names of the routers, all of which the browser computes."""
    if isinstance(routers, str) or not isinstance(routers, Iterable):
        raise TypeError(f"routers must be a list of names, got {routers!r}: give routers=[{routers!r}]")
    names = list(routers)
    for name in names:
        check_in_browser("routers", name, IN_BROWSER, "and own= shows what any other decided")
    return names


def _named(own: object, logits: Tensor) -> dict[str, Decider]:
    """Return {name: lane} of a learner's own lanes; a single one is called "own"."""
    if own is None:
        return {}
    lanes: dict[Any, Any] = dict(own) if isinstance(own, Mapping) else {"own": own}
    b, n = logits.shape[:2]
    for name, lane in lanes.items():
        if isinstance(lane, Routing):
            if lane.sizes[:2] != (b, n):
                raise ValueError(
                    f"{name} must route the {b} x {n} tokens of logits (groups x tokens), got {lane.sizes[0]} x "
                    f"{lane.sizes[1]}: give logits and routing of the same tokens"
                )
            slots = lane.sizes[2] * lane.sizes[3]
            if slots > MOST_SLOTS:
                raise ValueError(f"{name} must have at most {MOST_SLOTS} slots, got {slots}: route with fewer")
        elif not callable(lane):
            raise TypeError(
                f"{name} must be a Routing or a function logits -> (dispatch, combine), got {type(lane).__name__}: "
                "give what a router returned, or the function itself"
            )
    return {text(name): lane for name, lane in lanes.items()}


def _packed(name: str, routing: Routing | Unseen, scale: float | None) -> dict[str, Any]:
    """Return a decision as the browser reads it, and the scale of its scores; `note` says why there is none."""
    _, _, e, p = routing.sizes
    packed: dict[str, Any] = {"name": name, "e": e, "p": p, "scale": scale, "note": ""}
    if isinstance(routing, Unseen):
        return packed | {"note": routing.note}
    for view in ("dispatch", "combine"):
        weights: Tensor = getattr(routing, view)
        packed[view] = weights.detach().float().cpu().contiguous().numpy().tobytes()
    return packed
