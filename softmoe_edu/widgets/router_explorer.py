"""RouterExplorer: the scores of one batch, routed in the browser by every router of the course, step by step."""

from collections.abc import Iterable
from typing import Any

import traitlets
from torch import Tensor

from softmoe_edu.shapes import check_at_least, check_choice
from softmoe_edu.widgets.base import STATIC, Instrument
from softmoe_edu.widgets.explorer import Real, Whole, check_in_browser, focused, inside, limits_of
from softmoe_edu.widgets.inputs import SHADINGS, Pictures, grid_of, images_of, labels_of, plain, words_of
from softmoe_edu.widgets.packing import pack_images, patch_grid
from softmoe_edu.widgets.router_explorer_outputs import ModelOutput, changes, own_output
from softmoe_edu.widgets.scores import check_scores, drawn_tokens, most_experts
from softmoe_edu.widgets.stills import scores_still

# As in js/arithmetic/routing.js, which implements them: a browser cannot compute what is registered in Python alone.
IN_BROWSER = ("soft", "tokens choice", "experts choice", "uniform", "identity", "uniform / soft", "soft / uniform")
CHOICES = {
    "router": IN_BROWSER,
    "gating": ("vmoe", "switch", "gshard", "top_k_then_softmax"),
    "priority": ("position", "gate"),
    "group": ("one image", "whole batch"),
    "step": ("score", "normalise", "select", "dispatch", "compute", "combine"),
    "shading": SHADINGS,
}
SETTINGS: tuple[str, ...] = ("router", "group", "gating", "priority", "top_k", "capacity_factor")
SETTINGS += ("num_experts", "slots_per_expert", "scale", "noise", "seed")

NUMBERS = ("top_k", "num_experts", "slots_per_expert", "image_index", "served", "token", "expert", "slot")


class RouterExplorer(Instrument):
    """Turn the knobs of a router and watch one batch being routed, in six steps from scores to answers.

    Args:
        logits: the scores of a batch, (batch, tokens, experts) or (batch, tokens, experts, slots). Routers that score
            experts read the first slot of each.
        images: as in RoutingLens.
        grid: as in RoutingLens.
        labels: as in RoutingLens.
        words: as in RoutingLens.
        dim: width of a token, from which MACs are counted, as from `hidden_dim`.
        hidden_dim: hidden width of an expert.
        model_output: settings -> (batch, ...), what the whole model answers under these settings, and under None as it
            is: the routers side by side then show how far each moves the output of the model
            (`softmoe_edu.rerouting.Rerouted` is such a callable). It is called in Python; a saved page shows what was
            known when it was saved.
        num_experts: the trait; None for all experts.
        slots_per_expert: the trait; None for all slots.
        pinned: the trait; None for none.
        focus: the controls to show, such as ("top_k", "noise"), for a task that needs no others; the table and the
            comparisons below the picture are left out then. None for all.
        **controls: the other traits below, all of which follow the view and move it when they are set.

    Attributes:
        router: one of the routers that the browser computes.
        group: the tokens that compete, those of "one image" or of the "whole batch".
        gating: how tokens choice makes gates.
        priority: which tokens it serves first, by "position" or by "gate".
        top_k: experts that a token chooses in it.
        capacity_factor: None to drop nothing, which tokens choice alone can.
        num_experts: how many experts are used: the first ones, or up to twice as many as were scored. Nobody trained
            the further ones, which have the scores of the others, dealt anew to the tokens
            (`softmoe_edu.widgets.scores.more_experts`).
        slots_per_expert: how many slots of each are used, the first ones.
        scale: what multiplies the scores, one over the temperature.
        noise: the standard deviation of what is added to the scores, divided by the experts in the sparse routers as in
            training.
        seed: of that noise, whose numbers are the browser's own and not PyTorch's.
        image_index: the image that is shown.
        step: one of score, normalise, select, dispatch, compute and combine.
        served: how many choices tokens choice has served, -1 for all.
        shading: as in RoutingLens.
        token: the pinned token, -1 for none.
        expert: the pinned expert, -1 for none.
        slot: the pinned slot of that expert, -1 for none.
        pinned: the settings to compare with, as `settings` returns them; what is left out is as it is now; {} for none.
    """

    _esm = STATIC / "router_explorer.js"
    _css = STATIC / "router_explorer.css"

    router = traitlets.Unicode("soft").tag(sync=True)
    group = traitlets.Unicode("one image").tag(sync=True)
    gating = traitlets.Unicode("vmoe").tag(sync=True)
    priority = traitlets.Unicode("position").tag(sync=True)
    top_k = Whole(1, 1, 2**31 - 1).tag(sync=True)
    capacity_factor = Real(1.0, 0.01, 100.0, allow_none=True).tag(sync=True)
    num_experts = Whole(1, 1, 2**31 - 1).tag(sync=True)
    slots_per_expert = Whole(1, 1, 2**31 - 1).tag(sync=True)
    scale = Real(1.0, 0.0, 1000.0).tag(sync=True)
    noise = Real(0.0, 0.0, 100.0).tag(sync=True)
    seed = Whole(0, 0, 2**31 - 1).tag(sync=True)
    image_index = Whole(0, 0, 2**31 - 1).tag(sync=True)
    step = traitlets.Unicode("score").tag(sync=True)
    served = Whole(-1, -1, 2**31 - 1).tag(sync=True)
    shading = traitlets.Unicode("auto").tag(sync=True)
    token = Whole(-1, -1, 2**31 - 1).tag(sync=True)
    expert = Whole(-1, -1, 2**31 - 1).tag(sync=True)
    slot = Whole(-1, -1, 2**31 - 1).tag(sync=True)
    pinned = traitlets.Dict().tag(sync=True)

    _logits = traitlets.Bytes().tag(sync=True)
    _sizes = traitlets.Dict().tag(sync=True)
    _ids: traitlets.List[Any] = traitlets.List().tag(sync=True)
    _grid: traitlets.List[Any] = traitlets.List().tag(sync=True)
    _pictures = traitlets.Dict().tag(sync=True)
    _labels: traitlets.List[Any] = traitlets.List().tag(sync=True)
    _words: traitlets.List[Any] = traitlets.List().tag(sync=True)
    _limits = traitlets.Dict().tag(sync=True)
    _focus: traitlets.List[Any] = traitlets.List().tag(sync=True)
    # The settings that the browser compares by, and how far each router moves the output under them.
    _asked = traitlets.Dict().tag(sync=True)
    _outputs = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        logits: Tensor,
        images: Pictures | None = None,
        *,
        grid: Iterable[int] | None = None,
        labels: Iterable[str | int | float] | None = None,
        words: Iterable[str] | Iterable[Iterable[str]] | None = None,
        dim: int = 384,
        hidden_dim: int = 1536,
        model_output: ModelOutput | None = None,
        num_experts: int | None = None,
        slots_per_expert: int | None = None,
        pinned: dict[str, Any] | None = None,
        focus: Iterable[str] | None = None,
        **controls: Any,
    ) -> None:
        self.refuse_unknown(controls)
        check_scores(logits)
        b, tokens, e = logits.shape[:3]
        p = logits.shape[3] if logits.ndim == 4 else 1
        images, grid = images_of(images), grid_of(grid)
        if images is not None and len(images) != b:
            raise ValueError(f"images must be the {b} images that were scored, got {len(images)}")
        if words is not None and (images is not None or grid is not None):
            raise ValueError("words must come without images and grid, got both: a token is a word or a patch")
        dim, hidden_dim = check_at_least("dim", plain(dim)), check_at_least("hidden_dim", plain(hidden_dim))
        ids = drawn_tokens(b, tokens, e * p)
        n = len(ids)
        most = most_experts(n, e, p)
        own = {"top_k": most, "num_experts": most, "slots_per_expert": p, "image_index": b - 1, "served": b * n * most}
        own |= {"token": n - 1, "expert": most - 1}
        limits = limits_of(type(self))
        pictures = {} if images is None else pack_images(images)
        super().__init__(
            _logits=logits.detach().float().cpu()[:, ids].contiguous().numpy().tobytes(),
            _sizes={"b": b, "n": n, "e": e, "p": p, "tokens": tokens, "dim": dim, "hidden_dim": hidden_dim},
            _ids=ids if n < tokens else [],
            _grid=patch_grid(grid, tokens, images),
            _pictures=pictures,
            _words=words_of(words, b, tokens),
            _labels=labels_of(labels, b),
            _limits=limits | {name: [limits[name][0], top, True, False] for name, top in own.items()},
            num_experts=e if num_experts is None else num_experts,
            slots_per_expert=p if slots_per_expert is None else slots_per_expert,
            pinned=pinned or {},
            _focus=focused(focus, (*SETTINGS, "image_index")),
            **controls,
        )
        self._model_output = model_output
        if model_output is not None:
            self._own_output = own_output(model_output, b)
            self._needs = "it runs your model for the routers side by side"
            self._compare_outputs({"new": self.settings})

    @property
    def settings(self) -> dict[str, Any]:
        """Return the controls as they are now, which `pinned` takes to compare with."""
        return {name: getattr(self, name) for name in SETTINGS}

    @traitlets.validate(*CHOICES)
    def _one_of(self, proposal: dict[str, Any]) -> str:
        check_setting(proposal["trait"].name, proposal["trait"].name, proposal["value"])
        return proposal["value"]

    @traitlets.validate(*NUMBERS)
    def _inside(self, proposal: dict[str, Any]) -> float:
        name, value = proposal["trait"].name, proposal["value"]
        least, most, *_ = self._limits[name]
        inside(name, value, least, self.num_experts - 1 if name == "expert" else most)
        if name == "top_k":
            check_top_k("top_k", value, self.num_experts)
        if name == "slot" and value >= 0 and self.expert < 0:
            raise ValueError(f"slot {value} needs its expert: set expert first, from 0 to {self.num_experts - 1}")
        return value

    @traitlets.validate("pinned")
    def _whole_settings(self, proposal: dict[str, Any]) -> dict[str, Any]:
        given = proposal["value"]
        if not given:
            return {}
        state = self.settings
        for name, value in given.items():
            check_choice("a name in pinned", name, SETTINGS)
            if name in CHOICES:
                check_setting(f"{name} in pinned", name, value)
            elif value is not None or not self._limits[name][3]:
                least, most, *_ = self._limits[name]
                value = inside(f"{name} in pinned", self.traits()[name].validate(self, value), least, most)
            state[name] = value
        if "top_k" not in given:
            state["top_k"] = min(state["top_k"], state["num_experts"])
        check_top_k("top_k in pinned", state["top_k"], state["num_experts"])
        return state

    @traitlets.observe("_asked")
    def _compare_outputs(self, change: dict[str, Any]) -> None:
        if self._model_output is not None:
            self._outputs = changes(self._model_output, self._own_output, change["new"], IN_BROWSER)

    @traitlets.observe("num_experts", "expert")
    def _fit(self, change: dict[str, Any]) -> None:
        """Unpin what is no longer used; a token cannot choose more experts than there are."""
        with self.hold_sync():
            self.top_k = min(self.top_k, self.num_experts)
            if self.expert >= self.num_experts:
                self.expert = -1
            if self.expert < 0:
                self.slot = -1

    def still(self) -> tuple[str, str]:
        """Return the scores of the image that is shown."""
        return scores_still(self._logits, self._sizes, self.image_index)

    def __repr__(self) -> str:
        b, n = (self._sizes[letter] for letter in "bn")
        sizes = f"images={b}, tokens={n}, experts={self.num_experts}, slots_per_expert={self.slots_per_expert}"
        return f"RouterExplorer({sizes}, router={self.router!r}, step={self.step!r})"


def check_setting(name: str, setting: str, value: str) -> None:
    """Raise an error that lists the choices unless value is one of a setting."""
    if setting == "router":
        check_in_browser(name, value, IN_BROWSER, "and RoutingLens shows what any other decided")
    else:
        check_choice(name, value, CHOICES[setting])


def check_top_k(name: str, top_k: int, num_experts: int) -> None:
    """Raise an error when a token would choose more experts than there are."""
    if top_k > num_experts:
        raise ValueError(f"{name} must be at most num_experts={num_experts}, got {top_k}: lower top_k")
