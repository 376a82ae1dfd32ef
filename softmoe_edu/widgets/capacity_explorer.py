"""CapacityExplorer: how many tokens a sparse router drops at a capacity factor, expected, sampled and seen."""

from typing import Any

import traitlets

from softmoe_edu.capacity import capacity_for
from softmoe_edu.metrics import expected_drop_curve
from softmoe_edu.widgets.base import STATIC, Instrument
from softmoe_edu.widgets.explorer import Real, Whole, limits_of
from softmoe_edu.widgets.stills import curve_still


class CapacityExplorer(Instrument):
    """Move the capacity factor and see which tokens find no slot in tokens choice, and how many on average.

    `tokens` tokens each choose `top_k` of `num_experts` experts, which have tokens * top_k * `capacity_factor` /
    experts slots each, rounded up, and serve first choices by position, then second ones. Expert e is chosen in
    proportion to 1 / (e + 1) ** `skew`: 0 is a uniform router. The line is the exact expectation for the uniform
    router: the share of choices without a slot, which with one choice is the share of dropped tokens
    (`metrics.expected_drop_fraction`). The points are means of `samples` samples of this router, drawn in the browser
    from `seed`. One of them, `sample`, is shown slot by slot.

    All arguments are traits, which follow the view and move it when they are set.

    Attributes:
        num_experts: number of experts.
        tokens: tokens of a group.
        top_k: experts that each token chooses.
        skew: how unevenly the router chooses, 0 for a uniform one.
        capacity_factor: slots over choices.
        samples: samples of the router.
        sample: the sample that is shown.
        seed: of the samples.
        token: the token that stays marked, -1 for none.
    """

    _esm = STATIC / "capacity_explorer.js"
    _css = STATIC / "capacity_explorer.css"

    num_experts = Whole(32, 1, 256).tag(sync=True)
    tokens = Whole(49, 1, 4096).tag(sync=True)
    top_k = Whole(1, 1, 4).tag(sync=True)
    skew = Real(0.0, 0.0, 2.0).tag(sync=True)
    capacity_factor = Real(1.0, 0.05, 4.0).tag(sync=True)
    samples = Whole(20, 1, 50).tag(sync=True)
    sample = Whole(0, 0, 49).tag(sync=True)
    seed = Whole(0, 0, 9999).tag(sync=True)
    token = Whole(-1, -1, 4095).tag(sync=True)

    _limits = traitlets.Dict().tag(sync=True)

    def __init__(self, num_experts: int = num_experts.default_value, **controls: Any) -> None:
        self.refuse_unknown(controls)
        super().__init__(_limits=limits_of(type(self)), num_experts=num_experts, **controls)

    @property
    def capacity(self) -> int:
        """Return the slots of an expert."""
        return capacity_for(self.tokens, self.num_experts, top_k=self.top_k, factor=self.capacity_factor)

    @traitlets.validate("top_k", "sample", "token")
    def _fits_the_others(self, proposal: dict[str, Any]) -> int:
        name, value = proposal["trait"].name, proposal["value"]
        whole, more = {"top_k": ("num_experts", 0), "sample": ("samples", 1), "token": ("tokens", 1)}[name]
        if (most := getattr(self, whole) - more) < value:
            raise ValueError(f"{name} must be at most {most}, as {whole} is {most + more}, got {value}: lower {name}")
        return value

    @traitlets.observe("num_experts", "samples", "tokens")
    def _fit_selection(self, change: dict[str, Any]) -> None:
        """Drop what the other size does not have."""
        with self.hold_sync():
            self.top_k = min(self.top_k, self.num_experts)
            self.sample = min(self.sample, self.samples - 1)
            if self.token >= self.tokens:
                self.token = -1

    def still(self) -> tuple[str, str]:
        """Return the expected curve, with the capacity factor that is set."""
        expected = expected_drop_curve(self.tokens, [self.top_k / self.num_experts] * self.num_experts).tolist()

        def lost(factor: float) -> float:
            capacity = capacity_for(self.tokens, self.num_experts, top_k=self.top_k, factor=factor)
            return float(expected[min(capacity, self.tokens)])

        points = [(step / 20, lost(step / 20)) for step in range(1, 81)]
        mark = (self.capacity_factor, lost(self.capacity_factor))
        what = "dropped tokens" if self.top_k == 1 else "choices without a slot"
        shown = f"Expected {what} of a uniform router by capacity factor: {mark[1]:.1%} at {mark[0]:g}."
        return curve_still(points, mark, "capacity factor", what), shown

    def __repr__(self) -> str:
        names = ("num_experts", "tokens", "top_k", "skew", "capacity_factor", "samples", "seed")
        return f"CapacityExplorer({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"
