"""Start JupyterLab, Notebook 7 or Voila on loopback in folders of their own, and find a Chromium to look with."""

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
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest
from playwright.sync_api import Locator, Page

REPOSITORY = Path(__file__).parents[2]
SCREENSHOTS = REPOSITORY / "build" / "screenshots"
RUN_ALL = "window.jupyterapp.commands.execute('notebook:run-all-cells')"
KERNEL_IDLE = "window.jupyterapp?.shell?.currentWidget?.context?.sessionContext?.session?.kernel?.status === 'idle'"
RESTART = "window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel.restart()"
SHUT_DOWN = "window.jupyterapp?.shell?.currentWidget?.context?.sessionContext?.shutdown()"
PATIENCE_S = 240
CUT_OFF = "Canceled future for "
CHROMIUM_ARGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
CHROMIUM_ARGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]

# News and update checks ask the network; the dialogs and toasts cover what is tested.
OVERRIDES = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    "@jupyterlab/apputils-extension:sessionDialogs": {"skipKernelRestartDialog": True},
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False, "renameUntitledFileOnSave": False},
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
    "@jupyterlab/extensionmanager-extension:plugin": {"enabled": False},
}


@dataclass(frozen=True)
class Server:
    """A running server: its address, its token, and the folder that it serves."""

    base: str
    token: str
    root: Path


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
    seen.screenshot(path=SCREENSHOTS / f"{name}.png")


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


@contextlib.contextmanager
def _serve(command: list[str], root: Path, scratch: Path, ready: str) -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    settings = scratch / "config" / "labconfig"
    settings.mkdir(parents=True)
    (settings / "default_setting_overrides.json").write_text(json.dumps(OVERRIDES), encoding="utf-8")
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
    log = scratch / "server.log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            [sys.executable, "-m", *command], env=env, cwd=root, stdout=out, stderr=subprocess.STDOUT
        )
    try:
        base = f"http://127.0.0.1:{port}"
        _wait_until_ready(server, f"{base}{ready}?token={token}", log)
        yield Server(base, token, root)
    finally:
        # One SIGTERM to the server alone lets it shut its kernels down.
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_until_ready(server: subprocess.Popen, url: str, log: Path) -> None:
    deadline = time.monotonic() + 90
    while server.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2):
            return
        time.sleep(0.1)
    raise RuntimeError(f"the server did not answer at {url}; its log ends:\n{log.read_text()[-3000:]}")


def _command(module: str, root: Path, application: str) -> list[str]:
    command = [module, "--no-browser", "--allow-root", "--ip=127.0.0.1", "--port={port}"]
    command += ["--ServerApp.port_retries=0", "--IdentityProvider.token={token}", f"--ServerApp.root_dir={root}"]
    return [*command, f"--{application}.expose_app_in_browser=True"]


def jupyter_lab(root: Path, scratch: Path) -> contextlib.AbstractContextManager[Server]:
    """Serve root with JupyterLab; settings and run-time files go to scratch."""
    quiet = ["--LabApp.extension_manager=readonly"]
    quiet += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    return _serve(_command("jupyterlab", root, "LabApp") + quiet, root, scratch, "/api/status")


def notebook7(root: Path, scratch: Path) -> contextlib.AbstractContextManager[Server]:
    """Serve root with Notebook 7, whose shortcuts take a key before a widget could keep it."""
    return _serve(_command("notebook", root, "JupyterNotebookApp"), root, scratch, "/api/status")


def voila(notebook: Path, scratch: Path, theme: str) -> contextlib.AbstractContextManager[Server]:
    """Serve one notebook with Voila in the light or dark theme."""
    # Extensions that are made for JupyterLab only report errors in a Voila page.
    denied = "['@jupyter/nbgrader','@jupyter-notebook/lab-extension','jupyterlab-jupytext']"
    command = ["voila", str(notebook), "--no-browser", "--Voila.ip=127.0.0.1", "--port={port}", "--token={token}"]
    command += [f"--theme={theme}", f"--VoilaConfiguration.extension_denylist={denied}"]
    return _serve(command, notebook.parent, scratch, "/voila/static/voila.js")


def watch(page: Page, *own: str) -> list[str]:
    """A list that grows with what a page must not do: raise in a script, or ask another machine for something.

    Addresses that begin like one of `own` are the page's own beside those of every page.
    """
    faults = []
    local = ("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:", "about:", *own)
    page.on("request", lambda request: request.url.startswith(local) or faults.append(request.url))
    # JupyterLab raises CUT_OFF for what it had asked a kernel that is restarted.
    page.on("pageerror", lambda error: CUT_OFF in str(error) or faults.append(str(error)))
    page.set_default_timeout(30_000)
    return faults


def settled(page: Page, promise: str, seconds: float = PATIENCE_S) -> object:
    """Give what a promise of the page comes to; one that stays open fails the test, where `evaluate` waits for ever."""
    late = f"new Promise((_, no) => setTimeout(() => no(new Error('open after {seconds} s')), {1000 * seconds}))"
    return page.evaluate(f"Promise.race([{promise}, {late}])")


def restart_kernel(page: Page) -> None:
    """Restart the kernel of the notebook in front.

    Only once it has answered: a restart while the page still connects can leave page and server with two forms of
    message, of which no cell that is run then ever ends.
    """
    page.wait_for_function(KERNEL_IDLE)
    settled(page, RESTART)
    page.wait_for_function(KERNEL_IDLE)


def run_all(page: Page) -> None:
    """Run all cells of the notebook in front and wait for them; a cell that raised fails the test."""
    fine = settled(page, RUN_ALL)
    assert fine, page.locator('[data-mime-type$="err"], [data-mime-type$="error"]').all_inner_texts()


def run_all_above(page: Page, index: int) -> None:
    """Run the cells before this one and wait for them; a cell that raised fails the test."""
    page.evaluate("index => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = index }", index)
    fine = settled(page, "window.jupyterapp.commands.execute('notebook:run-all-above')")
    assert fine, page.locator('[data-mime-type$="err"], [data-mime-type$="error"]').all_inner_texts()
