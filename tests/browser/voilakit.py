"""A notebook as an app in Voila."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from kernelkit import explained
from labkit import Server, watch
from playwright.sync_api import Page, expect


@contextlib.contextmanager
def voila_page(page: Page, server: Server, notebook: Path, shown: str) -> Iterator[None]:
    """Visit a notebook of the served folder and wait until what the selector names is shown; it must have no faults."""
    faults, page.server = watch(page), server
    page.goto(f"{server.base}/voila/render/{notebook.relative_to(server.root).as_posix()}?token={server.token}")
    wait_shown(page, shown)
    yield
    # The page is left before its server goes, so that no request of it fails.
    page.goto("about:blank")
    # Voila's own page asks for an icon font, which it does without.
    others = [fault for fault in faults if "font-awesome" not in fault and "fontawesome" not in fault]
    assert others == [], others


def wait_shown(page: Page, selector: str) -> None:
    """Wait for a widget of an app: it is there once the kernel ran the notebook and answered the page."""
    with explained(page):
        expect(page.locator(selector).first).to_be_visible()
