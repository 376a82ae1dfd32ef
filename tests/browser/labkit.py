"""Start a Jupyter server on loopback in folders of its own, and find a Chromium to look with."""

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest
from playwright.sync_api import Locator, Page

REPOSITORY = Path(__file__).parents[2]
EXTENSIONS = REPOSITORY / "js" / "labextensions"
SCREENSHOTS = REPOSITORY / "build" / "screenshots"
CUT_OFF = "Canceled future for "
# A loaded machine may take long to start a kernel or a page, or to answer.
PATIENCE_S = 240
CHROMIUM_ARGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
CHROMIUM_ARGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]

# News and update checks ask the network; the dialogs and toasts cover what is tested.
OVERRIDES = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    # The package's own default is to save it; tests say in each case whether it is saved.
    "@jupyter-widgets/jupyterlab-manager:plugin": {"saveState": False},
    "@jupyterlab/apputils-extension:sessionDialogs": {"skipKernelRestartDialog": True},
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False, "renameUntitledFileOnSave": False},
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
    "@jupyterlab/extensionmanager-extension:plugin": {"enabled": False},
}

# Both raise in JupyterLab where the page is slow: the toolbar in a cell is measured when there is time, though its cell
# may be gone by then, and the splash screen is taken away once for each theme that loads.
RAISING = ("@jupyterlab/cell-toolbar-extension", "@jupyterlab/apputils-extension:splash")
DISABLED = {"disabledExtensions": dict.fromkeys(RAISING, True)}


@dataclass(frozen=True)
class Server:
    """A running server: its address, its token, the folder that it serves, the file that it logs to, its process."""

    base: str
    token: str
    root: Path
    log: Path
    process: subprocess.Popen

    def tell(self) -> str:
        """Say what it knows of its kernels, and how its log ends."""
        url = f"{self.base}/api/kernels?token={self.token}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                kernels = answer.read().decode()
        except OSError as error:
            kernels = repr(error)
        return f"the server has the kernels {kernels}, and its log ends:\n{self.log.read_text('utf-8')[-3000:]}"


def find_chromium() -> str | None:
    """Path of the browser named by CHROMIUM, else of the first one found on PATH."""
    names = [os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"]
    return next((path for name in names if name and (path := shutil.which(name))), None)


def skip_unless_ci(reason: str) -> NoReturn:
    """Skip the test for want of what the reason names; where CI=true promises everything, fail it."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}. CI=true makes this an error")
    pytest.skip(reason)


def take_screenshot(seen: Page | Locator, name: str) -> None:
    """Put a picture of a page or a part of it where each run leaves its pictures, to be looked at."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    path, page = SCREENSHOTS / f"{name}.png", seen if isinstance(seen, Page) else seen.page
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    box = None if isinstance(seen, Page) else seen.bounding_box()
    size = page.viewport_size
    if box is None or min(box["x"], box["y"]) < 0 or box["y"] + box["height"] > size["height"]:
        seen.screenshot(path=path)
    else:
        page.screenshot(path=path, clip=box)  # twice as fast as of the part


def write_notebook(path: Path, *cells: str) -> Path:
    """Write a notebook of code cells."""
    blank = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    notebook = {
        "cells": [blank | {"id": f"cell-{i}", "source": source} for i, source in enumerate(cells)],
        "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


def _start(command: list[str], root: Path, scratch: Path, ready: str) -> Server:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    settings = scratch / "config" / "labconfig"
    settings.mkdir(parents=True)
    for name, content in (("default_setting_overrides", OVERRIDES), ("page_config", DISABLED)):
        (settings / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    folders = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "IPYTHONDIR": "ipython",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    }
    path = os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")]))
    env = os.environ | {name: str(scratch / folder) for name, folder in folders.items()} | {"PYTHONPATH": path}
    command = [part.format(port=port, token=token) for part in command]
    log, base = scratch / "server.log", f"http://127.0.0.1:{port}"
    with log.open("wb") as out:
        process = subprocess.Popen([sys.executable, *command], env=env, cwd=root, stdout=out, stderr=subprocess.STDOUT)
    server = Server(base, token, root, log, process)
    try:
        _wait_until_ready(process, f"{base}{ready}?token={token}", log)
    except BaseException:
        stop(server)
        raise
    return server


def stop(*servers: Server) -> None:
    """End servers, which end their kernels: all are told before the first is waited for."""
    for server in servers:
        # One SIGTERM to the server alone lets it shut its kernels down.
        server.process.send_signal(signal.SIGTERM)
    for server in servers:
        try:
            server.process.wait(15)
        except subprocess.TimeoutExpired:
            server.process.kill()
            server.process.wait()


def _wait_until_ready(server: subprocess.Popen, url: str, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while server.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2):
            return
        time.sleep(0.1)
    raise RuntimeError(f"the server did not answer at {url}; its log ends:\n{log.read_text()[-3000:]}")


def start_jupyter(root: Path, scratch: Path) -> Server:
    """Serve root with JupyterLab, and with Notebook 7 under /notebooks; settings and logs go to scratch."""
    command = ["-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", "--port={port}"]
    command += ["--ServerApp.port_retries=0", "--IdentityProvider.token={token}", f"--ServerApp.root_dir={root}"]
    command += ["--LabApp.expose_app_in_browser=True", "--JupyterNotebookApp.expose_app_in_browser=True"]
    command += ["--LabApp.extension_manager=readonly"]
    # As pip installs it, but in step with the checkout.
    command += [f"--{app}.extra_labextensions_path={EXTENSIONS}" for app in ("LabApp", "JupyterNotebookApp")]
    command += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    return _start(command, root, scratch, "/api/status")


def start_voila(root: Path, scratch: Path) -> Server:
    """Serve the notebooks of a folder with Voila in the dark theme, each at /voila/render/NAME.

    As an extension of the other server Voila would ask the network for its mathematics.
    """
    # Extensions that are made for JupyterLab only report errors in a Voila page.
    denied = "['@jupyter/nbgrader','@jupyter-notebook/lab-extension','jupyterlab-jupytext']"
    command = [str(Path(__file__).with_name("voilaserver.py")), str(root), "--no-browser", "--Voila.ip=127.0.0.1"]
    command += ["--port={port}", "--token={token}"]
    command += ["--theme=dark", f"--VoilaConfiguration.extension_denylist={denied}"]
    return _start(command, root, scratch, "/voila/static/voila.js")


def watch(page: Page, own: Callable[[], str] = lambda: "about:") -> list[str]:
    """A list that grows with what a page must not do: raise in a script, or ask another machine for something.

    Addresses that begin like what `own` gives are the page's own beside those of every page.
    """
    faults = []
    local = ("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:", "about:")
    page.on("request", lambda request: request.url.startswith((*local, own())) or faults.append(request.url))
    # JupyterLab raises CUT_OFF for what it had asked a kernel that is restarted.
    page.on("pageerror", lambda error: CUT_OFF in str(error) or faults.append(error.stack or str(error)))
    page.set_default_timeout(1000 * PATIENCE_S)
    return faults
