"""Whose server is started, apart from a hub; a whole hub runs in tests/browser/test_hub.py."""

import asyncio
import importlib.util
import os
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

if importlib.util.find_spec("jupyterhub") is None and os.environ.get("CI") != "true":
    pytest.skip("JupyterHub is not installed: python -m pip install 'softmoe-edu[hub]'", allow_module_level=True)


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    "group, members, umask",
    [("tina", [], 0o002), ("tina", ["tina"], 0o002), ("users", [], 0o022), ("tina", ["tina", "eve"], 0o022)],
)
def test_a_teachers_files_are_shared_with_a_group_of_their_own_only(monkeypatch, group, members, umask):
    """Where accounts share a group, its members could write into a teacher's home."""
    from softmoe_edu.hub import spawner

    monkeypatch.setattr(spawner.pwd, "getpwnam", lambda name: SimpleNamespace(pw_gid=7))
    monkeypatch.setattr(spawner.grp, "getgrgid", lambda number: SimpleNamespace(gr_name=group, gr_mem=members))

    assert spawner.umask_of("tina") == umask


@pytest.mark.filterwarnings("default")  # the imports' own warnings are not ours
def test_nobody_outside_of_the_class_gets_a_server():
    """A cookie or token that is older than the class's list starts nothing, and the page says whom to ask."""
    from softmoe_edu.hub.spawner import ClassSpawner, OutsideError

    class Nowhere(ClassSpawner):
        """A spawner without a hub, which its constructor would need."""

        def __init__(self):
            pass

    spawner, asked = Nowhere(), []
    spawner.user = SimpleNamespace(name="eve")
    spawner.authenticator = SimpleNamespace(check_allowed=lambda name, known: asked.append(name) or name != "eve")
    # In a thread of its own: a browser of another test may have a loop in this one.
    with ThreadPoolExecutor(1) as thread, pytest.raises(OutsideError) as refused:
        thread.submit(lambda: asyncio.run(spawner.start())).result()

    assert asked == ["eve"] and refused.value.status_code == 403
    assert refused.value.jupyterhub_message == "eve is not in this class: ask your teacher"
