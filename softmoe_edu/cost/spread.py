"""One MoE layer with its experts spread over devices, on paper: what each device computes, sends, holds and waits for.

Rows of tokens or slots travel to their experts and their answers travel back; everything else stays where it is. See
`network.py` for what is assumed about sending. The time to compute is the operations of the experts' matrix products
over the device's rate; it does not overlap with sending.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float, Int
from torch import Tensor

from softmoe_edu.cost.network import Between, Network
from softmoe_edu.routing import Routing
from softmoe_edu.shapes import check_at_least

COUNT_BYTES = 8
"""Bytes of a number of rows, as PyTorch exchanges it."""


def rows_of(routing: Routing, devices: int) -> Int[Tensor, "m e"]:
    """Count the rows that each device's groups send to each expert: all slots of a soft routing, filled ones of others.

    Args:
        routing: of b groups; each device has b / devices of them, in order.
        devices: number m of devices.

    Raises:
        ValueError: the groups cannot be shared evenly.
    """
    b, _, e, p = routing.sizes
    if b % check_at_least("devices", devices):
        raise ValueError(f"devices must divide the {b} groups of the routing, got {devices}")
    filled = routing.filled
    rows = torch.full((b, e), p, device=routing.dispatch.device) if filled is None else filled.sum(2)
    return rows.view(devices, -1, e).sum(1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Spread:
    """A layer on m devices.

    Attributes:
        rows: whole numbers (m, e), the rows that each device sends to each expert, see `rows_of`.
        dim: width d of a row.
        hidden_dim: hidden width f of an expert.
        network: the m devices and their links.
        operations_per_second: of a device; a MAC is two.
        bytes_per_number: bytes of a number, in rows and parameters.
        shared: parameters that every device has besides its experts.
        states: numbers that the optimizer keeps for each parameter; with the gradient they count in training only.
        homes: the device of each expert, (e,); None to place equally many on each, in order, as far as they go.
        counts: whether devices first tell each other how many rows will arrive, as they must when tokens choose.
        training: whether a backward pass follows: twice the computing and as much sending again, without counts.
        how: how an all-to-all is sent, see `Network.seconds`.

    Raises:
        ValueError: sizes disagree, or an expert is given a device that does not exist.
    """

    rows: Int[Tensor, "m e"]
    dim: int
    hidden_dim: int
    network: Network
    operations_per_second: float
    bytes_per_number: int = 2
    shared: int = 0
    states: int = 2
    homes: Sequence[int] | None = None
    counts: bool = False
    training: bool = False
    how: str = "pairwise"

    def __post_init__(self) -> None:
        for name in ("dim", "hidden_dim", "bytes_per_number"):
            object.__setattr__(self, name, check_at_least(name, getattr(self, name)))
        if not self.operations_per_second > 0:
            raise ValueError(f"operations_per_second must be over 0, got {self.operations_per_second}")
        m, e = self.network.devices, self.rows.shape[-1]
        if self.rows.ndim != 2 or len(self.rows) != m:
            raise ValueError(f"rows must be (m={m} devices, e experts), got {list(self.rows.shape)}")
        if self.rows.is_floating_point() or bool((self.rows < 0).any()):
            raise ValueError("rows must be whole numbers of at least 0: how many rows go to each expert")
        if self.homes is not None and (len(self.homes) != e or not all(0 <= home < m for home in self.homes)):
            raise ValueError(f"homes must name a device from 0 to {m - 1} for each of {e} experts, got {self.homes}")
        # Sums on paper are done on the CPU: some devices have no float64.
        object.__setattr__(self, "rows", self.rows.cpu())

    @cached_property
    def home(self) -> Int[Tensor, " e"]:
        """The device of each expert."""
        m, e = self.rows.shape
        if self.homes is None:
            return torch.arange(e, device="cpu") * m // e
        return torch.tensor(list(self.homes), device="cpu")

    @cached_property
    def travelling(self) -> Int[Tensor, "m m"]:
        """Rows from each device to the experts of each; the diagonal stays."""
        m, _ = self.rows.shape
        between = torch.zeros(m, m, dtype=torch.long, device="cpu")
        return between.index_add_(1, self.home, self.rows.long())

    @property
    def work(self) -> Int[Tensor, " m"]:
        """Rows that each device's experts answer."""
        return self.travelling.sum(0)

    @cached_property
    def sent(self) -> Float[Tensor, " m"]:
        """Bytes of rows that leave each device in a forward pass: those on their way, and answers on their way back."""
        leave = self.travelling.clone().fill_diagonal_(0)
        return (leave.sum(1) + leave.sum(0)).double() * self._row

    @property
    def calls(self) -> int:
        """All-to-alls of a step."""
        return self.counts + (4 if self.training else 2)

    @property
    def compute(self) -> Float[Tensor, " m"]:
        """Seconds that each device's experts compute."""
        passes = 3 if self.training else 1
        operations = passes * 4 * self.dim * self.hidden_dim * self.work.double()
        return operations / self.operations_per_second

    @cached_property
    def travel(self) -> float:
        """Seconds of all all-to-alls, one after the other."""
        there: Between = self.travelling.double() * self._row
        both = self.network.seconds(there, self.how) + self.network.seconds(there.T, self.how)
        return (2 if self.training else 1) * both + self._telling

    @property
    def waits(self) -> Float[Tensor, " m"]:
        """Seconds that each device waits for the one whose experts compute longest."""
        return self.compute.max() - self.compute

    @property
    def seconds(self) -> float:
        """Seconds of a step: sending, and computing on the busiest device."""
        return self.travel + self.compute.max().item()

    @property
    def memory(self) -> Float[Tensor, " m"]:
        """Bytes that each device holds: parameters (in training gradients and states too), rows and their answers."""
        m, _ = self.rows.shape
        each = 2 * self.dim * self.hidden_dim + self.dim + self.hidden_dim
        held = self.shared + each * torch.bincount(self.home, minlength=m).double()
        numbers = (2 + self.states if self.training else 1) * held
        rows = self.travelling.sum(1).double() * 2 * self.dim + self.work.double() * (2 * self.dim + self.hidden_dim)
        return (numbers + rows) * self.bytes_per_number

    @property
    def _row(self) -> int:
        return self.dim * self.bytes_per_number

    @property
    def _telling(self) -> float:
        """Seconds in which devices tell each other how many rows will arrive."""
        if not self.counts:
            return 0.0
        m, _ = self.rows.shape
        told = torch.bincount(self.home, minlength=m).double().expand(m, m) * COUNT_BYTES
        return self.network.seconds(told, self.how)
