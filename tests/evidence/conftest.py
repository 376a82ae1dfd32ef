"""Tests of the engine use a claim of their own."""

import pytest

from softmoe_edu.evidence import catalogue, ledger, runner
from softmoe_edu.evidence.claim import Claim


@pytest.fixture
def given(monkeypatch):
    """Put a claim of one's own in place of all others, under the name "numbers"."""

    def use(claim: Claim) -> None:
        for module in (catalogue, runner, ledger):
            monkeypatch.setattr(module, "find_claim", lambda name: claim)
        monkeypatch.setattr(ledger, "names", lambda: ("numbers",))

    return use
