"""What figures ask of their arguments, and the Axes they draw on."""

import math

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from torch import Tensor

from softmoe_edu.routing import Routing


def array(values: object) -> np.ndarray:
    """Return a tensor, or what numpy reads, as a float array on the CPU without a graph."""
    if isinstance(values, Tensor):
        values = values.detach().cpu().double()
    return np.asarray(values, dtype=float)


def one_group(routing: Routing, group: int) -> Routing:
    """Return a routing of one group alone, so that no dense tensor of the others is built."""
    b = routing.sizes[0]
    if not 0 <= group < b:
        raise ValueError(f"group must be from 0 to {b - 1}, got {group}: the routing has {b} groups")
    return routing.detach().map(lambda tensor: tensor[group : group + 1])


def one_axes(ax: Axes | None, width: float, height: float) -> Axes:
    """Return the Axes, or those of a new figure of that size in inches."""
    if ax is not None:
        return ax
    return plt.subplots(figsize=(width, height), layout="constrained")[1]


def many_axes(ax: np.ndarray | None, rows: int, columns: int, width: float, height: float) -> np.ndarray:
    """Return (rows, columns) Axes, of a new figure unless given; raise an error when another number is given."""
    if ax is None:
        return plt.subplots(rows, columns, figsize=(width, height), layout="constrained", squeeze=False)[1]
    if np.size(ax) != rows * columns:
        raise ValueError(
            f"ax must hold {rows * columns} Axes ({rows} rows of {columns}), got {np.size(ax)}: "
            f"make them with plt.subplots({rows}, {columns})"
        )
    return np.reshape(ax, (rows, columns))


def patch_side(tokens: int, height: int, width: int) -> int:
    """Return the side in pixels of the square patches that cut an image into this many tokens, or raise an error."""
    side = math.isqrt(height * width // tokens)
    if side == 0 or height % side or width % side or height * width != tokens * side * side:
        raise ValueError(
            f"an image must divide into {tokens} square patches, one per token, got {height} x {width} pixels: "
            "give the images at the size that the model saw, and examples_per_group if a group holds several"
        )
    return side


def check_images(name: str, images: np.ndarray, rank: int) -> None:
    """Raise an error unless images are ([examples,] channels, height, width) with 1 or 3 channels."""
    shape = ("examples, " if rank == 4 else "") + "channels, height, width"
    hint = "add the channel axis with x[None]" if rank == 3 else "add the channel axis with x[:, None]"
    if images.ndim != rank:
        raise ValueError(f"{name} must be ({shape}), got {images.ndim} axes {images.shape}: {hint}")
    if images.shape[-3] not in (1, 3):
        raise ValueError(f"{name} must have 1 or 3 channels ({shape}), got {images.shape}: move the channels forward")


def tokens_per_example(tokens: int, examples_per_group: int) -> int:
    """Return the tokens of one example, or raise an error unless the examples divide a group."""
    if examples_per_group < 1 or tokens % examples_per_group:
        raise ValueError(
            f"examples_per_group must divide the {tokens} tokens of a group, got {examples_per_group}: "
            "give the number with which the layer was built"
        )
    return tokens // examples_per_group
