"""Browser tests run in the system's Chromium; without one they are skipped, except where CI is set."""

import contextlib
import importlib.util
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from labkit import (
    CHROMIUM_ARGS,
    KERNEL_IDLE,
    REPOSITORY,
    SHUT_DOWN,
    Server,
    find_chromium,
    jupyter_lab,
    notebook7,
    run_all,
    settled,
    skip_unless_ci,
    watch,
    write_notebook,
)
from lenskit import ROUTINGS, set_theme
from pagekit import fetch_axe, saved_page
from playwright.sync_api import Browser, Page

from softmoe_edu.widgets.base import Instrument


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict) -> dict:
    """Playwright starts the system's Chromium."""
    chromium = find_chromium()
    if chromium is None:
        skip_unless_ci("no Chromium: install one, or set CHROMIUM to its path")
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


@pytest.fixture(scope="session")
def notebook_server(browser_type_launch_args: dict, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One Notebook 7 for the session, beside JupyterLab."""
    if importlib.util.find_spec("notebook") is None:
        skip_unless_ci("no Notebook 7: pip install notebook")
    with notebook7(tmp_path_factory.mktemp("served7"), tmp_path_factory.mktemp("notebook7")) as server:
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
            settled(page, SHUT_DOWN)


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


@pytest.fixture
def open_saved(browser: Browser, browser_context_args: dict, tmp_path: Path) -> Iterator[Callable[[Instrument], Page]]:
    """Save a widget and open its page from disk with the network closed; it must have no faults at the end."""
    pages = []
    with contextlib.ExitStack() as contexts:

        def open_page(widget: Instrument, **options: object) -> Page:
            path = widget.save_html(tmp_path / f"{len(pages)}.html")
            pages.append(contexts.enter_context(saved_page(browser, path, **(browser_context_args | options))))
            return pages[-1]

        yield open_page
        assert [fault for page in pages for fault in page.faults] == []


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe-core, which audits a page."""
    try:
        return fetch_axe(REPOSITORY / "build" / "axe")
    except (OSError, subprocess.SubprocessError) as error:
        skip_unless_ci(f"no axe-core, which npm gets from its registry: {error}")
