"""Routings and images as what a widget sends to the browser: sizes in words, weights as float32 bytes."""

from math import isqrt

import torch
from torch import Tensor

from softmoe_edu.routing import Routing

MOST_WEIGHTS = 1024 * 1024
"""Weights of one image, tokens times slots, that a browser draws without delay."""

MOST_BYTES = 128 * 1024**2

Named = dict[str, dict[str, Routing]]


def name_routings(routings: object) -> Named:
    """Give {router: {layer: Routing}}; a name that the caller had no need of is empty."""
    if isinstance(routings, Routing):
        return {"": {"": routings}}
    if isinstance(routings, dict) and any(isinstance(value, Routing) for value in routings.values()):
        routings = {"": routings}
    expected = "routings must be a Routing, {layer: Routing} or {router: {layer: Routing}}"
    if not isinstance(routings, dict):
        raise TypeError(f"{expected}, got {type(routings).__name__}: collect them with record(model)")
    for router, layers in routings.items():
        if not isinstance(layers, dict):
            raise TypeError(f"{expected}, got {type(layers).__name__} at {router!r}: collect them with record(model)")
        for layer, routing in layers.items():
            if not isinstance(routing, Routing):
                raise TypeError(f"{expected}, got {type(routing).__name__} at {layer!r}: give what the router returned")
    if not all(routings.values()) or not routings:
        raise ValueError("routings must hold at least one Routing, got none: run the model inside record(model)")
    return routings


def pack_routing(routing: Routing, router: str, layer: str, images: int) -> dict:
    """Sizes and weights of a routing, cut into `images` equal parts along its groups and tokens.

    Each image keeps its own tokens' rows against all slots of its group. Where most weights are zero only the others
    are sent: `counts` of them for each image, and their `index` in its tokens-by-slots map.
    """
    where = f"the routing {layer or router!r}" if layer or router else "the routing"
    groups, tokens_of_group, experts, slots = routing.sizes
    if images % groups or tokens_of_group % (images // groups):
        raise ValueError(
            f"{where} has {groups} groups of {tokens_of_group} tokens, which do not divide over {images} images: "
            "give exactly the images that the model saw"
        )
    tokens = tokens_of_group * groups // images
    entry = {"router": router, "layer": layer, "tokens": tokens, "experts": experts, "slots": slots}
    entry |= {"images_per_group": images // groups, "note": ""}
    if tokens * experts * slots > MOST_WEIGHTS:
        entry["note"] = (
            f"{where} has {tokens} tokens x {experts * slots} slots for each image, "
            f"and the lens draws at most {MOST_WEIGHTS:,} weights: route fewer tokens, or use smaller groups"
        )
        return entry
    dispatch, combine = (_cpu(w).reshape(images, -1) for w in (routing.dispatch, routing.combine))
    for name, weights in (("dispatch", dispatch), ("combine", combine)):
        if not bool(weights.isfinite().all()):
            raise ValueError(f"{where} has {name} weights that are NaN or infinite: look at the router's logits")
        entry[f"{name}_most"] = float(weights.max())
        entry[f"{name}_sums"] = _bytes(weights.view(groups, tokens_of_group, -1).sum(1))
    entry["hard"] = bool(((dispatch == 0) | (dispatch == 1)).all())
    dropped = _cpu(routing.token_load()) == 0
    padding = torch.zeros_like(dropped) if routing.mask is None else ~routing.mask.detach().cpu()
    entry["fate"] = torch.where(padding, 2, dropped.long()).to(torch.uint8).numpy().tobytes()
    kept = (dispatch != 0) | (combine != 0)
    if int(kept.sum()) * 2 < kept.numel():
        entry["counts"] = kept.sum(1).int().numpy().tobytes()
        entry["index"] = kept.nonzero()[:, 1].int().numpy().tobytes()
        dispatch, combine = dispatch[kept], combine[kept]
    if (size := 8 * dispatch.numel()) > MOST_BYTES:
        raise ValueError(
            f"{where} has {size // 1024**2} MiB of weights, more than the {MOST_BYTES // 1024**2} MiB "
            "that a notebook page takes well: give fewer images"
        )
    return entry | {"dispatch": _bytes(dispatch), "combine": _bytes(combine)}


def pack_images(images: Tensor) -> dict:
    """Pixels of images as uint8, row by row and channel last, scaled from the smallest value to the largest."""
    if not isinstance(images, Tensor) or images.ndim != 4 or images.shape[1] not in (1, 3):
        got = tuple(images.shape) if isinstance(images, Tensor) else type(images).__name__
        raise ValueError(f"images must be a tensor (images, 1 or 3 channels, height, width), got {got}")
    pixels = _cpu(images)
    if not bool(pixels.isfinite().all()):
        raise ValueError("images must be finite, got NaN or infinity: look at what scaled them")
    low, high = pixels.aminmax()
    pixels = (pixels - low) / (high - low).clamp(min=1e-12) * 255
    _, channels, height, width = pixels.shape
    data = pixels.round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy().tobytes()
    return {"channels": channels, "height": height, "width": width, "data": data}


def patch_grid(grid: tuple[int, int] | None, tokens: int, images: Tensor | None) -> list[int]:
    """Rows and columns of patches for so many tokens: square unless a grid is given; none without images and grid."""
    if grid is None and images is None:
        return []
    if grid is None and isqrt(tokens) ** 2 != tokens:
        raise ValueError(f"{tokens} tokens of an image do not make a square of patches: give grid=(rows, columns)")
    rows, columns = grid or (isqrt(tokens), isqrt(tokens))
    if rows * columns != tokens:
        raise ValueError(
            f"grid must have as many places as an image has tokens, {tokens}, got {rows} x {columns}: "
            "give another grid, or the images that these tokens came from"
        )
    if images is not None and (images.shape[2] % rows or images.shape[3] % columns):
        raise ValueError(
            f"images must cut into {rows} x {columns} equal patches, got {images.shape[2]} x {images.shape[3]} pixels: "
            "give the images that the model saw, or grid=(rows, columns)"
        )
    return [rows, columns]


def _cpu(x: Tensor) -> Tensor:
    return x.detach().float().cpu()


def _bytes(x: Tensor) -> bytes:
    return x.contiguous().numpy().tobytes()
