"""Routings and images as what a widget sends to the browser: sizes in words, weights as float32 bytes."""

from dataclasses import dataclass
from math import isqrt

import torch
from torch import Tensor

from softmoe_edu.routing import Routing, SoftRouting, SparseRouting
from softmoe_edu.widgets.inputs import text

MOST_WEIGHTS = 1024 * 1024
"""Weights of one image, tokens times slots, that a browser draws without delay."""

MOST_BYTES = 128 * 1024**2


@dataclass(frozen=True)
class Unseen:
    """What stands for a routing that there is none of: the sizes it should have, and a sentence that says why."""

    sizes: tuple[int, int, int, int]
    note: str


@dataclass(frozen=True, eq=False, repr=False)
class Answer(SoftRouting):
    """What a learner's function gave for the softmaxes of its logits, right or wrong: it is judged as them."""


Named = dict[str, dict[str, Routing | Unseen]]


def name_routings(routings: object) -> Named:
    """Give {router: {layer: Routing}}; a name that the caller had no need of is empty."""
    kinds = (Routing, Unseen)
    if isinstance(routings, kinds):
        return {"": {"": routings}}
    if isinstance(routings, dict) and any(isinstance(value, kinds) for value in routings.values()):
        routings = {"": routings}
    expected = "routings must be a Routing, {layer: Routing} or {router: {layer: Routing}}"
    if not isinstance(routings, dict):
        raise TypeError(f"{expected}, got {type(routings).__name__}: collect them with record(model)")
    for router, layers in routings.items():
        if odd := [name for name in (router, *layers) if isinstance(layers, dict) and not isinstance(name, str)]:
            raise TypeError(f"{expected} with strings as names, got the name {odd[0]!r}: name each router and layer")
        if not isinstance(layers, dict):
            raise TypeError(f"{expected}, got {type(layers).__name__} at {router!r}: collect them with record(model)")
        for layer, routing in layers.items():
            if not isinstance(routing, kinds):
                raise TypeError(f"{expected}, got {type(routing).__name__} at {layer!r}: give what the router returned")
    if not all(routings.values()) or not routings:
        raise ValueError("routings must hold at least one Routing, got none: run the model inside record(model)")
    return {text(router): {text(layer): each for layer, each in layers.items()} for router, layers in routings.items()}


def pack_routing(
    routing: Routing | Unseen, router: str, layer: str, images: int, *, step: int = 0, output: Tensor | None = None
) -> dict:
    """Sizes and weights of a routing, cut into `images` equal parts along its groups and tokens.

    Each image keeps its own tokens' rows against all slots of its group. Where most weights are zero only the others
    are sent: `counts` of them for each image, and their `index` in its tokens-by-slots map. Of more tokens than can be
    drawn, those at `ids` are sent, evenly spaced; sums, loads and fates are of all.
    """
    where = f"the routing {layer or router!r}" if layer or router else "the routing"
    groups, tokens_of_group, experts, slots = routing.sizes
    if 0 in routing.sizes or not images:
        got = f"{groups} groups of {tokens_of_group} tokens, {experts} experts of {slots} slots and {images} images"
        hint = "skip the empty batch" if not groups * tokens_of_group * images else "give the router experts and slots"
        raise ValueError(f"{where} must hold at least one of each, got {got}: {hint}")
    if images % groups or tokens_of_group % (images // groups):
        raise ValueError(
            f"{where} has {groups} groups of {tokens_of_group} tokens, which do not divide over {images} images: "
            "give exactly the images that the model saw"
        )
    tokens = tokens_of_group * groups // images
    entry = {"router": router, "layer": layer, "step": step, "tokens": tokens, "experts": experts, "slots": slots}
    entry |= {"images_per_group": images // groups, "note": "", "views": []}
    if isinstance(routing, Unseen):
        return entry | {"note": routing.note}
    drawn = min(tokens, MOST_WEIGHTS // (experts * slots))
    if not drawn:
        note = f"{where} has {experts * slots} slots, and the lens draws at most {MOST_WEIGHTS:,} weights of an image"
        return entry | {"note": f"{note}: give each expert fewer slots"}
    ids = torch.arange(drawn, device="cpu") * tokens // drawn
    if drawn < tokens:
        entry["ids"] = ids.int().numpy().tobytes()
    whole = {name: _cpu(getattr(routing, name)) for name in ("dispatch", "combine")}
    low, high = zip(*(_extremes(weights) for weights in whole.values()), strict=True)
    shown = {name: weights.reshape(images, tokens, -1)[:, ids].flatten(1) for name, weights in whole.items()}
    for i, (name, weights) in enumerate(whole.items()):
        entry |= {f"{name}_least": min(low[i], 0.0), f"{name}_most": high[i]}
        entry[f"{name}_sums"] = _bytes(weights.double().flatten(2).sum(1).float())
    dispatch = whole["dispatch"]
    entry["load"] = _bytes(dispatch.double().reshape(images, tokens, experts, slots).sum((1, 3)).float())
    asked = isinstance(routing, Answer)
    entry["hard"] = isinstance(routing, SparseRouting) or (not asked and holds_whole_tokens(dispatch))
    entry["unmixed"] = _unmixed(routing) if asked else []
    # Sums of half-precision weights miss 1 by more than those of float32 do.
    entry["close"] = 1e-4 if routing.dispatch.dtype in (torch.float32, torch.float64) else 2e-2
    # Weights that are no choices may sum to 0 without being 0.
    dropped = (dispatch == 0).flatten(2).all(-1)
    padding = torch.zeros_like(dropped) if routing.mask is None else ~routing.mask.detach().cpu()
    entry["fate"] = torch.where(padding, 2, dropped.long()).to(torch.uint8).numpy().tobytes()
    entry["dropped"] = float((dropped & ~padding).sum() / (~padding).sum().clamp(min=1))
    entry["choices"] = _choices(routing, dispatch) if isinstance(routing, SparseRouting) else 0
    _add_logits(entry, where, routing, ids, images)
    entry["views"] += ["dispatch", "combine"]
    if output is not None:
        _add_output(entry, where, output, images * tokens)
    kept = (shown["dispatch"] != 0) | (shown["combine"] != 0)
    if int(kept.sum()) * 2 < kept.numel():
        entry["counts"] = kept.sum(1).int().numpy().tobytes()
        entry["index"] = kept.nonzero()[:, 1].int().numpy().tobytes()
        shown = {name: weights[kept] for name, weights in shown.items()}
    return entry | {name: _bytes(weights) for name, weights in shown.items()}


def holds_whole_tokens(dispatch: Tensor) -> bool:
    """Whether slots hold one token or none, and some hold one: then no softmax is to sum to 1."""
    return _zeros_and_ones(dispatch) and bool(dispatch.flatten(2).sum(1).max() == 1)


def _zeros_and_ones(weights: Tensor) -> bool:
    return bool(((weights == 0) | (weights == 1)).all())


def _choices(routing: SparseRouting, dispatch: Tensor) -> int:
    """How many slots a token fills that lost none of its choices; 0 where experts choose, who owe no token a slot."""
    if routing.gates is not None:
        gates, held = _cpu(routing.gates), dispatch.sum(3) > 0
        real = held.new_ones(held.shape[:2]) if routing.mask is None else routing.mask.detach().cpu()
        least = gates.masked_fill(~held, torch.inf).amin(1)
        most = gates.masked_fill(held | ~real[..., None], -torch.inf).amax(1)
        full = dispatch.sum((1, 3)) == real.sum(1, keepdim=True).clamp(max=dispatch.shape[3])
        if bool((full & (least >= most)).all()):
            return 0
    return int(routing.token_load().max())


def _unmixed(answer: Answer) -> list[str]:
    """Which weights are all 0 or 1 where a softmax of these logits is not, although their sums may be right."""
    logits = answer.logits.float()
    softmax = {"dispatch": logits.softmax(1), "combine": logits.flatten(2).softmax(2)}
    mixes = [name for name, soft in softmax.items() if not _zeros_and_ones(soft)]
    return [name for name in mixes if _zeros_and_ones(getattr(answer, name))]


def _add_logits(entry: dict, where: str, routing: Routing, ids: Tensor, images: int) -> None:
    """The logits of each drawn token: one for each slot, or one for each expert."""
    logits, (b, n, e, p) = getattr(routing, "logits", None), routing.sizes
    if logits is None:
        return
    if tuple(logits.shape) not in ((b, n, e), (b, n, e, p)):
        raise ValueError(f"{where} must have logits {(b, n, e, p)} or {(b, n, e)}, got {tuple(logits.shape)}")
    logits = _cpu(logits)
    entry["logits_least"], entry["logits_most"] = _extremes(logits)
    entry["logits_slots"] = p if logits.ndim == 4 else 1
    entry["logits"] = _bytes(logits.reshape(images, entry["tokens"], -1)[:, ids])
    entry["views"] += ["logits"]


def _add_output(entry: dict, where: str, output: Tensor, tokens: int) -> None:
    """The length of each token's answer."""
    if output.shape[0] * output.shape[1] != tokens:
        raise ValueError(
            f"{where} answers {tokens} tokens, its output has {output.shape[0]} x {output.shape[1]}: "
            "give what the MoE layer returned in the same run"
        )
    norms = _cpu(output).norm(dim=-1)
    entry["output"], entry["output_most"] = _bytes(norms), _extremes(norms)[1]
    entry["views"] += ["output"]


def weigh(entries: list[dict]) -> None:
    """Raise a sentence when a page would have to take more bytes than it does well."""
    size = sum(len(value) for entry in entries for value in entry.values() if isinstance(value, bytes))
    if size > MOST_BYTES:
        raise ValueError(
            f"the routings take {size // 1024**2} MiB, more than the {MOST_BYTES // 1024**2} MiB "
            "that a notebook page takes well: give fewer images, layers or steps"
        )


def pack_images(images: Tensor) -> dict:
    """Pixels of images as uint8, row by row and channel last, scaled from the smallest value to the largest."""
    if 0 in images.shape:
        got = tuple(images.shape)
        raise ValueError(f"images must hold at least one image of at least one pixel, got {got}: skip the empty batch")
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


def _extremes(x: Tensor) -> tuple[float, float]:
    """Smallest and largest finite value; zeros where there is none."""
    finite = x[x.isfinite()]
    return tuple(float(value) for value in finite.aminmax()) if finite.numel() else (0.0, 0.0)
