"""Where the runs of a command go: processes of this machine, or a cluster through Dask, Ray or Slurm."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import joblib

from softmoe_edu.evidence.cluster.calls import RunsLost, Send
from softmoe_edu.evidence.cluster.on_dask import dask_backend
from softmoe_edu.evidence.cluster.on_joblib import through_joblib
from softmoe_edu.evidence.cluster.on_ray import ray_cluster
from softmoe_edu.evidence.cluster.on_slurm import slurm_jobs

__all__ = ["BACKENDS", "RunsLost", "Send", "sent_to", "through_joblib"]

BACKENDS = ("dask", "loky", "ray", "sequential", "slurm", "threading")


@contextmanager
def sent_to(
    backend: str | None,
    *,
    folder: Path,
    workers: int = 1,
    scheduler: str | None = None,
    slurm: Mapping[str, str] | None = None,
    device: str = "cpu",
) -> Iterator[Send]:
    """Yield what sends runs to a backend.

    Args:
        backend: a name in BACKENDS; None for joblib's own choice, which is processes on this machine.
        folder: where the records lie. Slurm's jobs leave their files beside them, so all its machines must see it.
        workers: runs at the same time.
        scheduler: the address of a running Dask scheduler or Ray cluster. Without it, the one that Dask or Ray is
            configured with (DASK_SCHEDULER_ADDRESS or RAY_ADDRESS, for example), and where there is none a cluster of
            `workers` processes on this machine, which ends with the block.
        slurm: options of sbatch for every run, such as {"partition": "short", "time": "120"}.
        device: where PyTorch computes, so that a run that needs a GPU asks for one.

    Raises:
        ValueError: there is no such backend, its package is not installed or its cluster is of no use; the error says
            what to do.
    """
    if scheduler and backend not in ("dask", "ray"):
        raise ValueError("only Dask and Ray have a scheduler: add --backend dask or --backend ray")
    if slurm and backend != "slurm":
        raise ValueError("options of sbatch need Slurm: add --backend slurm")
    if backend is not None and backend not in BACKENDS:
        raise ValueError(
            f"unknown backend {backend!r}: choose one of {', '.join(BACKENDS)}; from Python, "
            "joblib.parallel_config around run_claim takes any other that returns results one by one"
        )
    if backend == "slurm":
        yield slurm_jobs(folder / "slurm", workers=workers, options=slurm or {}, gpu=device.startswith("cuda"))
    elif backend == "ray":
        with ray_cluster(scheduler, workers=workers, gpu=device.startswith("cuda")) as send:
            yield send
    elif backend == "dask":
        with dask_backend(scheduler, workers) as cluster, joblib.parallel_config(backend=cluster):
            yield through_joblib(workers)
    elif backend is None:
        yield through_joblib(workers)
    else:
        with joblib.parallel_config(backend=backend):
            yield through_joblib(workers)
