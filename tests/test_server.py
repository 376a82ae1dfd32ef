"""What reaches the terminal while JupyterLab runs, and where it writes if the learner's home cannot be written."""

import logging
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest

from softmoe_edu import server

JUPYTER, EXTENSION = "/site/jupyter_server/app.py", "/site/nbgrader/app.py"


def record(text, *, level=logging.ERROR, path=JUPYTER, function="get"):
    """An entry of a log."""
    return logging.LogRecord("ServerApp", level, path, 1, text, None, None, func=function)


def test_an_error_is_one_line_and_told_once():
    """Errors of JupyterLab are printed without their traceback; extensions, requests and stopping are not."""
    terminal = server.Terminal(StringIO(), Path("log.txt"))
    terminal.handle(record("held\nback"))
    terminal.handle(record("an extension of the start", path=EXTENSION))
    terminal.ready("it runs")
    for each in (
        record("Uncaught exception\nTraceback", level=logging.ERROR),
        record("Uncaught exception\nTraceback", level=logging.ERROR),
        record("an extension", path=EXTENSION),
        record("500 GET /", function="log_request"),
        record("received signal 15, stopping", level=logging.CRITICAL),
        record("not trusted", level=logging.WARNING),
    ):
        if each.levelno >= terminal.level:
            terminal.handle(each)

    assert terminal.stream.getvalue().splitlines() == [
        "JupyterLab reports: held",
        "    more in log.txt",
        "it runs",
        "JupyterLab reports: Uncaught exception",
        "    more in log.txt",
    ]


PRINT = """
import os, sys
from pathlib import Path
from softmoe_edu.server import _print_into
out, err = _print_into(Path("log.txt"))
os.system("echo of a kernel; echo a warning of a kernel >&2")
print("of Python")
print("a warning of Python", file=sys.stderr)
print("said é", file=out)
print("told", file=err)
"""


def test_what_children_print_goes_into_the_log(tmp_path):
    """Kernels inherit where a server prints: their warnings are in the file, and only what is said is printed."""
    log = tmp_path / "log.txt"
    log.write_text("an older log")
    utf8 = os.environ | {"PYTHONIOENCODING": "utf-8"}
    done = subprocess.run([sys.executable, "-c", PRINT], cwd=tmp_path, env=utf8, capture_output=True, encoding="utf-8")

    assert (done.stdout, done.stderr) == ("said é\n", "told\n")
    printed = ["a warning of Python", "a warning of a kernel", "of Python", "of a kernel"]
    assert sorted(log.read_text().splitlines()) == printed


@pytest.mark.parametrize(
    ("ip", "made", "wanted"),
    [
        ("127.0.0.1", True, ["http://public/?token=t"]),
        ("0.0.0.0", True, ["http://local/?token=t", "From other machines, put the name or address of this one in"]),
        ("127.0.0.1", False, ["http://public/", "It asks for the token or password that you chose."]),
    ],
)
def test_the_address_can_be_opened(ip, made, wanted):
    """It names this machine if all may come, and it holds the token only if nobody else knows it yet."""
    provider = SimpleNamespace(token_generated=made, auth_enabled=True)
    urls = {"public_url": "http://public/?token=t", "local_url": "http://local/?token=t"}
    _, *lines = server.address(SimpleNamespace(ip=ip, identity_provider=provider, **urls))

    assert [line.strip()[: len(want)] for line, want in zip(lines, wanted, strict=True)] == wanted


def test_only_folders_that_cannot_be_written_are_replaced(tmp_path, monkeypatch, capsys):
    """Others stay in force; kernels and settings that can be read are still looked for where they are."""
    (tmp_path / "file").write_text("no folder")
    for name in ("JUPYTER_PATH", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", *server._own_folders()):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "file" / "data"))
    monkeypatch.setenv("JUPYTER_PATH", "first")
    before = dict(os.environ)
    with server._kept_folders():
        changed = {name: value for name, value in os.environ.items() if before.get(name) != value}
        assert all(Path(changed[name]).is_dir() for name in ("JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"))
    for name in changed:
        monkeypatch.delenv(name)

    assert sorted(changed) == ["JUPYTER_DATA_DIR", "JUPYTER_PATH", "JUPYTER_RUNTIME_DIR"]
    assert changed["JUPYTER_PATH"] == os.pathsep.join(["first", str(tmp_path / "file" / "data")])
    assert not Path(changed["JUPYTER_DATA_DIR"]).exists()
    assert f"Jupyter cannot write into {tmp_path / 'file' / 'data' / 'runtime'} (" in capsys.readouterr().out
    assert not (tmp_path / "home").exists()


def test_no_place_for_temporary_files_is_told(tmp_path, monkeypatch):
    """Where neither the home nor any temporary folder can be written, one sentence says what to set."""

    def missing(**options):
        raise FileNotFoundError(2, "No usable temporary directory")

    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "file" / "runtime"))
    monkeypatch.setattr(server.tempfile, "TemporaryDirectory", missing)

    with (
        pytest.raises(SystemExit, match=r"No usable temporary directory.*: set TMPDIR to one"),
        server._kept_folders(),
    ):
        pass
