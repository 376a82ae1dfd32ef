"""One process for one submission: started, limited, and ended with everything that it started."""

import contextlib
import json
import os
import select
import shutil
import signal
import site
import socket
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from softmoe_edu.teaching.discovery import course_folders
from softmoe_edu.teaching.grading.link import Link

try:
    import resource
except ImportError:  # Windows has no such limits
    resource = None

PACKAGE = Path(__file__).resolve().parents[2]
UIDS = 61_000  # users without rights and without a name: one for each worker
CALLBACK = 4 << 20  # bytes of numbers with which an answer may call a function of the grader
CALLBACK_MEMORY = 2 << 30  # bytes that such a call may take
START_S = 120.0
ENDING_S = 5.0  # for a process that is ending, and what it started
TRIED = {
    "connects": "the network: an answer can open connections",
    "reads": "your files: an answer can read what you can read, other submissions too",
    "writes": "your files: an answer can write where you can write",
    "sees": "your processes: an answer can see them and end those that you can end",
    "takes": "memory: an answer can take all of it",
    "is": "the user: an answer runs as you",
}


class Sandbox:
    """A process in which the functions of one submission run, and the link to it.

    Args:
        seconds: Processor time that the process has in all.
        worker: The number of the worker that uses it; each has a user of its own where this process runs as root.
    """

    def __init__(self, *, seconds: float, worker: int = 0) -> None:
        self.folder = tempfile.mkdtemp(prefix="softmoe-answer-")
        self.reason = ""
        wanted = wanted_of(self.folder, seconds=seconds, worker=worker)
        self._process = started(wanted)
        self.link = Link(self._process.stdout, self._process.stdin, around=bounded_memory, most=CALLBACK)

    def end_after(self, seconds: float) -> threading.Timer:
        """End the process after this time, unless the timer is cancelled."""
        timer = threading.Timer(seconds, self._late)
        timer.daemon = True
        timer.start()
        return timer

    def _late(self) -> None:
        self.reason = "it did not stop when its time was over"
        ended(self._process)

    @property
    def status(self) -> str:
        """How the process ended, in words; "" while it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(ENDING_S)
        code = self._process.poll()
        if self.reason or code is None:
            return self.reason
        number = -code if code < 0 else code - 128
        names = {int(each): each.name for each in signal.Signals}
        return f"it was ended by {names[number]}" if number in names else f"it ended with status {code}"

    def close(self) -> None:
        """End the process and all that it started, and remove its folder."""
        ended(self._process)
        # As long as one of its processes lives, the pipe has a writer.
        limit = time.monotonic() + ENDING_S
        with contextlib.suppress(OSError, ValueError):
            while select.select([self._process.stdout], [], [], max(0, limit - time.monotonic()))[0]:
                if not os.read(self._process.stdout.fileno(), 1 << 16):
                    break
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        self._process.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


@contextlib.contextmanager
def bounded_memory() -> Iterator[None]:
    """Let the block, a function of the grader called by an answer, take so much memory and no more.

    What an answer sends is small, but it may name sizes.
    """
    try:
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (used + CALLBACK_MEMORY if soft < 0 else soft, hard))
    except (OSError, ValueError, AttributeError):  # systems that know no such limit
        yield
        return
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def wanted_of(folder: str, *, seconds: float, worker: int) -> dict:
    """Return what the process is told about itself."""
    uid = UIDS + worker if hasattr(os, "geteuid") and os.geteuid() == 0 else 0
    if uid:
        os.chown(folder, uid, uid)
    path = [str(PACKAGE.parent), *(each for each in sys.path if each)]
    reads = {sys.prefix, sys.base_prefix, sysconfig.get_path("purelib"), str(PACKAGE), *map(str, course_folders())}
    reads |= {*site.getsitepackages(), "/usr", "/lib", "/lib64", "/etc", "/opt", "/proc", "/sys/devices/system/cpu"}
    reads |= {"/dev/urandom", "/dev/zero"}
    return {"folder": folder, "uid": uid, "seconds": int(seconds), "path": path, "reads": sorted(reads)}


def started(wanted: dict, errors: int = subprocess.DEVNULL) -> subprocess.Popen:
    """Start the process; it is the first of a session of its own."""
    kept = ("PATH", "LANG", "LC_ALL", "SOFTMOE_COURSE", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
    env = {name: os.environ[name] for name in kept if name in os.environ}
    env |= dict.fromkeys(("HOME", "TMPDIR", "TEMP", "TMP"), wanted["folder"])
    env |= {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "SOFTMOE_PROGRESS": "off"}
    script = str(Path(__file__).with_name("inside.py"))
    return subprocess.Popen(
        [sys.executable, "-I", "-B", script, json.dumps(wanted)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        env=env,
        cwd=wanted["folder"],
        start_new_session=True,
        bufsize=0,
    )


def ended(process: subprocess.Popen) -> None:
    """End a process and its group."""
    with contextlib.suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL) if hasattr(os, "killpg") else process.kill()
    with contextlib.suppress(OSError):
        process.kill()
    process.wait()


def missing() -> list[str]:
    """Try, in such a process, what an answer should not be able to do; return what it could do, in words.

    Raises:
        RuntimeError: If the process does not start.
    """
    with (
        tempfile.TemporaryDirectory(prefix="softmoe-canary-") as canary,
        socket.create_server(("127.0.0.1", 0)) as server,
    ):
        os.chmod(canary, 0o777)
        secret = Path(canary, "secret")
        secret.write_text("secret")
        folder = tempfile.mkdtemp(prefix="softmoe-answer-")
        wanted = wanted_of(folder, seconds=60, worker=0)
        wanted["try"] = {
            "connects": [server.getsockname()[1]],
            "reads": [str(secret)],
            "writes": [str(Path(canary, "written"))],
            "sees": [os.getpid()],
            "takes": [256 << 30],
        }
        if wanted["uid"]:
            wanted["try"]["is"] = [os.getuid()]
        process = started(wanted, subprocess.PIPE)
        timer = threading.Timer(START_S, process.kill)
        timer.start()
        said, errors = process.communicate()
        timer.cancel()
        ended(process)
        shutil.rmtree(folder, ignore_errors=True)
    try:
        found = json.loads(said)
    except ValueError:
        why = (errors.decode(errors="replace").strip().splitlines() or ["it says nothing"])[-1]
        raise RuntimeError(f"the process that runs answers does not start: {why}") from None
    return [words for what, words in TRIED.items() if found.get(what)]
