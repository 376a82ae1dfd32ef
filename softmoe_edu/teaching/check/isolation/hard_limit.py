"""While a class is graded: end a process that one call into C holds up, so that the next submission has its turn."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator

GRADING = "SOFTMOE_GRADING"  # for other graders
PATIENCE_S = 30.0  # after the limit of the check, which stops whatever can be stopped from inside

# In a process of its own: nothing inside the one that it watches, where C code may hold the interpreter, can be asked.
WATCH = """
import os, signal, sys, threading

def end():
    os.kill(int(sys.argv[1]), getattr(signal, "SIGKILL", signal.SIGTERM))

threading.Timer(float(sys.argv[2]), end).start()
sys.stdin.buffer.read(1)
os._exit(0)
"""


def is_grading() -> bool:
    """Whether a grader runs this process: nbgrader, Otter, or another one that sets SOFTMOE_GRADING."""
    otter = getattr(sys.modules.get("otter"), "Notebook", None)
    by_otter = getattr(otter, "_grading_mode", False)
    return by_otter or bool(os.environ.get(GRADING)) or os.environ.get("NBGRADER_EXECUTION") == "autograde"


@contextlib.contextmanager
def hard_limit(seconds: float) -> Iterator[None]:
    """End this process where the block, while grading, takes longer than these seconds and PATIENCE_S.

    That costs this submission its grade, and no other one. Without a grader no process is ended.

    Args:
        seconds: The limit that the block has already, by `time_limit`.
    """
    if not is_grading():
        yield
        return
    command = [sys.executable, "-I", "-S", "-c", WATCH, str(os.getpid()), str(seconds + PATIENCE_S)]
    watcher = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        # A word, and not the end of the pipe: copies of this process may hold it open.
        with contextlib.suppress(OSError):
            watcher.stdin.write(b".")
            watcher.stdin.close()
        watcher.wait()
