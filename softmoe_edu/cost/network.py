"""The time of an all-to-all on paper: what each device has to send, sent in four ways.

Assumed: a device sends one message at a time and receives one at a time, at the full rate of its link, whatever the
others do (no switch is ever too slow); all devices begin together; nothing else is under way. A message takes its
link's start-up time plus its bytes over the link's rate (Hockney 1994, doi 10.1016/S0167-8191(06)80021-9).
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from softmoe_edu.shapes import check_at_least

Between = Float[Tensor, "m m"]
"""Bytes from each device (rows) to each (columns); what a device keeps, on the diagonal, does not travel."""


@dataclass(frozen=True)
class Link:
    """What joins two devices.

    Attributes:
        bytes_per_second: its rate, in one direction.
        start: seconds that each message takes in addition.

    Raises:
        ValueError: the rate is not over 0, or the start-up time under 0.
    """

    bytes_per_second: float
    start: float = 0.0

    def __post_init__(self) -> None:
        if not self.bytes_per_second > 0:
            raise ValueError(f"bytes_per_second must be over 0, got {self.bytes_per_second}")
        if not self.start >= 0:
            raise ValueError(f"start must be at least 0 seconds, got {self.start}")


@dataclass(frozen=True)
class Network:
    """Devices in nodes: fast links within a node, slower ones between nodes; every device has one of each.

    Attributes:
        devices: number m of devices. Devices 0 to per_node - 1 stand in the first node, and so on.
        per_node: devices of a node.
        within: the links of a node.
        between: the links between nodes; None if there is one node only.

    Raises:
        ValueError: a size is under 1, or there are several nodes and no links between them.
    """

    devices: int
    per_node: int
    within: Link
    between: Link | None = None

    def __post_init__(self) -> None:
        for name in ("devices", "per_node"):
            object.__setattr__(self, name, check_at_least(name, getattr(self, name)))
        if self.devices > self.per_node and self.between is None:
            raise ValueError(
                f"{self.devices} devices with {self.per_node} in a node are several nodes: pass between=Link(...)"
            )

    def seconds(self, sent: Between, how: str = "pairwise") -> float:
        """Compute the time until every device has all that was sent to it.

        Args:
            sent: bytes from each device to each.
            how: a name in WAYS. "pairwise": every device sends each other device its piece. "ring": pieces are
                passed on from neighbour to neighbour. "tree": in step i, every device passes the pieces
                with bit i in their distance to the device 2^i further (Bruck et al. 1997, doi 10.1109/71.642949), so
                that there are only log2(m) messages. "hierarchical": each piece first moves within its node, to the
                device with the same number as its destination; then between nodes, among devices with that number.

        Raises:
            ValueError: there is no such way, the sizes disagree, or nodes are not full (hierarchical).
        """
        if how not in WAYS:
            raise ValueError(f"how must be one of {', '.join(WAYS)}, got {how!r}")
        if sent.shape != (self.devices, self.devices):
            raise ValueError(
                f"sent must have a row and a column for each of {self.devices} devices, got {list(sent.shape)}"
            )
        if self.devices == 1:
            return 0.0
        return WAYS[how](self, sent.cpu().double())

    def costs(self, near: Bool[Tensor, "..."]) -> tuple[Tensor, Tensor]:
        """Return the start-up time and the seconds per byte of links; True stands for a link within a node."""
        links = [self.between or self.within, self.within]
        start = torch.tensor([each.start for each in links], dtype=torch.float64, device="cpu")
        pace = torch.tensor([1 / each.bytes_per_second for each in links], dtype=torch.float64, device="cpu")
        return start[near.long()], pace[near.long()]


def _pairwise(network: Network, sent: Tensor) -> float:
    node = torch.arange(network.devices, device="cpu") // network.per_node
    start, pace = network.costs(node[:, None] == node)
    taken = (start + sent * pace).fill_diagonal_(0)
    return max(taken.sum(1).max().item(), taken.sum(0).max().item())


def _ring(network: Network, sent: Tensor) -> float:
    """Each device passes to the next one, at once, what is not for itself: m - 1 steps."""
    m, start, pace = network.devices, *_to_further(network, 1)
    beyond = _by_distance(sent).flip(1).cumsum(1).flip(1).roll(-1, 1)  # (from, k): what goes further than k
    beyond[:, -1] = 0
    over = _arrived(beyond)  # (device, k): what comes along from k devices back and goes on
    return (m - 1) * start.max().item() + (over.sum(1) * pace).max().item()


def _tree(network: Network, sent: Tensor) -> float:
    m, seconds = network.devices, 0.0
    bits = (m - 1).bit_length()
    whole = torch.nn.functional.pad(_by_distance(sent), (0, 2**bits - m))
    for i in range(bits):
        # A distance has the bit i in this step, and has left its lower bits behind.
        going = whole.view(m, -1, 2, 2**i)[:, :, 1].sum(1)[:, :m]  # (from, k): what has come k further and goes on
        start, pace = _to_further(network, 2**i)
        seconds += (start + _arrived(going).sum(1) * pace).max().item()
    return seconds


def _hierarchical(network: Network, sent: Tensor) -> float:
    m, g = network.devices, min(network.per_node, network.devices)
    if m % g:
        raise ValueError(f"a hierarchical all-to-all needs full nodes: {m} devices are not a multiple of {g} in a node")
    pieces = sent.view(m // g, g, m // g, g).clone()  # (node, number, to node, to number)
    first, second = pieces.sum(2), pieces.sum(1)  # to a number of the own node; from a number to a node
    inner, outer = network.within, network.between or network.within
    first.diagonal(dim1=1, dim2=2).zero_()
    second.diagonal(dim1=0, dim2=1).zero_()
    total = (g - 1) * inner.start + max(first.sum(2).max(), first.sum(1).max()).item() / inner.bytes_per_second
    return (
        total
        + (m // g - 1) * outer.start
        + max(second.sum(1).max(), second.sum(0).max()).item() / (outer.bytes_per_second)
    )


WAYS: dict[str, Callable[[Network, Tensor], float]] = {
    "pairwise": _pairwise,
    "ring": _ring,
    "tree": _tree,
    "hierarchical": _hierarchical,
}


def _by_distance(sent: Tensor) -> Tensor:
    """Return the bytes from each device to the one that stands k further, (from, k); none for k = 0."""
    m = len(sent)
    place = torch.arange(m, device="cpu")
    further = sent.gather(1, (place[:, None] + place) % m)
    further[:, 0] = 0
    return further


def _arrived(further: Tensor) -> Tensor:
    """Return what each device holds that began k devices back, (device, k), of what each sent k further."""
    m, steps = further.shape
    place = torch.arange(m, device="cpu")
    return further.gather(0, (place[:, None] - place[:steps]) % m)


def _to_further(network: Network, steps: int) -> tuple[Tensor, Tensor]:
    """Return start-up time and seconds a byte of each device's link to the one that stands that much further."""
    place = torch.arange(network.devices, device="cpu")
    near = place // network.per_node == (place + steps) % network.devices // network.per_node
    return network.costs(near)
