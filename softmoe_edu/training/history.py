"""What a training run logged, and what it needs to go on."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from softmoe_edu.routing import Routing

STEP_COLUMNS = ("step", "loss", "auxiliary", "accuracy", "learning_rate", "dropped", "seconds")
TEST_COLUMNS = ("step", "loss", "accuracy", "dropped")


def _table(names: tuple[str, ...]) -> dict[str, list[int | float]]:
    return {name: [] for name in names}


@dataclass(eq=False, repr=False)
class History:
    """The figures of a training run, complete up to its last whole step.

    Attributes:
        settings: What `train` was asked for.
        steps_log: One entry per step in each of STEP_COLUMNS: the number of steps done after it (from 1), cross entropy
            in nats, the auxiliary loss that was added to it (0 without one), accuracy of the batch from 0 to 1,
            learning rate, fraction of tokens dropped (mean over layers, NaN without a router), and the seconds that
            the step took.
        tests_log: The same for evaluations, in TEST_COLUMNS.
        snapshots: {steps done: {module name: Routing}}, on the CPU, taken in eval mode.
        interrupted: Whether the run was stopped before its end.
        state: The model's and the optimizer's state dict at the end, the model's by the names of the plain model where
            it was compiled or parallel, and what `identity_of` says of the run.
    """

    settings: dict[str, Any]
    steps_log: dict[str, list[int | float]] = field(default_factory=lambda: _table(STEP_COLUMNS))
    tests_log: dict[str, list[int | float]] = field(default_factory=lambda: _table(TEST_COLUMNS))
    snapshots: dict[int, dict[str, Routing]] = field(default_factory=dict)
    interrupted: bool = False
    state: dict[str, Any] = field(default_factory=dict)

    @property
    def steps_done(self) -> int:
        """Count the steps that changed the model."""
        return len(self.steps_log["step"])

    @property
    def columns(self) -> dict[str, np.ndarray]:
        """Return {name: array with one entry per step}, to plot."""
        return {name: np.array(values) for name, values in self.steps_log.items()}

    @property
    def rows(self) -> list[dict[str, int | float]]:
        """Return one dict per step."""
        return _rows(self.steps_log)

    @property
    def test_columns(self) -> dict[str, np.ndarray]:
        """Return {name: array with one entry per evaluation}, to plot."""
        return {name: np.array(values) for name, values in self.tests_log.items()}

    @property
    def test_rows(self) -> list[dict[str, int | float]]:
        """Return one dict per evaluation."""
        return _rows(self.tests_log)

    @property
    def test_accuracy(self) -> float:
        """Return the accuracy of the last evaluation, from 0 to 1; NaN when there was none."""
        return self.tests_log["accuracy"][-1] if self.tests_log["accuracy"] else math.nan

    def copy(self) -> "History":
        """Return a history that can grow without changing this one; tensors are shared."""
        return History(
            dict(self.settings),
            {name: list(values) for name, values in self.steps_log.items()},
            {name: list(values) for name, values in self.tests_log.items()},
            dict(self.snapshots),
            self.interrupted,
            dict(self.state),
        )

    def __repr__(self) -> str:
        parts = [f"{self.steps_done:,} of {self.settings.get('steps', 0):,} steps"]
        if self.steps_done:
            parts.append(f"loss {self.steps_log['loss'][-1]:.3f}")
        if self.tests_log["step"]:
            parts.append(f"test accuracy {100 * self.test_accuracy:.1f} %")
        if self.snapshots:
            parts.append(f"snapshots at {', '.join(map(str, sorted(self.snapshots)))}")
        if self.interrupted:
            parts.append("interrupted")
        return f"History({'; '.join(parts)})"


def _rows(table: Mapping[str, list[int | float]]) -> list[dict[str, int | float]]:
    return [dict(zip(table, values, strict=True)) for values in zip(*table.values(), strict=True)]
