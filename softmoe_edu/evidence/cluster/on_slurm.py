"""Runs as the jobs of one Slurm array, through submitit."""

import shutil
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from softmoe_edu.evidence.cluster.calls import Call, RunsLost, Send

MINUTES = 60
"""What a run may take, unless the option `time` says otherwise."""
GIGABYTES = 4
"""What a run may hold, unless an option for memory says otherwise."""
EVERY = 2.0
"""Seconds between two looks at the jobs' answers; submitit asks Slurm itself less often."""


def slurm_jobs(
    folder: Path, *, workers: int, options: Mapping[str, str], gpu: bool = False, cluster: str = "slurm"
) -> Send:
    """Return what sends calls to Slurm, each as one job of an array.

    Args:
        folder: where the jobs leave what they got, said and answered. All machines must see it.
        workers: jobs that may run at the same time.
        options: of sbatch, such as {"partition": "short"}.
        gpu: whether a job needs a GPU.
        cluster: submitit's name of where jobs go: "slurm", or "local" for processes of this machine.

    Raises:
        ValueError: submitit or Slurm is not installed.
    """
    try:
        from submitit import AutoExecutor
        from submitit.core.utils import FailedJobError
    except ImportError as error:
        raise ValueError(
            f"the backend slurm needs a package that is missing ({error}): python -m pip install 'softmoe-edu[slurm]'"
        ) from error
    if cluster == "slurm" and shutil.which("sbatch") is None:
        raise ValueError(
            "there is no sbatch here: run this on the cluster's login node, where Slurm's commands are, or leave "
            "--backend out to use processes on this machine"
        )
    executor = AutoExecutor(folder, cluster=cluster)
    if gpu:
        executor.update_parameters(gpus_per_node=1)
    # Spelt as submitit spells its own, so that an option replaces what it would ask for.
    asked = {name.replace("-", "_"): value for name, value in options.items()}
    if not any(name.startswith("mem") for name in asked):
        executor.update_parameters(mem_gb=GIGABYTES)
    executor.update_parameters(
        name="softmoe_edu",
        timeout_min=MINUTES,
        cpus_per_task=1,
        slurm_array_parallelism=workers,
        slurm_additional_parameters=asked,
    )

    def send(calls: Sequence[Call]) -> Generator[Any]:
        try:
            jobs = executor.map_array(_do, calls)
        except FailedJobError as error:
            raise ValueError(f"sbatch refused the jobs: {error}") from error
        try:
            yield from _answers(jobs)
        finally:
            for each in jobs:
                if not each.done():
                    each.cancel()

    return send


def _answers(jobs: Sequence[Any]) -> Iterator[Any]:
    """Yield the jobs' answers as they come; jobs that were lost are reported after all others."""
    from submitit.core.utils import FailedJobError, UncompletedJobError
    from submitit.helpers import as_completed

    lost = []
    for job in as_completed(jobs, poll_frequency=EVERY):
        try:
            ended, answer = job.result()
        except FailedJobError:
            raise
        except UncompletedJobError:
            lost.append(job)
            continue
        if not ended:
            raise answer
        yield answer
        for path in (job.paths.submitted_pickle, job.paths.result_pickle, job.paths.stdout, job.paths.stderr):
            path.unlink(missing_ok=True)
    if lost:
        raise RunsLost(f"{len(lost)} of {len(jobs)} jobs ended without an answer; the first one says: {_said(lost[0])}")


def _said(job: Any) -> str:
    """Return how Slurm says that a job ended, and where its output lies."""
    return f"{job.state}, {job.paths.stderr}"


def _do(call: Call) -> tuple[bool, Any]:
    """Return whether a call ended well, and its answer or its error, which submitit would turn into a text."""
    try:
        return True, call()
    except Exception as error:
        return False, error
