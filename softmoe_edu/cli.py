"""The command softmoe-edu: `softmoe-edu lab` opens the lessons in JupyterLab, in a workspace of the learner's own."""

import argparse
import importlib.util
import json
import os
import socket
import sys
from pathlib import Path

from softmoe_edu import __version__, lessons

# Defaults of JupyterLab's settings; what a learner has chosen in JupyterLab still wins.
SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    "@jupyterlab/docmanager-extension:plugin": {"renameUntitledFileOnSave": False},
}


def main(argv: list[str] | None = None) -> None:
    """Run the command line; a mistake in it ends with one sentence and status 1 or 2."""
    parser = argparse.ArgumentParser(prog="softmoe-edu", description=__doc__)
    parser.add_argument("--version", action="version", version=f"softmoe-edu {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("lab", help="copy the lessons into a workspace and open JupyterLab there")
    command.add_argument(
        "workspace", nargs="?", type=Path, default=Path("softmoe_lab"), metavar="DIR", help="default: ./softmoe_lab"
    )
    command.add_argument("--no-browser", action="store_true", help="start the server and open no browser")
    command.add_argument("--port", type=port, help="the server's port; without it, the first free one from 8888 on")
    arguments = parser.parse_args(argv)
    try:
        lab(arguments.workspace, browser=not arguments.no_browser, port=arguments.port)
    except KeyboardInterrupt:
        sys.exit(130)


def port(text: str) -> int:
    """Read a port number that is free on this machine."""
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"expected a number from 1 to 65535, got {text!r}")
    with socket.socket() as probe:
        # As servers do on POSIX: a port whose last connection has just closed counts as free.
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(text)))
        except OSError as error:
            raise argparse.ArgumentTypeError(f"{text} cannot be used ({error.strerror}): choose another one") from None
    return int(text)


def lab(workspace: Path, *, browser: bool = True, port: int | None = None) -> None:
    """Deliver the lessons into the workspace and run JupyterLab there until it is stopped."""
    if importlib.util.find_spec("jupyterlab") is None:
        sys.exit("softmoe-edu lab needs JupyterLab, which is not installed: python -m pip install jupyterlab")
    workspace = workspace.expanduser().resolve()
    if workspace.exists() and not workspace.is_dir():
        sys.exit(f"the workspace must be a folder, got the file {workspace}: name another one, softmoe-edu lab DIR")
    try:
        source = lessons.folder()
        if workspace == source:
            sys.exit(f"{workspace} holds the lessons themselves: name another folder as the workspace")
        print(*lessons.deliver(workspace, source), sep="\n")
        settings = workspace / ".softmoe" / "jupyter" / "labconfig" / "default_setting_overrides.json"
        lessons.write_atomically(settings, json.dumps(SETTINGS, indent=1).encode())
    except FileNotFoundError as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"cannot write the lessons into {workspace} ({error.strerror}): name a folder that you can write to")
    first = min(path.name for path in source.glob("*.ipynb"))
    print("Opening JupyterLab; Ctrl-C here stops it.", flush=True)
    start(server_arguments(workspace, first, browser=browser, port=port), config=settings.parent.parent)


def server_arguments(workspace: Path, first: str, *, browser: bool, port: int | None) -> list[str]:
    """Give JupyterLab's command line: this machine only, Jupyter's own token, nothing fetched from the network."""
    arguments = [
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.root_dir={workspace}",
        f"--LabApp.default_url=/lab/tree/{first}",
        # Tabs are remembered in the workspace; the learner's other JupyterLab sessions keep theirs.
        f"--LabApp.workspaces_dir={workspace / '.softmoe' / 'layouts'}",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
        "--ServerApp.answer_yes=True",
        # The address is told at the highest level; warnings about the server help no learner.
        "--Application.log_level=ERROR",
    ]
    if not browser:
        arguments.append("--no-browser")
    if port is not None:
        arguments += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # In a container root is often the only user; Jupyter refuses to serve root unasked.
        arguments.append("--allow-root")
    return arguments


def start(arguments: list[str], config: Path) -> None:
    """Run JupyterLab in this process; config is one more folder of settings, the user's own ones stay in force."""
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(
        filter(None, [str(config), os.environ.get("JUPYTER_CONFIG_PATH")])
    )
    from jupyterlab.labapp import main as run

    sys.exit(run(arguments))


if __name__ == "__main__":
    main()
