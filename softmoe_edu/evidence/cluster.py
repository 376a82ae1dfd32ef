"""Where the runs of a command go: to one of joblib's backends, or to the workers of a Dask cluster."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from typing import Any

import joblib

BACKENDS = ("dask", "loky", "sequential", "threading")
PATIENCE = 10
"""Seconds in which a scheduler must answer, and have a worker."""


@contextmanager
def sent_to(backend: str | None, *, workers: int = 1, scheduler: str | None = None) -> Iterator[None]:
    """Let joblib send the runs of the block to a backend.

    Args:
        backend: a name in BACKENDS; None for joblib's own choice, which is processes on this machine.
        workers: processes of the cluster that is started here, for Dask without a scheduler.
        scheduler: the address of a running Dask scheduler. Without it, the one that Dask is configured with (its
            variable DASK_SCHEDULER_ADDRESS, for example), and where there is none a cluster on this machine, which
            ends with the block.

    Raises:
        ValueError: there is no such backend, Dask is not installed or its cluster is of no use; the error says what
            to do.
    """
    if scheduler and backend != "dask":
        raise ValueError("a scheduler is Dask's: add --backend dask")
    if backend is None:
        yield
        return
    if backend not in BACKENDS:
        raise ValueError(
            f"there is no backend {backend!r} here: choose one of {', '.join(BACKENDS)}; from Python, "
            "joblib.parallel_config around run_claim takes any other that returns results one by one"
        )
    with ExitStack() as stack:
        used = _dask_backend(stack.enter_context(_client(scheduler, workers))) if backend == "dask" else backend
        stack.enter_context(joblib.parallel_config(backend=used))
        yield


@contextmanager
def _client(scheduler: str | None, workers: int) -> Iterator[Any]:
    """Connect to a Dask scheduler, or to a cluster of processes here, one thread each."""
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise ValueError(
            f"the backend dask needs a package that is missing ({error}): python -m pip install 'softmoe-edu[dask]'"
        ) from error
    with ExitStack() as stack:
        address = scheduler or dask.config.get("scheduler-address", None)
        try:
            if not address:
                address = stack.enter_context(
                    LocalCluster(
                        n_workers=workers,
                        threads_per_worker=1,
                        memory_limit=0,  # Dask's own is one core's share, too little where cores are many
                        dashboard_address=None,
                        silence_logs=logging.ERROR,  # it warns of workers that take seconds to end
                    )
                )
            client = stack.enter_context(Client(address, timeout=PATIENCE))
        except (OSError, ValueError) as error:
            raise ValueError(
                f"no Dask scheduler answers at {scheduler or address!r} ({error}): start one with `dask scheduler`, "
                "or leave the address out to use processes on this machine"
            ) from error
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError as error:
            raise ValueError(
                f"the Dask scheduler at {address!r} has no worker: start some with `dask worker ADDRESS --nthreads 1`"
            ) from error
        # A worker that cannot read a run ends, and the run would be waited for without end.
        bare = [name for name, found in client.run(find_spec, "softmoe_edu").items() if found is None]
        if bare:
            raise ValueError(
                f"the Dask worker at {bare[0]} has no softmoe_edu: install it there, in the version that is used here"
            )
        yield client


def _dask_backend(client: Any) -> Any:
    """Return joblib's backend for a client, with which a cluster of one core gets its runs too."""
    from joblib._dask import DaskDistributedBackend

    class Cluster(DaskDistributedBackend):  # type: ignore[misc]  # joblib has no annotations
        def effective_n_jobs(self, n_jobs: int) -> int:
            # Where one job is all there can be, joblib does it in the calling process.
            return max(2, super().effective_n_jobs(n_jobs))

    return Cluster(client=client)
