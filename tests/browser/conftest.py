"""Browser tests run in the system's Chromium; without one they are skipped, except where CI is set.

Servers, kernels and pages are shared for the session and made as new for each test, which is many times faster than
making new ones. A test that restarts a kernel or keeps something running has a page of its own.
"""

import contextlib
import itertools
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kernelkit import open_page
from labkit import (
    CHROMIUM_ARGS,
    PATIENCE_S,
    REPOSITORY,
    Server,
    find_chromium,
    skip_unless_ci,
    start_jupyter,
    start_voila,
    stop,
    write_notebook,
)
from pagekit import SavedPages, fetch_axe
from playwright.sync_api import Browser, BrowserContext, Page, expect
from workbench import Workbench

from softmoe_edu.widgets.base import Instrument

expect.set_options(timeout=1000 * PATIENCE_S)


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
def serve(browser_type_launch_args: dict, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable]:
    """Start a server with folders of its own; all end together with the session."""
    running = []

    def start(starter: Callable[[Path, Path], Server]) -> Server:
        running.append(starter(tmp_path_factory.mktemp("served"), tmp_path_factory.mktemp("scratch")))
        return running[-1]

    yield start
    stop(*running)


@pytest.fixture(scope="session")
def lab(serve: Callable) -> Server:
    """JupyterLab and Notebook 7 for the session; a test writes its notebooks under the folder that is served."""
    return serve(start_jupyter)


@pytest.fixture(scope="session")
def voila(serve: Callable) -> Server:
    """Voila for the session, dark; a test writes its notebooks under the folder that is served."""
    return serve(start_voila)


@pytest.fixture(scope="session")
def lab_context(browser: Browser, browser_context_args: dict) -> Iterator[BrowserContext]:
    """What pages of JupyterLab share: the second one finds the scripts of the first."""
    with browser.new_context(**browser_context_args) as context:
        yield context


@pytest.fixture(scope="session")
def workbench(lab: Server, lab_context: BrowserContext) -> Workbench:
    """A page of JupyterLab with a kernel, for cells that need none of their own."""
    path = write_notebook(lab.root / "workbench.ipynb", "")
    return Workbench(open_page(lab_context, lab, "doc/tree", path), path)


@pytest.fixture
def notebook(workbench: Workbench, cells: tuple[str, ...]) -> Iterator[Page]:
    """JupyterLab with the `cells` of the test's module, run just now; at the end it has no faults."""
    yield workbench.open(*cells)
    workbench.check()


@pytest.fixture(scope="session")
def saved_pages(browser: Browser, browser_context_args: dict) -> Iterator[SavedPages]:
    """A page for saved widgets, one after the other."""
    with contextlib.closing(SavedPages(browser, browser_context_args)) as pages:
        yield pages


@pytest.fixture
def open_saved(saved_pages: SavedPages, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """Save a widget and open its page from disk with the network closed; it must have no faults at the end.

    The next one takes the place of the one before; with alone=True it has a page of its own.
    """
    count = itertools.count()
    saved_pages.begin()

    def open_page(widget: Instrument, **options: object) -> Page:
        return saved_pages.open(widget.save_html(tmp_path / f"{next(count)}.html"), **options)

    yield open_page
    saved_pages.check()


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe-core, which audits a page."""
    try:
        return fetch_axe(REPOSITORY / "build" / "axe")
    except (OSError, subprocess.SubprocessError) as error:
        skip_unless_ci(f"no axe-core, which npm gets from its registry: {error}")
