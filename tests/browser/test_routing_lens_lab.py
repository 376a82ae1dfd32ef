import pytest
from lenskit import lens_of, part, picture, point, run_cell, screenshot
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_pointing_at_a_weight_a_patch_a_slot_and_an_expert(notebook: Page) -> None:
    """Each shows the same numbers as the routing holds, in the status line and on the other panels."""
    lens = lens_of(notebook)
    status, before = lens.get_by_role("status"), {name: picture(lens, name) for name in ("tokens", "map", "experts")}
    expect(part(lens, "caption")).to_have_text(
        "Image 0: 0 of 4 tokens dropped. Sums of dispatch: rows 0.8750 to 1.3750, columns 1.0000."
    )
    point(lens, "map", 1, 3, 4, 4)
    expect(status).to_have_text(
        "token 3 (row 1, column 1), expert 0, slot 1: dispatch 0.6250, combine 0.5000; "
        "token 3 fills 1.3750 slots, its combine sums to 1.0000; slot's dispatch sums to 1.0000"
    )
    assert all(picture(lens, name) != before[name] for name in before)
    screenshot(lens, "lens-weight")
    point(lens, "tokens", 1, 1, 2, 2)
    expect(status).to_have_text("token 3 (row 1, column 1): token 3 fills 1.3750 slots, its combine sums to 1.0000")
    assert picture(lens, "tokens") != before["tokens"]
    screenshot(lens, "lens-patch")
    frame = part(lens, "map").bounding_box()
    part(lens, "map").hover(position={"x": 46 + (frame["width"] - 98) * 1.5 / 4, "y": frame["height"] - 8})
    expect(status).to_have_text("expert 0, slot 1: slot's dispatch sums to 1.0000; most dispatch at token 3: 0.6250")
    part(lens, "experts").hover(position={"x": frame["width"] - 60, "y": 40})
    expect(status).to_have_text("expert 1: receives 2 tokens' worth in 2 slots; most dispatch at token 0: 0.5000")
    screenshot(lens, "lens-expert")
    part(lens, "map").hover(position={"x": 80, "y": 8})
    expect(status).to_have_text("expert 0: receives 2 tokens' worth in 2 slots; most dispatch at token 3: 0.8750")
    part(lens, "combine").check()
    expect(part(lens, "caption")).to_contain_text("Sums of combine: rows 1.0000, columns 0.8125 to 1.2500.")


def test_a_wrong_softmax_shows_as_sums_that_are_not_one(notebook: Page) -> None:
    """A slot whose weights were normalised over the slots instead says so in the caption."""
    run_cell(notebook, 1, "RoutingLens(SoftRouting(combine, combine), images)")
    lens = lens_of(notebook, 1)

    expect(part(lens, "caption")).to_contain_text("Sums of dispatch: rows 1.0000, columns 0.8125 to 1.2500.")


def test_the_slider_moves_by_mouse_and_by_key(notebook: Page) -> None:
    """Both change what is drawn, and the kernel knows the image."""
    lens = lens_of(notebook)
    slider, first = part(lens, "image_index"), picture(lens, "tokens", ground=True)
    first_map = picture(lens, "map", ground=True)
    slider.scroll_into_view_if_needed()
    frame = slider.bounding_box()
    notebook.mouse.move(frame["x"] + 8, frame["y"] + frame["height"] / 2)
    notebook.mouse.down()
    notebook.mouse.move(frame["x"] + frame["width"] - 4, frame["y"] + frame["height"] / 2, steps=6)
    notebook.mouse.up()
    expect(part(lens, "image")).to_have_text("1: 2, predicted 2")
    assert picture(lens, "tokens", ground=True) != first
    assert picture(lens, "map", ground=True) != first_map
    assert run_cell(notebook, 1, "lens.image_index") == "1"
    slider.focus()
    notebook.keyboard.press("ArrowLeft")
    expect(part(lens, "image")).to_have_text("0: 7, predicted 1")
    assert picture(lens, "tokens", ground=True) == first


def test_choosing_a_router_and_a_layer(notebook: Page) -> None:
    """The layer that the other router has too is kept, else its first; capacity, drops and padding are told."""
    lens = lens_of(notebook)
    part(lens, "router").select_option("tokens choice")
    expect(part(lens, "layer")).to_have_value("late")
    part(lens, "image_index").fill("1")
    expect(part(lens, "caption")).to_have_text(
        "Image 1: 1 of 3 tokens dropped (3). 1 padding (2). Sums of dispatch: rows 0.0000 to 1.0000, "
        "columns 0.0000 to 1.0000 over the 2 images of the group."
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
    part(lens, "experts").hover(position={"x": part(lens, "experts").bounding_box()["width"] / 2, "y": 40})
    expect(status).to_contain_text("expert 1: receives 1 of its group's 3 tokens' worth in 3 slots")
    screenshot(lens, "lens-sparse")
    assert run_cell(notebook, 1, "print(lens.router, lens.layer)") == "tokens choice late"


def test_pins_reach_python_and_come_from_python(notebook: Page) -> None:
    """A click pins, a second click or Escape frees; two views of one lens stay in step."""
    lens = lens_of(notebook)
    status = lens.get_by_role("status")
    report = "print(lens.token, lens.expert, lens.slot)"
    point(lens, "map", 2, 1, 4, 4, click=True)
    expect(part(lens, "pin")).to_have_text("Pinned: Escape frees it.")
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
    screenshot(second, "lens-pinned")


def test_every_action_by_keyboard(notebook: Page) -> None:
    """Tab reaches all controls, arrows move, Enter pins, and the notebook does not take the keys."""
    lens = lens_of(notebook)
    status, cells = lens.get_by_role("status"), notebook.locator(".jp-Cell").count()
    part(lens, "router").focus()
    reached = []
    for _ in range(7):
        reached.append(notebook.evaluate("document.activeElement.dataset.part"))
        notebook.keyboard.press("Tab")
    assert reached == ["router", "layer", "image_index", "dispatch", "tokens", "map", "experts"]
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
