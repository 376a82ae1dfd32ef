"""CostExplorer: what a layer's sizes cost, as linked bars with exact numbers, before and after a change."""

from typing import Any

import traitlets

from softmoe_edu.shapes import check_choice
from softmoe_edu.widgets.base import STATIC, Instrument
from softmoe_edu.widgets.explorer import Real, Whole, check_in_browser, limits_of
from softmoe_edu.widgets.stills import bars_still

# As in js/arithmetic/cost.js, which implements them.
ROUTERS = ("dense", "soft", "tokens choice", "experts choice")
PARTS = ("routing logits", "dispatch", "experts", "combine", "dense MLP")


class CostExplorer(Instrument):
    """Change a layer's sizes and see what moves: parameters, active parameters, MACs, bytes and time, part by part.

    The numbers are those of `softmoe_edu.cost.moe_cost` and `mlp_cost`, computed in the browser. Devices share all work
    evenly and send each other nothing: the time is the least that their rates allow. All arguments are traits, which
    follow the view and move it when they are set.

    Attributes:
        router: "dense" (one MLP), "soft", "tokens choice" or "experts choice".
        num_experts: number of experts.
        slots_per_expert: slots of an expert, a sparse router's capacity.
        top_k: experts that a token chooses in tokens choice.
        dim: width of a token.
        hidden_dim: hidden width of an expert.
        tokens: tokens of an example.
        batch: examples that are computed together.
        width: bytes per number.
        devices: equal devices.
        tflops: 1e12 operations per second of a device, two for a MAC.
        gbps: 1e9 bytes per second of a device.
        pinned: a state to compare with, as `sizes` returns it: {"router": "dense", ...}, where what is left out is as
            it is now; {} for none.
        part: the part that stays marked in all bars, "" for none.
    """

    _esm = STATIC / "cost_explorer.js"
    _css = STATIC / "cost_explorer.css"

    router = traitlets.Unicode("soft").tag(sync=True)
    # Bounds keep every count and the bytes of a batch under 2^53, where the browser's numbers are exact.
    num_experts = Whole(32, 1, 4096).tag(sync=True)
    slots_per_expert = Whole(6, 1, 1024).tag(sync=True)
    top_k = Whole(1, 1, 4096).tag(sync=True)
    dim = Whole(384, 1, 8192).tag(sync=True)
    hidden_dim = Whole(1536, 1, 32768).tag(sync=True)
    tokens = Whole(196, 1, 16384).tag(sync=True)
    batch = Whole(64, 1, 1024).tag(sync=True)
    width = Whole(2, 1, 8).tag(sync=True)
    devices = Whole(1, 1, 4096).tag(sync=True)
    tflops = Real(100.0, 0.001, 100000.0).tag(sync=True)
    gbps = Real(1000.0, 0.1, 1000000.0).tag(sync=True)
    pinned = traitlets.Dict().tag(sync=True)
    part = traitlets.Unicode("").tag(sync=True)

    _limits = traitlets.Dict().tag(sync=True)
    _routers: traitlets.List[Any] = traitlets.List(list(ROUTERS)).tag(sync=True)

    def __init__(
        self, router: str = router.default_value, *, pinned: dict[str, Any] | None = None, **controls: Any
    ) -> None:
        self.refuse_unknown(controls)
        super().__init__(_limits=limits_of(type(self)), router=router, pinned=pinned or {}, **controls)

    @property
    def sizes(self) -> dict[str, Any]:
        """Return the state as it is now, which `pinned` takes to compare with."""
        return {name: getattr(self, name) for name in ("router", *limits_of(type(self)))}

    @traitlets.validate("router", "part")
    def _one_of(self, proposal: dict[str, Any]) -> str:
        name = proposal["trait"].name
        if name == "router":
            _check_router(name, proposal["value"])
        else:
            check_choice(name, proposal["value"], ("", *PARTS))
        return proposal["value"]

    @traitlets.validate("top_k")
    def _experts_enough(self, proposal: dict[str, Any]) -> int:
        _check_top_k("top_k", proposal["value"], self.num_experts)
        return proposal["value"]

    @traitlets.observe("num_experts")
    def _fit_top_k(self, change: dict[str, Any]) -> None:
        """A token cannot choose more experts than there are."""
        self.top_k = min(self.top_k, change["new"])

    @traitlets.validate("pinned")
    def _whole_state(self, proposal: dict[str, Any]) -> dict[str, Any]:
        given = proposal["value"]
        if not given:
            return {}
        state = self.sizes
        for name, value in given.items():
            check_choice("a name in pinned", name, tuple(state))
            if name == "router":
                _check_router("router", value)
            state[name] = value if name == "router" else self.traits()[name].validate(self, value)
        if "top_k" not in given:
            state["top_k"] = min(state["top_k"], state["num_experts"])
        _check_top_k("top_k in pinned", state["top_k"], state["num_experts"])
        return state

    def still(self) -> tuple[str, str]:
        """Return the bars of every quantity, beside those of the pin or of one dense MLP."""
        state = self.sizes
        other, name = (self.pinned, "the pin") if self.pinned else (state | {"router": "dense"}, "one dense MLP")
        sides = [(_quantities(state), "")]
        if self.pinned or self.router != "dense":
            sides.append((_quantities(other), f", {name}"))
        rows = {}
        for title, write in TITLES.items():
            parts = [(found[title], words) for found, words in sides]
            rows[title] = [(each, write(sum(each.values())) + words) for each, words in parts]
        beside = f", beside {name}" if len(sides) > 1 else ""
        return bars_still(rows), f"What the layer costs, part by part{beside}: {_listed(rows)}."

    def __repr__(self) -> str:
        return f"CostExplorer({', '.join(f'{name}={value!r}' for name, value in self.sizes.items())})"


def _quantities(state: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Return how much of every quantity each part of a layer takes."""
    # Whoever looks at no bars need not load the models that the package counts.
    from softmoe_edu.cost import Device, MoESizes, mlp_cost, moe_cost

    sizes = state["tokens"], state["dim"], state["hidden_dim"]
    names = ("router", "num_experts", "slots_per_expert", "top_k")
    dense = state["router"] == "dense"
    cost = mlp_cost(*sizes) if dense else moe_cost(*sizes, MoESizes(**{name: state[name] for name in names}))
    device = Device(state["devices"] * 1e12 * state["tflops"], state["devices"] * 1e9 * state["gbps"])
    batch = state["batch"], state["width"]
    amounts = [(p.parameters, p.active, p.macs, p.bytes(*batch), p.seconds(device, *batch)) for p in cost]
    return {
        title: {part.name: float(each[row]) for part, each in zip(cost, amounts, strict=True)}
        for row, title in enumerate(TITLES)
    }


def _count(x: float) -> str:
    """Return a number with four digits at most where it is large."""
    for size, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M")):
        if x >= size:
            return f"{float(f'{x / size:.4g}'):,.10g} {unit}"
    return f"{x:,.0f}" if x >= 100 else f"{x:.3g}"


def _time(s: float) -> str:
    """Return a time with four digits at most."""
    size, unit = next((each for each in TIMES if s >= each[0]), TIMES[-1])
    return f"{float(f'{s / size:.4g}'):,.10g} {unit}"


def _listed(rows: dict[str, list[tuple[dict[str, float], str]]]) -> str:
    return "; ".join(f"{title.lower().replace('macs', 'MACs')} {bars[0][1]}" for title, bars in rows.items())


TIMES = ((1, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
# As in js/cost_explorer/cost_explorer.js.
TITLES = {
    "Parameters": _count,
    "Active parameters": _count,
    "MACs of an example": _count,
    "Bytes of a batch": _count,
    "Least time of a batch": _time,
}


def _check_router(name: str, router: str) -> None:
    check_in_browser(name, router, ROUTERS, "and softmoe_edu.cost.cost_of computes any other")


def _check_top_k(name: str, top_k: int, num_experts: int) -> None:
    if top_k > num_experts:
        raise ValueError(f"{name} must be at most num_experts={num_experts}, got {top_k}: lower top_k")
