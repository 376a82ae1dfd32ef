"""The limits of a process, and who is found to take too much; the running hub is in tests/browser/test_hub.py."""

import os
import subprocess
import sys

import pytest

if sys.platform != "linux":
    pytest.skip("a hub runs on Linux", allow_module_level=True)

from softmoe_edu.hub import limits, own_server

MIB = 1 << 20
TAKES = "import sys; x = bytearray(b'x') * ({} << 20); print('taken', flush=True); sys.stdin.read()"


def taker(mebibytes, **options):
    """Start a process that takes memory, and return it once it has."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    process = subprocess.Popen([sys.executable, "-c", TAKES.format(mebibytes)], **pipes, **options)
    assert process.stdout.readline() == "taken\n"
    return process


def test_a_process_cannot_take_more_than_its_limit():
    """Half of the limit is given and one and a half are a MemoryError; its limits, niceness and cores are set."""
    code = (
        "import os, resource\n"
        "x = bytearray(100 << 20)\n"
        "try:\n    y = bytearray(300 << 20)\nexcept MemoryError:\n    print('refused')\n"
        "print(resource.getrlimit(resource.RLIMIT_NPROC), end=' ')\n"
        "print(os.getpriority(os.PRIO_PROCESS, 0), len(os.sched_getaffinity(0)))"
    )
    before = os.getpriority(os.PRIO_PROCESS, 0)
    core = min(os.sched_getaffinity(0))
    limit = limits.limiter(200 * MIB, 4000, {core})
    done = subprocess.run([sys.executable, "-c", code], preexec_fn=limit, capture_output=True, text=True, check=True)

    assert done.stdout.split("\n")[:2] == ["refused", f"(4000, 4000) {min(19, before + limits.NICER)} 1"]


def test_cores_go_to_whom_the_fewest_have(monkeypatch):
    """Of five cores, two at a time: those that nobody has first, then those of the fewest."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 2, 3, 4})
    taken = []
    for _ in range(5):
        taken.append(limits.cores_for(2, taken))

    assert taken == [{0, 1}, {2, 3}, {0, 4}, {1, 2}, {3, 4}]
    assert limits.cores_for(9, []) == {0, 1, 2, 3, 4}


def test_the_largest_process_of_who_takes_too_much_is_found():
    """Sizes of all processes of a user are added up; a server is named only where it is alone."""
    small, large = taker(40), taker(90)
    try:
        found = {process.pid: process.memory for process in limits.processes_of([os.getuid()])[os.getuid()]}
        assert 40 * MIB < found[small.pid] < 80 * MIB < 90 * MIB < found[large.pid] < 130 * MIB

        assert [p.pid for _, p, _ in _among((small.pid, large.pid), 120 * MIB, ())] == [large.pid]
        assert [p.pid for _, p, _ in _among((small.pid, large.pid), 120 * MIB, (large.pid,))] == [small.pid]
        assert [p.pid for _, p, _ in _among((large.pid,), 80 * MIB, (large.pid,))] == [large.pid]
        assert _among((small.pid, large.pid), 400 * MIB, ()) == []
    finally:
        for process in (small, large):
            process.kill()
            process.communicate()


def _among(pids, most, keep):
    """Return what is too large among these processes alone: other tests may run as the same user."""
    known, user = limits.processes_of, os.getuid()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "processes_of", lambda users: {user: [p for p in known(users)[user] if p.pid in pids]})
        return limits.too_large({user: most}, keep)


def test_pages_that_children_share_count_once():
    """A process and three forks of it, which wrote nothing, take what one of them takes."""
    code = (
        "import os, sys\nx = bytearray(b'x') * (80 << 20)\n"
        "pids = []\n"
        "for _ in range(3):\n"
        "    pid = os.fork()\n"
        "    if pid == 0:\n        sys.stdin.buffer.raw.read(1)\n        os._exit(0)\n"
        "    pids.append(pid)\n"
        "print(*pids, flush=True)\nsys.stdin.buffer.raw.read(1)"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    parent = subprocess.Popen([sys.executable, "-c", code], **pipes)
    try:
        family = (parent.pid, *map(int, parent.stdout.readline().split()))
        processes = [each for each in limits.processes_of([os.getuid()])[os.getuid()] if each.pid in family]

        assert len(processes) == 4 and sum(each.memory for each in processes) > 320 * MIB
        assert 80 * MIB < sum(map(limits.shared_fairly, processes)) < 160 * MIB
        assert _among(family, 200 * MIB, ()) == []
    finally:
        parent.communicate("....")


def test_a_server_ends_what_is_idle():
    """Kernels, also with an open tab, terminals and the server end after the class's minutes."""
    options = own_server.idle(3600)

    assert "--MappingKernelManager.cull_idle_timeout=3600" in options
    assert "--MappingKernelManager.cull_connected=True" in options
    assert "--TerminalManager.cull_inactive_timeout=3600" in options
    assert "--ServerApp.shutdown_no_activity_timeout=3600" in options


def test_kernels_listen_at_files_unless_the_home_is_too_long(monkeypatch, tmp_path):
    """A Unix socket's path has 107 bytes at most: a longer home falls back to ports."""
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", "")
    monkeypatch.setenv("HOME", "/home/ada")
    assert own_server.own_sockets() == ["--KernelManager.transport=ipc"]
    assert os.environ["JUPYTER_RUNTIME_DIR"] == "/home/ada/.jupyter-run"

    monkeypatch.setenv("HOME", f"/home/{'a' * 60}")
    assert own_server.own_sockets() == []


@pytest.mark.slow
def test_a_server_delivers_lessons_without_torch(tmp_path):
    """The lessons are in the workspace, torch was not loaded, and the package can be imported whole afterwards."""
    code = (
        f"import sys; sys.path.insert(0, {str(own_server.PACKAGE.parent / 'softmoe_edu' / 'hub')!r})\n"
        "import pathlib, own_server\n"
        f"workspace = pathlib.Path({str(tmp_path / 'mine')!r})\n"
        "with own_server.without_torch():\n"
        "    from softmoe_edu import lab\n"
        "    lab.deliver(workspace, quiet=True)\n"
        "print('torch' in sys.modules, len(list(workspace.glob('*.ipynb'))))\n"
        "from softmoe_edu import MoE\n"
    )
    env = os.environ | {"PYTHONPATH": str(own_server.PACKAGE.parent)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)

    assert done.stdout.split() == ["False", "12"]
