"""Load, drops and entropy of every router while a model trains: numbers by step, and a line for a progress bar."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch

from softmoe_edu import metrics
from softmoe_edu.routing import Routing
from softmoe_edu.shapes import check_at_least
from softmoe_edu.text import number

COLUMNS = ("step", "busiest", "idle", "dropped", "entropy")


@dataclass
class RoutingWatch:
    """What the routers of a model do while it trains.

    `train(..., watch=watch)` fills it, and so does `capture.trainer.RoutingCallback` for a `transformers.Trainer`;
    `figures.routing_watch(watch.layers)` draws it.

    Attributes:
        every: steps from one look to the next; a look costs about as much as the metrics of one batch.
        layers: {layer: {column: one number for each look}}. The columns: `step`, the steps done; `busiest`, the load of
            the busiest expert over the mean load; `idle`, the share of experts without a token; `dropped`, the share
            of tokens in no slot; `entropy`, of the load's shares, over its largest value: 1 for an even load, 0 where
            one expert has it all. NaN where no token is real.
    """

    every: int = 10
    layers: dict[str, dict[str, list[float]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.every = check_at_least("every", self.every)

    def due(self, step: int) -> bool:
        """Whether a step, counted from 1, is one to look at: the first, and then every `every`-th."""
        return step == 1 or step % self.every == 0

    def see(self, step: int, routings: Mapping[str, Routing]) -> None:
        """Note what the routers decided in a step, in one look at the device for each layer."""
        for layer, routing in routings.items():
            columns = self.layers.setdefault(layer, {name: [] for name in COLUMNS})
            for name, value in zip(COLUMNS, (step, *_measured(routing)), strict=True):
                columns[name].append(value)

    @property
    def last(self) -> dict[str, float]:
        """The last look, over all layers: the largest `busiest`, the mean `dropped`, the smallest `entropy`.

        Raises:
            ValueError: nothing was seen yet.
        """
        if not self.layers:
            raise ValueError("no routing was seen yet: train a model that has a router")
        ends = {name: [columns[name][-1] for columns in self.layers.values()] for name in COLUMNS}
        dropped = sum(ends["dropped"]) / len(ends["dropped"])
        return {"busiest": max(ends["busiest"]), "dropped": dropped, "entropy": min(ends["entropy"])}

    def __str__(self) -> str:
        """Say how it stood at the last look."""
        if not self.layers:
            return "no routing seen yet"
        last = self.last
        return (
            f"busiest expert {number(last['busiest'])} × the mean, {100 * last['dropped']:.0f} % dropped, "
            f"entropy {last['entropy']:.2f}"
        )


def _measured(routing: Routing) -> list[float]:
    """Return busiest, idle, dropped and entropy of all groups together."""
    with torch.no_grad():
        load = metrics.expert_load(routing).sum(0).float()
        total = load.sum()
        share = load / total
        entropy = torch.special.entr(share).sum() / math.log(max(2, len(load)))
        busiest, idle = load.max() / load.mean(), (load == 0).float().mean()
        entropy = torch.ones_like(total) if len(load) == 1 else entropy
        dropped = metrics.dropped_fraction(routing).float()
        values = torch.stack([busiest, idle, dropped, entropy])
        # Where no token is real there is no load to divide.
        return torch.where(total > 0, values, torch.nan).tolist()
