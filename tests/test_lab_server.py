"""`softmoe-edu lab` as a process: JupyterLab answers, with the quiet settings in force, whatever the folders are."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request

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


@contextlib.contextmanager
def running_lab(folder, output, **environment):
    """Run the command until it answers, and give its address, token and output; end it afterwards."""
    port = free_port()
    command = [sys.executable, "-m", "softmoe_edu.cli", "lab", str(folder), "--no-browser", f"--port={port}"]
    with output.open("w") as file:
        lab = subprocess.Popen(command, env=os.environ | environment, stdout=file, stderr=subprocess.STDOUT)
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


def test_the_settings_are_in_force_in_any_folder(tmp_path):
    """A colon separates the parts of a list of paths, and a name may hold one, beside spaces and accents."""
    workspace = tmp_path / "week 3: routing é" / "my lab"
    with running_lab(workspace, tmp_path / "output.txt", HOME=str(tmp_path)) as (base, token, _):
        assert defaults(base, token) == SETTINGS
        # Else widgets of a notebook that is opened again could not be used.
        assert defaults(base, token)["@jupyter-widgets/jupyterlab-manager:plugin"] == {"saveState": True}
        names = [each["name"] for each in read(f"{base}/api/contents?token={token}")["content"]]

    assert "00_look_inside.ipynb" in names


def test_a_home_that_cannot_be_written_is_told_and_does_not_matter(tmp_path):
    """JupyterLab keeps what it needs for a run in a folder of its own, which is gone afterwards; one sentence tells."""
    (tmp_path / "file").write_text("no folder")
    home = tmp_path / "file" / "home"
    (tmp_path / "tmp").mkdir()
    own = {"HOME": str(home), "TMPDIR": str(tmp_path / "tmp"), "XDG_RUNTIME_DIR": "", "JUPYTER_RUNTIME_DIR": ""}
    with running_lab(tmp_path / "lab", tmp_path / "output.txt", **own) as (base, token, output):
        assert defaults(base, token) == SETTINGS

    assert re.search(rf"Jupyter cannot write into {home}\S* \(Not a directory\): it will not remember", output)
    assert "Traceback" not in output
    assert list((tmp_path / "tmp").iterdir()) == []
