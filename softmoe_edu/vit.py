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

from softmoe_edu.routers.router import cut_normal_
from softmoe_edu.shapes import Tokens, check_at_least, check_dtype, check_whole

EPS = 1e-6


class ViT(nn.Module):
    """Classify images (b, c, h, w) into (b, num_classes) logits.

    Args:
        image_size: height and width of an image, in pixels.
        patch_size: height and width of a patch, in pixels; must divide image_size.
        channels: channels c of an image.
        num_classes: classes to tell apart.
        dim: width d of a token.
        depth: number of blocks.
        num_heads: attention heads of a block; must divide dim.
        hidden_dim: hidden width of a dense block's MLP.
        moe_layers: indices of the blocks, from 0, whose MLP is replaced by `moe(dim)`.
        moe: a callable that takes dim and makes such a layer, (b, n, dim) -> (b, n, dim).

    Raises:
        TypeError: a size is no whole number.
        ValueError: sizes do not fit, or an MoE layer is named that does not exist.
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
        image_size = check_at_least("image_size", image_size)
        patch_size = check_at_least("patch_size", patch_size)
        channels = check_at_least("channels", channels)
        num_classes = check_at_least("num_classes", num_classes)
        dim = check_at_least("dim", dim)
        depth = check_at_least("depth", depth)
        num_heads = check_at_least("num_heads", num_heads)
        hidden_dim = check_at_least("hidden_dim", hidden_dim)
        if image_size % patch_size:
            raise ValueError(f"image_size must be a multiple of patch_size={patch_size}, got {image_size}")
        if dim % num_heads:
            raise ValueError(f"dim must be a multiple of num_heads={num_heads}, got {dim}")
        replaced = check_blocks(moe_layers, depth)
        if replaced and moe is None:
            raise ValueError("moe_layers need a moe that makes them: pass moe=lambda dim: MoE(router, experts)")
        self.image_shape = (channels, image_size, image_size)
        self.num_classes = num_classes
        self.num_tokens = (image_size // patch_size) ** 2
        # Parts are made in the order of modules(), so that resetting each draws the numbers that building them drew.
        self.position = nn.Parameter(torch.empty(1, self.num_tokens, dim))
        self.reset_parameters()
        self.embed = PatchEmbedding(channels, dim, patch_size)
        mlps = (moe if moe and i in replaced else lambda dim: Mlp(dim, hidden_dim) for i in range(depth))
        self.blocks = nn.ModuleList(Block(dim, num_heads, mlp) for mlp in mlps)
        self.norm = nn.LayerNorm(dim, eps=EPS)
        self.head = Head(dim, num_classes)

    def reset_parameters(self) -> None:
        """Reinitialise the positions as the constructor does; the part that owns it resets every other parameter."""
        nn.init.normal_(self.position, std=1 / math.sqrt(self.position.shape[-1]))

    def tokens(self, images: Tensor) -> Tokens:
        """Cut images into patches, row by row, and embed each with its position.

        Args:
            images: (b, c, h, w), in the dtype of the parameters.

        Returns:
            Tokens (b, n, d).

        Raises:
            TypeError: images are no tensor, or of another dtype than the parameters.
            ValueError: they are not of the model's size.
        """
        if not isinstance(images, Tensor):
            raise TypeError(
                f"images must be a torch.Tensor, got {type(images).__name__}: "
                "convert with torch.as_tensor(images).float()"
            )
        if images.ndim != 4 or tuple(images.shape[1:]) != self.image_shape:
            want = ", ".join(map(str, self.image_shape))
            hint = ": add a batch axis with images[None]" if tuple(images.shape) == self.image_shape else ""
            raise ValueError(f"images must be (batch, {want}), got {tuple(images.shape)}{hint}")
        # Copied once here; else the sum keeps the transposed layout, and every normalisation copies it again.
        return self.embed(images).flatten(2).mT.contiguous() + self.position

    def forward(self, images: Tensor) -> Float[Tensor, "b classes"]:
        """Compute the logits of images.

        Args:
            images: (b, c, h, w), in the dtype of the parameters.

        Returns:
            Logits (b, num_classes).

        Raises:
            TypeError: images are no tensor, or of another dtype than the parameters.
            ValueError: they are not of the model's size.
        """
        x = self.tokens(images)
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x).mean(1))


def check_blocks(moe_layers: Sequence[int], depth: int) -> tuple[int, ...]:
    """Return the indices of blocks as ints, or raise an error unless each is a whole number from 0 to depth - 1."""
    layers = tuple(check_whole("moe_layers", i) for i in moe_layers)
    if any(i not in range(depth) for i in layers):
        raise ValueError(f"moe_layers must name blocks 0 to {depth - 1}, got {layers}")
    return layers


class PatchEmbedding(nn.Conv2d):
    """A linear map of each patch to a token; LeCun's initial kernels, cut at two deviations, and biases 0."""

    bias: nn.Parameter

    def __init__(self, channels: int, dim: int, patch_size: int):
        super().__init__(channels, dim, patch_size, stride=patch_size)

    def reset_parameters(self) -> None:
        """Reinitialise the parameters as the constructor does."""
        cut_normal_(self.weight, math.sqrt(1 / self.weight[0].numel()))
        nn.init.zeros_(self.bias)

    def forward(self, images: Tensor) -> Float[Tensor, "b d h w"]:
        """Embed images; raises TypeError when they are of another dtype than the parameters."""
        if not images.is_floating_point():
            raise TypeError(f"images must be floating point, got {images.dtype}: convert with images.float() / 255")
        check_dtype("images", images, self.weight, "with images", "model")
        return super().forward(images)


class Head(nn.Linear):
    """The map of a token to logits of classes: it starts without any preference, at probability 1 / classes each."""

    def reset_parameters(self) -> None:
        """Reinitialise the parameters as the constructor does."""
        nn.init.zeros_(self.weight)
        nn.init.constant_(self.bias, -math.log(self.out_features))


class Block(nn.Module):
    """Attention, then an MLP or an MoE layer, each added to its input.

    Args:
        dim: width d of a token.
        num_heads: attention heads.
        mlp: a callable that takes dim and makes the second sublayer, (b, n, dim) -> (b, n, dim).
    """

    def __init__(self, dim: int, num_heads: int, mlp: Callable[[int], nn.Module]):
        super().__init__()
        self.norm_attention = nn.LayerNorm(dim, eps=EPS)
        self.attention = Attention(dim, num_heads)
        self.norm_mlp = nn.LayerNorm(dim, eps=EPS)
        self.mlp = mlp(dim)

    def forward(self, x: Tokens) -> Tokens:
        """Mix tokens, then transform each."""
        x = x + self.attention(self.norm_attention(x))
        return x + self.mlp(self.norm_mlp(x))


class Attention(nn.Module):
    """Self-attention whose queries and keys are normalised per head."""

    def __init__(self, dim: int, num_heads: int):
        super().__init__()
        self.num_heads = num_heads
        self.qkv = Projection(dim, 3 * dim)
        self.norm_q = nn.LayerNorm(dim // num_heads, eps=EPS, bias=False)
        self.norm_k = nn.LayerNorm(dim // num_heads, eps=EPS, bias=False)
        self.out = Projection(dim, dim)

    def forward(self, x: Tokens) -> Tokens:
        """Let every token look at every token."""
        q, k, v = self.qkv(x).unflatten(-1, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(self.norm_q(q), self.norm_k(k), v)
        return self.out(mixed.transpose(1, 2).flatten(2))


class Projection(nn.Linear):
    """Square linear maps side by side, each with Xavier's initial kernel of its own; biases start at 0."""

    def reset_parameters(self) -> None:
        """Reinitialise the parameters as the constructor does."""
        for kernel in self.weight.split(self.in_features):
            nn.init.xavier_uniform_(kernel)
        nn.init.zeros_(self.bias)


class Mlp(nn.Module):
    """The MLP of a dense block: the same function as one expert of `Experts`."""

    def __init__(self, dim: int, hidden_dim: int):
        super().__init__()
        self.fc_in = Dense(dim, hidden_dim)
        self.fc_out = Dense(hidden_dim, dim)

    def forward(self, x: Tokens) -> Tokens:
        """Transform each token alone."""
        return self.fc_out(F.gelu(self.fc_in(x), approximate="tanh"))


class Dense(nn.Linear):
    """A layer of an MLP, which starts as one of `Experts` does: Xavier's kernel and biases near 0."""

    def reset_parameters(self) -> None:
        """Reinitialise the parameters as the constructor does."""
        nn.init.xavier_uniform_(self.weight)
        nn.init.normal_(self.bias, std=EPS)
