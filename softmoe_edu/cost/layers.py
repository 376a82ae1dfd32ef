"""The cost of layers and models by their plain sizes; nothing is built.

Counted are the matrix products of a forward pass, as in Puigcerver et al. (2308.00951), section 2.3. Normalisation,
softmax, activation functions and sums are not counted, and their bytes are taken as fused into the products beside
them.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch

from softmoe_edu.cost.parts import Cost, Number, Part
from softmoe_edu.routers import Router
from softmoe_edu.routers.registry import build, registered
from softmoe_edu.routers.router import ask
from softmoe_edu.shapes import check_at_least


@dataclass(frozen=True, kw_only=True)
class MoESizes:
    """The sizes of an MoE layer.

    Attributes:
        router: a name in ROUTERS.
        num_experts: number e of experts.
        slots_per_expert: slots of an expert for a group; None leaves them to the router: 1 in the soft ones, and the
            capacity that follows from the other sizes in the sparse ones.
        top_k: experts that each token chooses.
        capacity_factor: slots over choices.
        rounding: how the capacity is rounded; None as the router does.
        multiple_of: what the capacity is raised to a multiple of.
        examples_per_group: examples that compete for the same slots.
        one_hot: count dispatch and combine of a sparse router as products with dense (n, e, p) weights, as the official
            code does on TPUs; this package moves tokens by index, without MACs.

    Raises:
        TypeError: a size is no whole number.
        ValueError: no router has this name, or a size is out of range.
    """

    router: str
    num_experts: int
    slots_per_expert: int | None = None
    top_k: int = 1
    capacity_factor: Number = 1.0
    rounding: str | None = None
    multiple_of: int | None = 1
    examples_per_group: int = 1
    one_hot: bool = False

    def __post_init__(self) -> None:
        registered(self.router)
        counts = ["num_experts", "top_k", "examples_per_group"]
        for name in counts if self.slots_per_expert is None else [*counts, "slots_per_expert"]:
            object.__setattr__(self, name, check_at_least(name, getattr(self, name)))  # a Python integer
        if self.top_k > self.num_experts:
            raise ValueError(f"top_k must be at most num_experts={self.num_experts}, got {self.top_k}: lower top_k")

    def build(self, dim: int, **more: object) -> Router:
        """Build the router for tokens of width dim, with those of the sizes and of `more` settings that it takes."""
        given = {name: getattr(self, name) for name in ("top_k", "capacity_factor", "multiple_of")}
        fixed = {name: getattr(self, name) for name in ("slots_per_expert", "rounding")}
        given |= {name: value for name, value in fixed.items() if value is not None}
        return build(self.router, dim, self.num_experts, given | more)


@dataclass(frozen=True, kw_only=True)
class ViTSizes:
    """The sizes of a `ViT`, as its arguments; moe holds the sizes of the layers in moe_layers."""

    image_size: int
    patch_size: int
    channels: int
    num_classes: int
    dim: int
    depth: int
    num_heads: int
    hidden_dim: int
    moe_layers: tuple[int, ...] = ()
    moe: MoESizes | None = None

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if name not in ("moe_layers", "moe"):
                object.__setattr__(self, name, check_at_least(name, value))  # a Python integer
        for whole, part in (("image_size", "patch_size"), ("dim", "num_heads")):
            if getattr(self, whole) % getattr(self, part):
                raise ValueError(
                    f"{whole} must be a multiple of {part}={getattr(self, part)}, got {getattr(self, whole)}"
                )
        if any(i not in range(self.depth) for i in self.moe_layers):
            raise ValueError(f"moe_layers must name blocks 0 to {self.depth - 1}, got {self.moe_layers}")
        if self.moe_layers and self.moe is None:
            raise ValueError("moe_layers need the sizes of their layers: pass moe=MoESizes(...)")

    @property
    def tokens(self) -> int:
        """Return the patches of an image."""
        return (self.image_size // self.patch_size) ** 2


def attention_cost(tokens: int, dim: int, num_heads: int) -> Cost:
    """Compute the cost of self-attention with its normalised queries and keys, for one example.

    Args:
        tokens: tokens of the example.
        dim: width d of a token.
        num_heads: attention heads.
    """
    parameters = 4 * dim * (dim + 1)
    macs = 4 * tokens * dim**2 + 2 * tokens**2 * dim
    norms = 2 * (dim // num_heads)
    # qkv: d in, 3d out; scores and values: 3d in, d out; output: d in, d out.
    return Cost((Part("attention", parameters, parameters, macs, 10 * tokens * dim), Part("norms", norms, norms)))


def mlp_cost(tokens: int, dim: int, hidden_dim: int) -> Cost:
    """Compute the cost of a dense MLP for one example.

    Args:
        tokens: tokens of the example.
        dim: width d of a token.
        hidden_dim: hidden width of the MLP.
    """
    parameters = 2 * dim * hidden_dim + dim + hidden_dim
    macs, moved = 2 * tokens * dim * hidden_dim, 2 * tokens * (dim + hidden_dim)
    return Cost((Part("dense MLP", parameters, parameters, macs, moved),))


def moe_cost(tokens: int, dim: int, hidden_dim: int, moe: MoESizes) -> Cost:
    """Compute the cost of an MoE layer for one example; empty slots are computed like full ones.

    Args:
        tokens: tokens of the example.
        dim: width d of a token.
        hidden_dim: hidden width of an expert.
        moe: the other sizes.

    Raises:
        ValueError: the router makes as many slots as the data need, or cannot say what it costs.
    """
    with torch.device("meta"):
        router = moe.build(dim)
    return routed_cost(tokens, hidden_dim, router, moe.examples_per_group, moe.slots_per_expert, one_hot=moe.one_hot)


def routed_cost(
    tokens: int,
    hidden_dim: int,
    router: Router,
    examples_per_group: int = 1,
    slots_per_expert: int | None = None,
    *,
    one_hot: bool = False,
) -> Cost:
    """Compute the cost of a router with experts of this hidden width, for one example; sizes are asked of the router.

    Args:
        tokens: tokens of an example.
        hidden_dim: hidden width of an expert.
        router: any router, on any device.
        examples_per_group: examples that compete for the same slots.
        slots_per_expert: slots of an expert for a group; None asks the router.
        one_hot: as in `MoESizes`.

    Raises:
        ValueError: the router makes as many slots as the data need, or cannot say what it costs.
    """
    n, d, e, g = tokens, router.dim, router.num_experts, examples_per_group
    p = _capacity(router, n * g) if slots_per_expert is None else slots_per_expert
    s = e * p / g  # slots per example
    per, macs = ask(router, "score_per"), ask(router, "score_macs", n * g)
    scores = {"expert": e, "slot": e * p, None: 0}[per]
    own = sum(parameter.numel() for parameter in router.parameters())
    logits = Part("routing logits", own, own, macs / g if macs % g else macs // g, n * (d + scores))
    if ask(router, "is_sparse") and not one_hot:
        dispatch, combine = Part("dispatch", activations=2 * s * d), Part("combine", activations=s * d + n * d)
    else:
        weights = n * e * p
        dispatch, combine = (
            Part(x, macs=weights * d, activations=weights + (n + s) * d) for x in ("dispatch", "combine")
        )
    one, reached = 2 * d * hidden_dim + d + hidden_dim, ask(router, "experts_per_token", n * g, p)
    experts = Part("experts", e * one, reached * one, 2 * s * d * hidden_dim, 2 * s * (d + hidden_dim))
    return Cost((*([logits] if own or macs or scores else []), dispatch, experts, combine))


def _capacity(router: Router, tokens: int) -> int:
    name, slots = type(router).__name__, ask(router, "capacity", tokens)
    if slots is None:
        what = "capacity_factor=None" if getattr(router, "capacity_factor", 0) is None else name
        raise ValueError(f"{what} makes as many slots as the data need: set a capacity to know the cost")
    return check_at_least(f"capacity({tokens}) of {name}", slots)


def vit_cost(sizes: ViTSizes) -> Cost:
    """Compute the cost of a ViT for one image.

    Args:
        sizes: its sizes.
    """
    n, d, f = sizes.tokens, sizes.dim, sizes.hidden_dim
    dense = mlp_cost(n, d, f)
    moe = moe_cost(n, d, f, sizes.moe) if sizes.moe and sizes.moe_layers else dense
    mlps = [moe if i in sizes.moe_layers else dense for i in range(sizes.depth)]
    attention = [attention_cost(n, d, sizes.num_heads)] * sizes.depth
    return model_cost(attention, mlps, n, d, sizes.channels * sizes.patch_size**2, sizes.num_classes)


def model_cost(attention: Iterable[Cost], mlps: Iterable[Cost], n: int, d: int, pixels: int, classes: int) -> Cost:
    """Put the blocks between patch embedding and head."""
    mlps = tuple(mlps)
    embedding, head, norms = pixels * d + d + n * d, d * classes + classes, 2 * d * (2 * len(mlps) + 1)
    first = Part("patch embedding", embedding, embedding, n * pixels * d, n * (pixels + d))
    blocks = Cost.total([*attention, *mlps])
    # The mean over tokens is read by the head.
    last = Cost((Part("norms", norms, norms), Part("head", head, head, d * classes, n * d + classes)))
    return Cost.total([Cost((first,)), blocks, last])
