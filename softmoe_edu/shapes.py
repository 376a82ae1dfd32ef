"""The letters of this project as tensor types, checks of arguments, and numbers read without waiting for a device.

The same letter means the same axis in annotations, einsums, docstrings and figures:
b groups, n tokens of a group, d width of a token, e experts, p slots of one expert,
k experts that a token may choose, f hidden width of an expert.
The official code (google-research/vmoe) calls experts n and tokens m.
"""

import math
import operator
from collections.abc import Callable
from numbers import Real
from typing import Any

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

HALF = (torch.bfloat16, torch.float16)


def without_padding(values: Tensor, mask: Mask | None) -> Tensor:
    """Return values (b, n, ...) with 0 at padding, whatever stood there, and gradients that are exactly 0 there.

    A product with the mask would not do: 0 times infinity is NaN, forward and backward.
    """
    if mask is None:
        return values
    return values.masked_fill(~mask[(...,) + (None,) * (values.ndim - 2)], 0)


def check_tokens(x: Tensor, dim: int, mask: Tensor | None = None) -> None:
    """Raise an error that names the fix unless x holds tokens of this width and mask fits them.

    NaN is looked for in real tokens, and only where a value can be read without waiting for it (`known`): on a GPU
    the look would make every layer wait for the device. `train` reports a NaN loss on any device.

    Args:
        x: tokens (b, n, dim), floating point, at least one group of one token; padding may hold anything.
        dim: width of a token.
        mask: boolean (b, n), True for real tokens; None when all are real.

    Raises:
        TypeError: x is no tensor or not floating point, or mask is not boolean.
        ValueError: a shape does not fit, or a real token holds NaN.
    """
    if not isinstance(x, Tensor):
        kind = type(x).__name__
        raise TypeError(f"tokens must be a torch.Tensor, got {kind}: convert with torch.as_tensor(x).float()")
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
    if mask is not None:
        check_mask(mask, shape)
    if math.isnan(known(x, Tensor.sum) or 0):
        check_finite(without_padding(x, mask))


def check_finite(x: Tensor) -> None:
    """Raise a ValueError that names the first NaN token of x (b, n, d); infinities pass."""
    bad = x.detach().isnan().any(-1).nonzero()
    if len(bad):
        group, token = bad[0].tolist()
        raise ValueError(
            f"tokens must be finite, got NaN in {len(bad)} of {x.shape[0] * x.shape[1]} tokens, first in "
            f"group {group}, token {token}: look at what made x, often too high a learning rate or a division by zero"
        )


def check_mask(mask: Tensor, shape: tuple[int, ...]) -> None:
    """Raise an error that names the fix unless mask is a boolean (b, n) that fits a shape (b, n, ...)."""
    if not isinstance(mask, Tensor) or mask.dtype != torch.bool:
        got = mask.dtype if isinstance(mask, Tensor) else type(mask).__name__
        raise TypeError(f"mask must be a boolean tensor, True for real tokens, got {got}: convert with mask.bool()")
    if tuple(mask.shape) != tuple(shape[:2]):
        raise ValueError(
            f"mask must be (batch, tokens)={tuple(shape[:2])}, got {tuple(mask.shape)}: "
            "give one True or False per token"
        )


def check_dtype(name: str, x: Tensor, parameter: Tensor, what: str, owner: str = "layer") -> None:
    """Raise a TypeError that says what to convert unless a module's input can meet its parameters.

    That is with equal dtypes, and under autocast, which converts everything but float64, with any others too.

    Args:
        name: what the input is called.
        x: the input.
        parameter: one of the module's parameters.
        what: the end of "convert ...", up to the variable that holds what the learner gave.
        owner: the variable that holds the module.
    """
    given, own = x.dtype, parameter.dtype
    if given == own or (torch.float64 not in (given, own) and autocast_to(x.device.type)):
        return
    raise TypeError(
        f"{name} must be {own} like the {owner}'s parameters, got {given}: "
        f"convert {what}{_conversion(own)}, or the {owner} with {owner}{_conversion(given)}"
    )


def _conversion(dtype: torch.dtype) -> str:
    """Write the method that converts to a dtype."""
    names = {torch.float32: "float", torch.float64: "double", torch.float16: "half", torch.bfloat16: "bfloat16"}
    return f".{names[dtype]}()" if dtype in names else f".to({dtype})"


def check_at_least(name: str, value: int, least: int = 1) -> int:
    """Return a whole number as an int, or raise an error unless it is one (`check_whole`) and at least `least`."""
    whole = check_whole(name, value)
    if whole < least:
        raise ValueError(f"{name} must be at least {least}, got {whole}")
    return whole


def check_whole(name: str, value: int) -> int:
    """Return a whole number as an int, or raise a TypeError unless it is one.

    Args:
        name: what the number is called.
        value: an int, or what stands for one: a NumPy integer, an integer tensor without axes, or a size that is
            still a symbol while a model is exported. A bool is no number here.
    """
    if type(value) is int:
        return value
    number = _plain(value)
    if isinstance(number, bool) or getattr(number, "ndim", 0) != 0:
        number = None
    elif not isinstance(number, int | torch.SymInt):
        try:
            number = operator.index(number)
        except TypeError:
            number = None
    if number is None:
        raise TypeError(f"{name} must be a whole number, got {value!r} ({type(value).__name__})")
    return number


def _plain(value: Any) -> Any:
    """Return the Python number in a NumPy number or a tensor without axes, and anything else as it is."""
    return value.item() if getattr(value, "ndim", None) == 0 else value


def check_number(name: str, value: float | int, least: float | int = -math.inf) -> float:
    """Return a number as a float, or raise an error unless it is one, finite and at least `least`; no bool.

    Raises:
        TypeError: value is no number.
        ValueError: value is NaN, infinite or too small.
    """
    wanted = "a finite number" if least == -math.inf else f"a number of at least {least:g}"
    number = _plain(value)
    if isinstance(number, bool) or not isinstance(number, Real):
        raise TypeError(f"{name} must be {wanted}, got {value!r} ({type(value).__name__})")
    real = float(number)
    if not least <= real or not math.isfinite(real):
        raise ValueError(f"{name} must be {wanted}, got {number!r}")
    return real


def check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Raise a ValueError that lists the choices unless value is one of them."""
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}, got {value!r}")


def known(x: Tensor, number: Callable[[Tensor], Tensor]) -> bool | int | float | None:
    """Read one number of a tensor, or return None where that would wait for a device or where there is none to read.

    There is none while code is compiled or exported, under torch.func.vmap (one for every example), in fake tensors
    and on the meta device.

    Args:
        x: the tensor.
        number: computes the number, for example `torch.Tensor.sum`.
    """
    if torch.compiler.is_compiling() or x.device.type != "cpu":
        return None
    try:
        return number(x.detach()).item()
    except RuntimeError:
        return None


def autocast_to(device: str) -> torch.dtype | None:
    """Return the dtype that autocast computes in on this type of device, None where it is off or does not exist."""
    if torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device):
        return torch.get_autocast_dtype(device)
    return None


def own_symbol(size: int) -> int:
    """Let a size of at least 1 that was computed from another be a symbol of its own while a model is exported.

    torch.export could not prove for every length of its input what shapes ask of the formula, such as not to be 1.
    """
    return read_size(torch.full((), size, dtype=torch.int64, device="cpu")) if is_symbol(size) else size


def read_size(size: Int[Tensor, ""]) -> int:
    """Read a size of at least 1, which stays a symbol while a model is exported."""
    symbol: int = size.item()  # type: ignore[assignment]  # int() would make a plain number of it
    torch._check(symbol >= 1)
    return symbol


def is_symbol(size: int) -> bool:
    """Return whether a size may stand for many numbers, as those of dynamic shapes do while a model is exported.

    Strict mode shows a symbol as a plain int, so there every size may be one.
    """
    return torch.compiler.is_exporting() and (torch.compiler.is_dynamo_compiling() or type(size) is not int)
