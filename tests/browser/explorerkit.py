"""What tests of the explorers share: a notebook with one of each, and hands and eyes on its panels."""

from kernelkit import run_cell
from lenskit import HASH, NEXT_FRAME, frame_of, into_view, part
from playwright.sync_api import Locator, Page, expect

# Each in a cell of its own; two empty cells behind them are for each test.
CELLS = (
    """
from softmoe_edu.widgets.cost_explorer import CostExplorer
cost = CostExplorer(num_experts=4, slots_per_expert=2, dim=6, hidden_dim=5, tokens=7, batch=3, tflops=1, gbps=20)
cost
""",
    """
from softmoe_edu.widgets.capacity_explorer import CapacityExplorer
capacity = CapacityExplorer()
capacity
""",
    """
import torch
from softmoe_edu.widgets.causality_explorer import CausalityExplorer
x = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0))
layers = {"alone": lambda x: 2 * x, "first and own": lambda x: x + x[:, :1]}
layers["<b>leaky</b>"] = lambda x: x.cumsum(1).flip(1)
causality = CausalityExplorer(layers, x)
causality
""",
    "",
    "",
)
SCRATCH = len(CELLS) - 2

# A canvas's words as it wrote them: where they stand and how wide they are, in CSS pixels.
LISTEN = """() => {
    const { fillText } = CanvasRenderingContext2D.prototype;
    window.written = [];
    CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
        const { width } = this.measureText(text), left = x - { right: width, center: width / 2 }[this.textAlign];
        window.written.push({ text: String(text), left, right: left + width, y });
        fillText.call(this, text, x, y);
    };
}"""


def told(notebook: Page, expression: str) -> str:
    """What Python prints of an expression."""
    return run_cell(notebook, SCRATCH, f"print({expression})")


def explorer(notebook: Page, name: str, index: int = 0) -> Locator:
    """An explorer that has drawn itself: its status line has words."""
    found = notebook.locator(f".{name}-explorer").nth(index)
    expect(found.get_by_role("status")).not_to_be_empty()
    into_view(found)
    return found


def cell_of(cost: Locator, row: str, column: str) -> Locator:
    """The number of a part and a quantity, with what stands beside it."""
    return cost.locator(f'[data-row="{row}"] [data-cell="{column}"]')


def piece_of(cost: Locator, column: str, row: str) -> Locator:
    """A part's piece of a quantity's bar, as the layer is now."""
    return cost.locator(f'[data-quantity="{column}"] .line:not(.was) [data-piece="{row}"]')


def unfold(shown: Locator) -> None:
    """Open the settings that are folded away."""
    more = part(shown, "more")
    if more.get_attribute("open") is None:
        more.locator("summary").click()


def box(shown: Locator, name: str) -> Locator:
    """The number box of a knob."""
    return part(shown, f"{name}-number")


def painted(canvas: Locator, ground: bool = False) -> int:
    """A number that changes with the pixels of a panel's upper layer, or of its ground."""
    canvas.page.evaluate(NEXT_FRAME)
    return (canvas.locator("xpath=preceding-sibling::canvas") if ground else canvas).evaluate(HASH)


def at_cell(shown: Locator, panel: str, token: int, output: int, click: bool = False, n: int = 5) -> None:
    """Point at a cell of a matrix, which leaves 42 px on its left, 18 right, 34 above and 6 below."""
    canvas = part(shown, panel)
    into_view(canvas)
    side = frame_of(canvas)["width"] - 60
    position = {"x": 42 + side * (token + 0.5) / n, "y": 34 + side * (output + 0.5) / n}
    (canvas.click if click else canvas.hover)(position=position)
