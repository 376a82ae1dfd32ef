"""Inputs for checks: drawn from a generator of their own, so that no global random state is read or touched."""

import hashlib

import torch
from torch import Tensor

from softmoe_edu.seeds import generator_of


class Draw:
    """Random inputs in one dtype on one device; the same seed and words give the same numbers.

    The numbers are drawn in float64 on the CPU and then converted, so that every dtype and device sees the same case.
    Where the device has no float64, they are float32.
    """

    def __init__(self, *words: object, dtype: torch.dtype = torch.float64, device: str = "cpu") -> None:
        self.words, self.device = words, device
        self.dtype = dtype if dtype != torch.float64 or _has_float64(device) else torch.float32
        digest = hashlib.sha256(repr(words).encode()).digest()
        self._generator = generator_of(int.from_bytes(digest[:7], "big"))

    def normal(self, *shape: int) -> Tensor:
        """Return numbers from the standard normal distribution."""
        return self._given(torch.randn(shape, generator=self._generator, dtype=torch.float64, device="cpu"))

    def uniform(self, *shape: int) -> Tensor:
        """Return numbers from 0 to 1."""
        return self._given(torch.rand(shape, generator=self._generator, dtype=torch.float64, device="cpu"))

    def integers(self, low: int, high: int, *shape: int) -> Tensor:
        """Return whole numbers from low up to, not including, high."""
        return torch.randint(low, high, shape, generator=self._generator, device="cpu").to(self.device)

    def permutation(self, n: int) -> Tensor:
        """Return the numbers 0 to n - 1 in an order that differs from the plain one where n allows it."""
        while True:
            order = torch.randperm(n, generator=self._generator, device="cpu")
            if n < 2 or order.tolist() != list(range(n)):
                return order.to(self.device)

    def tensor(self, values: object) -> Tensor:
        """Return these floating point numbers."""
        return self._given(torch.tensor(values, dtype=torch.float64, device="cpu"))

    def sub(self, *words: object, dtype: torch.dtype | None = None) -> "Draw":
        """Return another draw, of the same device, whose numbers depend on the words too."""
        return Draw(*self.words, *words, dtype=dtype or self.dtype, device=self.device)

    def _given(self, numbers: Tensor) -> Tensor:
        numbers = numbers.to(self.dtype)
        return numbers if self.device == "cpu" else numbers.to(self.device)


def _has_float64(device: str) -> bool:
    if device == "cpu":
        return True
    try:
        torch.zeros(0, dtype=torch.float64, device="cpu").to(device, torch.float64)
    except (TypeError, RuntimeError):
        return False
    return True
