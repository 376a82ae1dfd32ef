"""A workspace and a session of its own for each test that asks for them."""

import pytest

from softmoe_edu.teaching import progress
from softmoe_edu.teaching.predict import asking


@pytest.fixture
def new_session(monkeypatch):
    """Forget what is only in memory, as a restarted kernel does; what comes back does it again when called."""

    def forget():
        monkeypatch.setattr(progress, "_session", [])
        monkeypatch.setattr(progress, "_said", set())
        monkeypatch.setattr(progress, "_known", [])

    forget()
    return forget


@pytest.fixture
def workspace(tmp_path, monkeypatch, new_session):
    """The current folder is lessons/ in a workspace, in a session that has noted nothing yet."""
    (tmp_path / ".softmoe").mkdir()
    (tmp_path / "lessons").mkdir()
    monkeypatch.chdir(tmp_path / "lessons")
    monkeypatch.delenv(progress.SWITCH, raising=False)
    return tmp_path


@pytest.fixture
def plain(monkeypatch):
    """Questions are asked as text."""
    monkeypatch.setenv(asking.PLAIN, "1")
