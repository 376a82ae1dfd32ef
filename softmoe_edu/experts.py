"""Experts: e independent MLPs as stacked parameters, so that all run in two batched products.

Source: MlpBlock of google-research/vision_transformer (tanh GELU, Xavier kernels, biases near 0).
"""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from softmoe_edu.shapes import Slots, autocast_to, check_at_least, check_dtype, known


class Experts(nn.Module):
    """Expert i answers its slots: gelu(slot @ w_in[i] + b_in[i]) @ w_out[i] + b_out[i].

    Each expert starts from its own random parameters. (The released configurations start all experts equal; then
    uniform routing could never tell them apart.)

    Args:
        dim: width d of a token.
        num_experts: number e of experts.
        hidden_dim: hidden width f of an expert.

    Raises:
        TypeError: a size is no whole number.
        ValueError: a size is under 1.
    """

    def __init__(self, dim: int, num_experts: int, hidden_dim: int):
        super().__init__()
        self.dim = d = check_at_least("dim", dim)
        self.num_experts = e = check_at_least("num_experts", num_experts)
        self.hidden_dim = f = check_at_least("hidden_dim", hidden_dim)
        self.w_in = nn.Parameter(torch.empty(e, d, f))
        self.b_in = nn.Parameter(torch.empty(e, f))
        self.w_out = nn.Parameter(torch.empty(e, f, d))
        self.b_out = nn.Parameter(torch.empty(e, d))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Reinitialise the parameters as the constructor does."""
        for kernel in (self.w_in, self.w_out):
            bound = (6 / (self.dim + self.hidden_dim)) ** 0.5
            nn.init.uniform_(kernel, -bound, bound)
        for bias in (self.b_in, self.b_out):
            nn.init.normal_(bias, std=1e-6)

    def forward(
        self,
        slots: Tensor,
        filled: Bool[Tensor, "b e p"] | None = None,
        *,
        count: Int[Tensor, " e"] | None = None,
    ) -> Slots | Float[Tensor, "r d"]:
        """Compute the answers to slots.

        Args:
            slots: (b, e, p, d), in the dtype of the parameters; with count, rows as in `rows`.
            filled: (b, e, p), False for an empty slot, whose answer is never read; None when all are filled. What an
                expert without a token holds, NaN too, then reaches no gradient, its own included.
            count: see `rows`.

        Returns:
            Answers, of the shape of slots.

        Raises:
            TypeError: slots and parameters differ in dtype.
            ValueError: they disagree in experts or width.
        """
        if count is not None:
            return self.rows(slots, count)
        if slots.ndim != 4 or slots.shape[1] != self.num_experts or slots.shape[3] != self.dim:
            raise ValueError(
                f"slots must be (batch, experts={self.num_experts}, slots per expert, dim={self.dim}), "
                f"got {tuple(slots.shape)}: build Experts with the router's num_experts and dim"
            )
        check_dtype("slots", slots, self.w_in, "the tokens with x")
        b, _, p, _ = slots.shape
        rows = slots.transpose(0, 1).flatten(1, 2)
        answers = self._answers(rows, filled) if torch.is_grad_enabled() else self._mlp(rows)
        return answers.unflatten(1, (b, p)).transpose(0, 1)

    def _answers(self, rows: Float[Tensor, "e r d"], filled: Bool[Tensor, "b e p"] | None) -> Float[Tensor, "e r d"]:
        """Compute answers so that an expert without a token gets gradients of 0, even where numbers are not finite."""
        if filled is None:
            return self._mlp(rows)
        full = known(filled, Tensor.all)
        if full is not None:
            answers = self._mlp(rows)
            total = 0 if full else known(answers, Tensor.sum)
            if total is not None and math.isfinite(total):
                return answers
        # Something is not finite, or it cannot be known.
        return self._mlp(rows, idle=~filled.any((0, 2)))

    def _mlp(self, rows: Float[Tensor, "e r d"], idle: Bool[Tensor, " e"] | None = None) -> Float[Tensor, "e r d"]:
        """Compute every expert's answers; what idle experts compute takes no part in any gradient."""
        hidden = torch.baddbmm(self.b_in[:, None], rows, self.w_in)
        if idle is not None:
            hidden = hidden.masked_fill(idle[:, None, None], 0)
        hidden = F.gelu(hidden, approximate="tanh")
        return torch.baddbmm(self.b_out[:, None], hidden, self.w_out)

    def rows(self, rows: Float[Tensor, "r d"], count: Int[Tensor, " e"]) -> Float[Tensor, "r d"]:
        """Compute the answers to rows that are sorted by expert: empty slots are skipped.

        Uses PyTorch's grouped product where it takes these numbers, else one product per expert.

        Args:
            rows: (r, d), in the dtype of the parameters.
            count: (e,), how many of the rows belong to each expert.

        Returns:
            Answers (r, d).

        Raises:
            TypeError: rows and parameters differ in dtype.
        """
        check_dtype("slots", rows, self.w_in, "the tokens with x")
        dtype = autocast_to(rows.device.type) or rows.dtype
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
    """Return whether PyTorch's grouped product takes these: from 2.10 on, rows of multiples of 16 bytes, not float64.

    On CUDA it is made for bfloat16 on Hopper and later, and compiled it takes bfloat16 alone.
    """
    aligned = all(size * rows.element_size() % 16 == 0 for size in kernels.shape[1:])
    if not (hasattr(F, "grouped_mm") and aligned):
        return False
    if rows.is_cuda and torch.cuda.get_device_capability(rows.device) < (9, 0):
        return False
    if rows.is_cuda or torch.compiler.is_compiling():
        return rows.dtype == torch.bfloat16 and len(rows) > 0
    return rows.dtype != torch.float64 and len(rows) > 0
