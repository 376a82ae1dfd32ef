"""What both sparse routers share: a gate that scores tokens and experts."""

import torch
from torch import Tensor, nn

from softmoe_edu.routers.router import Router, add_noise, check_noise, lecun_normal_, widen
from softmoe_edu.shapes import Gates, check_number


class GateLogits(Router):
    """Own the gate's matrix w_gate (d, e) and score tokens and experts; a slot holds one token or none.

    Args:
        dim: width d of a token.
        num_experts: number e of experts.
        noise_std: in training, logits get Gaussian noise of standard deviation noise_std / num_experts.
        jitter: in training, every number of the router's input is multiplied by its own random factor from
            1 - jitter to 1 + jitter (Switch).

    Raises:
        TypeError: a size is no whole number, or noise_std or jitter no number.
        ValueError: an argument is out of range.
    """

    def __init__(self, dim: int, num_experts: int, noise_std: float = 0.0, jitter: float = 0.0):
        super().__init__(dim, num_experts)
        self.noise_std = check_noise(noise_std)
        self.jitter = check_number("jitter", jitter)
        if not 0 <= self.jitter < 1:
            raise ValueError(f"jitter must be at least 0 and under 1, got {jitter}")
        self.w_gate = nn.Parameter(torch.empty(self.dim, self.num_experts))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Reinitialise the parameters as the constructor does."""
        lecun_normal_(self.w_gate, self.dim)

    def score(self, x: Tensor) -> Gates:
        """Score tokens and experts by a product; jitter is drawn in training."""
        if self.training and self.jitter:
            x = x * torch.empty_like(x).uniform_(1 - self.jitter, 1 + self.jitter)
        return x @ widen(self.w_gate)

    def noisy(self, logits: Gates) -> Gates | None:
        """Add the noise of training to logits; return None where there is none."""
        return add_noise(logits, self.noise_std / self.num_experts) if self.training and self.noise_std else None

    def score_per(self) -> str:
        """Return "expert": logits are (b, n, e)."""
        return "expert"

    def is_sparse(self) -> bool:
        """Return True: a slot holds one token or none."""
        return True

    def score_macs(self, tokens: int) -> int:
        """Count the MACs of the product of tokens and experts."""
        return tokens * self.w_gate.numel()
