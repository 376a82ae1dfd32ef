import importlib.util
from collections.abc import Iterator

import pytest
from kernelkit import command, open_page, run_all, run_cell, shut_down
from labkit import Server, skip_unless_ci, take_screenshot, write_notebook
from lenskit import NEXT_FRAME, ROUTINGS, lens_of, part, picture, point
from playwright.sync_api import BrowserContext, Page, expect
from sharekit import pixels, save, table

pytestmark = pytest.mark.browser

REPORT = "print(lens.token, lens.expert, lens.slot, lens.image_index, lens.router, lens.layer, lens.view)"


@pytest.fixture(scope="module")
def opened7(lab: Server, lab_context: BrowserContext) -> Iterator[Page]:
    """Notebook 7 with a notebook whose first cell shows the lens; the second is for each test."""
    if importlib.util.find_spec("notebook") is None:
        skip_unless_ci("no Notebook 7: pip install notebook")
    page = open_page(lab_context, lab, "notebooks", write_notebook(lab.root / "lens.ipynb", ROUTINGS, ""))
    yield page
    shut_down(page)
    page.close()
    # Notebook's own plugins may raise this while they load.
    own = ("reading 'schema'", "Command 'filebrowser:open-path' not registered")
    assert [fault for fault in page.faults if not any(words in fault for words in own)] == []


@pytest.fixture
def notebook7_page(opened7: Page) -> Page:
    """The notebook with the lens made again."""
    opened7.bring_to_front()
    opened7.mouse.move(0, 0)
    run_all(opened7)
    return opened7


def test_pointing_sliding_and_choosing_in_notebook_7(notebook7_page: Page) -> None:
    """The numbers of the routing are told, the drawings follow, and the kernel knows what was chosen."""
    lens = lens_of(notebook7_page)
    unlit, first = picture(lens, "tokens"), picture(lens, "map", ground=True)
    point(lens, "map", 1, 3, 4, 4, click=True)
    expect(lens.get_by_role("status")).to_have_text(
        "token 3 (row 1, column 1), expert 0, slot 1: dispatch 0.6250, combine 0.5000; "
        "token 3 fills 1.3750 slots, its combine sums to 1.0000; slot's dispatch sums to 1.0000"
    )
    expect(part(lens, "pin")).not_to_be_empty()
    assert picture(lens, "tokens") != unlit
    take_screenshot(notebook7_page, "lens-notebook7")
    part(lens, "combine").check()
    part(lens, "image_index").fill("1")
    expect(part(lens, "image")).to_have_text("1: 2, predicted 2")
    assert picture(lens, "map", ground=True) != first
    assert run_cell(notebook7_page, 1, REPORT) == "3 0 1 1 soft early combine"


def test_every_action_by_keyboard_in_notebook_7(notebook7_page: Page) -> None:
    """Tab reaches the controls; lists, slider and map answer arrows, Home and End; Enter pins, Escape unpins."""
    page, lens = notebook7_page, lens_of(notebook7_page)
    status, press = lens.get_by_role("status"), notebook7_page.keyboard.press
    part(lens, "router").focus()
    reached = []
    for _ in range(8):
        reached.append(page.evaluate("document.activeElement.closest('[data-part]').dataset.part"))
        press("Tab")
    assert reached == ["router", "layer", "image_index", "dispatch", "more", "tokens", "map", "experts"]
    part(lens, "layer").focus()
    press("ArrowDown")
    expect(part(lens, "layer")).to_have_value("late")
    part(lens, "image_index").focus()
    for key, image in (
        ("ArrowRight", "1: 2, predicted 2"),
        ("Home", "0: 7, predicted 1"),
        ("End", "1: 2, predicted 2"),
    ):
        press(key)
        expect(part(lens, "image")).to_have_text(image)
    part(lens, "dispatch").focus()
    press("ArrowRight")
    expect(part(lens, "combine")).to_be_checked()
    part(lens, "map").focus()
    for key, place in (("ArrowDown", "token 0 "), ("ArrowDown", "token 1 "), ("End", "expert 1, slot 1: ")):
        press(key)
        expect(status).to_contain_text(place)
    press("Enter")
    expect(part(lens, "pin")).to_have_text("Pinned: press Escape to unpin.")
    press("ArrowLeft")
    expect(status).to_contain_text("token 1 (row 0, column 1), expert 1, slot 0: ")
    assert run_cell(page, 1, REPORT) == "1 1 0 1 soft late combine"
    part(lens, "map").press("Escape")
    expect(part(lens, "pin")).to_be_empty()
    assert run_cell(page, 1, REPORT) == "-1 -1 -1 1 soft late combine"


def test_saving_and_undoing_in_notebook_7(notebook7_page: Page) -> None:
    """Files are downloaded, and what is undone by key is undone in Python; no cell is touched by Ctrl+Z."""
    lens = lens_of(notebook7_page)
    file, content = save(lens, "Numbers (CSV)")
    assert file == "routing-lens-step-0-soft-early-image-index-0-dispatch.csv" and len(table(content)) == 16
    assert len(set(pixels(save(lens, "Picture (PNG)")[1]).reshape(-1, 4)[:, 1])) > 20
    part(lens, "image_index").press("ArrowRight")
    point(lens, "map", 2, 3, 4, 4, click=True)
    assert run_cell(notebook7_page, 1, REPORT) == "3 1 0 1 soft early dispatch"
    part(lens, "map").press("Control+z")
    part(lens, "map").press("Control+z")
    expect(part(lens, "news")).to_have_text("Undone: image index is 0.")
    assert run_cell(notebook7_page, 1, REPORT) == "-1 -1 -1 0 soft early dispatch"
    part(lens, "map").press("Control+Shift+z")
    assert run_cell(notebook7_page, 1, REPORT) == "-1 -1 -1 1 soft early dispatch"
    expect(notebook7_page.locator(".jp-CodeCell .cm-content").first).to_contain_text("RoutingLens")


def test_letters_pressed_in_the_lens_stay_there_in_notebook_7(notebook7_page: Page) -> None:
    """No part that takes the focus hands `a`, `b` or `m` to the notebook; without its attribute `a` adds a cell."""
    page, lens = notebook7_page, lens_of(notebook7_page)
    cells = page.locator(".jp-Cell")
    before = cells.count()
    parts = ["router", "layer", "image_index", "dispatch", "more", "tokens", "map", "experts"]
    for name in parts:
        part(lens, name).focus()
        for key in ("a", "b", "m"):
            page.keyboard.press(key)
    page.evaluate(NEXT_FRAME)
    assert (cells.count(), page.locator(".jp-MarkdownCell").count()) == (before, 0)
    part(lens, "tokens").evaluate("canvas => canvas.removeAttribute('data-lm-suppress-shortcuts')")
    part(lens, "tokens").press("a")
    expect(cells).to_have_count(before + 1)
    command(page, "notebook:delete-cell")
    expect(cells).to_have_count(before)
