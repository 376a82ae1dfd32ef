"""One process that many tests share: what is tested in them is not its isolation."""

import sys
from pathlib import Path

import pytest

from softmoe_edu.teaching.grading.sandbox import Sandbox

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def sandbox():
    """Return a process that answers; a test that breaks it takes `own_sandbox`."""
    with Sandbox(seconds=300) as shared:
        yield shared


@pytest.fixture
def own_sandbox():
    """Return a process for one test."""
    with Sandbox(seconds=20, worker=7) as one:
        yield one
