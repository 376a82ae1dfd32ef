"""A limit of time for each cell that a grader runs, also where a kernel no longer answers."""

from typing import Any


class Impatient:
    """Wait half as long for the next cell after each that ran out of time; mixed into an executor of notebooks.

    A kernel that hangs in C answers no interrupt: with the full time for each of its cells, one submission would hold
    up its class for an hour.
    """

    def on_cell_executed(self, **about: Any) -> None:
        """Halve the time after a cell that was stopped, and give it back after one that ended by itself."""
        super().on_cell_executed(**about)
        stopped = about["execute_reply"]["content"].get("ename") == self.error_on_timeout.get("ename")
        if self.timeout:
            self._full = getattr(self, "_full", self.timeout)
            self.timeout = max(1, self.timeout // 2) if stopped else self._full
