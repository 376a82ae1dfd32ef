"""A real hub for a while: made by `softmoe-edu hub`, with accounts of this machine that are removed at the end.

The benchmark of a class and the tests of the hub run it. It needs root, or sudo without a password.
"""

import contextlib
import csv
import io
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from softmoe_edu.files import write_atomically
from softmoe_edu.hub import limits, needs
from softmoe_edu.hub.classroom import WORKSPACE
from softmoe_edu.hub.folder import write
from softmoe_edu.hub.rights import closed_above

REPOSITORY = Path(__file__).resolve().parents[1]
START_S = 60
# Where Python lies in somebody's closed home, as pyenv puts it, students could not run it. In a mount namespace of its
# own the hub finds nothing of that home but Python, under the same path; outside nothing changes.
OPENED = """
set -e
closed=$1; shift
held=$(mktemp -d)
mount --make-rprivate /
mount --bind "$closed" "$held"
mount -t tmpfs -o mode=755 tmpfs "$closed"
while [ "$1" != -- ]; do mkdir -p "$1"; mount --bind "$held/${1#"$closed"/}" "$1"; shift; done
shift
umount "$held"
rmdir "$held"
exec "$@"
"""


@dataclass(frozen=True)
class Hub:
    """A hub that runs: its address, folder, process, log, first passwords, who is in it, and the log's size so far."""

    base: str
    folder: Path
    process: subprocess.Popen
    log: Path
    passwords: dict[str, str]
    teachers: tuple[str, ...]
    students: tuple[str, ...]
    begun: int = 0

    def run(self, name: str, command: str, *, given: str = "", fails: bool = False) -> str:
        """Run a command as somebody would in a terminal of their server, and return what it said.

        Args:
            name: Whose account.
            command: For a shell, in the workspace.
            given: What the command reads.
            fails: Whether it has to fail, and not to succeed.
        """
        teacher = name in self.teachers
        settings = self.folder / "settings" / ("teacher" if teacher else "student")
        env = {"HOME": home(name), "USER": name, "JUPYTER_CONFIG_PATH": str(settings), "OMP_NUM_THREADS": "1"}
        words = ["setpriv", f"--reuid={name}", f"--regid={name}", "--init-groups", "env", *pairs(env)]
        umask = "002" if teacher else "077"
        words += ["sh", "-c", f"umask {umask}; cd ~/{WORKSPACE} && {command}"]
        done = subprocess.run(as_root(*words), input=given, capture_output=True, text=True, timeout=300, check=False)
        said = f"{done.stdout}\n{done.stderr}"
        assert (done.returncode != 0) == fails, f"{name}: {command}\n{said[-4000:]}"
        return said

    def logged(self) -> str:
        """Return what the hub and everybody's servers wrote into their logs."""
        command = as_root("sh", "-c", f"cat {self.folder}/state/logs/*", alone=False)
        servers = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        return f"{self.log.read_text('utf-8')[-3000:]}\n{servers[-3000:]}"


def why_not() -> str | None:
    """Return why no hub can run here; None if one can."""
    if lacking := needs.missing(search_path()):
        return "; ".join(lacking)
    if os.geteuid() != 0 and subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode:
        return "a class hub needs accounts, which root makes: run this as root, or allow sudo without a password"
    return None


def search_path() -> str:
    """Return the PATH on which this Python's programs and the proxy of the checkout are found, too."""
    own = (Path(sys.executable).parent, REPOSITORY / "node_modules" / ".bin")
    return os.pathsep.join([*map(str, own), os.environ["PATH"]])


def pairs(env: dict[str, str]) -> list[str]:
    """Return variables as `env` takes them."""
    return [f"{name}={value}" for name, value in env.items()]


def home(name: str) -> str:
    """Return the home of an account."""
    return pwd.getpwnam(name).pw_dir


def as_root(*words: str, alone: bool = True) -> list[str]:
    """Return a command that runs words as root, with this Python and the proxy on the path.

    With `alone`, in a mount namespace in which everybody can reach this Python, if they cannot anyway.
    """
    known = {"PATH": search_path(), "PYTHONPATH": str(REPOSITORY), "LANG": "C.UTF-8"}
    start = [*([] if os.geteuid() == 0 else ["sudo", "-n"]), "env", *pairs(known)]
    needed = {Path(sys.base_prefix).resolve(), Path(sys.prefix), REPOSITORY}
    # The folders that hold a program's bin and lib.
    found = (shutil.which(name, path=search_path()) for name in ("node", needs.PROXY))
    needed |= {Path(each).resolve().parents[1] for each in found if each}
    closed: dict[Path, list[Path]] = {}
    for each in sorted(needed):
        if above := closed_above(each):
            inside = closed.setdefault(above, [])
            if not any(each.is_relative_to(other) for other in inside):
                inside.append(each)
    if alone:
        for above, inside in closed.items():
            start += ["unshare", "--mount", "sh", "-c", OPENED, "sh", str(above), *map(str, inside), "--"]
    return [*start, *words]


@contextlib.contextmanager
def running(
    teachers: int, students: int, *, files: Mapping[str, str] = MappingProxyType({}), **settings: str | int
) -> Iterator[Hub]:
    """Run a hub for so many teachers and students, whose accounts have names that nobody else has.

    Args:
        teachers: Called `hub.teachers`.
        students: Called `hub.students`.
        files: Further files of the hub's folder, by their path in it; once it runs, all there is root's.
        settings: Settings of class.toml.
    """
    stem = f"moe{secrets.token_hex(3)}"
    people = [[f"{stem}{role}{i}" for i in range(count)] for role, count in (("t", teachers), ("s", students))]
    with tempfile.TemporaryDirectory(prefix="softmoe-hub-") as top:
        Path(top).chmod(0o755)
        folder, log = Path(top, "class"), Path(top, "hub.log")
        try:
            port = three_ports()
            for name, text in files.items():
                write_atomically(folder / name, text.encode())
            passwords = _written(folder, people, {"port": port, "group": stem} | settings)
            with log.open("wb") as out:
                command = as_root(sys.executable, "-m", "jupyterhub")
                process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=out, start_new_session=True)
            hub = Hub(f"http://127.0.0.1:{port}", folder, process, log, passwords, *map(tuple, people))
            try:
                _wait(hub)
                # Whoever asks before the hub is ready has its proxy log an error.
                yield replace(hub, begun=log.stat().st_size)
            finally:
                _stop(hub)
        finally:
            for name in (name for names in people for name in names):
                _quietly("userdel", "--remove", name)
            _quietly("groupdel", stem)
            _quietly("rm", "-rf", str(folder))


def three_ports() -> int:
    """Return a port that is free together with the two after it."""
    while True:
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError, OverflowError):
            first = 0
            for i in range(3):
                taken = stack.enter_context(socket.socket())
                taken.bind(("127.0.0.1", first + i if first else 0))
                first = first or taken.getsockname()[1]
            return first


def _written(folder: Path, people: list[list[str]], settings: dict[str, str | int]) -> dict[str, str]:
    """Write a hub and have its command make the accounts; return their passwords."""
    write(folder, {"teachers": tuple(people[0]), "students": tuple(people[1])} | settings)
    command = [sys.executable, "-m", "softmoe_edu.cli", "hub", str(folder), "--accounts"]
    _checked(as_root(*command, alone=False))
    told = _checked(as_root("cat", str(folder / "passwords.csv"), alone=False))
    return {row["id"]: row["password"] for row in csv.DictReader(io.StringIO(told))}


def _checked(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def _quietly(*words: str) -> None:
    subprocess.run(as_root(*words, alone=False), capture_output=True, check=False)


def _wait(hub: Hub) -> None:
    """Wait until the hub shows where to sign in."""
    deadline = time.monotonic() + START_S
    while hub.process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{hub.base}/hub/login", timeout=2) as answer:
            if b"username_input" in answer.read():
                return
        time.sleep(0.1)
    raise RuntimeError(f"the hub did not answer at {hub.base}; its log ends:\n{hub.log.read_text('utf-8')[-3000:]}")


def _stop(hub: Hub) -> None:
    """End everybody's processes, which need no long good-bye, and then the hub."""
    users = [pwd.getpwnam(name).pw_uid for name in (*hub.teachers, *hub.students)]
    left = [str(each.pid) for processes in limits.processes_of(users).values() for each in processes]
    if left:
        _quietly("kill", "-9", *left)
    _quietly("kill", str(hub.process.pid))
    try:
        hub.process.wait(60)
    except subprocess.TimeoutExpired:
        _quietly("kill", "-9", str(hub.process.pid))
        hub.process.wait()
