"""The kernel behind a page of JupyterLab or Notebook 7: wait until it has answered, run cells, say what is wrong."""

import contextlib
import json
import secrets
from collections.abc import Iterator
from pathlib import Path

from labkit import PATIENCE_S, Server, watch
from playwright.sync_api import BrowserContext, Page
from playwright.sync_api import Error as PlaywrightError

KERNEL = "window.jupyterapp?.shell?.currentWidget?.context?.sessionContext?.session?.kernel"
# The last status that arrives may be from before the kernel answered, such as "starting" after a restart, and nothing
# follows it. A request of our own that is answered tells; one that was lost on the way is made again.
READY = f"""async () => {{
    const kernel = {KERNEL};
    if (kernel?.connectionStatus !== "connected") return false;
    const asked = kernel.requestKernelInfo().then(() => true, () => false);
    const late = new Promise(done => setTimeout(done, 5000, false));
    return (await Promise.race([asked, late])) && kernel.status === "idle";
}}"""
# The requests that the kernel has not answered yet. A cell keeps its own when it is answered.
OPEN = f"""(async () => {{
    const sent = [...{KERNEL}._futures.values()], waiting = {{}};
    const first = future => Promise.race([future.done, waiting]).catch(() => null);
    const open = await Promise.all(sent.map(async future => (await first(future)) === waiting));
    return sent.filter((_, i) => open[i]).map(({{ msg: {{ header }} }}) => header.msg_type);
}})()"""
# In two frames, since an answer may lead to a next message: a widget keeps what it has to say until it was answered.
QUIET = f"""async () => {{
    if ((await {OPEN}).length) return false;
    await new Promise(requestAnimationFrame);
    return (await {OPEN}).length === 0;
}}"""
STATE = f"""async () => {{
    const kernel = {KERNEL};
    if (!kernel) return `the page has no kernel: ${{document.title}}`;
    const {{ status, connectionStatus, _pendingMessages: waiting }} = kernel, asked = (await {OPEN}).join(", ");
    return `the page says that the kernel is ${{status}} and ${{connectionStatus}}; ` +
        `without an answer: ${{asked || "none"}}; not sent: ${{waiting.length}}`;
}}"""


@contextlib.contextmanager
def explained(page: Page) -> Iterator[None]:
    """When what stands inside fails, say what the page knows of its kernel, and what `page.server` does."""
    try:
        yield
    except (AssertionError, PlaywrightError) as error:
        try:
            state = page.evaluate(STATE)
        except PlaywrightError as closed:
            state = f"the page does not answer: {closed}"
        raise AssertionError(f"{error}\n{state}; {page.server.tell()}") from error


# Looks again in each frame; `wait_for_function` would take the promise of an answer for the answer.
UNTIL = f"""async condition => {{
    const end = performance.now() + {1000 * PATIENCE_S}, holds = eval(condition);
    while (!(await holds())) {{
        if (performance.now() > end) throw new Error("not within {PATIENCE_S} s");
        await new Promise(requestAnimationFrame);
    }}
}}"""


def until(page: Page, condition: str) -> None:
    """Wait for a condition of the page's kernel; one that does not come fails the test and tells why."""
    with explained(page):
        page.evaluate(UNTIL, condition)


def settled(page: Page, promise: str) -> object:
    """Return the result of a promise in the page; unlike `evaluate`, fail the test if it never settles."""
    late = f"new Promise((_, no) => setTimeout(() => no(new Error('open after {PATIENCE_S} s')), {1000 * PATIENCE_S}))"
    with explained(page):
        return page.evaluate(f"Promise.race([{promise}, {late}])")


def command(page: Page, name: str, arguments: str = "") -> object:
    """Run a command of JupyterLab or Notebook 7 and give what it comes to."""
    return settled(page, f"window.jupyterapp.commands.execute('{name}', {arguments or 'undefined'})")


def ready(page: Page) -> None:
    """Wait until the kernel of the notebook in front is connected, has answered a request, and is idle."""
    until(page, READY)


def answered(page: Page) -> None:
    """Wait until everything that the page sent to the kernel has been answered, what widgets send included."""
    until(page, QUIET)


def open_page(context: BrowserContext, server: Server, place: str, path: Path) -> Page:
    """Open a notebook of the served folder in a new page at this place and wait for its kernel.

    `page.faults` is what `watch` saw.
    """
    page = context.new_page()
    page.faults, page.server = watch(page), server
    # JupyterLab sends a page on whose workspace another one has, perhaps while it is being asked something.
    place = place.replace("doc/tree", f"doc/workspaces/{secrets.token_hex(4)}/tree")
    page.goto(f"{server.base}/{place}/{path.relative_to(server.root).as_posix()}?token={server.token}")
    ready(page)
    return page


def restart_kernel(page: Page) -> None:
    """Restart the kernel of the notebook in front.

    Only once it has answered: a restart while the page still connects can leave page and server with two forms of
    message, of which no cell that is run then ever ends.
    """
    ready(page)
    settled(page, f"{KERNEL}.restart()")
    ready(page)


def shut_down(page: Page) -> None:
    """End the kernel of the notebook in front."""
    settled(page, "window.jupyterapp?.shell?.currentWidget?.context?.sessionContext?.shutdown()")


def _run(page: Page, name: str) -> None:
    fine = command(page, name)
    assert fine, page.locator('[data-mime-type$="err"], [data-mime-type$="error"]').all_inner_texts()


def run_all(page: Page) -> None:
    """Run all cells of the notebook in front and wait for them; a cell that raised fails the test."""
    _run(page, "notebook:run-all-cells")


PUT = """([index, source]) => {
    const { content } = window.jupyterapp.shell.currentWidget;
    content.model.cells.get(index).sharedModel.setSource(source);
    content.activeCellIndex = index;
}"""
OUTPUT = """index => window.jupyterapp.shell.currentWidget.content.model.cells.get(index).outputs.toJSON()
    .map(({ text, data }) => [text ?? data?.["text/plain"] ?? ""].flat().join("")).join("\\n")"""


def run_cell(page: Page, index: int, source: str) -> str:
    """Write a cell, run it when the kernel has taken all that widgets sent, and give its text; it must not raise."""
    answered(page)
    page.evaluate(PUT, [index, source])
    _run(page, "notebook:run-cell")
    answered(page)
    return page.evaluate(OUTPUT, index).strip()


# What of a notebook's cells is the same stays, since a new editor takes as long as a run.
FILL = """cells => {
    const { sharedModel } = window.jupyterapp.shell.currentWidget.content.model, old = sharedModel.cells;
    const alike = old.length === cells.length && cells.every(({ cell_type }, i) => old[i].cell_type === cell_type);
    if (alike) return cells.forEach(({ source }, i) => old[i].setSource(source));
    sharedModel.transact(() => {
        sharedModel.deleteCellRange(0, old.length);
        sharedModel.insertCells(0, cells);
    });
}"""
# %reset does the same and collects garbage too, which takes a quarter of a second beside torch.
FORGET = """
import ipywidgets
ipywidgets.Widget.close_all()
for _name in set(get_ipython().user_ns) - set(get_ipython().user_ns_hidden):
    del get_ipython().user_ns[_name]
"""


def forget(page: Page) -> None:
    """Have the kernel forget its names and close its widgets, before it does what it is asked next."""
    request = json.dumps({"code": FORGET, "silent": True, "stop_on_error": True})
    page.evaluate(f"void {KERNEL}.requestExecute({request})")


def fill(page: Page, *cells: str | dict) -> None:
    """Put cells in place of those of the notebook in front."""
    page.evaluate(FILL, [{"cell_type": "code", "source": c} if isinstance(c, str) else c for c in cells])
