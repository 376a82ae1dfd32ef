"""Run JupyterLab in this process with a quiet terminal: what it, its extensions and kernels print goes into a file."""

import contextlib
import logging
import os
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from softmoe_edu.files import why_not_written

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

READ_TOO = {"JUPYTER_DATA_DIR": "JUPYTER_PATH", "JUPYTER_CONFIG_DIR": "JUPYTER_CONFIG_PATH"}
"""Where Jupyter also looks, so that a learner's own kernels and settings stay in force when nothing can be written."""


OWN = {"jupyter_core", "jupyter_server", "jupyterlab", "jupyterlab_server", "tornado", "traitlets"}
"""The packages whose errors a learner sees; those of extensions are for who installed them."""


class Terminal(logging.Handler):
    """Errors of JupyterLab for a learner: one line each, without a traceback, once the server runs.

    Attributes:
        held: what was reported before the server ran.
        running: whether it runs; what it then calls critical is only that it stops.
    """

    def __init__(self, stream: TextIO, log: Path) -> None:
        super().__init__(logging.ERROR)
        self.stream, self.log = stream, log
        self.held: list[logging.LogRecord] = []
        self.running = False
        self._told: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Print the first line of an error the first time that it happens."""
        if not self.running:
            self.held.append(record)
            return
        line = first_line(record)
        # What a request came to is told in the browser.
        skipped = record.levelno != logging.ERROR or record.funcName == "log_request" or line in self._told
        if not skipped and _own(record):
            self._told.add(line)
            self.say(f"JupyterLab reports: {line}", f"    more in {self.log}")

    def ready(self, *lines: str) -> None:
        """Print lines, and what went wrong so far; from now on errors are printed as they happen."""
        self.running = True
        for record in self.held:
            self.emit(record)
        self.say(*lines)

    def say(self, *lines: str) -> None:
        """Print lines; a terminal that has been closed is no reason to stop."""
        with contextlib.suppress(OSError):
            print(*lines, sep="\n", file=self.stream, flush=True)


def first_line(record: logging.LogRecord) -> str:
    """Return what a record says first."""
    return record.getMessage().strip().partition("\n")[0]


def _own(record: logging.LogRecord) -> bool:
    return not OWN.isdisjoint(Path(record.pathname).parts)


def serve(arguments: Sequence[str], log: Path) -> None:
    """Run JupyterLab until it is stopped, then exit with its status.

    Args:
        arguments: JupyterLab's command line.
        log: The file for everything that is printed, in a folder that can be written; an older one is replaced.

    Raises:
        SystemExit: Always, with a sentence if the server cannot be started.
        OSError: If the log cannot be written.
    """
    with _kept_folders():
        out, err = _print_into(log)
        terminal = Terminal(out, log)
        try:
            _run(arguments, terminal)
        except SystemExit as error:
            if not error.code:
                raise
            reasons = [first_line(record) for record in terminal.held if _own(record)]
            reason = reasons[-1] if reasons and not terminal.running else str(error.code)
        except Exception as error:
            traceback.print_exc()
            reason = str(error) if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
        else:
            sys.exit()
        what = "JupyterLab has stopped" if terminal.running else "JupyterLab cannot be started"
        print(f"{what}: {reason}", f"Everything it said is in {log}", sep="\n", file=err, flush=True)
        sys.exit(1)


def address(server: "ServerApp") -> list[str]:
    """Return lines with the address that opens a running server, with the token that it made."""
    everywhere = server.ip in ("", "*", "0.0.0.0", "::")
    url = server.local_url if everywhere else server.public_url
    made, other = server.identity_provider.token_generated, []
    if everywhere:
        other.append("From other machines, put the name or address of this one in place of 127.0.0.1.")
    if not made and server.identity_provider.auth_enabled:
        other.append("It asks for the token or password that you chose.")
    return ["JupyterLab runs at", f"    {url if made else url.partition('?')[0]}", *other]


def _run(arguments: Sequence[str], terminal: Terminal) -> None:
    from jupyterlab.labapp import LabApp

    handlers = {"terminal": {"()": lambda: terminal}}
    loggers = {"ServerApp": {"handlers": ["console", "terminal"]}}
    server = LabApp.initialize_server(list(arguments), logging_config={"handlers": handlers, "loggers": loggers})
    server.io_loop.add_callback(_greet, server, terminal)
    server.start()
    terminal.say("JupyterLab has stopped.")


def _greet(server: "ServerApp", terminal: Terminal) -> None:
    terminal.ready(*address(server), "Ctrl-C here stops it.")


def _print_into(log: Path) -> tuple[TextIO, TextIO]:
    """Send what this process and its children print into a file from now on; return streams to where it went before.

    Kernels inherit the descriptors of a server, and write warnings that nobody who learns can do anything about;
    extensions go on writing after the server has stopped.
    """
    # It holds the token.
    log.unlink(missing_ok=True)
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    streams = []
    for stream, descriptor in ((sys.stdout, 1), (sys.stderr, 2)):
        stream.flush()
        streams.append(open(os.dup(descriptor), "w", encoding=stream.encoding, errors="replace"))
        os.dup2(file, descriptor)
    os.close(file)
    out, err = streams
    return out, err


@contextlib.contextmanager
def _kept_folders() -> Iterator[None]:
    """Where the learner's own folders cannot be written, let Jupyter and its kernels use one that goes afterwards."""
    folders = _own_folders()
    reasons = {name: reason for name, places in folders.items() if (reason := _unusable(places))}
    if not reasons:
        yield
        return
    print(f"Jupyter cannot write into {next(iter(reasons.values()))}: it will not remember its settings.", flush=True)
    try:
        temporary = tempfile.TemporaryDirectory(prefix="softmoe-edu-", ignore_cleanup_errors=True)
    except OSError as error:
        sys.exit(f"no folder for temporary files can be written ({error.strerror}): set TMPDIR to one that can be")
    with temporary as parent:
        for name in reasons:
            os.environ[name] = os.path.join(parent, name.lower())
            os.mkdir(os.environ[name], 0o700)
            if name in READ_TOO:
                known = (os.environ.get(READ_TOO[name]), str(folders[name][0]))
                os.environ[READ_TOO[name]] = os.pathsep.join(filter(None, known))
        yield


def _own_folders() -> dict[str, list[Path]]:
    """Return what is written in a learner's home, by the variable that names another place for it."""
    from jupyter_core.paths import jupyter_config_dir, jupyter_data_dir, jupyter_runtime_dir
    from jupyterlab.commands import get_user_settings_dir

    home = Path.home()
    if own := os.environ.get("MPLCONFIGDIR"):
        matplotlib = [Path(own)]
    elif sys.platform.startswith(("linux", "freebsd")):
        kinds = ("CONFIG", "CACHE")
        matplotlib = [Path(os.environ.get(f"XDG_{kind}_HOME") or home / f".{kind.lower()}") for kind in kinds]
    else:
        matplotlib = [home / ".matplotlib"]
    return {
        # A home that can be looked into stays: what is in it is read.
        **({} if _open(home) else {"HOME": [home]}),
        "JUPYTER_RUNTIME_DIR": [Path(jupyter_runtime_dir())],
        "JUPYTER_DATA_DIR": [Path(jupyter_data_dir())],
        "JUPYTER_CONFIG_DIR": [Path(jupyter_config_dir())],
        "JUPYTERLAB_SETTINGS_DIR": [Path(get_user_settings_dir())],
        "IPYTHONDIR": [Path(os.environ.get("IPYTHONDIR") or home / ".ipython")],
        "MPLCONFIGDIR": matplotlib,
    }


def _open(folder: Path) -> bool:
    """Tell whether names can be looked up in a folder, be it there or not; Jupytext fails where they cannot."""
    try:
        (folder / "name").stat()
    except PermissionError:
        return False
    except OSError:
        pass
    return True


def _unusable(folders: Sequence[Path]) -> str | None:
    """Return the first of these folders that cannot be written, or cannot be made, and why; None if all can."""
    for folder in folders:
        there = next(each for each in (folder, *folder.absolute().parents) if os.path.exists(each))
        if reason := why_not_written(there):
            return f"{folder} ({reason})"
    return None
