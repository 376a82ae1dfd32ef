"""Saved pages of widgets, opened with the network closed, and the audit of their accessibility."""

import ast
import base64
import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

from labkit import watch
from lenskit import ROUTINGS
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from softmoe_edu.widgets.base import Instrument

AXE = "axe-core-4.14.1"
AXE_INTEGRITY = "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="


# One of each widget, as the cell of a notebook that shows it, for what must hold for all of them.
SHOWCASE = {
    "RoutingLens": ROUTINGS,
    "CostExplorer": "from softmoe_edu.widgets.cost_explorer import CostExplorer\nCostExplorer(tokens=7)",
    "CapacityExplorer": "from softmoe_edu.widgets.capacity_explorer import CapacityExplorer\nCapacityExplorer(7)",
    "CausalityExplorer": """
import torch
from softmoe_edu.widgets.causality_explorer import CausalityExplorer
layers = {"mean of all": lambda x: x + x.mean(1, keepdim=True), "sum so far": lambda x: x.cumsum(1)}
CausalityExplorer(layers, torch.randn(3, 7, 5, generator=torch.Generator().manual_seed(0)))
""",
    "RouterExplorer": """
import torch
from softmoe_edu.widgets.router_explorer import RouterExplorer
generator = torch.Generator().manual_seed(0)
RouterExplorer(torch.randn(3, 16, 5, 2, generator=generator), torch.rand(3, 1, 8, 8, generator=generator))
""",
    "RunBrowser": "from softmoe_edu.evidence import RunBrowser\nRunBrowser(claim='causality', own={'nats': 1.1})",
    "RoutingFlow": "from softmoe_edu.widgets.routing_flow import RoutingFlow\nRoutingFlow()",
}


def make(name: str) -> Instrument:
    """Run the cell of a widget and give what it shows, its last expression."""
    *before, last = ast.parse(SHOWCASE[name]).body
    names = {}
    exec(compile(ast.Module(before, []), name, "exec"), names)
    return eval(compile(ast.Expression(last.value), name, "eval"), names)


def root_of(name: str) -> str:
    """Selector of a widget's root element: RoutingLens is `.routing-lens`."""
    return "." + re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


# What a widget shows once it has drawn itself.
DRAWN = "#widget :is(canvas, svg, table):visible"


def offline_page(context: BrowserContext) -> Page:
    """A page for files: each request but for the one at `page.own` is aborted, and a fault in `page.faults`.

    So is what it writes on the console as an error or a warning.
    """
    page = context.new_page()
    page.own = "about:"
    page.faults = watch(page, lambda: page.own)

    def hear(said: ConsoleMessage) -> None:
        # Only tests read canvases back, which Chromium advises against.
        if said.type in ("error", "warning") and not said.text.startswith("Canvas2D: Multiple readback"):
            page.faults.append(said.text)

    page.route(lambda url: not url.startswith(page.own), lambda route: route.abort())
    page.on("console", hear)
    return page


def show(page: Page, path: Path) -> None:
    """Open a file in an offline page."""
    page.own = path.as_uri()
    page.goto(page.own)


@contextlib.contextmanager
def saved_page(browser: Browser, path: Path, **options: object) -> Iterator[Page]:
    """Open a saved page from disk in a context of its own."""
    with browser.new_context(offline=True, **options) as context:
        page = offline_page(context)
        show(page, path)
        yield page


class SavedPages:
    """One offline page in which saved widgets are opened one after the other, each as in a new one."""

    def __init__(self, browser: Browser, options: dict):
        self._browser, self._options = browser, options
        self._own = contextlib.ExitStack()  # pages of one test's own
        self._alone: list[Page] = []
        self._context = browser.new_context(offline=True, **options)
        self._page = offline_page(self._context)

    def open(self, path: Path, *, alone: bool = False, script: str = "", **options: object) -> Page:
        """Open a file, after a script that it gets; options are those of a context, and ask for one where they must."""
        if script:
            path.write_text(path.read_text("utf-8").replace("</head>", f"<script>{script}</script></head>"), "utf-8")
        if alone or options.keys() - {"color_scheme", "viewport", "reduced_motion", "forced_colors"}:
            self._alone.append(self._own.enter_context(saved_page(self._browser, path, **(self._options | options))))
            return self._alone[-1]
        now = {"color_scheme": "light", "forced_colors": "none"} | self._options | options
        self._page.bring_to_front()  # a page behind another one draws once in a second
        # Where the pointer lies on a new page, something would be pointed at.
        self._page.mouse.move(0, 0)
        self._page.set_viewport_size(now["viewport"])
        media = ("color_scheme", "reduced_motion", "forced_colors")
        self._page.emulate_media(**{name: now[name] for name in media})
        show(self._page, path)
        return self._page

    def begin(self) -> None:
        """Begin a test: what the page of the one before still had to say is not its fault."""
        self._page.faults.clear()

    def check(self) -> None:
        """End a test: its pages had no faults."""
        faults = [fault for page in (self._page, *self._alone) for fault in page.faults]
        self._alone.clear()
        self._own.close()
        assert faults == [], faults

    def close(self) -> None:
        self._context.close()


def fetch_axe(folder: Path) -> str:
    """Return the script of axe-core from the folder, downloading it once from the npm registry if need be.

    Raises OSError where npm or the network is missing, ValueError for a package that is not the one that was pinned.
    """
    script = folder / f"{AXE}.js"
    if script.is_file():
        return script.read_text("utf-8")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        name, _, version = AXE.rpartition("-")
        npm = shutil.which("npm") or "npm"
        command = [npm, "pack", f"{name}@{version}", "--loglevel=error", f"--pack-destination={scratch}"]
        done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, timeout=120)
        package = Path(scratch) / f"{AXE}.tgz"
        if done.returncode or not package.is_file():
            raise OSError(f"npm gave no {AXE}: {done.stderr.strip()[-300:]}")
        given = base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()
        if given != AXE_INTEGRITY:
            raise ValueError(f"{package.name} must have the SHA-512 {AXE_INTEGRITY}, got {given}")
        with tarfile.open(package) as archive:
            text = archive.extractfile("package/axe.min.js").read()
        unpacked = Path(scratch) / script.name
        unpacked.write_bytes(text)
        os.replace(unpacked, script)
    return text.decode()


def audit(page: Page, axe: str, selector: str | None = None) -> list[str]:
    """Sentences on what axe-core finds serious or critical in the page, or in what the selector names."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe)
    # The body of JupyterLab has no height, so that axe takes all within it for hidden and looks at no contrast.
    page.evaluate("document.body.style.minHeight = '100vh'")
    found = page.evaluate("selector => axe.run(selector ?? document, { resultTypes: ['violations'] })", selector)
    looked = {rule["id"] for kind in ("passes", "incomplete", "violations") for rule in found[kind]}
    assert "color-contrast" in looked, f"the audit looked at no text: only at {', '.join(sorted(looked)) or 'nothing'}"
    return [
        f"{fault['id']} ({fault['impact']}): {fault['help']}: {node['html'][:160]}"
        for fault in found["violations"]
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]
