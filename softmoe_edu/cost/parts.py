"""A cost and its parts: parameters, MACs, bytes, and the time that a device needs at least.

Roofline: Williams et al. 2009, doi 10.1145/1498765.1498785.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

Number = int | float


@dataclass(frozen=True)
class Device:
    """A device by its two rates: operations (two per MAC) and bytes moved, each per second."""

    operations_per_second: Number
    bytes_per_second: Number

    def __post_init__(self) -> None:
        for name, rate in vars(self).items():
            if not rate > 0:
                raise ValueError(f"{name} must be over 0, got {rate}")


@dataclass(frozen=True)
class Part:
    """The cost of one part for one example.

    Attributes:
        name: what the part is called.
        parameters: all its parameters.
        active: the parameters that a token's answer depends on: those of as many experts as the router's
            `experts_per_token` says, which may be a mean over tokens.
        macs: multiplications with their additions; a fraction where examples share slots.
        activations: numbers that the part's products read and write; attention scores are taken to stay on the chip.
    """

    name: str
    parameters: int = 0
    active: Number = 0
    macs: Number = 0
    activations: Number = 0

    @property
    def flops(self) -> Number:
        """Return the FLOPs, two per MAC."""
        return 2 * self.macs

    def bytes(self, batch: int = 1, width: int = 2) -> Number:
        """Compute the bytes moved for a batch; all parameters are read once.

        Args:
            batch: examples of the batch.
            width: bytes per number.
        """
        return width * (self.parameters + batch * self.activations)

    def intensity(self, batch: int = 1, width: int = 2) -> float:
        """Compute the FLOPs per byte moved; arguments are those of `bytes`."""
        return batch * self.flops / self.bytes(batch, width)

    def seconds(self, device: Device, batch: int = 1, width: int = 2) -> float:
        """Compute the roofline time of a batch: the longer of computing and moving, as if they overlapped fully.

        Args:
            device: what computes and moves.
            batch: examples of the batch.
            width: bytes per number.

        Returns:
            Seconds.
        """
        compute = batch * self.flops / device.operations_per_second
        return max(compute, self.bytes(batch, width) / device.bytes_per_second)


@dataclass(frozen=True)
class Cost:
    """The parts of a layer or model, each name once; costs add part by part."""

    parts: tuple[Part, ...]

    @staticmethod
    def total(costs: Iterable["Cost"]) -> "Cost":
        """Add costs; parts keep the order in which they first appear."""
        merged: dict[str, Part] = {}
        for part in (part for cost in costs for part in cost.parts):
            sums = merged.get(part.name, Part(part.name))
            fields = ("parameters", "active", "macs", "activations")
            merged[part.name] = replace(sums, **{f: getattr(sums, f) + getattr(part, f) for f in fields})
        return Cost(tuple(merged.values()))

    def __add__(self, other: "Cost") -> "Cost":
        return Cost.total((self, other))

    def __iter__(self) -> Iterator[Part]:
        # Without it Python would iterate by asking for the parts 0, 1, 2, ... and never come to an end.
        return iter(self.parts)

    def __getitem__(self, name: str) -> Part:
        """Return the part of that name; an unknown name is a part without cost."""
        return next((part for part in self.parts if part.name == name), Part(name))

    @property
    def whole(self) -> Part:
        """Return all parts as one, except that its time would let one part compute while another moves data."""
        return Cost.total(Cost((replace(part, name="total"),)) for part in self.parts)["total"]

    @property
    def parameters(self) -> int:
        """Return the number of all parameters."""
        return self.whole.parameters

    @property
    def active(self) -> Number:
        """Return the parameters that one token's answer depends on, see `Part`."""
        return self.whole.active

    @property
    def macs(self) -> Number:
        """Return the MACs of one example."""
        return self.whole.macs

    @property
    def flops(self) -> Number:
        """Return the FLOPs of one example, two per MAC."""
        return self.whole.flops

    def seconds(self, device: Device, batch: int = 1, width: int = 2) -> float:
        """Compute the roofline time of a batch: the sum over parts, which run one after the other.

        Args:
            device: what computes and moves.
            batch: examples of the batch.
            width: bytes per number.

        Returns:
            Seconds.
        """
        return sum(part.seconds(device, batch, width) for part in self.parts)
