"""`softmoe-edu lab` as a process: JupyterLab answers, with the quiet settings in force, whatever the folders are."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from softmoe_edu.lab import SETTINGS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="a colon is no part of a name on Windows"),
]


def free_port():
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def as_everybody():
    """The words before a command that let root write only where the permissions let it; none for other users."""
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("root can write everywhere, and there is no setpriv to take that away")
    rights = "-dac_override,-dac_read_search"
    return ["setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}"]


@contextlib.contextmanager
def running_lab(folder, output, without=(), **environment):
    """Run the command until it answers, and give its address, token and output; end it afterwards.

    The variables whose names begin as `without` says are left out.
    """
    port = free_port()
    known = {name: value for name, value in os.environ.items() if not name.startswith(tuple(without))}
    command = [
        *as_everybody(),
        sys.executable,
        "-m",
        "softmoe_edu.cli",
        "lab",
        str(folder),
        "--no-browser",
        f"--port={port}",
    ]
    with output.open("w") as file:
        lab = subprocess.Popen(command, env=known | environment, stdout=file, stderr=subprocess.STDOUT)
    base = f"http://127.0.0.1:{port}"
    try:
        while lab.poll() is None:
            token = re.search(r"token=(\w+)", output.read_text())
            with contextlib.suppress(OSError):
                if token and read(f"{base}/api/status?token={token[1]}"):
                    break
            time.sleep(0.1)
        assert lab.poll() is None, output.read_text()
        yield base, token[1], output.read_text()
    finally:
        lab.send_signal(signal.SIGTERM)
        lab.wait()


def read(address):
    """Return the JSON at an address."""
    with urllib.request.urlopen(address) as answer:
        return json.load(answer)


def defaults(base, token):
    """The values in force of all settings that the command makes."""
    found = {}
    for name, wanted in SETTINGS.items():
        schema = read(f"{base}/lab/api/settings/{name}?token={token}")["schema"]["properties"]
        found[name] = {key: schema[key]["default"] for key in wanted}
    return found


def test_any_folder_works_and_the_terminal_is_quiet(tmp_path):
    """Names may hold what separates or escapes elsewhere; printed are the address and how to stop, no line more."""
    workspace = tmp_path / "week 3: routing é" / "50% of 'my' #lab"
    with running_lab(workspace, tmp_path / "output.txt", HOME=str(tmp_path)) as (base, token, _):
        assert defaults(base, token) == SETTINGS
        # Else widgets of a notebook that is opened again could not be used.
        assert defaults(base, token)["@jupyter-widgets/jupyterlab-manager:plugin"] == {"saveState": True}
        names = [each["name"] for each in read(f"{base}/api/contents?token={token}")["content"]]
    delivered, *lines = (tmp_path / "output.txt").read_text().splitlines()
    log = workspace / ".softmoe" / "jupyter" / "log.txt"

    assert "00_look_inside.ipynb" in names
    assert f"lessons in {workspace}" in delivered
    assert lines == [
        "Opening JupyterLab ...",
        "JupyterLab runs at",
        f"    {base}/lab/tree/00_look_inside.ipynb?token={token}",
        "Ctrl-C here stops it.",
        "JupyterLab has stopped.",
    ]
    # What was not printed can be looked up, and who reads it could open the server.
    assert "jupyterlab | extension was successfully loaded" in log.read_text()
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_a_home_that_cannot_be_written_is_told_and_does_not_matter(tmp_path):
    """What is kept goes into a folder of the run, gone afterwards; what is in the home is read; one sentence tells."""
    home, temporary = tmp_path / "home", tmp_path / "tmp"
    kernel = home / ".local" / "share" / "jupyter" / "kernels" / "own" / "kernel.json"
    kernel.parent.mkdir(parents=True)
    kernel.write_text('{"argv": ["own"], "display_name": "Own", "language": "python"}')
    (home / ".jupyter").mkdir()
    (home / ".jupyter" / "jupyter_server_config.json").write_text(
        '{"MultiKernelManager": {"default_kernel_name": "own"}}'
    )
    temporary.mkdir()
    for folder in (home, *filter(Path.is_dir, home.rglob("*"))):
        folder.chmod(0o555)
    own = {"HOME": str(home), "TMPDIR": str(temporary), "IPYTHONDIR": "", "MPLCONFIGDIR": "", "JUPYTER_RUNTIME_DIR": ""}
    theme = "lab/api/settings/@jupyterlab/apputils-extension:themes"
    try:
        with running_lab(tmp_path / "lab", tmp_path / "output.txt", without=("JUPYTER", "XDG"), **own) as (
            base,
            token,
            _,
        ):
            assert defaults(base, token) == SETTINGS
            kernels = read(f"{base}/api/kernelspecs?token={token}")
            assert kernels["default"] == "own" and "own" in kernels["kernelspecs"]
            assert read(f"{base}/api/contents/00_look_inside.ipynb?token={token}")["content"]["cells"]
            raw = json.dumps({"raw": '{"theme": "JupyterLab Dark"}'}).encode()
            request = urllib.request.Request(f"{base}/{theme}?token={token}", raw, method="PUT")
            assert urllib.request.urlopen(request).status == 204
    finally:
        for folder in (home, *filter(Path.is_dir, home.rglob("*"))):
            folder.chmod(0o755)
    output = (tmp_path / "output.txt").read_text()

    place = re.escape(str(home / ".local" / "share" / "jupyter" / "runtime"))
    assert re.search(rf"\nJupyter cannot write into {place} \(Permission denied\): it will not remember", output)
    assert len(output.splitlines()) == 7, output
    assert list(temporary.iterdir()) == []


def test_a_server_that_cannot_start_says_why(tmp_path):
    """One sentence gives the reason and names the file with everything else; the status is 1."""
    elsewhere = ["--no-browser", "--ip", "203.0.113.5"]  # an address of nobody, for documentation
    command = [sys.executable, "-m", "softmoe_edu.cli", "lab", str(tmp_path / "lab"), *elsewhere]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"HOME": str(tmp_path)})
    log = tmp_path / "lab" / ".softmoe" / "jupyter" / "log.txt"

    assert done.returncode == 1
    reason, where = done.stderr.splitlines()
    assert re.fullmatch(r"JupyterLab cannot be started: \[Errno \d+\] \S.*", reason)
    assert where == f"Everything it said is in {log}" and log.is_file()
