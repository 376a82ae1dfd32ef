"""Which outputs move when a token changes, layer beside layer: the static twin of the CausalityExplorer."""

import textwrap
from collections.abc import Mapping

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.patches import Rectangle
from torch import Tensor

from softmoe_edu.figures.canvas import array, many_axes
from softmoe_edu.figures.description import describe
from softmoe_edu.figures.style import every, page, text_colour
from softmoe_edu.influence import TOLERANCE, earlier_share, moves
from softmoe_edu.palette import WEIGHTS
from softmoe_edu.text import number, plural


def causality_map(
    influences: Mapping[str, Tensor],
    token: int | None = None,
    *,
    tolerance: float | int = TOLERANCE,
    ax: np.ndarray | None = None,
) -> np.ndarray:
    """Draw matrices of `softmoe_edu.influence.influence`: rows are outputs, columns the token that changes.

    A coloured cell moves, by more than `tolerance` of the layer's largest change; an empty one stays. The colour
    follows the square root of the change, up to the layer's own largest. Above the stairs stand outputs before the
    changed token; their share that moves is in the title.

    Args:
        influences: {name of the layer: matrix (n, n)}.
        token: the one whose column is marked.
        tolerance: share of the layer's largest change that an output must pass to count as moved.
        ax: one Axes for each layer; None for a new figure.

    Returns:
        (1, layers) Axes.

    Raises:
        ValueError: there is no matrix, one is not square, of another size than the first or holds a number that is
            negative or not finite, token is out of range, or tolerance is outside 0 to 1.
    """
    matrices = {name: torch.from_numpy(array(each)) for name, each in influences.items()}
    if not matrices:
        raise ValueError("influences must hold at least one matrix, got none: give {name: influence(layer, x)}")
    n = len(next(iter(matrices.values())))
    for name, each in matrices.items():
        if tuple(each.shape) != (n, n):
            raise ValueError(f"influence of {name!r} must be ({n}, {n}), got {tuple(each.shape)}: measure the same x")
        if not bool((each.isfinite() & (each >= 0)).all()):
            raise ValueError(f"influence of {name!r} must be finite and at least 0: take it from influence(layer, x)")
    if token is not None and not 0 <= token < n:
        raise ValueError(f"token must be from 0 to {n - 1}, got {token}: there are {n} tokens")
    if not 0 < tolerance < 1:
        raise ValueError(f"tolerance must be over 0 and under 1, got {tolerance}: a share of the largest change")

    panels = many_axes(ax, 1, len(matrices), 3.3 * len(matrices), 3.6)
    words = []
    for panel, (name, each) in zip(panels[0], matrices.items(), strict=True):
        share, largest = 100 * earlier_share(each, tolerance), float(each.max())
        _draw(panel, each, tolerance, token)
        panel.set_title(f"{textwrap.fill(name, 30)}\n{share:.1f} % of earlier outputs move", fontsize="medium")
        said = f"{name} {share:.1f} %, largest change {number(largest)}"
        if token is not None:
            moved = moves(each, tolerance)[:, token].nonzero()[:, 0].tolist()
            earlier = sum(i < token for i in moved)
            said += f", token {token} moves {len(moved)} of {n} outputs, {earlier} of {token} earlier ones"
        words.append(said)
    panels[0, 0].set_ylabel("output")
    describe(panels, f"Earlier outputs that move when one of {plural(n, 'token')} changes: {'; '.join(words)}.")
    return panels


def _draw(panel: Axes, influence: Tensor, tolerance: float, token: int | None) -> None:
    n, largest = len(influence), float(influence.max())
    shown = np.ma.masked_where(~moves(influence, tolerance).numpy(), influence.numpy())
    norm = PowerNorm(0.5, 0, largest) if largest else None
    image = panel.imshow(shown, cmap=WEIGHTS, norm=norm, interpolation="nearest")
    if largest:
        bar = panel.figure.colorbar(image, ax=panel, pad=0.03, shrink=0.8)
        bar.set_label("largest change of an output")
    stairs = np.arange(n + 1) - 0.5
    # Down and right in turn: output j stands on the diagonal of token j.
    x, y = np.repeat(stairs, 2)[1:], np.repeat(stairs, 2)[:-1]
    # Bright cells lie beside it on a dark page too.
    panel.plot(x, y, color=page(), linewidth=3)
    line = panel.plot(x, y, color=text_colour(), linewidth=1.2)[0]
    line.set_gid("stairs")
    if token is not None:
        for colour, width in ((page(), 3.6), (text_colour(), 1.8)):
            panel.add_patch(Rectangle((token - 0.5, -0.5), 1, n, fill=False, edgecolor=colour, linewidth=width))
    panel.set_xlim(-0.5, n - 0.5)
    panel.set_ylim(n - 0.5, -0.5)
    panel.set_xticks(every(n, 10))
    panel.set_yticks(every(n, 10))
    panel.set_xlabel("token that changes")
