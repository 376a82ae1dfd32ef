"""CausalityExplorer: which outputs of some layers move when one token changes, side by side."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
import traitlets
from torch import Tensor

from softmoe_edu.influence import TOLERANCE, influence
from softmoe_edu.widgets.base import STATIC, Instrument
from softmoe_edu.widgets.explorer import Real, Whole, limits_of
from softmoe_edu.widgets.inputs import plain, text
from softmoe_edu.widgets.stills import map_still

MOST_TOKENS = 256
"""Tokens that are measured and drawn without a long wait."""


class CausalityExplorer(Instrument):
    """Point at a token and see which outputs move when it changes, for several layers side by side.

    Each layer is measured once, when the widget is made, by `softmoe_edu.influence.influence`: every token in turn gets
    noise. `influences` holds the matrices.

    Args:
        layers: a callable from (b, n, d) to (b, n, d), or {name: callable}; modules are put into eval mode and back.
        x: tokens (b, n, d).
        size: standard deviation of the noise over that of x.
        draws: changes of each token.
        seed: of the noise.
        **controls: the traits below, which follow the view and move it when they are set.

    Attributes:
        tolerance: share of a layer's largest change that an output must pass to count as moved.
        token: the token that changes and stays marked, -1 for none.
        output: the output that stays marked, -1 for none.
    """

    _esm = STATIC / "causality_explorer.js"
    _css = STATIC / "causality_explorer.css"

    tolerance = Real(TOLERANCE, 1e-9, 1.0).tag(sync=True)
    token = Whole(-1, -1, MOST_TOKENS - 1).tag(sync=True)
    output = Whole(-1, -1, MOST_TOKENS - 1).tag(sync=True)

    _layers: traitlets.List[Any] = traitlets.List().tag(sync=True)
    _count = traitlets.Int().tag(sync=True)
    _limits = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        layers: Callable[[Tensor], Tensor] | Mapping[str, Callable[[Tensor], Tensor]],
        x: Tensor,
        *,
        size: float | int = 1.0,
        draws: int = 4,
        seed: int = 0,
        **controls: Any,
    ) -> None:
        self.refuse_unknown(controls)
        named = layers if isinstance(layers, Mapping) else {"layer": layers}
        if not named:
            raise ValueError("layers must hold at least one layer, got none: give {name: layer}")
        if isinstance(x, Tensor) and x.ndim == 3 and x.shape[1] > MOST_TOKENS:
            raise ValueError(
                f"x must have at most {MOST_TOKENS} tokens, got {x.shape[1]}: give fewer, such as x[:, :32]"
            )
        size, draws, seed = map(plain, (size, draws, seed))
        # What is wrong is said before the layers are run, which can take long.
        count = x.shape[1] if isinstance(x, Tensor) and x.ndim == 3 else 0
        for name in ("token", "output"):
            _check_place(name, plain(controls.get(name, -1)), count)
        matrices = {
            name: influence(layer, x, size=size, draws=draws, seed=seed, name=f"layer {name!r}")
            for name, layer in named.items()
        }
        super().__init__(
            _layers=[{"name": text(name), "changes": each.numpy().tobytes()} for name, each in matrices.items()],
            _count=count,
            _limits=limits_of(type(self)),
            **controls,
        )

    @property
    def influences(self) -> dict[str, Tensor]:
        """Return each layer's matrix (n, n): rows are outputs, columns changed tokens; see `figures.causality_map`."""
        shape = (self._count, self._count)
        return {
            layer["name"]: torch.frombuffer(bytearray(layer["changes"]), dtype=torch.float32).reshape(shape)
            for layer in self._layers
        }

    @traitlets.validate("token", "output")
    def _inside(self, proposal: dict[str, Any]) -> int:
        _check_place(proposal["trait"].name, proposal["value"], self._count)
        return proposal["value"]

    def still(self) -> tuple[str, str]:
        """Return the layers' matrices side by side."""
        changes = [each.clamp(min=0).sqrt().numpy() for each in self.influences.values()]
        names = ", ".join(layer["name"] for layer in self._layers)
        shown = f"Outputs (rows) that move when one token (columns) changes, from left to right: {names}."
        return map_still(*changes, least=0), shown

    def __repr__(self) -> str:
        return f"CausalityExplorer(layers={[layer['name'] for layer in self._layers]}, tokens={self._count})"


def _check_place(name: str, value: int, count: int) -> None:
    if count and isinstance(value, int) and value >= count:
        raise ValueError(f"{name} must be from -1 to {count - 1}, got {value}: -1 is none")
