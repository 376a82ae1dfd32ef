"""A widget in headless Chromium: how long until an input is painted, until a page is open, and how the heap grows."""

import contextlib
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.run import ROOT
from benchmarks.widget_cases import Action

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM_ARGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
VIEWPORT = {"width": 1280, "height": 900}
PATIENCE_S = 60

# From the event's own time to the first frame that is painted after the text beside the drawing has changed: the
# widget draws and writes in one animation frame, and a message sent from that frame is answered after its paint.
ARM = """([root, type, witness, patience]) => {
  const told = document.querySelector(root).querySelector(witness), before = told.textContent;
  window.painted = new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`${type} changed nothing within ${patience} s`)), 1000 * patience);
    window.addEventListener(type, event => {
      const look = () => requestAnimationFrame(() => {
        const channel = new MessageChannel();
        channel.port1.onmessage = () => {
          if (told.textContent === before) return look();
          clearTimeout(late);
          resolve(performance.now() - event.timeStamp);
        };
        channel.port2.postMessage(0);
      });
      look();
    }, { once: true, capture: true });
  });
}"""
OPENING = """window.opened = new Promise(done => {
  const look = () => requestAnimationFrame(() => {
    if (!document.querySelector("ROOT [role=status]")?.textContent) return look();
    const channel = new MessageChannel();
    channel.port1.onmessage = () => done(performance.now());
    channel.port2.postMessage(0);
  });
  look();
});"""
# Moves a slider, or chooses in a list.
SLIDE = """async ([root, part, steps]) => {
  const box = document.querySelector(root).querySelector(`[data-part="${part}"]`);
  for (let i = 0; i < steps; i++) {
    box[box.options ? "selectedIndex" : "value"] = (i + 1) % 2;
    box.dispatchEvent(new Event(box.options ? "change" : "input", { bubbles: true }));
    await new Promise(requestAnimationFrame);
  }
}"""
# Plays, and notes how far apart frames are: each draws the picture anew.
FRAMES = """async ([root, count]) => {
  const play = document.querySelector(root).querySelector("[data-part=play]"), found = [];
  play.click();
  const next = () => new Promise(requestAnimationFrame);
  let last = await next();
  for (let i = 0; i < count; i++) {
    const now = await next();
    found.push(now - last);
    last = now;
  }
  play.click();
  return found;
}"""
CHOOSE = """([root, step]) => document.querySelector(root).querySelector(`[data-part="${step}"]`).click()"""
SETTLE = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
KERNEL_IDLE = "window.jupyterapp?.shell?.currentWidget?.context?.sessionContext?.session?.kernel?.status === 'idle'"
# A kernel that dies leaves the promise open.
RUN_ALL = """Promise.race([window.jupyterapp.commands.execute('notebook:run-all-cells'),
  new Promise((_, no) => setTimeout(() => no(new Error("the cell did not end")), PATIENCE))])"""
COUNTS = {"heap_bytes": "JSHeapUsedSize", "nodes": "Nodes", "listeners": "JSEventListeners"}


@contextlib.contextmanager
def chromium() -> "Iterator[Browser]":
    """Start the browser that CHROMIUM names, else the first one found on PATH.

    Raises RuntimeError where playwright or a browser is missing, or where the browser fails.
    """
    try:
        from playwright.sync_api import Error, sync_playwright
    except ModuleNotFoundError as error:
        raise RuntimeError("playwright is not installed: pip install playwright, then run this again") from error
    names = (os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome")
    path = next((found for name in names if name and (found := shutil.which(name))), None)
    if path is None:
        raise RuntimeError("no Chromium found: install one, or set CHROMIUM to its path")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=CHROMIUM_ARGS)
        try:
            yield browser
        except Error as error:
            raise RuntimeError(f"the browser could not finish: {error.message}") from error
        finally:
            browser.close()


def opening(browser: "Browser", saved: Path, root: str, times: int) -> list[float]:
    """Open a saved page in so many new contexts; return the ms from navigation to the painted widget of each."""
    found = []
    for _ in range(times):
        with browser.new_context(viewport=VIEWPORT) as context:
            page = context.new_page()
            page.add_init_script(OPENING.replace("ROOT", root))
            page.goto(saved.as_uri())
            found.append(page.evaluate("window.opened"))
    return found


@contextlib.contextmanager
def open_saved(browser: "Browser", saved: Path, root: str) -> "Iterator[Page]":
    """Show a saved page."""
    with browser.new_context(viewport=VIEWPORT) as context:
        page = context.new_page()
        page.goto(saved.as_uri())
        yield _ready(page, root)


@contextlib.contextmanager
def open_in_jupyterlab(browser: "Browser", source: str, root: str) -> "Iterator[Page]":
    """Show what a notebook's only cell makes, in a JupyterLab of its own with its kernel."""
    cell = {
        "cell_type": "code",
        "id": "widget",
        "metadata": {},
        "outputs": [],
        "execution_count": None,
        "source": source,
    }
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = {"cells": [cell], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    with tempfile.TemporaryDirectory() as scratch, browser.new_context(viewport=VIEWPORT) as context:
        (served := Path(scratch) / "served").mkdir()
        (served / "widget.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
        with _serve(served, Path(scratch)) as (base, token):
            page = context.new_page()
            page.goto(f"{base}/doc/tree/widget.ipynb?token={token}")
            page.wait_for_function(KERNEL_IDLE, timeout=1000 * PATIENCE_S)
            if not page.evaluate(RUN_ALL.replace("PATIENCE", str(1000 * PATIENCE_S))):
                raise RuntimeError(f"the notebook's cell failed: {page.locator('.jp-OutputArea').inner_text()[-500:]}")
            yield _ready(page, root)
            page.goto("about:blank")


def _ready(page: "Page", root: str) -> "Page":
    # A locator waits where a saved page's policy refuses the `eval` of wait_for_function.
    told = page.locator(f"{root} [role=status]").filter(has_text=re.compile(r"\S"))
    told.wait_for(state="attached", timeout=1000 * PATIENCE_S)
    page.locator(root).scroll_into_view_if_needed()
    return page


@contextlib.contextmanager
def _serve(served: Path, scratch: Path) -> Iterator[tuple[str, str]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token, base = secrets.token_hex(16), f"http://127.0.0.1:{port}"
    folders = {f"JUPYTER_{name}_DIR": str(scratch / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    folders |= {f"JUPYTERLAB_{name}_DIR": str(scratch / name.lower()) for name in ("SETTINGS", "WORKSPACES")}
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    env = {**os.environ, **folders, "IPYTHONDIR": str(scratch / "ipython"), "PYTHONPATH": path}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}"]
    command += ["--ServerApp.port_retries=0", f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={served}"]
    command += ["--LabApp.expose_app_in_browser=True", "--LabApp.extension_manager=readonly"]
    command += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    with (scratch / "server.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=served, env=env, stdout=log, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{base}/api/status?token={token}", timeout=2):
                break
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"JupyterLab did not start: {(scratch / 'server.log').read_text()[-1000:]}")
            time.sleep(0.1)
        yield base, token
    finally:
        # One SIGTERM to the server alone lets it shut its kernels down.
        server.terminate()
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def latencies(page: "Page", root: str, action: Action, steps: int, warm: int, patience_s: float = 5) -> list[float]:
    """Return the ms from each of so many inputs to its painted answer, after some to warm up.

    root: selector of the widget. Raises playwright's Error for an input whose answer is not painted in time.
    """
    part = page.locator(root).locator(f'[data-part="{action.part}"]')
    if action.step:
        page.evaluate(CHOOSE, [root, action.step])
        page.evaluate(SETTLE)
    part.scroll_into_view_if_needed()
    frame = part.bounding_box()
    page.mouse.move(0, 0)
    if action.keys:
        part.focus()
    for key in action.first:
        page.keyboard.press(key)
    page.evaluate(SETTLE)
    found = []
    for step in range(warm + steps):
        page.evaluate(ARM, [root, action.event, action.witness, patience_s])
        if action.keys:
            page.keyboard.press(action.keys[step % len(action.keys)])
        else:
            # strides of 0.37 and 0.61 of the area, wrapped: always another token and another slot
            left, top, right, bottom = action.area
            x, y = left + (right - left) * (step * 0.37 % 1), top + (bottom - top) * (step * 0.61 % 1)
            page.mouse.move(frame["x"] + x * frame["width"], frame["y"] + y * frame["height"])
        found.append(page.evaluate("window.painted"))
    return found[warm:]


def frame_times(page: "Page", root: str, count: int) -> list[float]:
    """Return the ms from frame to frame of so many, while the widget plays.

    Raises playwright's Error where it has nothing to play.
    """
    return page.evaluate(FRAMES, [root, count])


def heap_growth(page: "Page", root: str, steps: int, warm: int, part: str = "image_index") -> dict[str, int]:
    """Return what is left, after garbage is collected, of so many steps of a slider or list that were drawn one by one.

    warm: steps before the first look at the heap. Compiled code and caches are there after about 500.
    """
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    session.send("HeapProfiler.enable")

    def count() -> dict[str, int]:
        for _ in range(2):
            session.send("HeapProfiler.collectGarbage")
        metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
        return {name: round(metrics[metric]) for name, metric in COUNTS.items()}

    page.evaluate(SLIDE, [root, part, warm])
    before = count()
    page.evaluate(SLIDE, [root, part, steps])
    after = count()
    session.detach()
    return {name: after[name] - before[name] for name in COUNTS} | {"heap_bytes_before": before["heap_bytes"]}
