"""What the programs of one person may take of a machine: set for each process, and watched for all together.

Linux can count the memory of all of a person's programs only in control groups, which need systemd, or permission from
the container. Here each process gets limits of its own, which it cannot raise, and the hub adds up what a person's
processes take.
"""

import os
import resource
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

# Libraries start as many threads as these say; without them each takes one thread for each core of the machine.
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
NICER = 5  # the hub and its proxy come before a class that computes
PROC = Path("/proc")


@dataclass(frozen=True)
class Process:
    """A process of somebody, and the memory that is its own, in bytes."""

    pid: int
    memory: int
    name: str


def limiter(memory: int, processes: int, cores: Iterable[int]) -> Callable[[], None]:
    """Return a function that limits the process that calls it, as root, before it becomes somebody's.

    Args:
        memory: Bytes of a process. Its data counts, which is heaps, stacks and what it maps for writing: torch reserves
            far more addresses than it uses, so their number limits nothing.
        processes: Processes and threads of the user that this process becomes.
        cores: The cores that it may run on.
    """
    limits = {resource.RLIMIT_DATA: memory, resource.RLIMIT_NPROC: processes, resource.RLIMIT_CORE: 0}
    chosen = set(cores)

    def limit() -> None:
        for what, most in limits.items():
            resource.setrlimit(what, (most, most))
        os.sched_setaffinity(0, chosen)
        os.nice(NICER)

    return limit


def cores_for(count: int, taken: Iterable[Iterable[int]]) -> set[int]:
    """Return this many cores of the machine, those given to the fewest others."""
    load = dict.fromkeys(sorted(os.sched_getaffinity(0)), 0)
    for cores in taken:
        for core in cores:
            load[core] = load.get(core, 0) + 1
    return set(sorted(load, key=lambda core: (load[core], core))[:count])


def processes_of(users: Iterable[int]) -> dict[int, list[Process]]:
    """Return the processes of each of these users.

    The memory of a process is what it shares with nobody's file: pages that a parent and its children still share
    count once for each.
    """
    wanted, found = set(users), defaultdict(list)
    for entry in PROC.iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            lines = (entry / "status").read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue  # it has ended
        status = {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
        user = int(status["Uid"].split()[0])
        if user in wanted:
            kilobytes = (int(status.get(name, "0 kB").split()[0]) for name in ("RssAnon", "RssShmem", "VmSwap"))
            found[user].append(Process(int(entry.name), 1024 * sum(kilobytes), status["Name"]))
    return found


def shared_fairly(process: Process) -> int:
    """Return a process's memory in bytes with each page divided by the number of those who share it."""
    try:
        lines = (PROC / str(process.pid) / "smaps_rollup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0  # it has ended
    fields = {name: value for name, _, value in (line.partition(":") for line in lines[1:])}
    return 1024 * sum(int(fields.get(name, "0 kB").split()[0]) for name in ("Pss_Anon", "Pss_Shmem", "SwapPss"))


def too_large(limits: Mapping[int, int], keep: Iterable[int] = ()) -> list[tuple[int, Process, int]]:
    """Return what to end: of each user whose processes take more than allowed together, the largest.

    Args:
        limits: Bytes by user.
        keep: Processes that are ended only where a user has no other, such as servers.

    Returns:
        The user, the process, and the bytes of all of the user's processes.
    """
    kept, found = set(keep), []
    for user, processes in processes_of(limits).items():
        # Counting fairly takes the system milliseconds for each process, so only who may take too much is looked at.
        if sum(process.memory for process in processes) <= limits[user]:
            continue
        fair = {process: shared_fairly(process) for process in processes}
        if (total := sum(fair.values())) > limits[user]:
            found.append((user, max(processes, key=lambda each: (each.pid not in kept, fair[each])), total))
    return found
