"""What all routers share: checked input, float32 arithmetic, and the parameters' initial distribution."""

import contextlib
import math
from abc import abstractmethod

import torch
from torch import Tensor, nn

from softmoe_edu.routing import Routing
from softmoe_edu.shapes import (
    HALF,
    autocast_to,
    check_at_least,
    check_dtype,
    check_number,
    check_tokens,
)


class Router(nn.Module):
    """Read tokens (b, n, d) and return a Routing: a subclass owns parameters and defines `route`.

    Half-precision tokens are widened to float32, and autocast is off inside, so that a routing decision does not
    depend on rounding; float64 stays float64. Padding takes no part in a decision, whatever it holds.

    Args:
        dim: width d of a token.
        num_experts: number e of experts.
    """

    def __init__(self, dim: int, num_experts: int):
        super().__init__()
        self.dim = check_at_least("dim", dim)
        self.num_experts = check_at_least("num_experts", num_experts)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Routing:
        """Route tokens.

        Args:
            x: tokens (b, n, dim).
            mask: (b, n), True for real tokens; None when all are real. Padding may hold anything, NaN too.

        Returns:
            The decision.

        Raises:
            TypeError: tokens or mask are of the wrong type or dtype.
            ValueError: their shapes do not fit, or a real token holds NaN (`shapes.check_tokens`).
        """
        check_tokens(x, self.dim, mask)
        x = widen(x)
        for parameter in self._parameters.values():
            if parameter.dtype != x.dtype and parameter.dtype not in HALF:
                check_dtype("tokens", x, parameter, "with x")
        with without_autocast(x.device.type):
            return self.route(x if mask is None else with_tame_padding(x, mask), mask)

    @abstractmethod
    def route(self, x: Tensor, mask: Tensor | None) -> Routing:
        """Decide for checked tokens in float32 or float64, whose padding has no gradient (`with_tame_padding`)."""

    def extra_repr(self) -> str:
        """Show the sizes where the module is printed."""
        return f"dim={self.dim}, num_experts={self.num_experts}"


LARGEST_PADDING = 1e15
"""Up to here no score of a padded token overflows."""


def with_tame_padding(x: Tensor, mask: Tensor) -> Tensor:
    """Return tokens whose padding can be scored without harm and has no gradient.

    Padding keeps its numbers, so that its scores can be looked at, but for those that are not finite or so large that
    scores would not be: these become 0.
    """
    padding = x.detach()
    return torch.where(mask[..., None], x, torch.where(padding.abs() <= LARGEST_PADDING, padding, 0))


def widen(x: Tensor) -> Tensor:
    """Return x in float32 if it has a narrower floating type, else x itself."""
    return x.float() if x.dtype in HALF else x


def without_autocast(device: str) -> contextlib.AbstractContextManager:
    """Return a context in which autocast is off on this type of device."""
    return torch.autocast(device, enabled=False) if autocast_to(device) else contextlib.nullcontext()


def top_in_order(scores: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Return the k largest values along the last axis and their indices, best first, equal ones by index.

    `torch.topk` leaves the order of equal values open, and a stable sort of everything is many times slower.
    """
    if scores.dtype != torch.float32:
        values, index = scores.sort(dim=-1, descending=True, stable=True)
        return values[..., :k], index[..., :k]
    # A float's bits, read as an integer, keep its order; the index in the low half makes every key different.
    bits = (scores.detach() + 0.0).contiguous().view(torch.int32)
    ordered = torch.where(bits < 0, bits ^ 0x7FFFFFFF, bits).long()
    last = scores.shape[-1] - 1
    keys = (ordered << 32) | (last - torch.arange(last + 1, device=scores.device))
    index = last - (keys.topk(k).values & 0xFFFFFFFF)
    return scores.gather(-1, index), index


def add_noise(logits: Tensor, std: float) -> Tensor:
    """Add Gaussian noise of standard deviation `std` from the global generator."""
    return logits + std * torch.randn_like(logits)


def check_noise(noise_std: float) -> float:
    """Return noise_std as a float, or raise an error unless it is a finite number of at least 0."""
    return check_number("noise_std", noise_std, 0)


def lecun_normal_(parameter: Tensor, fan_in: int) -> Tensor:
    """Fill with a normal distribution cut at two standard deviations, of variance 1 / fan_in after the cut."""
    # What is left of a unit normal's deviation after the cut.
    return cut_normal_(parameter, math.sqrt(1 / fan_in) / 0.87962566103423978)


def cut_normal_(parameter: Tensor, std: float) -> Tensor:
    """Fill with a normal distribution of this standard deviation, cut at two of them."""
    # PyTorch draws again what lies outside, and cannot look at the numbers of a fake tensor, which has none.
    if isinstance(parameter, torch._subclasses.FakeTensor):
        return parameter
    return nn.init.trunc_normal_(parameter, std=std, a=-2 * std, b=2 * std)
