"""The cost explorer in JupyterLab: every control, both ways."""

import pytest
from explorerkit import CELLS, SCRATCH, box, cell_of, explorer, piece_of, told
from kernelkit import run_cell
from labkit import take_screenshot
from lenskit import frame_of, part
from playwright.sync_api import Page, expect

from softmoe_edu.cost import MoESizes, mlp_cost, moe_cost

pytestmark = pytest.mark.browser


@pytest.fixture
def cells() -> tuple[str, ...]:
    """The cost explorer alone, in the same places."""
    return (CELLS[0], *[""] * (len(CELLS) - 1))


SOFT = moe_cost(7, 6, 5, MoESizes(router="soft", num_experts=4, slots_per_expert=2))


def test_the_table_holds_the_costs_of_the_package(notebook: Page) -> None:
    """Every part's parameters, MACs and bytes and their totals are those of softmoe_edu.cost."""
    cost = explorer(notebook, "cost")
    for part_cost in SOFT.parts:
        for column, number in (
            ("parameters", part_cost.parameters),
            ("active", part_cost.active),
            ("macs", part_cost.macs),
            ("bytes", part_cost.bytes(3)),
        ):
            expect(cell_of(cost, part_cost.name, column).locator("b")).to_have_text(f"{number:,.0f}")
    expect(cell_of(cost, "total", "macs").locator("b")).to_have_text(f"{SOFT.macs:,.0f}")
    expect(cell_of(cost, "dense MLP", "macs")).to_be_hidden()
    expect(part(cost, "caption")).to_have_text("8 slots for 7 tokens: 1.143 for each token.")
    expect(cost.get_by_role("status")).to_contain_text(
        f"soft, 4 experts of 2 slots, 7 tokens of width 6: {SOFT.parameters} parameters; "
    )


def test_a_slider_and_a_number_box_set_the_same_size(notebook: Page) -> None:
    """By mouse, by key and typed; the kernel knows each, and the numbers follow."""
    cost = explorer(notebook, "cost")
    slider = part(cost, "num_experts")
    frame = frame_of(slider)
    notebook.mouse.move(frame["x"] + 4, frame["y"] + frame["height"] / 2)
    notebook.mouse.down()
    notebook.mouse.move(frame["x"] + frame["width"] - 2, frame["y"] + frame["height"] / 2, steps=6)
    notebook.mouse.up()
    expect(box(cost, "num_experts")).to_have_value("4096")
    assert told(notebook, "cost.num_experts") == "4096"
    slider.focus()
    notebook.keyboard.press("ArrowLeft")
    expect(slider).to_have_attribute("aria-valuetext", "3,072")
    box(cost, "num_experts").fill("5")
    box(cost, "num_experts").press("Enter")
    five = moe_cost(7, 6, 5, MoESizes(router="soft", num_experts=5, slots_per_expert=2))
    expect(cell_of(cost, "total", "parameters").locator("b")).to_have_text(f"{five.parameters:,}")
    assert told(notebook, "cost.num_experts") == "5"


def test_a_number_out_of_bounds_is_answered_with_a_sentence(notebook: Page) -> None:
    """The trait keeps its value, the box is marked, and the next right number ends it."""
    cost = explorer(notebook, "cost")
    for typed, sentence in (
        ("0", "Experts must be a whole number from 1 to 4,096, got 0."),
        ("2.5", "Experts must be a whole number from 1 to 4,096, got 2.5."),
        ("", "Experts must be a whole number from 1 to 4,096, got nothing."),
    ):
        box(cost, "num_experts").fill(typed)
        box(cost, "num_experts").press("Tab")
        expect(part(cost, "num_experts-refusal")).to_have_text(sentence)
        expect(box(cost, "num_experts")).to_have_attribute("aria-invalid", "true")
    assert told(notebook, "cost.num_experts") == "4"
    box(cost, "num_experts").fill("8")
    box(cost, "num_experts").press("Tab")
    expect(cost.get_by_role("status")).to_contain_text("soft, 8 experts")
    expect(box(cost, "num_experts")).to_have_attribute("aria-invalid", "false")


def test_a_state_is_compared_with_the_pinned_one(notebook: Page) -> None:
    """Before and after stand in each cell with their ratio; Python sees the pin, sets it and forgets it."""
    cost = explorer(notebook, "cost")
    part(cost, "keep").click()
    box(cost, "num_experts").fill("8")
    box(cost, "num_experts").press("Tab")
    double = moe_cost(7, 6, 5, MoESizes(router="soft", num_experts=8, slots_per_expert=2))
    expect(cell_of(cost, "experts", "macs").locator("small")).to_have_text(f"was {SOFT['experts'].macs:,.0f}, × 2.00")
    change = double.parameters / SOFT.parameters
    expect(cell_of(cost, "total", "parameters").locator("small")).to_have_text(f"was {SOFT.parameters}, × {change:.2f}")
    expect(part(cost, "pin")).to_have_text("Compared with the pin: soft, 4 experts of 2 slots, 7 tokens of width 6.")
    assert told(notebook, "cost.pinned['num_experts'], cost.num_experts") == "4 8"
    take_screenshot(cost, "cost-pinned")
    run_cell(notebook, SCRATCH, "cost.pinned = {'router': 'dense'}")
    dense = mlp_cost(7, 6, 5)
    expect(cell_of(cost, "dense MLP", "macs").locator("small")).to_have_text(f"was {dense.macs}, none left")
    expect(cell_of(cost, "experts", "macs").locator("small")).to_have_text("new")
    part(cost, "forget").click()
    expect(part(cost, "pin")).to_be_empty()
    assert told(notebook, "cost.pinned") == "{}"


def test_a_part_is_marked_in_all_bars(notebook: Page) -> None:
    """Pointing at a part's name, row or piece of a bar shows it; a click keeps it, as does its trait."""
    cost = explorer(notebook, "cost")
    status, marked = cost.get_by_role("status"), cost.locator(".bar i.on")
    part(cost, "dispatch").hover()
    expect(status).to_contain_text(
        f"dispatch: 0 parameters (0.0 %); 0 active parameters (0.0 %); {SOFT['dispatch'].macs} MACs"
    )
    expect(marked).to_have_count(5)
    notebook.mouse.move(0, 0)
    expect(marked).to_have_count(0)
    piece_of(cost, "macs", "experts").hover()
    expect(status).to_contain_text("experts: ")
    cell_of(cost, "dispatch", "bytes").hover()
    expect(status).to_contain_text("dispatch: ")
    # As long as a finger stays down, the bars are drawn again for the pointer that has just come.
    piece_of(cost, "macs", "experts").click(delay=50)
    assert told(notebook, "cost.part") == "experts"
    part(cost, "combine").click()
    notebook.mouse.move(0, 0)
    expect(status).to_contain_text("combine: ")
    expect(part(cost, "combine")).to_have_attribute("aria-pressed", "true")
    assert told(notebook, "cost.part") == "combine"
    run_cell(notebook, SCRATCH, "cost.part = 'routing logits'")
    expect(status).to_contain_text("routing logits: ")
    part(cost, "experts").press("Escape")
    assert told(notebook, "repr(cost.part)") == "''"


def test_the_router_is_chosen_and_what_it_lacks_is_hidden(notebook: Page) -> None:
    """A dense layer has no experts or slots, only tokens choice has choices; Python's change moves the list."""
    cost = explorer(notebook, "cost")
    expect(box(cost, "top_k")).to_be_hidden()
    part(cost, "router").select_option("tokens choice")
    expect(box(cost, "top_k")).to_be_visible()
    expect(part(cost, "caption")).to_contain_text("a capacity factor of 1.143")
    assert told(notebook, "cost.router") == "tokens choice"
    run_cell(notebook, SCRATCH, "cost.top_k = 3")
    expect(part(cost, "caption")).to_contain_text("a capacity factor of 0.381")
    box(cost, "num_experts").fill("2")
    box(cost, "num_experts").press("Tab")
    expect(box(cost, "top_k")).to_have_value("2")
    assert told(notebook, "cost.top_k, cost.num_experts") == "2 2"
    run_cell(notebook, SCRATCH, "cost.router = 'dense'")
    expect(part(cost, "router")).to_have_value("dense")
    expect(box(cost, "num_experts")).to_be_hidden()
    expect(cell_of(cost, "total", "parameters").locator("b")).to_have_text(f"{mlp_cost(7, 6, 5).parameters}")
