"""Runs on a Ray cluster.

joblib's backend for Ray returns no result before all are there, so that an interrupted claim would lose them all: Ray's
own tasks are used.
"""

import os
import socket
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from softmoe_edu.evidence.cluster.calls import Call, RunsLost, Send, first_line

PATIENCE = 10
"""Seconds in which the address must answer. Ray itself waits for minutes and then ends the interpreter."""
REPEATED = 3
"""How often Ray repeats a run whose worker has ended."""


@contextmanager
def ray_cluster(address: str | None, *, workers: int, gpu: bool = False) -> Iterator[Send]:
    """Yield what sends calls to a Ray cluster: the one at an address, or one on this machine.

    Raises:
        ValueError: Ray is not installed, or nothing answers at the address.
    """
    try:
        import ray
    except ImportError as error:
        raise ValueError(
            f"the backend ray needs a package that is missing ({error}): python -m pip install 'softmoe-edu[ray]'"
        ) from error
    address = address or os.environ.get("RAY_ADDRESS")
    if address:
        _check_answers(address)
    mine = not ray.is_initialized()
    if mine:
        own: dict[str, Any] = {} if address else {"num_cpus": workers, "include_dashboard": False}
        try:
            ray.init(address=address or "local", log_to_driver=False, logging_level="error", **own)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise ValueError(
                f"Ray cannot be used ({first_line(error)}): the cluster must have the same versions of Ray "
                "and Python as this machine"
            ) from error
    try:
        yield _sender(ray, gpu)
    finally:
        if mine:
            ray.shutdown()


def _sender(ray: Any, gpu: bool) -> Send:
    def send(calls: Sequence[Call]) -> Generator[Any]:
        task = ray.remote(num_cpus=1, num_gpus=int(gpu), max_retries=REPEATED)(_do)
        waiting = [task.remote(call) for call in calls]
        try:
            while waiting:
                (ended, *_), waiting = ray.wait(waiting, num_returns=1)
                try:
                    answer = ray.get(ended)
                except ray.exceptions.RayTaskError as error:
                    raise error.cause from error
                except ray.exceptions.RayError as error:
                    raise RunsLost(
                        f"a Ray worker ended before its run did, {REPEATED + 1} times ({first_line(error)})"
                    ) from error
                yield answer
        finally:
            for each in waiting:
                ray.cancel(each, force=True)

    return send


def _do(call: Call) -> Any:
    return call()


def _check_answers(address: str) -> None:
    """Raise unless something listens at the address of a cluster; `auto` and `local` are Ray's own words."""
    if address in ("auto", "local"):
        return
    try:
        place = urlsplit(address if "//" in address else f"//{address}")
        socket.create_connection((place.hostname or "", place.port or 6379), timeout=PATIENCE).close()
    except (OSError, ValueError) as error:
        raise ValueError(
            f"no Ray cluster answers at {address!r} ({error}): start one with `ray start --head`, or leave the address "
            "out to use processes on this machine"
        ) from error
