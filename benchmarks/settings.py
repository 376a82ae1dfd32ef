"""How to measure, and the environment of the process that measures."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

# glibc gives large blocks back to the system when they are freed, and the page faults of getting them again can
# double the time of a training step. With these a process keeps what it had; they act before it starts.
RESIDENT = {
    "MALLOC_MMAP_THRESHOLD_": str(4 * 2**30),
    "MALLOC_TRIM_THRESHOLD_": str(16 * 2**30),
    "MALLOC_TOP_PAD_": str(256 * 2**20),
}


@dataclass(frozen=True)
class Settings:
    """The settings of the command line; `seconds` and `pairs` are for each comparison in each pass."""

    only: tuple[str, ...]
    device: str = "cpu"
    threads: int = 1
    seconds: float = 2.0
    pairs: int = 7
    quick: bool = False
    resident: bool = True

    @property
    def allocator(self) -> str:
        """Name the C allocator's settings."""
        return "resident" if self.resident else "default"


def environment(settings: Settings, base: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the child's environment: one allocator setting for all contenders, and the number of threads."""
    kept = {name: value for name, value in base.items() if not name.startswith(("MALLOC_", "GLIBC_TUNABLES"))}
    threads = {name: str(settings.threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    return {**kept, **threads, **(RESIDENT if settings.resident else {})}
