"""A claim of a paper, how it is tested here, and what can be said of it afterwards."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Settings = Mapping[str, str | int | float | bool | None]
"""What one run was asked for, such as a router and a seed: all that tells it from the claim's other runs."""

Figures = Mapping[str, Any]
"""What one run measured: numbers, or lists of numbers, that JSON can hold."""


class Verdict(StrEnum):
    """What was found of a claim."""

    REPRODUCED = "reproduced"
    DIRECTION = "direction only"
    NOT_AT_SCALE = "not at this scale"
    CONTRADICTED = "contradicted at this scale"
    UNTESTABLE = "not testable here"


@dataclass(frozen=True)
class Result:
    """One run of a claim: what it was asked for, what it measured, and the seconds that it took."""

    settings: Settings
    figures: Figures
    seconds: float = 0.0


@dataclass(frozen=True)
class Measured:
    """A figure as the ledger prints it: an estimate with its interval, both in the unit.

    An exact figure has no interval.
    """

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    unit: str = ""


@dataclass(frozen=True)
class Finding:
    """What the runs of a claim say: the verdict, the figures that it rests on, and the reason in a sentence or two."""

    verdict: Verdict
    reason: str
    measured: tuple[Measured, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One claim: a file of `softmoe_edu/evidence/claims/`, whose name is the claim's id with underscores.

    Attributes:
        title: the claim in a few words.
        says: the claim as the paper means it, in our words.
        source: paper and section, table or figure.
        did: what is done here to test it.
        runs: the settings of every run. A claim that draws random numbers has a `seed` in each.
        smoke: the settings of a few short runs that take the same way: they test the pipeline and not the claim.
        measure: runs one of them, on the device that it is given by name, and returns what it measured. It is called
            in a process of its own, perhaps on another machine.
        judge: says what the runs show. It is asked again whenever the ledger is written, so that a verdict is never
            stored.
        then: the settings of further runs, from the results of those that `runs` or `smoke` name once they have all
            ended: runs at the learning rate that tuning chose, for example. None for no further runs.
        least_seeds: the fewest seeds that a verdict may rest on; 0 where no random number is drawn.
        timed: whether its figures are times, so that two runs differ and nothing else may run beside it.
    """

    title: str
    says: str
    source: str
    did: str
    runs: Callable[[], Sequence[Settings]]
    smoke: Callable[[], Sequence[Settings]]
    measure: Callable[[Settings, str], Figures]
    judge: Callable[[Sequence[Result]], Finding]
    then: Callable[[Sequence[Result]], Sequence[Settings]] | None = None
    least_seeds: int = 8
    timed: bool = False
