"""What tests of the lens share: routings with known numbers, and hands and eyes on its panels."""

from kernelkit import command
from playwright.sync_api import FloatRect, Locator, Page, expect

# Soft: slot 1 of expert 0 sees token 3 of image 0 with 5/8; every other weight follows from eighths and quarters.
# Sparse: both images share a group, token 3 of image 1 finds no slot, and token 2 of image 1 is padding.
ROUTINGS = """
import torch
from softmoe_edu.routing import SoftRouting, SparseRouting
from softmoe_edu.widgets import RoutingLens

dispatch = torch.full((2, 4, 2, 2), 0.25)
dispatch[0, :, 0, 1] = torch.tensor([0.125, 0.125, 0.125, 0.625])
dispatch[1, :, 1, 0] = torch.tensor([0.5, 0.5, 0.0, 0.0])
combine = torch.full((2, 4, 2, 2), 0.25)
combine[0, 3] = torch.tensor([[0.0625, 0.5], [0.125, 0.3125]])
soft = SoftRouting(dispatch, combine)
token = torch.tensor([[[0, 4, -1], [5, 2, 1], [3, -1, -1]]])
gate = torch.tensor([[[0.5, 0.25, 0.0], [0.75, 1.0, 0.125], [0.875, 0.0, 0.0]]])
mask = torch.tensor([[True] * 6 + [False, True]])
sparse = SparseRouting(token, gate, 8, mask=mask)
images = torch.linspace(0, 1, 2 * 64).view(2, 1, 8, 8)
routers = {"soft": {"early": soft, "late": soft}, "tokens choice": {"late": sparse}}
lens = RoutingLens(routers, images, labels=["7, predicted 1", "2, predicted 2"])
lens
"""

# Two empty cells behind it are for each test.
CELLS = (ROUTINGS, "", "")

LARGE = """
logits = torch.randn(3, 196, 16, 8, generator=torch.Generator().manual_seed(0))
large = SoftRouting(logits.softmax(1), logits.flatten(2).softmax(-1).view_as(logits))
RoutingLens(large, torch.rand(3, 3, 112, 112, generator=torch.Generator().manual_seed(1)))
"""

# CSS pixels that the map leaves around its cells.
LEFT, RIGHT, TOP, SUMS = 46, 68, 20, 46

HASH = "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.reduce((h, x) => (31 * h + x) >>> 0, 7)"
# `running` holds what was started with setInterval and not ended; JupyterLab has some of its own, of longer times.
COUNT_CLOCKS = """() => {
    window.running = new Set();
    const [start, stop] = [window.setInterval, window.clearInterval];
    window.setInterval = (...all) => {
        const id = start(...all);
        if (all[1] <= 700) running.add(id);
        return id;
    };
    window.clearInterval = id => (running.delete(id), stop(id));
    window.stopCounting = () => Object.assign(window, { setInterval: start, clearInterval: stop });
}"""
NEXT_FRAME = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


# A theme's style sheet arrives a little later than its name.
WEARS = """theme => {
    const probe = document.body.appendChild(document.createElement("i"));
    probe.style.color = "var(--jp-ui-font-color1)";
    const [red] = getComputedStyle(probe).color.match(/\\d+/);
    probe.remove();
    return document.body.dataset.jpThemeName === `JupyterLab ${theme}` && theme === (red > 128 ? "Dark" : "Light");
}"""


def set_theme(page: Page, theme: str) -> None:
    """Switch JupyterLab to Light or Dark."""
    if page.evaluate(WEARS, theme):
        return
    command(page, "apputils:change-theme", f"{{ theme: 'JupyterLab {theme}' }}")
    page.wait_for_function(WEARS, arg=theme)
    page.evaluate(NEXT_FRAME)


def opened(notebook: Page, index: int = 0) -> Locator:
    """A lens as it opens, with what it shows first."""
    lens = notebook.locator(".routing-lens").nth(index)
    expect(lens.get_by_role("status")).not_to_be_empty()
    into_view(lens)
    return lens


def lens_of(notebook: Page, index: int = 0) -> Locator:
    """A lens in which nothing is selected, after a pointer came and went."""
    lens = opened(notebook, index)
    for event in ("pointermove", "pointerleave"):
        part(lens, "map").dispatch_event(event)
    expect(lens.get_by_role("status")).to_contain_text("Point at")
    return lens


def into_view(seen: Locator) -> None:
    """Scroll to an element, once it is drawn."""
    seen.wait_for()
    seen.evaluate("element => element.scrollIntoViewIfNeeded()")


def frame_of(seen: Locator) -> FloatRect:
    """Where an element is on the page, once it is drawn."""
    seen.wait_for()
    frame = seen.bounding_box()
    assert frame is not None, "an element that was shown is hidden again"
    return frame


def part(lens: Locator, name: str) -> Locator:
    return lens.locator(f'[data-part="{name}"]')


def picture(lens: Locator, name: str, ground: bool = False) -> int:
    """A number that changes with the pixels of a panel's ground, or of the layer above it."""
    lens.page.evaluate(NEXT_FRAME)
    return lens.locator(f'[data-panel="{name}"] canvas').nth(0 if ground else 1).evaluate(HASH)


def plot_of(lens: Locator) -> tuple[float, float, float, float]:
    """Where the map's cells lie on its canvas: left, top, width and height; what is not drawn takes no room."""
    plot = part(lens, "map").get_attribute("data-plot")
    if plot is None:
        frame = frame_of(part(lens, "map"))
        return LEFT, TOP, frame["width"] - LEFT - RIGHT, frame["height"] - TOP - SUMS
    left, top, width, height = map(float, plot.split())
    return left, top, width, height


def point(
    lens: Locator, name: str, column: int, row: int, columns: int, rows: int, click: bool = False, **how: list[str]
) -> None:
    """Point at a cell of a panel; the map leaves room for names on its left and above, for sums right and below."""
    canvas = part(lens, name)
    into_view(canvas)
    frame = frame_of(canvas)
    left, top, width, height = plot_of(lens) if name == "map" else (0, 0, frame["width"], frame["height"])
    x = left + width * (column + 0.5) / columns
    y = top + height * (row + 0.5) / rows
    (canvas.click if click else canvas.hover)(position={"x": x, "y": y}, **how)


Box = tuple[float, float, float, float]


def ink(lens: Locator, name: str, *boxes: Box, ground: bool = True, only: str = "all[i] > 0") -> list[int]:
    """How many pixels are painted in each box (left, top, width, height in CSS pixels) of a panel's ground or layer.

    `only` counts pixels by their bytes, of which all[i] is the opacity and those before it the colour.
    """
    lens.page.evaluate(NEXT_FRAME)
    canvas = lens.locator(f'[data-panel="{name}"] canvas').nth(0 if ground else 1)
    return canvas.evaluate(f"(c, boxes) => boxes.map(box => ({COUNT})(c, box, (all, i) => {only}))", list(boxes))


def white(lens: Locator, name: str, *boxes: Box) -> list[int]:
    """How many pixels of each box of a panel's ground are near white, which no weight's colour is."""
    return ink(lens, name, *boxes, only="Math.min(all[i - 1], all[i - 2], all[i - 3]) > 225")


COUNT = """(c, [x, y, w, h], test) => {
    const scale = c.width / c.clientWidth, size = v => Math.max(1, Math.floor(v * scale));
    const all = c.getContext("2d").getImageData(Math.round(x * scale), Math.round(y * scale), size(w), size(h)).data;
    let found = 0;
    for (let i = 3; i < all.length; i += 4) found += test(all, i);
    return found;
}"""


def cell(lens: Locator, column: int, row: int, columns: int, rows: int) -> Box:
    """The box of a cell of the map."""
    left, top, width, height = plot_of(lens)
    return left + column * width / columns, top + row * height / rows, width / columns, height / rows
