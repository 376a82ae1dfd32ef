"""Inputs for checks: drawn from a generator of their own, so that no global random state is read or touched."""

import hashlib

import torch
from torch import Tensor


class Draw:
    """Random inputs in one dtype on one device; the same seed and words give the same numbers.

    The numbers are drawn in float64 on the CPU and then converted, so that every dtype and device sees the same case.
    """

    def __init__(self, *words: object, dtype: torch.dtype = torch.float64, device: str = "cpu") -> None:
        self.words, self.dtype, self.device = words, dtype, device
        digest = hashlib.sha256(repr(words).encode()).digest()
        self._generator = torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))

    def normal(self, *shape: int) -> Tensor:
        """Give numbers from the standard normal distribution."""
        return torch.randn(shape, generator=self._generator, dtype=torch.float64).to(self.device, self.dtype)

    def uniform(self, *shape: int) -> Tensor:
        """Give numbers from 0 to 1."""
        return torch.rand(shape, generator=self._generator, dtype=torch.float64).to(self.device, self.dtype)

    def integers(self, low: int, high: int, *shape: int) -> Tensor:
        """Give whole numbers from low up to, not including, high."""
        return torch.randint(low, high, shape, generator=self._generator).to(self.device)

    def permutation(self, n: int) -> Tensor:
        """Give the numbers 0 to n - 1 in an order that differs from the plain one where n allows it."""
        while True:
            order = torch.randperm(n, generator=self._generator)
            if n < 2 or not bool((order == torch.arange(n)).all()):
                return order.to(self.device)

    def tensor(self, values: object) -> Tensor:
        """Give these floating point numbers."""
        return torch.tensor(values, dtype=torch.float64).to(self.device, self.dtype)

    def sub(self, *words: object, dtype: torch.dtype | None = None) -> "Draw":
        """Give another draw, of the same device, whose numbers depend on the words too."""
        return Draw(*self.words, *words, dtype=dtype or self.dtype, device=self.device)
