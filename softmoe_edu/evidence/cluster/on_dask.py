"""Runs on a Dask cluster, through joblib's backend for it."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from typing import Any

PATIENCE = 10
"""Seconds in which a scheduler must answer, and have a worker."""


@contextmanager
def dask_backend(scheduler: str | None, workers: int) -> Iterator[Any]:
    """Yield joblib's backend for a running Dask scheduler, or for a cluster of processes here.

    Raises:
        ValueError: Dask is not installed, or the scheduler is of no use.
    """
    with _client(scheduler, workers) as client:
        yield _backend(client)


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
            raise ValueError(f"the Dask worker at {bare[0]} has no softmoe_edu: install the same version there as here")
        yield client


def _backend(client: Any) -> Any:
    """Return joblib's backend for a client, with which a cluster of one core gets its runs too."""
    from joblib._dask import DaskDistributedBackend

    class Cluster(DaskDistributedBackend):  # type: ignore[misc]  # joblib has no annotations
        def effective_n_jobs(self, n_jobs: int) -> int:
            # Where one job is all there can be, joblib does it in the calling process.
            return max(2, super().effective_n_jobs(n_jobs))

    return Cluster(client=client)
