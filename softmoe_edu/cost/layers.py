"""The cost of layers and models by their plain sizes; nothing is built.

Counted are the matrix products of a forward pass, as in Puigcerver et al. (2308.00951), section 2.3. Normalisation,
softmax, activation functions and sums are not counted, and their bytes are taken as fused into the products beside
them.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from softmoe_edu.capacity import capacity_for
from softmoe_edu.cost.parts import Cost, Number, Part
from softmoe_edu.routers import ROUTERS
from softmoe_edu.shapes import check_at_least, check_choice


@dataclass(frozen=True, kw_only=True)
class MoESizes:
    """The sizes of an MoE layer; router is a name in ROUTERS.

    slots_per_expert: for a group; None takes the capacity that follows from the other sizes (sparse routers), 1 slot
    in the soft ones. rounding: of the capacity, None as the router of this package does.
    one_hot: count dispatch and combine of a sparse router as products with dense (n, e, p) weights, as the official
    code does on TPUs; this package moves tokens by index, without MACs.
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

    def __post_init__(self):
        check_choice("router", self.router, tuple(ROUTERS))
        counts = ["num_experts", "top_k", "examples_per_group"]
        for name in counts if self.slots_per_expert is None else [*counts, "slots_per_expert"]:
            object.__setattr__(self, name, check_at_least(name, getattr(self, name)))  # a Python integer
        if self.top_k > self.num_experts:
            raise ValueError(f"top_k must be at most num_experts={self.num_experts}, got {self.top_k}: lower top_k")

    @property
    def sparse(self) -> bool:
        """Tell whether a slot holds at most one token."""
        return self.router in ("tokens choice", "experts choice", "identity")

    def capacity(self, tokens: int) -> int:
        """Slots of an expert for a group in which each example has this many tokens."""
        if self.slots_per_expert is not None:
            return self.slots_per_expert
        if not self.sparse:
            return 1
        n = tokens * self.examples_per_group
        if self.router == "identity":
            return capacity_for(n, self.num_experts)
        rounding = self.rounding or ("ceil" if self.router == "tokens choice" else "round")
        k = self.top_k if self.router == "tokens choice" else 1
        rest = {"factor": self.capacity_factor, "rounding": rounding, "multiple_of": self.multiple_of}
        capacity = capacity_for(n, self.num_experts, top_k=k, **rest)
        if self.router == "experts choice" and capacity > n:
            raise ValueError(
                f"capacity must be at most the {n} tokens of a group in experts choice, got {capacity}: "
                "lower capacity_factor or multiple_of, or merge examples into larger groups"
            )
        return capacity


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

    def __post_init__(self):
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
        """Patches of an image."""
        return (self.image_size // self.patch_size) ** 2


def attention_cost(tokens: int, dim: int, num_heads: int) -> Cost:
    """Cost of self-attention with its normalised queries and keys, for one example."""
    parameters = 4 * dim * (dim + 1)
    macs = 4 * tokens * dim**2 + 2 * tokens**2 * dim
    norms = 2 * (dim // num_heads)
    # qkv: d in, 3d out; scores and values: 3d in, d out; output: d in, d out.
    return Cost((Part("attention", parameters, parameters, macs, 10 * tokens * dim), Part("norms", norms, norms)))


def mlp_cost(tokens: int, dim: int, hidden_dim: int) -> Cost:
    """Cost of a dense MLP for one example."""
    parameters = 2 * dim * hidden_dim + dim + hidden_dim
    macs, moved = 2 * tokens * dim * hidden_dim, 2 * tokens * (dim + hidden_dim)
    return Cost((Part("dense MLP", parameters, parameters, macs, moved),))


def moe_cost(tokens: int, dim: int, hidden_dim: int, moe: MoESizes) -> Cost:
    """Cost of an MoE layer for one example of `tokens` tokens; empty slots are computed like full ones."""
    n, d, e, g = tokens, dim, moe.num_experts, moe.examples_per_group
    p = moe.capacity(n)
    s = e * p / g  # slots per example
    learned = {"tokens choice": e, "experts choice": e, "uniform": 0, "identity": 0}.get(moe.router, e * p)
    router = d * learned + (0 if moe.sparse else 1)  # soft routers learn a scale
    logits = [Part("routing logits", router, router, n * d * learned, n * (d + learned))] if learned else []
    if moe.sparse and not moe.one_hot:
        dispatch, combine = Part("dispatch", activations=2 * s * d), Part("combine", activations=s * d + n * d)
    else:
        weights = n * e * p
        dispatch, combine = (
            Part(x, macs=weights * d, activations=weights + (n + s) * d) for x in ("dispatch", "combine")
        )
    one = 2 * d * hidden_dim + d + hidden_dim
    reached = {"tokens choice": moe.top_k, "experts choice": min(s / n, e), "identity": 1}.get(moe.router, e)
    experts = Part("experts", e * one, reached * one, 2 * s * d * hidden_dim, 2 * s * (d + hidden_dim))
    return Cost((*logits, dispatch, experts, combine))


def vit_cost(sizes: ViTSizes) -> Cost:
    """Cost of a ViT for one image."""
    n, d, f = sizes.tokens, sizes.dim, sizes.hidden_dim
    mlps = [moe_cost(n, d, f, sizes.moe) if i in sizes.moe_layers else mlp_cost(n, d, f) for i in range(sizes.depth)]
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
