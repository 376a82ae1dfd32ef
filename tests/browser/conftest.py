"""Browser tests run in the system's Chromium; without one they are skipped, except where CI is set."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from labkit import CHROMIUM_ARGS, Server, find_chromium, jupyter_lab, run_all, watch, write_notebook
from lenskit import ROUTINGS, set_theme
from playwright.sync_api import Browser, Page

KERNEL_IDLE = "window.jupyterapp?.shell?.currentWidget?.context?.sessionContext?.session?.kernel?.status === 'idle'"
SHUT_DOWN = "window.jupyterapp?.shell?.currentWidget?.context?.sessionContext?.shutdown()"


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict) -> dict:
    """Playwright starts the system's Chromium."""
    chromium = find_chromium()
    if chromium is None:
        reason = "no Chromium: install one, or set CHROMIUM to its path"
        if os.environ.get("CI") == "true":
            pytest.fail(f"{reason}. CI=true makes this an error")
        pytest.skip(reason)
    return {**browser_type_launch_args, "executable_path": chromium, "args": CHROMIUM_ARGS}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict) -> dict:
    """The size of a laptop's screen, without animations."""
    return {**browser_context_args, "viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce"}


@pytest.fixture(scope="session")
def base_url() -> None:
    """None, each server has its own port. pytest warns of playwright's fixture of this name, an error in our tests."""


@pytest.fixture(scope="session")
def lab(browser_type_launch_args: dict, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One JupyterLab for the session; a test writes its notebooks under the folder that it serves."""
    with jupyter_lab(tmp_path_factory.mktemp("served"), tmp_path_factory.mktemp("lab")) as server:
        yield server


@pytest.fixture(scope="module")
def open_notebook(lab: Server, browser: Browser, browser_context_args: dict) -> Iterator[Callable[[Path], Page]]:
    """Open a notebook of the served folder in JupyterLab and wait for its kernel; `page.faults` is what `watch` saw."""
    with browser.new_context(**browser_context_args) as context:

        def open_in_lab(path: Path) -> Page:
            page = context.new_page()
            page.faults = watch(page)
            page.goto(f"{lab.base}/doc/tree/{path.relative_to(lab.root).as_posix()}?token={lab.token}")
            page.wait_for_function(KERNEL_IDLE, timeout=60_000)
            return page

        yield open_in_lab
        for page in context.pages:
            page.evaluate(SHUT_DOWN)


@pytest.fixture(scope="module")
def opened(open_notebook: Callable, lab: Server) -> Page:
    """JupyterLab with a notebook whose first cell shows the lens; the other two are for each test."""
    return open_notebook(write_notebook(lab.root / "lens.ipynb", ROUTINGS, "", ""))


@pytest.fixture
def notebook(opened: Page) -> Iterator[Page]:
    """The notebook as new: the others' cells are empty, and the lens is made again."""
    opened.set_viewport_size({"width": 1280, "height": 900})
    opened.mouse.move(0, 0)
    opened.evaluate(
        "() => { const { content, model } = window.jupyterapp.shell.currentWidget;"
        "[1, 2].forEach(i => content.model.cells.get(i).sharedModel.setSource('')) }"
    )
    set_theme(opened, "Light")
    run_all(opened)
    yield opened
    assert opened.faults == []
