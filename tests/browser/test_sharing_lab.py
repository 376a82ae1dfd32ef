"""Saving and undoing in JupyterLab, where Python follows."""

import pytest
from explorerkit import CELLS, explorer, told
from kernelkit import run_cell
from labkit import take_screenshot
from lenskit import into_view, part
from playwright.sync_api import Page, expect
from sharekit import grounds, pixels, save, table

pytestmark = pytest.mark.browser

TRAITS = "capacity.num_experts, capacity.top_k, capacity.capacity_factor, capacity.token"


@pytest.fixture
def cells() -> tuple[str, ...]:
    """The capacity explorer alone, in the same places."""
    return (CELLS[0], CELLS[1].replace("CapacityExplorer()", "CapacityExplorer(7, tokens=45, top_k=3)"), "", "", "")


def test_undo_and_redo_reach_python(notebook: Page) -> None:
    """With what a change drew along; the cells of the notebook are left alone."""
    capacity = explorer(notebook, "capacity")
    experts, undo = part(capacity, "num_experts"), part(capacity, "undo")
    experts.press("Home")
    part(capacity, "capacity_factor").press("ArrowRight")
    assert told(notebook, TRAITS) == "1 1 1.05 -1"
    undo.click()
    assert told(notebook, TRAITS) == "1 1 1.0 -1"
    experts.press("Control+z")
    expect(experts).to_have_attribute("aria-valuetext", "7")
    assert told(notebook, TRAITS) == "7 3 1.0 -1"
    part(capacity, "redo").press("Enter")
    assert told(notebook, TRAITS) == "1 1 1.0 -1"
    experts.press("Control+z")
    assert told(notebook, TRAITS) == "7 3 1.0 -1"
    assert "CapacityExplorer(7" in notebook.evaluate(
        "window.jupyterapp.shell.currentWidget.content.model.cells.get(1).sharedModel.getSource()"
    )


def test_what_python_sets_is_not_undone(notebook: Page) -> None:
    """A change of a reader that Python changed again is passed over."""
    capacity = explorer(notebook, "capacity")
    experts = part(capacity, "num_experts")
    part(capacity, "capacity_factor").press("ArrowRight")
    experts.press("ArrowRight")
    run_cell(notebook, 3, "capacity.num_experts = 33")
    expect(experts).to_have_attribute("aria-valuetext", "33")
    experts.press("Control+z")
    expect(part(capacity, "news")).to_have_text("Undone: capacity factor is 1.")
    assert told(notebook, TRAITS) == "33 3 1.0 -1"


def test_files_are_saved_from_jupyterlab(notebook: Page) -> None:
    """The picture on the page's colour, shapes and numbers; a link is for saved pages, whose address is their own."""
    capacity = explorer(notebook, "capacity")
    into_view(part(capacity, "save"))
    part(capacity, "save").click()
    entries = capacity.get_by_role("menuitem").all_inner_texts()
    take_screenshot(notebook, "share-menu-lab")
    notebook.keyboard.press("Escape")
    expected = grounds(capacity)
    file, content = save(capacity, "Picture (PNG)")

    assert "Copy link" not in entries and len(entries) == 4
    assert file == "capacity-explorer-num-experts-7-tokens-45-capacity-factor-1.png"
    assert (pixels(content)[0, 0] == 255).all() and grounds(capacity) == expected
    assert b"<svg" in save(capacity, "Shapes (SVG)")[1][:10]
    assert len(table(save(capacity, "Numbers of the sample (CSV)")[1])) == 45 * 3
