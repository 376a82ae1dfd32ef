"""The letters of this project as tensor types, and checks that answer a learner in a sentence.

The same letter means the same axis in annotations, einsums, docstrings and figures:
b groups, n tokens of a group, d width of a token, e experts, p slots of one expert,
k experts that a token may choose, f hidden width of an expert.
The official code (google-research/vmoe) calls experts n and tokens m.
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

Tokens = Float[Tensor, "b n d"]
Slots = Float[Tensor, "b e p d"]
Weights = Float[Tensor, "b n e p"]
Logits = Float[Tensor, "b n e p"]
Gates = Float[Tensor, "b n e"]
Mask = Bool[Tensor, "b n"]
SlotTokens = Int[Tensor, "b e p"]
SlotGates = Float[Tensor, "b e p"]
Scalar = Float[Tensor, ""]


def check_tokens(x: Tensor, dim: int, mask: Tensor | None = None) -> None:
    """Raise a sentence unless x is (b, n, d=dim), floating, not empty, without NaN, and mask fits it.

    NaN is looked for on the CPU only, and not while compiling: on a GPU the look would make
    every layer wait for the device. `train` reports a NaN loss on any device.

    Raises TypeError for a wrong type or dtype, ValueError for a wrong shape or value.
    """
    if not isinstance(x, Tensor):
        raise TypeError(f"tokens must be a torch.Tensor, got {type(x).__name__}: convert with torch.as_tensor(x)")
    shape = tuple(x.shape)
    if x.ndim == 2 and shape[1] == dim:
        raise ValueError(f"tokens must be (batch, tokens, dim={dim}), got {shape}: add a batch axis with x[None]")
    if x.ndim != 3:
        raise ValueError(
            f"tokens must be (batch, tokens, dim={dim}), got {x.ndim} axes {shape}: "
            "an image becomes tokens by cutting it into patches, as ViT does"
        )
    if shape[2] != dim:
        hint = "swap the last two axes with x.mT" if shape[1] == dim else "build the layer with dim=" + str(shape[2])
        raise ValueError(f"tokens must be (batch, tokens, dim={dim}), got {shape}: {hint}")
    if not x.is_floating_point():
        raise TypeError(f"tokens must be floating point, got {x.dtype}: convert with x.float()")
    if 0 in shape:
        raise ValueError(f"tokens must hold at least one group and one token, got {shape}: skip the empty batch")
    if not torch.compiler.is_compiling() and x.device.type == "cpu" and bool(x.detach().sum().isnan()):
        check_finite(x)
    if mask is not None:
        check_mask(mask, shape)


def check_finite(x: Tensor) -> None:
    """Raise a ValueError that names the first NaN token of x (b, n, d); infinities pass."""
    bad = x.detach().isnan().any(-1).nonzero()
    if len(bad):
        group, token = bad[0].tolist()
        raise ValueError(
            f"tokens must be finite, got NaN in {len(bad)} of {x.shape[0] * x.shape[1]} tokens, first in "
            f"group {group}, token {token}: look at what made x, often a too high learning rate or a division by zero"
        )


def check_mask(mask: Tensor, shape: tuple[int, ...]) -> None:
    """Raise a sentence unless mask is a boolean (b, n) that fits tokens of this shape: True marks a real token."""
    if not isinstance(mask, Tensor) or mask.dtype != torch.bool:
        got = mask.dtype if isinstance(mask, Tensor) else type(mask).__name__
        raise TypeError(f"mask must be a boolean tensor, True for real tokens, got {got}: convert with mask.bool()")
    if tuple(mask.shape) != tuple(shape[:2]):
        raise ValueError(
            f"mask must be (batch, tokens)={tuple(shape[:2])}, got {tuple(mask.shape)}: "
            "give one True or False per token"
        )


def check_at_least(name: str, value: int, least: int = 1) -> None:
    """Raise a sentence unless value is a whole number that is at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be a whole number, got {value!r} ({type(value).__name__})")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value}")


def check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Raise a sentence that lists the choices unless value is one of them."""
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}, got {value!r}")
