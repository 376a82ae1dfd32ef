"""What all routers share: checked input, float32 arithmetic, and the parameters' initial distribution."""

import contextlib
import math
from abc import abstractmethod

import torch
from torch import Tensor, nn

from softmoe_edu.routing import Routing
from softmoe_edu.shapes import check_at_least, check_tokens


class Router(nn.Module):
    """Read tokens (b, n, d) and return a Routing: a subclass owns parameters and defines `route`.

    Half-precision tokens are widened to float32, and autocast is off inside, so that a routing decision does not
    depend on rounding; float64 stays float64.
    """

    def __init__(self, dim: int, num_experts: int):
        super().__init__()
        check_at_least("dim", dim)
        check_at_least("num_experts", num_experts)
        self.dim = dim
        self.num_experts = num_experts

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Routing:
        """Route tokens x (b, n, dim); mask (b, n) is True for real tokens, None when all are real.

        Raises TypeError or ValueError with a sentence for tokens or a mask that do not fit (`shapes.check_tokens`).
        """
        check_tokens(x, self.dim, mask)
        device = x.device.type
        off = torch.autocast(device, enabled=False) if torch.amp.is_autocast_available(device) else None
        with off or contextlib.nullcontext():
            return self.route(widen(x), mask)

    @abstractmethod
    def route(self, x: Tensor, mask: Tensor | None) -> Routing:
        """Decide for checked tokens in float32 or float64."""

    def extra_repr(self) -> str:
        """Show the sizes where the module is printed."""
        return f"dim={self.dim}, num_experts={self.num_experts}"


def widen(x: Tensor) -> Tensor:
    """Give x in float32 if it has a narrower floating type, else x itself."""
    return x.float() if x.dtype in (torch.bfloat16, torch.float16) else x


def top_in_order(scores: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Give the k largest values along the last axis and their indices, best first, equal ones by index.

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
    """Give noise_std, or raise a ValueError unless it is a number of at least 0."""
    if not noise_std >= 0:
        raise ValueError(f"noise_std must be a number of at least 0, got {noise_std!r}")
    return float(noise_std)


def lecun_normal_(parameter: Tensor, fan_in: int) -> Tensor:
    """Fill with a normal distribution cut at two standard deviations, of variance 1 / fan_in after the cut."""
    std = math.sqrt(1 / fan_in) / 0.87962566103423978  # what is left of a unit normal's deviation after the cut
    return nn.init.trunc_normal_(parameter, std=std, a=-2 * std, b=2 * std)
