"""The measuring process: one case, every contender in it, results as lines of JSON.

`python -m benchmarks.child` with settings and a case's number as JSON; `benchmarks.run` starts it.
"""

import contextlib
import ctypes
import json
import os
import sys
from collections.abc import Callable

import torch

from benchmarks.case import Case, Comparison, Works
from benchmarks.memory import peak
from benchmarks.sections import cases
from benchmarks.settings import Settings
from benchmarks.timing import compare

MEMORY_SHARE = 0.7  # of the machine's memory; a contender that wants more fails with a reason instead of being killed

Emit = Callable[[dict], None]


class Failed(Exception):
    """A contender that cannot be built or run: the text names it and gives its reason."""


def main(job: str) -> None:
    """Measure what the job names."""
    settings = Settings(**json.loads(job)["settings"])
    case = cases(settings.only, quick=settings.quick, device=settings.device)[json.loads(job)["case"]]
    # Results have the first standard output to themselves; what a peer prints goes to the errors.
    lines = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def emit(event: dict) -> None:
        print(json.dumps(event), file=lines, flush=True)

    torch.set_num_threads(settings.threads)
    torch.manual_seed(0)
    limit_memory(settings.device)
    emit({"event": "child", **facts()})
    measure(case, settings, emit)


def measure(case: Case, settings: Settings, emit: Emit) -> None:
    """Emit for each row of the case that it starts, then its result or the reason why there is none."""
    works = Works(case, settings.device)
    rows = case.rows()
    for i, (comparison, name) in enumerate(rows):
        emit({"event": "start", "row": i})
        try:
            result = _measured(works, comparison, name, settings)
        except Exception as error:  # whatever a peer raises is its result
            emit({"event": "row", "row": i, "reason": str(error) if isinstance(error, Failed) else reason(error)})
        else:
            emit({"event": "row", "row": i, "result": result})
        wanted = {one for later, _ in rows[i + 1 :] for one in (later.subject, later.against)}
        for done in [one for one in works if one not in wanted and one != comparison.against]:
            del works[done]


def _measured(works: Works, comparison: Comparison, name: str, settings: Settings) -> dict:
    names = (comparison.subject, comparison.against)
    runs = [_checked(works, one, name) for one in names]
    if comparison.measure == "time":
        budget = {"seconds": settings.seconds, "pairs": settings.pairs}
        return compare(*runs, device=settings.device, threads=settings.threads, **budget)
    subject, against = (peak(run, settings.device) for run in runs)
    value = subject / against if comparison.measure == "peak" else (subject - against) / comparison.unit
    return {"value": value, "subject_bytes": subject, "against_bytes": against}


def _checked(works: Works, contender: str, name: str) -> Callable[[], object]:
    """Return the contender's callable, or raise an error that says whose failure it is."""
    try:
        run = works[contender].ready(name)
        run()
    except Exception as error:
        raise Failed(f"{contender}: {reason(error)}") from error
    return run


def reason(error: Exception) -> str:
    """Return an error's kind and first line."""
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:160]}"


def limit_memory(device: str) -> None:
    """On a CPU under Linux or macOS, bound the address space."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        if device == "cpu":
            bound = int(MEMORY_SHARE * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
            resource.setrlimit(resource.RLIMIT_AS, (bound, resource.RLIM_INFINITY))


def facts() -> dict:
    """Return what this process really runs with."""
    return {
        "allocator": {name: value for name, value in os.environ.items() if name.startswith("MALLOC_")},
        "large_blocks_mapped": large_blocks_mapped(),
        "threads": torch.get_num_threads(),
    }


def large_blocks_mapped() -> bool | None:
    """Ask glibc whether a block of 64 MiB comes from a mapping of its own, which is the default; None elsewhere."""

    class Info(ctypes.Structure):
        _fields_ = [(f"field_{i}", ctypes.c_size_t) for i in range(10)]

    try:
        mallinfo = ctypes.CDLL(None).mallinfo2
    except (AttributeError, OSError, TypeError):
        return None
    mallinfo.restype = Info
    before = mallinfo().field_4
    block = torch.empty(2**26, dtype=torch.uint8)
    return mallinfo().field_4 - before >= block.nbytes


if __name__ == "__main__":
    main(sys.argv[1])
