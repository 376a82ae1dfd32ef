"""Random numbers that belong to a seed alone: global generators are left as they were."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from softmoe_edu.shapes import check_at_least


def generator_of(seed: int) -> torch.Generator:
    """Return a generator on the CPU, where the same seed gives the same numbers whatever device computes.

    Args:
        seed: A whole number of at least 0.

    Raises:
        TypeError: If seed is no whole number.
        ValueError: If seed is negative.
    """
    return torch.Generator("cpu").manual_seed(check_at_least("seed", seed, 0))


def stream_seed(seed: int, purpose: int, step: int = 0) -> int:
    """Mix three whole numbers into the seed of a stream, so that neighbours have nothing in common."""
    return int(np.random.SeedSequence((seed, purpose, step)).generate_state(1, np.uint64)[0])


@contextmanager
def own_randomness(device: torch.device) -> Iterator[None]:
    """Restore the global generators of the CPU and of device after the block."""
    if not _has_generator(device):
        devices, kind = [], "cuda"
    else:
        devices, kind = [0 if device.index is None else device.index], device.type
    with torch.random.fork_rng(devices, device_type=kind):
        yield


def _has_generator(device: torch.device) -> bool:
    """Return whether a device beside the CPU has a random state; the meta device, for one, has none."""
    return device.type != "cpu" and hasattr(getattr(torch, device.type, None), "get_rng_state")


def set_seed(device: torch.device, seed: int) -> None:
    """Seed the global generators of the CPU and of device, and no other."""
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(seed)
    elif _has_generator(device):
        torch.get_device_module(device).manual_seed(seed)
