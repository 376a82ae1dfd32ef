"""Somebody's own server on a hub: the lessons are delivered into their workspace, and Jupyter serves it quietly.

The hub runs this file as a program. It has no use for torch, which would take a tenth of a student's memory and two
seconds of a core for each that starts.
"""

import argparse
import contextlib
import os
import sys
import types
import uuid
from collections.abc import Iterator
from pathlib import Path

LONGEST_SOCKET = 107  # bytes in the path of a Unix socket
PACKAGE = Path(__file__).resolve().parents[1]


@contextlib.contextmanager
def without_torch() -> Iterator[None]:
    """Let modules of the package be imported without the package's own names, which import torch."""
    bare = types.ModuleType(PACKAGE.name)
    bare.__path__ = [str(PACKAGE)]
    sys.modules[PACKAGE.name] = bare
    try:
        yield
    finally:
        # Extensions of the server, such as the grader's, find the package whole.
        for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE.name]:
            del sys.modules[name]


def idle(seconds: int) -> list[str]:
    """Return the options that end kernels, terminals and then the server after so many seconds without activity."""
    look = max(1, min(60, seconds // 2))
    return [
        f"--MappingKernelManager.cull_idle_timeout={seconds}",
        f"--MappingKernelManager.cull_interval={look}",
        # A tab that was left open would keep a kernel for ever.
        "--MappingKernelManager.cull_connected=True",
        f"--TerminalManager.cull_inactive_timeout={seconds}",
        f"--TerminalManager.cull_interval={look}",
        f"--ServerApp.shutdown_no_activity_timeout={seconds}",
    ]


def own_sockets() -> list[str]:
    """Return the options by which kernels listen at files of this user's, and not at ports of the machine.

    Servers of a class that start kernels at the same time would take each other's ports.
    """
    runtime = Path.home() / ".jupyter-run"
    if len(os.fsencode(runtime / f"kernel-{uuid.uuid4()}-ipc-5")) > LONGEST_SOCKET:
        return []  # this home has a long name
    os.environ["JUPYTER_RUNTIME_DIR"] = str(runtime)
    return ["--KernelManager.transport=ipc"]


def main() -> None:
    """Deliver the lessons and serve them until the hub says stop."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--idle-seconds", type=int, required=True)
    parser.add_argument("--workspace", required=True)
    own, given = parser.parse_known_args()
    workspace = Path.home() / own.workspace
    with without_torch():
        from softmoe_edu import lab

        source = lab.deliver(workspace, quiet=True)
        # Submissions that are fetched lie here: where a home is open to others, this is not.
        workspace.chmod(0o700)
        course = Path(os.environ["SOFTMOE_HUB"], "course")
        # The grader's page shows only what lies below the folder that is served.
        if os.access(course, os.W_OK) and not os.path.lexists(workspace / "course"):
            (workspace / "course").symlink_to(course)
        first = min(path.name for path in source.glob("*.ipynb"))
        arguments = [*lab.what_is_served(workspace, first), "--Application.log_level=ERROR"]
        arguments += [*idle(own.idle_seconds), *own_sockets(), *given]
        lab.configured(lab.settings(workspace))
    from jupyterhub.singleuser import main as serve

    serve(arguments)


if __name__ == "__main__":
    main()
