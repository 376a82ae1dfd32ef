"""One thread in each process, the slowest files first, and the marker `quick` for everything that takes moments."""

import os

import pytest

# More threads lose more by waiting for each other than they gain on small inputs, and sums would change their order.
# Kernels and other programs that tests start inherit this.
os.environ["OMP_NUM_THREADS"] = "1"

import torch

torch.set_num_threads(1)

# In the order in which they start, so that no process is left with a long file when the others are done.
LONG = ("grader", "notebook", "browser", "wheel", "compiled", "slow")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is quick, and put files with the longest tests first."""
    first: dict[object, int] = {}
    for item in items:
        rank = next((i for i, name in enumerate(LONG) if item.get_closest_marker(name)), len(LONG))
        if rank == len(LONG):
            item.add_marker("quick")
        first[item.path] = min(rank, first.get(item.path, rank))
    items.sort(key=lambda item: first[item.path])
