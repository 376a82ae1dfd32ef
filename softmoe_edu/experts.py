"""Experts: e independent MLPs as stacked parameters, so that all run in two batched products.

Source: MlpBlock of google-research/vision_transformer (tanh GELU, Xavier kernels, biases near 0).
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from softmoe_edu.shapes import Slots, check_at_least


class Experts(nn.Module):
    """Expert i answers its slots: gelu(slot @ w_in[i] + b_in[i]) @ w_out[i] + b_out[i].

    Each expert starts from its own random parameters. (The released configurations start all experts equal; then
    uniform routing could never tell them apart.)
    """

    def __init__(self, dim: int, num_experts: int, hidden_dim: int):
        super().__init__()
        check_at_least("dim", dim)
        check_at_least("num_experts", num_experts)
        check_at_least("hidden_dim", hidden_dim)
        self.dim, self.num_experts, self.hidden_dim = dim, num_experts, hidden_dim
        self.w_in = nn.Parameter(torch.empty(num_experts, dim, hidden_dim))
        self.b_in = nn.Parameter(torch.empty(num_experts, hidden_dim))
        self.w_out = nn.Parameter(torch.empty(num_experts, hidden_dim, dim))
        self.b_out = nn.Parameter(torch.empty(num_experts, dim))
        for kernel in (self.w_in, self.w_out):
            bound = (6 / (dim + hidden_dim)) ** 0.5
            nn.init.uniform_(kernel, -bound, bound)
        for bias in (self.b_in, self.b_out):
            nn.init.normal_(bias, std=1e-6)

    def forward(self, slots: Tensor) -> Slots:
        """Answer slots (b, e, p, d). Raises ValueError when they disagree in experts or width."""
        if slots.ndim != 4 or slots.shape[1] != self.num_experts or slots.shape[3] != self.dim:
            raise ValueError(
                f"slots must be (batch, experts={self.num_experts}, slots per expert, dim={self.dim}), "
                f"got {tuple(slots.shape)}: build Experts with the router's num_experts and dim"
            )
        b, _, p, _ = slots.shape
        rows = slots.transpose(0, 1).flatten(1, 2)
        hidden = F.gelu(torch.baddbmm(self.b_in[:, None], rows, self.w_in), approximate="tanh")
        answers = torch.baddbmm(self.b_out[:, None], hidden, self.w_out)
        return answers.unflatten(1, (b, p)).transpose(0, 1)

    def rows(self, rows: Float[Tensor, "r d"], count: Int[Tensor, " e"]) -> Float[Tensor, "r d"]:
        """Answer rows that stand expert after expert, `count[i]` for expert i: no place is computed for nothing.

        Uses PyTorch's grouped product where it takes these numbers, else one product per expert.
        """
        device = rows.device.type
        autocast = torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device)
        dtype = torch.get_autocast_dtype(device) if autocast else rows.dtype
        owner = torch.arange(self.num_experts, device=rows.device).repeat_interleave(count, output_size=len(rows))
        # A look-up's backward sums each expert's rows, twice as fast as that of an index and in a fixed order on CUDA.
        hidden = _grouped(rows.to(dtype), self.w_in.to(dtype), count).add_(F.embedding(owner, self.b_in.to(dtype)))
        hidden = F.gelu(hidden, approximate="tanh")
        return _grouped(hidden, self.w_out.to(dtype), count).add_(F.embedding(owner, self.b_out.to(dtype)))

    def extra_repr(self) -> str:
        """Show the sizes where the module is printed."""
        return f"dim={self.dim}, num_experts={self.num_experts}, hidden_dim={self.hidden_dim}"


def _grouped(rows: Tensor, kernels: Tensor, count: Tensor) -> Tensor:
    """Multiply each expert's rows (r, i) by its kernel (e, i, o)."""
    if _takes_grouped(rows, kernels):
        return F.grouped_mm(rows, kernels, offs=count.cumsum(0).to(torch.int32))
    # unbind once: indexing the stack inside the loop would make its backward quadratic in the number of experts.
    parts = zip(rows.split(count.tolist()), kernels.unbind(), strict=True)
    return torch.cat([part @ kernel for part, kernel in parts])


def _takes_grouped(rows: Tensor, kernels: Tensor) -> bool:
    """Whether PyTorch's grouped product takes these: from 2.10 on, rows of multiples of 16 bytes, and not float64.

    On CUDA it is made for bfloat16 on Hopper and later.
    """
    aligned = all(size * rows.element_size() % 16 == 0 for size in kernels.shape[1:])
    if not (hasattr(F, "grouped_mm") and aligned and len(rows)):
        return False
    if rows.is_cuda:
        return rows.dtype == torch.bfloat16 and torch.cuda.get_device_capability(rows.device) >= (9, 0)
    return rows.dtype != torch.float64
