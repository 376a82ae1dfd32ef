import pytest
from kernelkit import run_cell
from labkit import take_screenshot
from lenskit import CELLS, NEXT_FRAME, cell, frame_of, lens_of, opened, part, picture, point
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser


@pytest.fixture
def cells() -> tuple[str, ...]:
    """A lens of known routings."""
    return CELLS


def test_pointing_at_a_weight_a_patch_a_slot_and_an_expert(notebook: Page) -> None:
    """Each shows the same numbers as the routing holds, in the status line and on the other panels."""
    lens = lens_of(notebook)
    status, before = lens.get_by_role("status"), {name: picture(lens, name) for name in ("tokens", "map", "experts")}
    expect(part(lens, "caption")).to_have_text(
        "Image 0: 0 of 4 tokens dropped. Every slot's dispatch sums to 1. Sums of dispatch: rows 0.8750 to 1.3750."
    )
    point(lens, "map", 1, 3, 4, 4)
    expect(status).to_have_text(
        "token 3 (row 1, column 1), expert 0, slot 1: dispatch 0.6250, combine 0.5000; "
        "token 3 fills 1.3750 slots, its combine sums to 1.0000; slot's dispatch sums to 1.0000"
    )
    assert all(picture(lens, name) != before[name] for name in before)
    take_screenshot(lens, "lens-weight")
    point(lens, "tokens", 1, 1, 2, 2)
    expect(status).to_have_text(
        "token 3 (row 1, column 1): token 3 fills 1.3750 slots, its combine sums to 1.0000; "
        "experts (dispatch / combine): 0 (0.8750 / 0.5625), 1 (0.5000 / 0.4375)"
    )
    assert picture(lens, "tokens") != before["tokens"]
    take_screenshot(lens, "lens-patch")
    frame = frame_of(part(lens, "map"))
    part(lens, "map").hover(position={"x": 46 + (frame["width"] - 114) * 1.5 / 4, "y": frame["height"] - 3})
    expect(status).to_have_text("expert 0, slot 1: slot's dispatch sums to 1.0000; largest dispatch at token 3: 0.6250")
    part(lens, "experts").hover(position={"x": frame["width"] - 80, "y": 40})
    expect(status).to_have_text(
        "expert 1: its dispatch sums to 2 in 2 slots, 50.0 % of all; the same dispatch at each of its 4 tokens: 0.5000"
    )
    take_screenshot(lens, "lens-expert")
    part(lens, "map").hover(position={"x": 80, "y": 8})
    expect(status).to_have_text(
        "expert 0: its dispatch sums to 2 in 2 slots, 50.0 % of all; largest dispatch at token 3: 0.8750"
    )
    part(lens, "combine").check()
    expect(part(lens, "caption")).to_contain_text(
        "Every token's combine sums to 1. Sums of combine: columns 0.8125 to 1.2500."
    )


def test_a_lens_opens_with_its_picture_and_its_buttons_reach_python(notebook: Page) -> None:
    """At 1280 x 800 tokens, map and the reason are in sight; Pin, Compare and Clear comparison set Python's traits."""
    notebook.set_viewport_size({"width": 1280, "height": 800})
    run_cell(notebook, 1, "lens.router = 'tokens choice'\nlens.image_index = 1\nlens")
    lens = opened(notebook, 1)
    notebook.locator(".jp-Cell").nth(1).evaluate("cell => cell.scrollIntoView({ block: 'start' })")

    for name in ("tokens", "map", "why"):
        expect(part(lens, name)).to_be_in_viewport(ratio=1)
    expect(part(lens, "why")).to_have_text(
        "The Routing does not carry gates, so it cannot say what this token asked for."
    )
    part(lens, "hold").click()
    assert run_cell(notebook, 2, "print(lens.token, lens.pins)") == "3 []"
    part(lens, "beside").click()
    assert run_cell(notebook, 2, "print(lens.token, lens.pins)") == "-1 [[3, -1, -1]]"
    part(lens, "clear").click()
    assert run_cell(notebook, 2, "print(lens.token, lens.pins)") == "-1 []"


def test_choosing_a_router_and_a_layer(notebook: Page) -> None:
    """The layer that the other router has too is kept, else its first; capacity, drops and padding are told."""
    lens = lens_of(notebook)
    part(lens, "router").select_option("tokens choice")
    expect(part(lens, "layer")).to_have_value("late")
    part(lens, "image_index").fill("1")
    expect(part(lens, "caption")).to_have_text(
        "Image 1: 1 of 3 tokens dropped (3). 1 padding (2). Sums of dispatch: rows 0 to 1, "
        "columns 0 to 1 over the 2 images of the group."
    )
    expect(part(lens, "load-note")).to_contain_text("dashed line: the capacity of 3 slots")
    status = lens.get_by_role("status")
    point(lens, "map", 3, 1, 9, 4)
    expect(status).to_have_text(
        "token 1 (row 0, column 1), expert 1, slot 0: dispatch 1.0000, combine 0.7500; token 1 fills 1 slot, "
        "its combine sums to 0.7500; slot's dispatch sums to 1.0000, 1.0000 of it from this image"
    )
    point(lens, "tokens", 1, 1, 2, 2)
    expect(status).to_contain_text("token 3 is dropped: it fills 0 slots, its combine sums to 0.0000")
    point(lens, "tokens", 0, 1, 2, 2)
    expect(status).to_contain_text("token 2 is padding: it fills 0 slots")
    part(lens, "experts").hover(position={"x": frame_of(part(lens, "experts"))["width"] / 2, "y": 40})
    expect(status).to_contain_text("expert 1: its dispatch sums to 1 of its group's 3 in 3 slots")
    take_screenshot(lens, "lens-sparse")
    assert run_cell(notebook, 1, "print(lens.router, lens.layer)") == "tokens choice late"


def test_pins_reach_python_and_come_from_python(notebook: Page) -> None:
    """A click pins, a second click or Escape unpins; two views of one lens stay in step."""
    lens = lens_of(notebook)
    status = lens.get_by_role("status")
    report = "print(lens.token, lens.expert, lens.slot)"
    point(lens, "map", 2, 1, 4, 4, click=True)
    expect(part(lens, "pin")).to_have_text("Pinned: press Escape to unpin.")
    point(lens, "map", 0, 3, 4, 4)
    expect(status).to_contain_text("token 1 (row 0, column 1), expert 1, slot 0: ")
    assert run_cell(notebook, 1, report) == "1 1 0"
    point(lens, "map", 2, 1, 4, 4, click=True)
    expect(part(lens, "pin")).to_have_text("")
    assert run_cell(notebook, 1, report) == "-1 -1 -1"
    assert run_cell(notebook, 1, "lens.token, lens.expert, lens.image_index, lens.view = 2, 0, 1, 'combine'") == ""
    expect(status).to_contain_text("token 2 (row 1, column 0), expert 0: dispatch 0.5000, combine 0.5000; ")
    expect(part(lens, "combine")).to_be_checked()
    part(lens, "map").press("Escape")
    expect(status).to_contain_text("Point at")
    assert run_cell(notebook, 1, report) == "-1 -1 -1"
    run_cell(notebook, 1, "lens")
    second = lens_of(notebook, 1)
    point(second, "tokens", 0, 0, 2, 2, click=True)
    expect(status).to_contain_text("token 0 (row 0, column 0): ")
    take_screenshot(second, "lens-pinned")


def test_every_action_by_keyboard(notebook: Page) -> None:
    """Tab reaches all controls, arrows move, Enter pins, and the notebook does not take the keys."""
    lens = lens_of(notebook)
    status, cells = lens.get_by_role("status"), notebook.locator(".jp-Cell").count()
    part(lens, "router").focus()
    reached = []
    for _ in range(8):
        reached.append(notebook.evaluate("document.activeElement.closest('[data-part]').dataset.part"))
        notebook.keyboard.press("Tab")
    assert reached == ["router", "layer", "image_index", "dispatch", "more", "tokens", "map", "experts"]
    part(lens, "tokens").focus()
    for key, place in (("ArrowRight", 0), ("ArrowRight", 1), ("ArrowDown", 3), ("Home", 0), ("End", 3)):
        notebook.keyboard.press(key)
        expect(status).to_contain_text(f"token {place} (row")
    outline = part(lens, "tokens").evaluate("c => getComputedStyle(c).outlineStyle + getComputedStyle(c).outlineWidth")
    assert outline == "solid3px"
    part(lens, "map").focus()
    for key, place in (("ArrowDown", "token 0 "), ("ArrowDown", "token 1 "), ("End", "expert 1, slot 1:")):
        notebook.keyboard.press(key)
        expect(status).to_contain_text(place)
    notebook.keyboard.press("Enter")
    expect(part(lens, "pin")).not_to_be_empty()
    notebook.keyboard.press("ArrowLeft")
    expect(status).to_contain_text("token 1 (row 0, column 1), expert 1, slot 0: ")
    for key in ("a", "b", "m", "x", "Escape"):
        notebook.keyboard.press(key)
    expect(part(lens, "pin")).to_be_empty()
    assert notebook.locator(".jp-Cell").count() == cells
    assert notebook.locator(".jp-MarkdownCell").count() == 0
    assert run_cell(notebook, 1, "print(lens.token, lens.expert, lens.slot)") == "-1 -1 -1"


SHIFT = {"modifiers": ["Shift"]}
PAINTED = """c => {
    const all = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
    return all.reduce((hash, x) => (31 * hash + x) >>> 0, 7);
}"""


def titles(lens: Locator) -> list[str]:
    """What is compared, card by card."""
    return lens.locator(".routing-lens-card .routing-lens-title").all_inner_texts()


def test_several_places_are_compared_side_by_side(notebook: Page) -> None:
    """Shift+click adds one and takes it away again; each has its own picture and numbers, and Python knows them."""
    lens = lens_of(notebook)
    compare = part(lens, "compare")
    expect(compare).to_be_hidden()
    point(lens, "map", 1, 3, 4, 4, click=True, **SHIFT)
    point(lens, "tokens", 0, 1, 2, 2, click=True, **SHIFT)
    point(lens, "map", 2, 0, 4, 4, click=True)
    part(lens, "experts").click(position={"x": cell(lens, 0, 0, 2, 1)[0] + 20, "y": 40}, **SHIFT)

    cards = lens.locator(".routing-lens-card")
    expect(cards).to_have_count(4)
    assert titles(lens) == [
        "token 3 (row 1, column 1), expert 0, slot 1",
        "token 2 (row 1, column 0)",
        "token 0 (row 0, column 0), expert 1, slot 0",
        "expert 0",
    ]
    expect(part(lens, "compare-title")).to_contain_text("Compared: 4 of 4 selections (dispatch, ")
    expect(cards.nth(0)).to_contain_text("dispatch 0.6250, combine 0.5000")
    expect(cards.nth(1)).to_contain_text("experts (dispatch / combine): 1 (0.5000 / 0.5000), 0 (0.3750 / 0.5000)")
    expect(cards.nth(3)).to_contain_text("its dispatch sums to 2 in 2 slots, 50.0 % of all")
    notebook.evaluate(NEXT_FRAME)
    drawn = [cards.nth(i).locator("canvas").evaluate(PAINTED) for i in range(4)]
    assert len(set(drawn)) == 4
    boxes = [frame_of(cards.nth(i)) for i in range(4)]
    assert len({round(box["y"]) for box in boxes}) == 1 and boxes[0]["x"] < boxes[1]["x"] < boxes[3]["x"]
    take_screenshot(lens, "lens-compared")
    assert run_cell(notebook, 1, "print(lens.pins, lens.token)") == (
        "[[3, 0, 1], [2, -1, -1], [0, 1, 0], [-1, 0, -1]] -1"
    )
    assert notebook.locator(".jp-Cell.jp-mod-selected").count() <= 1
    point(lens, "tokens", 1, 0, 2, 2, click=True, **SHIFT)
    expect(part(lens, "pin")).to_have_text("4 selections are compared already: remove one first.")
    expect(cards).to_have_count(4)
    point(lens, "tokens", 0, 1, 2, 2, click=True, **SHIFT)
    expect(cards).to_have_count(3)
    expect(part(lens, "pin")).to_be_empty()
    part(lens, "image_index").fill("1")
    notebook.evaluate(NEXT_FRAME)
    assert cards.nth(0).locator("canvas").evaluate(PAINTED) != drawn[0]
    cards.nth(0).get_by_role("button", name="Remove token 3 (row 1, column 1), expert 0, slot 1").click()
    expect(cards).to_have_count(2)
    assert run_cell(notebook, 1, "lens.pins = [[1, 1, 1]]; print(lens.pins)") == "[[1, 1, 1]]"
    expect(cards).to_have_count(1)
    assert titles(lens) == ["token 1 (row 0, column 1), expert 1, slot 1"]


def test_places_are_compared_by_keyboard(notebook: Page) -> None:
    """Shift+Enter adds and takes away, Escape frees the pin and then the comparison, and no cell is added."""
    lens = lens_of(notebook)
    cells, cards = notebook.locator(".jp-Cell").count(), lens.locator(".routing-lens-card")
    tokens = part(lens, "tokens")
    tokens.focus()
    for key in ("ArrowRight", "ArrowRight", "Shift+Enter", "ArrowDown", "Shift+Enter", "ArrowLeft", "Enter"):
        notebook.keyboard.press(key)
    expect(cards).to_have_count(2)
    assert titles(lens) == ["token 1 (row 0, column 1)", "token 3 (row 1, column 1)"]
    expect(part(lens, "pin")).to_have_text("Pinned: press Escape to unpin.")
    notebook.keyboard.press("Escape")
    expect(part(lens, "pin")).to_be_empty()
    expect(cards).to_have_count(2)
    notebook.keyboard.press("ArrowRight")
    notebook.keyboard.press("ArrowRight")
    notebook.keyboard.press("Shift+Enter")
    expect(cards).to_have_count(1)
    free = part(lens, "free")
    assert free.get_attribute("data-lm-suppress-shortcuts") == "true"
    notebook.keyboard.press("Shift+Enter")
    expect(cards).to_have_count(2)
    free.last.press("Enter")
    expect(cards).to_have_count(1)
    assert notebook.evaluate("document.activeElement.getAttribute('aria-label')").startswith("Remove token 3")
    tokens.focus()
    notebook.keyboard.press("Escape")
    expect(part(lens, "compare")).to_be_hidden()
    notebook.keyboard.press("ArrowRight")
    notebook.keyboard.press("Shift+Enter")
    free.press("Enter")
    expect(cards).to_have_count(0)
    assert notebook.evaluate("document.activeElement.dataset.part") == "tokens"
    assert notebook.locator(".jp-Cell").count() == cells
    assert run_cell(notebook, 1, "print(lens.pins, lens.token)") == "[] -1"


def test_two_views_of_one_lens_compare_the_same(notebook: Page) -> None:
    """What one view adds the other shows, and the router that lacks it frees it."""
    lens = lens_of(notebook)
    run_cell(notebook, 1, "lens")
    second = lens_of(notebook, 1)
    point(second, "map", 3, 2, 4, 4, click=True, **SHIFT)
    point(lens, "map", 0, 1, 4, 4, click=True, **SHIFT)

    expected = ["token 2 (row 1, column 0), expert 1, slot 1", "token 1 (row 0, column 1), expert 0, slot 0"]
    for view in (lens, second):
        expect(view.locator(".routing-lens-card")).to_have_count(2)
        assert titles(view) == expected
    assert run_cell(notebook, 2, "lens.router = 'tokens choice'; lens.pins = [[0, 2, 2]]; print(lens.layer)") == "late"
    assert run_cell(notebook, 2, "lens.router = 'soft'; print(lens.pins)") == "[]"
    expect(part(second, "compare")).to_be_hidden()
