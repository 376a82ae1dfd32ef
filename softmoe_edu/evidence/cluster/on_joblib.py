"""Runs through joblib: processes on this machine, or whatever `joblib.parallel_config` names."""

import sys
from collections.abc import Generator, Sequence
from concurrent.futures import BrokenExecutor
from typing import Any

import joblib

from softmoe_edu.evidence.cluster.calls import Call, RunsLost, Send, first_line


def through_joblib(workers: int, **options: Any) -> Send:
    """Return what sends calls through joblib.

    Args:
        workers: calls at the same time.
        options: further arguments of `joblib.Parallel`.
    """

    def send(calls: Sequence[Call]) -> Generator[Any]:
        together = joblib.Parallel(n_jobs=workers, return_as="generator_unordered", **options)
        try:
            yield from together(joblib.delayed(call)() for call in calls)
        except _lost() as error:
            raise RunsLost(f"a worker process ended before its run did ({first_line(error)})") from error

    return send


def _lost() -> tuple[type[BaseException], ...]:
    """Return the errors that tell of a worker's end; Dask's only where Dask is in use."""
    distributed = sys.modules.get("distributed")
    dask = () if distributed is None else (distributed.KilledWorker, distributed.CancelledError)
    return (BrokenExecutor, *dask)
