"""How the hub starts somebody's server: as their own user, with limits, in their own workspace."""

import grp
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from jupyterhub.spawner import LocalProcessSpawner
from jupyterhub.utils import maybe_future
from tornado.ioloop import PeriodicCallback
from tornado.web import HTTPError
from traitlets import Integer, Set, Unicode

from softmoe_edu.hub import limits

LOOK_S = 1.0
"""Seconds between two looks at what everybody takes."""
ALONE, SHARING, READ = 0o077, 0o002, 0o022
"""Umasks of students, who share nothing, and of teachers, who share a course: with their group only if it is theirs."""


class OutsideError(HTTPError):
    """Somebody is not in the class; the hub's page shows its message."""

    def __init__(self, name: str) -> None:
        self.jupyterhub_message = f"{name} is not in this class: ask your teacher"
        super().__init__(403, self.jupyterhub_message)


def umask_of(teacher: str) -> int:
    """Return a teacher's umask: files are shared with the account's group where that is the account's own."""
    account = pwd.getpwnam(teacher)
    group = grp.getgrgid(account.pw_gid)
    own = group.gr_name == teacher and set(group.gr_mem) <= {teacher}
    return SHARING if own else READ


class ClassSpawner(LocalProcessSpawner):  # type: ignore[misc]  # an extra: its type is unknown
    """Starts a server for a teacher or a student.

    JupyterHub's `mem_limit` and `cpu_limit` hold here: the first for each process, and for all processes of a person
    together; the second as a number of threads and of cores.
    """

    folder = Unicode(help="The hub's folder.", config=True)
    teachers = Set(Unicode(), help="Who sees the course.", config=True)
    processes = Integer(512, help="Processes and threads of a person.", config=True)

    _running: ClassVar[dict[int, "ClassSpawner"]] = {}  # by user
    _watch: ClassVar[PeriodicCallback | None] = None
    cores: frozenset[int] = frozenset()

    def make_preexec_fn(self, name: str) -> Callable[[], None]:
        """Return what a new process does before it becomes the server: take limits, then become the user."""
        taken = [spawner.cores for spawner in self._running.values()]
        self.cores = frozenset(limits.cores_for(int(self.cpu_limit), taken))
        limit = limits.limiter(self.mem_limit, self.processes, self.cores)
        become = super().make_preexec_fn(name)
        umask = umask_of(name) if name in self.teachers else ALONE

        def prepare() -> None:
            limit()
            become()
            os.umask(umask)

        return prepare

    def get_env(self) -> dict[str, str]:
        """Return the server's environment: how many threads, and which settings of Jupyter and nbgrader."""
        role = "teacher" if self.user.name in self.teachers else "student"
        env = dict.fromkeys(limits.THREADS, str(int(self.cpu_limit)))
        settings = Path(self.folder) / "settings" / role
        return super().get_env() | env | {"JUPYTER_CONFIG_PATH": str(settings), "SOFTMOE_HUB": self.folder}

    async def start(self) -> Any:
        """Start the server, which writes into a log of its own, and watch what it takes.

        Raises:
            OutsideError: For who is in the class no more; a cookie or token may be older than that.
        """
        if not await maybe_future(self.authenticator.check_allowed(self.user.name, None)):
            raise OutsideError(self.user.name)
        logs = Path(self.folder) / "state" / "logs"
        logs.mkdir(mode=0o700, exist_ok=True)
        with (logs / f"{self.user.name}.log").open("wb") as log:
            self.popen_kwargs = {"stdout": log, "stderr": subprocess.STDOUT}
            address = await super().start()
        self._watched()
        return address

    async def poll(self) -> int | None:
        """Say whether the server runs; one that ran before the hub was started is watched from here on."""
        status: int | None = await super().poll()
        if status is None:
            self._watched()
        else:
            self._running.pop(self._user_id(), None)
        return status

    def _user_id(self) -> int:
        return pwd.getpwnam(self.user.name).pw_uid

    def _watched(self) -> None:
        self._running[self._user_id()] = self
        if ClassSpawner._watch is None:
            ClassSpawner._watch = PeriodicCallback(self._look, 1000 * LOOK_S)
            ClassSpawner._watch.start()

    @classmethod
    def _look(cls) -> None:
        """End the largest program of everybody whose programs take more memory than they may."""
        running = cls._running
        allowed = {user: spawner.mem_limit for user, spawner in running.items() if spawner.mem_limit}
        servers = [spawner.pid for spawner in running.values()]
        for user, process, total in limits.too_large(allowed, servers):
            running[user].log.warning(
                "%s takes %.1f GiB of %.1f: ended process %d (%s)",
                running[user].user.name,
                total / 2**30,
                allowed[user] / 2**30,
                process.pid,
                process.name,
            )
            try:
                os.kill(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


SERVER = [sys.executable, "-P", str(Path(__file__).with_name("own_server.py"))]
"""The command of a server; -P, since a student's home may hold a file that is called like a module."""
