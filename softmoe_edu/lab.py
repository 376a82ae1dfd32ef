"""Deliver the lessons into a learner's workspace, and run JupyterLab there with quiet settings."""

import contextlib
import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Any

from softmoe_edu import lessons
from softmoe_edu.files import FULL, write_atomically
from softmoe_edu.shadowing import harmful, in_place_of

SETTINGS: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "lab_settings.json").read_bytes())
"""Defaults of JupyterLab's settings; what a learner has chosen in JupyterLab still wins.

An installation puts the same file where every JupyterLab of its environment reads it, on a hub too.
"""


def deliver(workspace: Path, *, quiet: bool = False) -> Path:
    """Copy the lessons into a folder, say what happened unless quiet, and return the folder that they came from.

    Exits with one sentence where it cannot.
    """
    workspace = workspace.expanduser().resolve()
    if workspace.exists() and not workspace.is_dir():
        sys.exit(f"the workspace must be a folder, got the file {workspace}: name another one")
    try:
        source = lessons.folder()
        if workspace == source:
            sys.exit(f"{workspace} holds the lessons themselves: name another folder as the workspace")
        told = lessons.deliver(workspace, source)
    except FileNotFoundError as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(_not_written(workspace, error))
    if not quiet:
        print(*told, sep="\n")
    return source


def settings(workspace: Path) -> Path:
    """Write `SETTINGS` into the workspace, and return the folder of Jupyter's configuration that they lie in.

    Exits with one sentence where it cannot.
    """
    path = workspace / ".softmoe" / "jupyter" / "labconfig" / "default_setting_overrides.json"
    try:
        write_atomically(path, json.dumps(SETTINGS, indent=1).encode())
    except OSError as error:
        sys.exit(_not_written(workspace, error))
    return path.parent.parent


def main(
    workspace: Path, *, browser: bool = True, ip: str = "127.0.0.1", port: int | None = None, base_url: str = "/"
) -> None:
    """Deliver the lessons into the workspace and run JupyterLab there until it is stopped."""
    if importlib.util.find_spec("jupyterlab") is None:
        sys.exit("softmoe-edu lab needs JupyterLab, which is not installed: python -m pip install jupyterlab")
    workspace = workspace.expanduser().resolve()
    if address := running_in(workspace):
        sys.exit(
            f"JupyterLab already runs in {workspace}, at {address}\n"
            "Open that address, or stop it there with Ctrl-C, or name another folder."
        )
    source = deliver(workspace)
    config = settings(workspace)
    if hidden := harmful(workspace):
        sys.exit("\n".join(in_place_of(path, what) for path, what in hidden.items()))
    first = min(path.name for path in source.glob("*.ipynb"))
    print("Opening JupyterLab ...", flush=True)
    arguments = server_arguments(workspace, first, browser=browser, ip=ip, port=port, base_url=base_url)
    try:
        start(arguments, config)
    except OSError as error:
        sys.exit(_not_written(workspace, error))


def running_in(workspace: Path) -> str | None:
    """Return the address of a Jupyter server of this user that serves the workspace; None if there is none."""
    from jupyter_server.serverapp import list_running_servers

    # What a full disk or another program left there is no running server.
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        for server in list_running_servers():
            if Path(server["root_dir"]).resolve() == workspace:
                return str(server["url"]) + (f"?token={server['token']}" if server["token"] else "")
    return None


def server_arguments(
    workspace: Path, first: str, *, browser: bool, ip: str, port: int | None, base_url: str
) -> list[str]:
    """Return JupyterLab's command line: Jupyter's own token, and nothing fetched from the network."""
    base_url = f"/{base_url.strip('/')}/".replace("//", "/")
    arguments = [f"--ServerApp.ip={ip}", f"--ServerApp.base_url={base_url}", "--ServerApp.answer_yes=True"]
    arguments += what_is_served(workspace, first)
    if not browser:
        arguments.append("--no-browser")
    if port is not None:
        arguments += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # In a container root is often the only user; Jupyter refuses to serve root unasked.
        arguments.append("--allow-root")
    return arguments


def what_is_served(workspace: Path, first: str) -> list[str]:
    """Return what every server of lessons is told: the workspace, the lesson that opens, and to fetch nothing."""
    return [
        f"--ServerApp.root_dir={workspace}",
        f"--LabApp.default_url=/lab/tree/{first}",
        # Tabs are remembered in the workspace; the learner's other JupyterLab sessions keep theirs.
        f"--LabApp.workspaces_dir={workspace / '.softmoe' / 'layouts'}",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
    ]


def _not_written(workspace: Path, error: OSError) -> str:
    cause = error.__cause__
    error = cause if isinstance(cause, OSError) else error
    what = "free some space there" if error.errno in FULL else "name a folder that you can write to"
    return f"cannot write the lessons into {workspace} ({error.strerror}): {what}"


def start(arguments: list[str], config: Path) -> None:
    """Run JupyterLab in this process; config is one more folder of settings; the user's own stay in force."""
    from softmoe_edu.server import serve

    log = config / "log.txt"
    configured(config)
    serve(arguments, log)


def configured(config: Path) -> None:
    """Have Jupyter read one more folder of settings, in this process and in what it starts."""
    folder = str(config)
    if os.pathsep in folder:
        # A list of paths cannot hold it: it is named from the workspace, where nothing stands before it.
        os.chdir(config.parent.parent)
        folder = os.path.relpath(config)
    known = os.environ.get("JUPYTER_CONFIG_PATH")
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, [folder, known]))
