"""A notebook in JupyterLab that many tests use one after the other: one page and one kernel, made as new for each."""

from pathlib import Path

from kernelkit import fill, forget, run_all
from lenskit import set_theme
from playwright.sync_api import Page


class Workbench:
    """An open notebook with its kernel, which holds the cells that a test puts there."""

    def __init__(self, page: Page, path: Path):
        self._page, self.path = page, path
        self._cells: tuple[str | dict, ...] | None = None

    def open(self, *cells: str | dict) -> Page:
        """Put cells in place of all that was there and run them; the page is as on the first day."""
        self._cells = None
        self.tidy()
        forget(self._page)
        fill(self._page, *cells)
        run_all(self._page)
        self._cells = cells
        return self._page

    def borrow(self, *cells: str | dict) -> Page:
        """Open the cells for a test that restarts the kernel or loads the page again: they are gone after it."""
        page = self.open(*cells)
        self._cells = None
        return page

    def keep(self, *cells: str | dict) -> Page:
        """Open the cells unless they are what was opened last: for tests that only look, in a theme of their own."""
        if cells != self._cells:
            return self.open(*cells)
        self._page.bring_to_front()
        self._page.mouse.move(0, 0)
        return self._page

    def tidy(self) -> None:
        """Reset the size, light theme and reduced motion of the page, and move the pointer out of the way."""
        self._page.bring_to_front()  # a page behind another one draws once in a second
        self._page.set_viewport_size({"width": 1280, "height": 900})
        self._page.emulate_media(reduced_motion="reduce")
        self._page.mouse.move(0, 0)
        set_theme(self._page, "Light")

    def check(self) -> None:
        """End a test: the page had no faults."""
        faults = list(self._page.faults)
        self._page.faults.clear()
        assert faults == [], faults
