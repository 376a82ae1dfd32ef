"""Routings and images as what a widget sends to the browser: sizes in words, weights as float32 bytes."""

from dataclasses import dataclass
from math import isqrt
from typing import Any, Required, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from softmoe_edu.routing import Routing, SoftRouting, SparseRouting
from softmoe_edu.widgets.inputs import text
from softmoe_edu.widgets.routing_lens_why import Reasons, reasons_of

MOST_WEIGHTS = 1024 * 1024
"""Weights of one image, tokens times slots, that a browser draws without delay."""

MOST_BYTES = 128 * 1024**2

VIEWS = ("logits", "dispatch", "combine", "output")
"""What the map of a lens can show, in the order of its buttons."""


@dataclass(frozen=True)
class Unseen:
    """A missing routing: the sizes it should have, and a sentence that says why it is missing."""

    sizes: tuple[int, int, int, int]
    note: str


@dataclass(frozen=True, eq=False, repr=False)
class Answer(SoftRouting):
    """What a learner's function returned for the softmaxes of its logits, right or wrong: it is judged as these."""


Named = dict[str, dict[str, Routing | Unseen]]


def name_routings(routings: object) -> Named:
    """Return {router: {layer: Routing}}; a name that the caller did not need is empty."""
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


class Entry(Reasons, total=False):
    """One routing as the lens reads it (`Entry` in js/routing_lens/numbers.js); arrays are bytes, mostly of float32.

    What explains a routing is added to it.

    What is required is there for a routing that cannot be drawn too, whose `note` says why.
    """

    router: Required[str]
    layer: Required[str]
    step: Required[int]
    tokens: Required[int]  # of an image
    experts: Required[int]
    slots: Required[int]  # of an expert
    images_per_group: Required[int]
    note: Required[str]
    views: Required[list[str]]
    grid: list[int]  # rows and columns of patches, [] for none
    ids: bytes  # int32: the tokens that are drawn, where not all are
    capacity: int  # slots of an expert, where `slots` are only those that the drawn tokens fill
    group_load: bytes  # of each group's tokens on each expert, where slots are missing that would tell it
    dispatch: bytes
    dispatch_sums: bytes  # of each slot, over its group
    dispatch_least: float
    dispatch_most: float
    combine: bytes
    combine_sums: bytes
    combine_least: float
    combine_most: float
    counts: bytes  # int32: how many weights of each image are sent, where most are 0
    index: bytes  # int32: where these stand in the tokens-by-slots map of their image
    load: bytes  # of each image's tokens on each expert
    fate: bytes  # uint8 of each token: 0 routed, 1 dropped, 2 padding
    dropped: float  # share of the tokens that are no padding
    choices: int  # slots that a token fills which lost none of its choices; 0 where that is not known
    hard: bool  # whether slots hold whole tokens
    unmixed: list[str]  # weights that are choices where a softmax mixes
    close: float  # how far a sum may be from 1
    logits: bytes
    logits_slots: int  # of an expert
    logits_least: float
    logits_most: float
    output: bytes  # length of each token's answer
    output_most: float


def pack_routing(
    routing: Routing | Unseen, router: str, layer: str, images: int, *, step: int = 0, output: Tensor | None = None
) -> Entry:
    """Return a routing as the lens reads it, cut into `images` equal parts along its groups and tokens.

    Each image keeps its own tokens' rows against all slots of its group. Where most weights are zero only the others
    are sent. Of more tokens than can be drawn, evenly spaced ones are sent; sums, loads and fates are of all. A
    dropless routing, as of a real model, has slots for its busiest expert, which grow with its tokens: then only the
    slots that the drawn tokens fill are sent, so that of 4,096 tokens hundreds are drawn.

    Args:
        routing: What a router returned, or what stands for it.
        router: Its name, "" where there is but one.
        layer: The name of the layer that it is of, "" where there is but one.
        images: How many images the groups hold in all.
        step: The training step that it is of.
        output: What the layer answered, (groups, tokens, width).

    Raises:
        ValueError: The routing is empty, or does not divide over so many images, or its logits or output do not fit.
    """
    where = f"the routing {layer or router!r}" if layer or router else "the routing"
    _check_divides(where, routing.sizes, images)
    groups, tokens_of_group, experts, slots = routing.sizes
    tokens = tokens_of_group * groups // images
    entry: Entry = {
        "router": router,
        "layer": layer,
        "step": step,
        "tokens": tokens,
        "experts": experts,
        "slots": slots,
        "images_per_group": images // groups,
        "note": "",
        "views": [],
    }
    if isinstance(routing, Unseen):
        return entry | {"note": routing.note}
    if isinstance(routing, SparseRouting) and routing.dropless and tokens * experts * slots > MOST_WEIGHTS:
        return _sampled(entry, routing, images, output)
    drawn = min(tokens, MOST_WEIGHTS // (experts * slots))
    if not drawn:
        note = f"{where} has {experts * slots} slots, and the lens draws at most {MOST_WEIGHTS:,} weights of an image"
        return entry | {"note": f"{note}: give each expert fewer slots"}
    ids = torch.arange(drawn, device="cpu") * tokens // drawn
    if drawn < tokens:
        entry["ids"] = ids.int().numpy().tobytes()
    dispatch, combine = _cpu(routing.dispatch), _cpu(routing.combine)
    unknown = isinstance(routing, SparseRouting) and no_gate_known(routing)
    if unknown:
        combine = torch.zeros_like(combine)
    _add_weights(entry, {"dispatch": dispatch, "combine": combine}, ids, images)
    _add_fates(entry, routing, dispatch)
    _add_judgement(entry, routing, dispatch)
    _add_logits(entry, where, routing, ids, images)
    entry = cast(Entry, entry | reasons_of(routing))
    if entry.get("chooser"):
        entry["choices"] = entry["asks"] if entry["chooser"] == "tokens" else 0
    if output is not None:
        _add_output(entry, where, output, images * tokens)
    entry["views"] = [view for view in VIEWS if view in entry and not (unknown and view == "combine")]
    return entry


def _sampled(entry: Entry, routing: SparseRouting, images: int, output: Tensor | None) -> Entry:
    """Return a dropless routing by evenly spaced tokens and the slots that these fill; loads and fates are of all."""
    where, (_, _, experts, slots) = entry["layer"] or entry["router"] or "the routing", routing.sizes
    drawn = tokens = entry["tokens"]
    while True:
        ids = torch.arange(drawn, device="cpu") * tokens // drawn
        each = torch.arange(entry["images_per_group"], device="cpu")[:, None] * tokens + ids
        part = routing.only(each.flatten())
        size = drawn * experts * part.sizes[3]
        if size <= MOST_WEIGHTS:
            break
        if drawn == 1:
            note = f"{where} has {experts * part.sizes[3]} slots for one token of each image"
            return entry | {"note": f"{note}, and the lens draws at most {MOST_WEIGHTS:,} weights of an image"}
        # Slots grow with the tokens, so that the weights grow with their square.
        drawn = max(1, min(drawn - 1, int(drawn * (MOST_WEIGHTS / size) ** 0.5)))
    packed = pack_routing(part, entry["router"], entry["layer"], images, step=entry["step"])
    for reason in Reasons.__annotations__:  # they would tell who came first among the drawn tokens alone
        packed.pop(reason, None)  # type: ignore[misc]  # each is optional
    load = _cpu(routing.slot_load()).double().sum(-1)
    packed |= {"tokens": tokens, "ids": ids.int().numpy().tobytes(), "capacity": slots}
    packed["load"] = _bytes(_image_load(routing, images).float())
    packed["group_load"] = _bytes(load.float())
    lost, real = _cpu(routing.token_load()) == 0, routing.mask
    padding = torch.zeros_like(lost) if real is None else ~real.detach().cpu()
    packed |= _fates(lost, padding)
    if output is not None:
        _add_output(packed, where, output, images * tokens)
        packed["views"].append("output")
    return packed


def _image_load(routing: SparseRouting, images: int) -> Tensor:
    """Compute the load (images, e) that each image's tokens put on each expert."""
    b, n, e, _ = routing.sizes
    own = n * b // images
    token = routing.token.detach().cpu()
    image = torch.where(token >= 0, token // own, n // own)  # one too many, for empty slots
    count = torch.zeros(b, e, n // own + 1, dtype=torch.float64, device="cpu")
    count.scatter_add_(2, image, torch.ones_like(image, dtype=torch.float64))
    return count[..., :-1].mT.reshape(images, e)


def no_gate_known(routing: SparseRouting) -> bool:
    """Return whether slots are filled and every gate is NaN, as in a server's trace, which holds choices alone."""
    gates = routing.gate[routing.filled]
    return bool(gates.numel()) and bool(gates.isnan().all())


def _check_divides(where: str, sizes: tuple[int, int, int, int], images: int) -> None:
    groups, tokens_of_group, experts, slots = sizes
    if 0 in sizes or not images:
        got = f"{groups} groups of {tokens_of_group} tokens, {experts} experts of {slots} slots and {images} images"
        hint = "skip the empty batch" if not groups * tokens_of_group * images else "give the router experts and slots"
        raise ValueError(f"{where} must hold at least one of each, got {got}: {hint}")
    if images % groups or tokens_of_group % (images // groups):
        raise ValueError(
            f"{where} has {groups} groups of {tokens_of_group} tokens, which do not divide over {images} images: "
            "give exactly the images that the model saw"
        )


def _add_weights(entry: Entry, whole: dict[str, Tensor], ids: Tensor, images: int) -> None:
    """Add the weights of the drawn tokens, all or those that are not zero, and what is summed over all tokens."""
    tokens, fields = entry["tokens"], cast("dict[str, Any]", entry)
    extremes = {name: _extremes(weights) for name, weights in whole.items()}
    shown = {name: weights.reshape(images, tokens, -1)[:, ids].flatten(1) for name, weights in whole.items()}
    for name, weights in whole.items():
        least, most = extremes[name]
        fields |= {f"{name}_least": min(least, 0.0), f"{name}_most": most}
        fields[f"{name}_sums"] = _bytes(weights.double().flatten(2).sum(1).float())
    each = whole["dispatch"].double().reshape(images, tokens, entry["experts"], entry["slots"])
    entry["load"] = _bytes(each.sum((1, 3)).float())
    kept = (shown["dispatch"] != 0) | (shown["combine"] != 0)
    if int(kept.sum()) * 2 < kept.numel():
        entry["counts"] = kept.sum(1).int().numpy().tobytes()
        entry["index"] = kept.nonzero()[:, 1].int().numpy().tobytes()
        shown = {name: weights[kept] for name, weights in shown.items()}
    fields |= {name: _bytes(weights) for name, weights in shown.items()}


def _add_fates(entry: Entry, routing: Routing, dispatch: Tensor) -> None:
    """Add which tokens are dropped and which are padding; weights that are no choices may sum to 0 without being 0."""
    dropped = (dispatch == 0).flatten(2).all(-1)
    padding = torch.zeros_like(dropped) if routing.mask is None else ~routing.mask.detach().cpu()
    entry.update(_fates(dropped, padding))
    entry["choices"] = _choices(routing, dispatch) if isinstance(routing, SparseRouting) else 0


def _fates(dropped: Tensor, padding: Tensor) -> Entry:
    """Return the fate of every token, and the share of real ones that are dropped."""
    fate = torch.where(padding, 2, dropped.long()).to(torch.uint8).numpy().tobytes()
    share = float((dropped & ~padding).sum() / (~padding).sum().clamp(min=1))
    return cast(Entry, {"fate": fate, "dropped": share})


def _add_judgement(entry: Entry, routing: Routing, dispatch: Tensor) -> None:
    """Add what the weights are to be: choices or mixtures, and how close their sums must come to 1."""
    asked = isinstance(routing, Answer)
    entry["hard"] = isinstance(routing, SparseRouting) or (not asked and holds_whole_tokens(dispatch))
    entry["unmixed"] = _unmixed(routing) if isinstance(routing, Answer) else []
    # Sums of half-precision weights miss 1 by more than those of float32 do.
    entry["close"] = 1e-4 if routing.dispatch.dtype in (torch.float32, torch.float64) else 2e-2


def holds_whole_tokens(dispatch: Tensor) -> bool:
    """Return whether slots hold one token or none, and some hold one: then no softmax has to sum to 1."""
    return _zeros_and_ones(dispatch) and bool(dispatch.flatten(2).sum(1).max() == 1)


def _zeros_and_ones(weights: Tensor) -> bool:
    return bool(((weights == 0) | (weights == 1)).all())


def _choices(routing: SparseRouting, dispatch: Tensor) -> int:
    """Return how many slots a token fills that lost none of its choices; 0 where experts choose, which owe it none."""
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
    """Name the weights that are all 0 or 1 where a softmax of these logits is not, although their sums may be right."""
    assert answer.logits is not None  # they are what was asked about
    logits = answer.logits.float()
    softmax = {"dispatch": logits.softmax(1), "combine": logits.flatten(2).softmax(2)}
    mixes = [name for name, soft in softmax.items() if not _zeros_and_ones(soft)]
    return [name for name in mixes if _zeros_and_ones(getattr(answer, name))]


def _add_logits(entry: Entry, where: str, routing: Routing, ids: Tensor, images: int) -> None:
    """Add the logits of each drawn token: one for each slot, or one for each expert."""
    logits, (b, n, e, p) = getattr(routing, "logits", None), routing.sizes
    if logits is None:
        return
    if tuple(logits.shape) not in ((b, n, e), (b, n, e, p)):
        raise ValueError(f"{where} must have logits {(b, n, e, p)} or {(b, n, e)}, got {tuple(logits.shape)}")
    logits = _cpu(logits)
    entry["logits_least"], entry["logits_most"] = _extremes(logits)
    entry["logits_slots"] = p if logits.ndim == 4 else 1
    entry["logits"] = _bytes(logits.reshape(images, entry["tokens"], -1)[:, ids])


def _add_output(entry: Entry, where: str, output: Tensor, tokens: int) -> None:
    """Add the length of each token's answer."""
    if output.shape[0] * output.shape[1] != tokens:
        raise ValueError(
            f"{where} answers {tokens} tokens, its output has {output.shape[0]} x {output.shape[1]}: "
            "give what the MoE layer returned in the same run"
        )
    norms = _cpu(output).norm(dim=-1)
    entry["output"], entry["output_most"] = _bytes(norms), _extremes(norms)[1]


def check_size(size: int) -> None:
    """Raise an error that says what to leave out when a page would have to take more bytes than it does well."""
    if size > MOST_BYTES:
        raise ValueError(
            f"the routings take {size // 1024**2} MiB, more than the {MOST_BYTES // 1024**2} MiB "
            "that a notebook page handles well: give fewer images, layers or steps"
        )


def size_of(entry: Entry) -> int:
    """Return the bytes of an entry's arrays."""
    return sum(len(value) for value in entry.values() if isinstance(value, bytes))


def pack_images(images: Tensor) -> dict[str, Any]:
    """Return pixels as uint8, row by row and channel last, scaled from the smallest value to the largest."""
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


def weights_of(entry: Entry, name: str, image: int) -> NDArray[np.float32]:
    """Return the weights of one image that an entry holds under a name, drawn tokens by slots."""
    columns = entry["experts"] * entry["slots"]
    rows = len(entry["ids"]) // 4 if "ids" in entry else entry["tokens"]
    packed = np.frombuffer(entry[name], np.float32)  # type: ignore[literal-required]  # "dispatch" or "combine"
    if "counts" not in entry:
        return packed.reshape(-1, rows, columns)[image]
    counts = np.frombuffer(entry["counts"], np.int32)
    mine = slice(counts[:image].sum(), counts[: image + 1].sum())
    weights = np.zeros(rows * columns, np.float32)
    weights[np.frombuffer(entry["index"], np.int32)[mine]] = packed[mine]
    return weights.reshape(rows, columns)


def patch_grid(grid: tuple[int, int] | None, tokens: int, images: Tensor | None) -> list[int]:
    """Return rows and columns of patches for these tokens: square without a grid; [] without images and grid."""
    if grid is None and images is None:
        return []
    if grid is None and isqrt(tokens) ** 2 != tokens:
        raise ValueError(f"{tokens} tokens of an image do not make a square of patches: give grid=(rows, columns)")
    rows, columns = grid or (isqrt(tokens), isqrt(tokens))
    if rows * columns != tokens:
        raise ValueError(
            f"grid must have one cell for each of an image's {tokens} tokens, got {rows} x {columns}: "
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
    """Return the smallest and the largest finite value; zeros where there is none."""
    finite = x[x.isfinite()]
    if not finite.numel():
        return 0.0, 0.0
    least, most = finite.aminmax()
    return float(least), float(most)
