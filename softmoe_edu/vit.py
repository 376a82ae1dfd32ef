"""A Vision Transformer that takes its MoE layers as an argument.

Source: the Soft MoE paper's ViT (2308.00951, section 3; google-research/vmoe projects/soft_moe configs): learned
positions, normalisation before each sublayer, normalised queries and keys, mean pooling, no class token.
"""

import math
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from softmoe_edu.shapes import Tokens, check_at_least

EPS = 1e-6


class ViT(nn.Module):
    """Classify images (b, c, h, w) into (b, num_classes) logits.

    moe_layers: indices of the blocks, from 0, whose MLP is replaced by `moe(dim)`.
    moe: a callable that takes dim and makes such a layer, (b, n, dim) -> (b, n, dim).

    Raises ValueError when sizes do not fit or a MoE layer is named that does not exist.
    """

    def __init__(
        self,
        *,
        image_size: int = 8,
        patch_size: int = 2,
        channels: int = 1,
        num_classes: int = 10,
        dim: int = 32,
        depth: int = 3,
        num_heads: int = 2,
        hidden_dim: int = 64,
        moe_layers: Sequence[int] = (),
        moe: Callable[[int], nn.Module] | None = None,
    ):
        super().__init__()
        for name in ("image_size", "patch_size", "channels", "num_classes", "dim", "depth", "num_heads", "hidden_dim"):
            check_at_least(name, locals()[name])
        if image_size % patch_size:
            raise ValueError(f"image_size must be a multiple of patch_size={patch_size}, got {image_size}")
        if dim % num_heads:
            raise ValueError(f"dim must be a multiple of num_heads={num_heads}, got {dim}")
        if any(i not in range(depth) for i in moe_layers):
            raise ValueError(f"moe_layers must name blocks 0 to {depth - 1}, got {tuple(moe_layers)}")
        if moe_layers and moe is None:
            raise ValueError("moe_layers need a moe that makes them: pass moe=lambda dim: MoE(router, experts)")
        self.image_shape = (channels, image_size, image_size)
        self.num_classes = num_classes
        self.num_tokens = (image_size // patch_size) ** 2
        self.embed = nn.Conv2d(channels, dim, patch_size, stride=patch_size)
        self.position = nn.Parameter(torch.empty(1, self.num_tokens, dim))
        mlps = (moe(dim) if i in moe_layers else Mlp(dim, hidden_dim) for i in range(depth))
        self.blocks = nn.ModuleList(Block(dim, num_heads, mlp) for mlp in mlps)
        self.norm = nn.LayerNorm(dim, eps=EPS)
        self.head = nn.Linear(dim, num_classes)
        nn.init.normal_(self.position, std=1 / math.sqrt(dim))
        lecun = math.sqrt(1 / (channels * patch_size**2))
        nn.init.trunc_normal_(self.embed.weight, std=lecun, a=-2 * lecun, b=2 * lecun)
        nn.init.zeros_(self.embed.bias)
        nn.init.zeros_(self.head.weight)
        nn.init.constant_(self.head.bias, -math.log(num_classes))

    def tokens(self, images: Tensor) -> Tokens:
        """Cut images (b, c, h, w) into patches, row by row, and embed each with its position.

        Raises ValueError when the images are not of the model's size.
        """
        if images.ndim != 4 or tuple(images.shape[1:]) != self.image_shape:
            want = ", ".join(map(str, self.image_shape))
            hint = ": add a batch axis with images[None]" if tuple(images.shape) == self.image_shape else ""
            raise ValueError(f"images must be (batch, {want}), got {tuple(images.shape)}{hint}")
        return self.embed(images).flatten(2).mT + self.position

    def forward(self, images: Tensor) -> Float[Tensor, "b classes"]:
        """Give the logits of each class."""
        x = self.tokens(images)
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x).mean(1))


class Block(nn.Module):
    """Attention, then an MLP or an MoE layer, each added to its input."""

    def __init__(self, dim: int, num_heads: int, mlp: nn.Module):
        super().__init__()
        self.norm_attention = nn.LayerNorm(dim, eps=EPS)
        self.attention = Attention(dim, num_heads)
        self.norm_mlp = nn.LayerNorm(dim, eps=EPS)
        self.mlp = mlp

    def forward(self, x: Tokens) -> Tokens:
        """Mix tokens, then transform each."""
        x = x + self.attention(self.norm_attention(x))
        return x + self.mlp(self.norm_mlp(x))


class Attention(nn.Module):
    """Self-attention whose queries and keys are normalised per head."""

    def __init__(self, dim: int, num_heads: int):
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.norm_q = nn.LayerNorm(dim // num_heads, eps=EPS, bias=False)
        self.norm_k = nn.LayerNorm(dim // num_heads, eps=EPS, bias=False)
        self.out = nn.Linear(dim, dim)
        for kernel in (*self.qkv.weight.chunk(3), self.out.weight):
            nn.init.xavier_uniform_(kernel)
        nn.init.zeros_(self.qkv.bias)
        nn.init.zeros_(self.out.bias)

    def forward(self, x: Tokens) -> Tokens:
        """Let every token look at every token."""
        q, k, v = self.qkv(x).unflatten(-1, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(self.norm_q(q), self.norm_k(k), v)
        return self.out(mixed.transpose(1, 2).flatten(2))


class Mlp(nn.Module):
    """The MLP of a dense block: the same function as one expert of `Experts`."""

    def __init__(self, dim: int, hidden_dim: int):
        super().__init__()
        self.fc_in = nn.Linear(dim, hidden_dim)
        self.fc_out = nn.Linear(hidden_dim, dim)
        for layer in (self.fc_in, self.fc_out):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.normal_(layer.bias, std=EPS)

    def forward(self, x: Tokens) -> Tokens:
        """Transform each token alone."""
        return self.fc_out(F.gelu(self.fc_in(x), approximate="tanh"))
