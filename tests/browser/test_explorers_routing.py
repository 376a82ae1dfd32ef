"""The capacity and the causality explorer in JupyterLab: every control, both ways."""

import pytest
from explorerkit import CELLS, SCRATCH, at_cell, box, explorer, painted, told
from kernelkit import run_cell
from labkit import take_screenshot
from lenskit import frame_of, part
from playwright.sync_api import Page, expect

from softmoe_edu import metrics

pytestmark = pytest.mark.browser


@pytest.fixture
def cells() -> tuple[str, ...]:
    """One of each explorer."""
    return CELLS


def test_the_curve_of_the_capacity_factor(notebook: Page) -> None:
    """The uniform router loses 18.7 % at factor 1; pointing previews another factor, a click and a key set it."""
    shown = explorer(notebook, "capacity")
    status, curve = shown.get_by_role("status"), part(shown, "curve")
    expect(status).to_contain_text("Capacity factor 1, 2 slots for each expert: a uniform router loses 18.7 % of")
    before = painted(curve)
    width = frame_of(curve)["width"] - 56
    curve.hover(position={"x": 44 + width * 2 / 4, "y": 100})
    lost = f"{100 * metrics.expected_drop_fraction(49, 32, 4):.1f} % of tokens"
    expect(status).to_contain_text(f"Capacity factor 2, 4 slots for each expert: a uniform router loses {lost}")
    assert painted(curve) != before
    assert told(notebook, "capacity.capacity_factor") == "1.0"
    curve.click(position={"x": 44 + width * 1.5 / 4, "y": 100})
    expect(box(shown, "capacity_factor")).to_have_value("1.5")
    curve.press("ArrowRight")
    expect(box(shown, "capacity_factor")).to_have_value("1.55")
    assert told(notebook, "capacity.capacity_factor, capacity.capacity") == "1.55 3"
    run_cell(notebook, SCRATCH, "capacity.top_k = 2; capacity.skew = 0.5")
    expect(status).to_contain_text("a uniform router loses ")
    expect(status).to_contain_text("of choices (exact); 20 samples of this router lose")
    take_screenshot(shown, "capacity-two-choices")


def test_a_sample_token_by_token(notebook: Page) -> None:
    """A token is found in its queue and in the list; pins reach Python; seed and sample change the picture."""
    shown = explorer(notebook, "capacity")
    status, strip = shown.get_by_role("status"), part(shown, "strip")
    first, before = part(shown, "caption").inner_text(), painted(part(shown, "buffer"))
    strip.hover(position={"x": 15, "y": 45})
    expect(status).to_contain_text("token 13: first choice expert ")
    assert painted(part(shown, "buffer")) != before
    strip.click(position={"x": 45, "y": 15})
    notebook.mouse.move(0, 0)
    expect(status).to_contain_text("token 1: first choice expert ")
    expect(part(shown, "pin")).to_be_visible()
    assert told(notebook, "capacity.token") == "1"
    run_cell(notebook, SCRATCH, "capacity.token = 48")
    expect(status).to_contain_text("token 48: ")
    strip.press("ArrowLeft")
    expect(status).to_contain_text("token 47: ")
    box(shown, "tokens").fill("9")
    box(shown, "tokens").press("Tab")
    expect(part(shown, "pin")).to_be_hidden()
    assert told(notebook, "capacity.token, capacity.tokens") == "-1 9"
    box(shown, "tokens").fill("49")
    box(shown, "tokens").press("Tab")
    expect(part(shown, "caption")).to_have_text(first)
    part(shown, "sample").press("ArrowRight")
    expect(part(shown, "caption")).not_to_have_text(first)
    part(shown, "sample").press("ArrowLeft")
    expect(part(shown, "caption")).to_have_text(first)
    run_cell(notebook, SCRATCH, "capacity.seed = 7")
    expect(part(shown, "caption")).not_to_have_text(first)


def test_pointing_at_a_token_marks_the_outputs_that_move(notebook: Page) -> None:
    """In all matrices at once, with numbers; on a cell the change itself; names of layers are text, not markup."""
    shown = explorer(notebook, "causality")
    status = shown.get_by_role("status")
    expect(part(shown, "caption-0")).to_contain_text("Earlier outputs that move: 0 of 10 pairs (0.0 %).")
    expect(shown.locator(".explorer-title").nth(2)).to_have_text("<b>leaky</b>")
    before = [painted(part(shown, f"map-{i}")) for i in range(3)]
    part(shown, "map-1").hover(position={"x": 60, "y": 20})
    expect(status).to_have_text(
        "token 0 changes: alone: 1 of 5 outputs move (0), 0 of 0 earlier; first and own: 5 of 5 outputs move "
        "(0, 1, 2, 3, 4), 0 of 0 earlier; <b>leaky</b>: 5 of 5 outputs move (0, 1, 2, 3, 4), 0 of 0 earlier."
    )
    assert all(painted(part(shown, f"map-{i}")) != before[i] for i in range(3))
    at_cell(shown, "map-2", token=4, output=0)
    run_cell(notebook, SCRATCH, "matrix = causality.influences['<b>leaky</b>']")
    change, largest = float(told(notebook, "float(matrix[0, 4])")), float(told(notebook, "float(matrix.max())"))
    expect(status).to_contain_text(
        "token 4 changes, output 0: alone: stays: 0 (0.0 % of the largest); first and own: stays: 0 (0.0 % of the "
    )
    expect(status).to_contain_text(f"leaky</b>: moves by {change:.3g}")
    expect(status).to_contain_text(f"({change / largest:.1%}".replace("%", " % of the largest)"))
    take_screenshot(shown, "causality-cell")


def test_pins_and_tolerance_of_causality_go_both_ways(notebook: Page) -> None:
    """A click pins, Escape unpins; a larger tolerance leaves small changes out, from the browser and from Python."""
    shown = explorer(notebook, "causality")
    status = shown.get_by_role("status")
    at_cell(shown, "map-0", token=3, output=1, click=True)
    expect(part(shown, "pin")).to_be_visible()
    assert told(notebook, "causality.token, causality.output") == "3 1"
    run_cell(notebook, SCRATCH, "causality.token, causality.output = 2, -1")
    expect(status).to_contain_text("token 2 changes: alone: 1 of 5 outputs move (2), 0 of 2 earlier; ")
    part(shown, "map-1").press("Escape")
    assert told(notebook, "causality.token, causality.output") == "-1 -1"
    ground = painted(part(shown, "map-2"), ground=True)
    box(shown, "tolerance").fill("0.9")
    box(shown, "tolerance").press("Enter")
    expect(part(shown, "caption-2")).not_to_contain_text("6 of 10 pairs")
    assert painted(part(shown, "map-2"), ground=True) != ground
    assert told(notebook, "causality.tolerance") == "0.9"
    run_cell(notebook, SCRATCH, "causality.tolerance = 1e-6")
    expect(box(shown, "tolerance")).to_have_value("1e-6")
    assert painted(part(shown, "map-2"), ground=True) == ground
