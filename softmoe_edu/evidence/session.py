"""What `softmoe-edu evidence` does: run claims one after the other, and print what was found."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from softmoe_edu.evidence.catalogue import find_claim, names
from softmoe_edu.evidence.cluster import RunsLost, sent_to
from softmoe_edu.evidence.ledger import entries, judged, page, shown, table
from softmoe_edu.evidence.records import RECORDS, RecordError
from softmoe_edu.evidence.runner import record_path, run_claim
from softmoe_edu.files import write_atomically
from softmoe_edu.text import plural


def main(
    claims: Sequence[str],
    folder: Path,
    *,
    workers: int = 1,
    backend: str | None = None,
    scheduler: str | None = None,
    slurm: Mapping[str, str] | None = None,
    device: str | None = None,
    smoke: bool = False,
    fresh: bool = False,
    only_list: bool = False,
    ledger: Path | None = None,
) -> str | int:
    """Run claims, all of them unless some are named, and return the exit status, or the error to end with.

    Args:
        claims: their ids; none for all.
        folder: where the records lie. With `only_list` or `ledger` and no such folder, those of the package are read.
        workers: runs at the same time.
        backend: where the runs go, see `sent_to`.
        scheduler: the address of a Dask scheduler or a Ray cluster.
        slurm: options of sbatch.
        device: where PyTorch computes; None for a GPU if there is one.
        smoke: short runs that say nothing of the claims.
        fresh: begin again.
        only_list: run nothing.
        ledger: the page to write afterwards, from all records of the folder.
    """
    try:
        for name in claims:
            find_claim(name)
        if only_list or (ledger and not claims and not folder.exists()):
            _report(folder if folder.exists() else RECORDS, ledger)
            return 0
        chosen = device or ("cuda" if torch.cuda.is_available() else "cpu")
        if backend not in ("dask", "ray", "slurm"):  # whose workers have devices of their own
            _check_device(chosen)
        where = sent_to(backend, folder=folder, workers=workers, scheduler=scheduler, slurm=slurm, device=chosen)
        with where as send:
            for name in claims or names():
                record = run_claim(name, folder, device=chosen, smoke=smoke, fresh=fresh, send=send)
                path = record_path(folder, name, smoke)
                if smoke:
                    print(f"{name}: {plural(len(record.results), 'smoke run')} in {path}", flush=True)
                    continue
                finding = judged(name, record)
                print(f"{name}: {finding.verdict}. {finding.reason}")
                for each in finding.measured:
                    print(f"  {each.name}: {shown(each)}")
                print(f"  {path}", flush=True)
        if ledger and not smoke:
            _report(folder, ledger)
    except KeyError as error:
        return str(error.args[0])
    except (RecordError, RunsLost, OSError, ValueError) as error:
        return str(error)
    except KeyboardInterrupt:
        return f"Interrupted. What was measured is in {str(folder)!r}; the same command goes on from there."
    return 0


def _check_device(device: str) -> None:
    """Raise an error that names the fix unless PyTorch computes on a device here."""
    try:
        torch.zeros(1, device=device).sum().item()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ValueError(
            f"PyTorch cannot compute on the device {device!r} here ({str(error).splitlines()[0]}): leave --device out "
            "to use a GPU if there is one, or name cpu"
        ) from error


def _report(folder: Path, ledger: Path | None) -> None:
    found = entries(folder)
    print(table(found))
    if ledger:
        write_atomically(ledger, page(found).encode())
        print(f"Written: {ledger}")
