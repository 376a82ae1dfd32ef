"""The record of a claim: one small JSON file with every run, and where and with what it was made."""

import functools
import json
import os
import platform
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout

from softmoe_edu.evidence.claim import Claim, Result, Settings
from softmoe_edu.files import StrPath, write_atomically

RECORDS = Path(__file__).parent / "records"
"""The records that come with the package."""

SCHEMA = 1


class RecordError(ValueError):
    """A record that cannot be used, and why."""


@dataclass(frozen=True)
class Record:
    """What was measured for a claim.

    Attributes:
        claim: the claim's id.
        smoke: whether the runs are the short ones, which say nothing of the claim.
        made: where and with what: versions, machine, device, commit.
        results: one for each run that has ended.
    """

    claim: str
    smoke: bool
    made: Mapping[str, Any]
    results: tuple[Result, ...] = ()

    def wanted(self, claim: Claim) -> list[dict[str, Any]]:
        """Return the settings of all runs that the claim asks for, as far as the results so far tell."""
        first = [dict(each) for each in (claim.smoke if self.smoke else claim.runs)()]
        ended = [each for each in self.results if dict(each.settings) in first]
        if claim.then is None or len(ended) < len(first):
            return first
        ended.sort(key=lambda each: first.index(dict(each.settings)))
        return first + [dict(each) for each in claim.then(ended)]

    def missing(self, claim: Claim) -> list[Settings]:
        """Return the settings of the runs that have no result yet, in the claim's order.

        Raises:
            RecordError: the record has a run that the claim does not ask for.
        """
        wanted = self.wanted(claim)
        done = [dict(each.settings) for each in self.results]
        strange = [each for each in done if each not in wanted]
        if strange:
            raise RecordError(
                f"the record of {self.claim!r} does not match its configuration: it has a run with {strange[0]}, which "
                "the claim no longer asks for. Move the record away, or run the claim with --fresh"
            )
        return [each for each in wanted if each not in done]


def here(device: str) -> dict[str, Any]:
    """Describe this machine, these versions and the commit: what a number may depend on."""
    return {**making(device), "commit": _commit()}


@functools.cache
def making(device: str) -> Mapping[str, Any]:
    """Describe this machine and these versions, without a name of either."""
    from softmoe_edu import __version__

    name = torch.cuda.get_device_name(device) if device.startswith("cuda") else _processor()
    return {
        # The release: between two, the commit says more than a count of commits.
        "softmoe_edu": __version__.partition(".post")[0],
        "python": platform.python_version(),
        "torch": torch.__version__,
        "system": platform.system(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "device": device,
        "device_name": name,
    }


def same_making(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Return in what two descriptions differ, commits aside: runs of one record must agree in all of it."""
    return [name for name in sorted({*one, *other}) if name != "commit" and one.get(name) != other.get(name)]


def write_record(path: StrPath, record: Record) -> None:
    """Write a record at once, one run a line.

    Raises:
        OSError: the file cannot be written; the error says why.
    """
    lines = ",\n".join(json.dumps(asdict(each), sort_keys=True, allow_nan=False) for each in record.results)
    head = {"schema": SCHEMA, "claim": record.claim, "smoke": record.smoke, "made": dict(record.made)}
    text = json.dumps(head, indent=1, allow_nan=False)[:-2]
    write_atomically(path, f'{text},\n "results": [\n{lines}\n]}}\n'.encode())


@contextmanager
def only_writer(path: StrPath) -> Iterator[None]:
    """Let nobody else write a record within the block: of two commands, each would lose the other's results.

    Raises:
        RecordError: another command is at work on the record.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path.with_name(f".{path.name}.lock"), timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise RecordError(
            f"another command is at work on the record {str(path)!r}: wait for its end, or name another --folder"
        ) from error
    except NotImplementedError:  # a file system without locks
        pass
    try:
        yield
    finally:
        lock.release()


def read_record(path: StrPath, claim: str) -> Record:
    """Read the record of a claim.

    Raises:
        FileNotFoundError: there is none.
        RecordError: it is damaged, or of another claim.
    """
    path = Path(path)
    try:
        held = json.loads(path.read_text("utf-8"))
        results = tuple(Result(each["settings"], each["figures"], each["seconds"]) for each in held["results"])
        record = Record(held["claim"], held["smoke"], held["made"], results)
        schema = held["schema"]
    except FileNotFoundError:
        raise
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise RecordError(
            f"the record {str(path)!r} cannot be read ({type(error).__name__}: {error}): "
            "delete it and run the claim again"
        ) from error
    if schema != SCHEMA:
        raise RecordError(
            f"the record {str(path)!r} has schema {schema}, and this version reads {SCHEMA}: run it again"
        )
    if record.claim != claim:
        raise RecordError(f"the record {str(path)!r} is of the claim {record.claim!r}, not of {claim!r}: rename it")
    return record


def seeds_of(results: Sequence[Result]) -> int:
    """Count the seeds that results were measured with."""
    return len({each.settings["seed"] for each in results if "seed" in each.settings})


def _processor() -> str:
    """Return what kind of processor this is, as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _commit() -> str | None:
    """Return the commit of the checkout that this package lies in, with a + where files differ; None without one."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    try:
        asked = ["git", "-C", str(root), "describe", "--always", "--dirty=+", "--abbrev=12", "--exclude=*"]
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
