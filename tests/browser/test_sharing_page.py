"""What readers take away from a widget in a saved page, with the network closed."""

import re
from collections.abc import Callable
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from labkit import take_screenshot
from lenskit import NEXT_FRAME, frame_of, into_view, part, point
from pagekit import SHOWCASE, audit, make, root_of
from playwright.sync_api import Locator, Page, expect
from sharekit import column, count, grounds, pixels, save, table

from softmoe_edu.cost import MoESizes, moe_cost
from softmoe_edu.metrics import expected_drop_fraction
from softmoe_edu.widgets import CapacityExplorer, CausalityExplorer, CostExplorer
from softmoe_edu.widgets.base import Instrument

pytestmark = pytest.mark.browser

# The layer for the pointer of a panel: how many of its pixels are opaque, and the colour of one on its ground.
LAYER = """(root, panel) => {
    const seen = [...root.querySelectorAll("canvas:has(+ canvas)")].filter(canvas => canvas.offsetWidth);
    const ground = seen[panel], layer = ground.nextElementSibling;
    const of = c => c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
    const below = of(ground), above = of(layer);
    let opaque = 0, same = 0, drawn = 0;
    for (let i = 0; i < above.length; i += 4) {
        opaque += above[i + 3] === 255;
        drawn += below[i + 3] === 255;
        same += below[i + 3] === 255 && [0, 1, 2, 3].every(k => above[i + k] === below[i + k]);
    }
    return { all: above.length / 4, opaque, drawn, same };
}"""


def opened(open_saved: Callable, widget: Instrument, **options: object) -> Locator:
    """A widget in its saved page, drawn."""
    page = open_saved(widget, **options)
    found = page.locator(root_of(type(widget).__name__))
    expect(found.get_by_role("status")).not_to_be_empty()
    return found


@pytest.mark.parametrize("name", SHOWCASE)
def test_a_picture_holds_all_panels_on_the_colour_of_the_page(name: str, open_saved: Callable) -> None:
    """At twice the size, dark as the page is, opaque; each panel's ground is there, and the words are."""
    widget = opened(open_saved, make(name), color_scheme="dark")
    expected = grounds(widget)
    file, content = save(widget, "Picture (PNG)")
    picture = pixels(content)
    (page_colour,) = {tuple(picture[y, x]) for y in (0, -1) for x in (0, -1)}

    assert re.fullmatch(rf"{root_of(name)[1:]}[\w.-]*\.png", file)
    expect(part(widget, "news")).to_have_text(f"Saved as {file}.")
    assert picture.shape[1] > 2 * 0.7 * frame_of(widget)["width"]
    assert max(page_colour[:3]) < 40 and (picture[..., 3] == 255).all()
    # A line of the heading: light letters on the dark page.
    assert (picture[32:76].min(-1) > 180).sum() > 200
    assert len(expected) >= (0 if name in ("CostExplorer", "RoutingFlow") else 1)  # those have no panel with two layers
    for ground in expected:
        assert count(picture, ground["colour"]) > 2.5 * ground["count"]
    # The screen is as before.
    assert grounds(widget) == expected


ENTRIES = {
    "RoutingLens": [],
    "CostExplorer": ["Shapes (SVG)"],
    "CapacityExplorer": ["Shapes (SVG)"],
    "CausalityExplorer": [],
    "RouterExplorer": [],
    "RoutingFlow": ["Six pictures (SVG)"],
    "RunBrowser": ["Shapes (SVG)"],
}
TABLES = {"CapacityExplorer": 2, "RunBrowser": 3}


@pytest.mark.parametrize("name", ENTRIES)
def test_the_menu_offers_what_a_widget_can_give(name: str, open_saved: Callable) -> None:
    """Shapes only where it is drawn from shapes, numbers always, and in a saved page a link."""
    widget = opened(open_saved, make(name))
    part(widget, "save").click()
    entries = widget.get_by_role("menuitem").all_inner_texts()

    numbers = [entry for entry in entries if "CSV" in entry]
    assert entries == ["Picture (PNG)", *ENTRIES[name], *numbers, "Copy link"]
    assert len(numbers) == TABLES.get(name, 1)


def test_numbers_of_the_lens_are_the_weights(open_saved: Callable) -> None:
    """Each weight of the image on the map, with its token, expert and slot."""
    lens = make("RoutingLens")
    widget = opened(open_saved, lens)
    part(widget, "combine").check()
    file, content = save(widget, "Numbers (CSV)")
    rows = table(content)

    assert file == "routing-lens-step-0-soft-early-image-index-0-combine.csv"
    combine = torch.full((4, 2, 2), 0.25)
    combine[3] = torch.tensor([[0.0625, 0.5], [0.125, 0.3125]])
    assert column(rows, "combine").tolist() == combine.flatten().tolist()
    assert [(row["token"], row["expert"], row["slot"]) for row in rows[12:]] == [
        ("3", "0", "0"),
        ("3", "0", "1"),
        ("3", "1", "0"),
        ("3", "1", "1"),
    ]


def test_numbers_of_the_explorer_are_those_of_the_step(open_saved: Callable) -> None:
    """The scores, and after a change of the step the weights that came of them."""
    explorer = make("RouterExplorer")
    widget = opened(open_saved, explorer)
    logits = torch.frombuffer(bytearray(explorer._logits), dtype=torch.float32).view(3, 16, 5, 2)[0]
    scores = table(save(widget, "Numbers (CSV)")[1])
    part(widget, "dispatch").check()
    dispatch = table(save(widget, "Numbers (CSV)")[1])

    assert column(scores, "score").tolist() == logits.flatten().tolist()
    assert scores[37]["token"], scores[37]["expert"] == ("3", "3")
    assert np.allclose(column(dispatch, "dispatch"), logits.softmax(0).flatten(), atol=1e-6)


def test_numbers_of_the_costs_are_those_of_the_package(open_saved: Callable) -> None:
    """With all digits, for the state and the pinned one."""
    widget = opened(open_saved, CostExplorer(tokens=7, dim=48, pinned={"num_experts": 3}))
    rows = table(save(widget, "Numbers (CSV)")[1])

    for state, experts in (("now", 32), ("pinned", 3)):
        costs = moe_cost(7, 48, 1536, MoESizes(router="soft", num_experts=experts, slots_per_expert=6))
        found = {row["part"]: row for row in rows if row["state"] == state}
        assert {name: float(row["macs"]) for name, row in found.items()} == {
            **{each.name: each.macs for each in costs.parts},
            "total": costs.macs,
        }
        assert float(found["total"]["parameters"]) == costs.parameters


def test_numbers_of_the_capacity_are_the_expected_ones(open_saved: Callable) -> None:
    """The curve's exact line, and the sample's tokens, each in one slot or in none."""
    widget = opened(open_saved, CapacityExplorer(6, tokens=44, capacity_factor=0.75))
    curve = table(save(widget, "Numbers of the curve (CSV)")[1])
    sample = table(save(widget, "Numbers of the sample (CSV)")[1])

    exact = [float(expected_drop_fraction(44, 6, capacity=int(row["capacity"]))) for row in curve]
    assert np.allclose(column(curve, "uniform_expected"), exact, atol=1e-12)
    taken = [(row["expert"], row["slot"]) for row in sample if row["slot"]]
    assert len(sample) == 44 and len(set(taken)) == len(taken) <= 6 * 6
    caption = re.match(r"(\d+) of 44 tokens dropped", part(widget, "caption").inner_text())
    assert caption and 44 - len(taken) == int(caption[1])


def test_numbers_of_the_causality_are_the_influences(open_saved: Callable) -> None:
    """Each layer's matrix, and what moves by more than the tolerance."""
    explorer = make("CausalityExplorer")
    assert isinstance(explorer, CausalityExplorer)
    rows = table(save(opened(open_saved, explorer), "Numbers (CSV)")[1])

    matrices = torch.stack(list(explorer.influences.values()))
    assert column(rows, "change").tolist() == matrices.flatten().tolist()
    assert [row["layer"] for row in rows[48:50]] == ["mean of all", "sum so far"]
    assert {(row["output"] < row["token"], row["moves"]) for row in rows if row["layer"] == "sum so far"} == {
        (True, "false"),
        (False, "true"),
    }


@pytest.mark.parametrize(("name", "shape", "least"), [("CostExplorer", "rect", 40), ("CapacityExplorer", "path", 30)])
def test_shapes_are_shapes(name: str, shape: str, least: int, open_saved: Callable) -> None:
    """The SVG is well formed, holds the words as words and the drawing as shapes, and not one pixel."""
    widget = opened(open_saved, make(name))
    before = grounds(widget)
    file, content = save(widget, "Shapes (SVG)")
    kinds = [element.tag.partition("}")[2] for element in ElementTree.fromstring(content).iter()]
    words = " ".join(ElementTree.fromstring(content).itertext())

    assert file.endswith(".svg")
    assert kinds.count(shape) >= least and "image" not in kinds
    assert part(widget, "caption").inner_text().split(".")[0] in words
    labels = ("capacity factor", "100 %") if name == "CapacityExplorer" else ("routing logits", "total")
    assert all(label in words for label in labels)
    # Controls would only be in the way.
    assert not any(control in words for control in ("Choices of a token", "Save", "Pin this state", "Sample shown"))
    assert grounds(widget) == before


@pytest.mark.parametrize(
    "name, panel",
    # The explorer's layer covers the patches of its first panel.
    [("RoutingLens", 0), ("CapacityExplorer", 0), ("CausalityExplorer", 0), ("RouterExplorer", 1)],
)
def test_the_browsers_own_copy_of_a_panel_is_the_whole_panel(name: str, panel: int, open_saved: Callable) -> None:
    """While the browser's menu is open the layer that it would copy holds the ground too; the next move frees it."""
    widget = opened(open_saved, make(name))
    page = widget.page
    layer = widget.locator("canvas + canvas:visible").nth(panel)
    page.evaluate(NEXT_FRAME)
    before = widget.evaluate(LAYER, panel)
    layer.click(button="right", position={"x": 3, "y": 3})
    page.evaluate(NEXT_FRAME)
    copied = widget.evaluate(LAYER, panel)
    layer.hover(position={"x": 9, "y": 9})
    page.evaluate(NEXT_FRAME)
    after = widget.evaluate(LAYER, panel)

    assert before["opaque"] < before["all"] / 2
    assert copied["opaque"] == copied["all"] and copied["same"] > 0.6 * copied["drawn"] > 0
    assert after["opaque"] < after["all"] / 2


def test_a_drag_is_one_change_and_is_undone_by_key_and_by_button(open_saved: Callable) -> None:
    """Redo goes the other way; the buttons are there only where they do something, and keep the focus in the tools."""
    widget = opened(open_saved, CapacityExplorer(7, tokens=45))
    page, slider, factor = widget.page, part(widget, "num_experts"), part(widget, "capacity_factor")
    undo, redo = part(widget, "undo"), part(widget, "redo")
    expect(undo).to_be_hidden()
    frame = frame_of(slider)
    shown = []
    page.mouse.move(frame["x"] + 4, frame["y"] + frame["height"] / 2)
    page.mouse.down()
    for x in (0.3, 0.5, 0.7, 0.9):
        page.mouse.move(frame["x"] + x * frame["width"], frame["y"] + frame["height"] / 2)
        shown.append(slider.get_attribute("aria-valuetext"))
    page.mouse.up()
    end = slider.get_attribute("aria-valuetext")
    factor.press("ArrowRight")
    factor.press("ArrowRight")
    expect(factor).to_have_attribute("aria-valuetext", "1.1")

    factor.press("Control+z")
    expect(factor).to_have_attribute("aria-valuetext", "1.05")
    expect(part(widget, "news")).to_have_text("Undone: capacity factor is 1.05.")
    undo.click()
    expect(factor).to_have_attribute("aria-valuetext", "1")
    expect(slider).to_have_attribute("aria-valuetext", str(end))
    undo.click()
    expect(slider).to_have_attribute("aria-valuetext", "7")
    expect(undo).to_be_hidden()
    expect(redo).to_be_focused()
    page.keyboard.press("Control+Shift+z")
    expect(slider).to_have_attribute("aria-valuetext", str(end))
    assert len(set(shown)) > 2 and end != "7"


def test_typing_in_a_box_is_the_browsers_to_undo(open_saved: Callable) -> None:
    """Ctrl+Z takes back letters until they are entered, and the entered number after that."""
    widget = opened(open_saved, CapacityExplorer(7, tokens=45))
    box = part(widget, "tokens-number")
    box.press("Control+a")
    box.type("46")
    box.press("Control+z")
    expect(part(widget, "undo")).to_be_hidden()
    box.fill("39")
    box.press("Enter")
    expect(part(widget, "sample-title")).to_contain_text("39 tokens")
    box.press("Control+z")
    expect(part(widget, "sample-title")).to_contain_text("45 tokens")


LINKS = {
    "RoutingLens": ("image_index", "ArrowRight", "image_index=1"),
    "CostExplorer": ("num_experts", "End", "num_experts=4096"),
    "CapacityExplorer": ("capacity_factor", "ArrowRight", "capacity_factor=1.05"),
    "CausalityExplorer": ("tolerance", "End", "tolerance=1"),
    "RouterExplorer": ("num_experts", "Home", "num_experts=1"),
}


@pytest.mark.parametrize("name", LINKS)
def test_an_address_leads_back_to_what_was_shown(name: str, open_saved: Callable) -> None:
    """The fragment follows the view; opened again it shows the same, and without a fragment what was saved."""
    knob, key, expected = LINKS[name]
    page = opened(open_saved, make(name)).page
    slider = page.locator(f'[data-part="{knob}"]')
    saved = slider.input_value()
    slider.press(key)
    changed = slider.input_value()
    expect(page).to_have_url(f"{page.own}#{expected}")
    page.reload()
    expect(slider).to_have_value(changed)
    page.evaluate("location.hash = ''")
    expect(slider).to_have_value(saved)
    page.evaluate(f"location.hash = '#{expected}'")
    expect(slider).to_have_value(changed)
    assert changed != saved


@pytest.mark.parametrize("name", LINKS)
def test_a_wrong_address_is_ignored_in_one_sentence(name: str, open_saved: Callable) -> None:
    """What fits is followed; the rest is named in the status line until something changes."""
    knob, key, expected = LINKS[name]
    page = opened(open_saved, make(name)).page
    status = page.get_by_role("status")
    page.evaluate(f"location.hash = '#{expected}&token=12345&_esm=x'")
    wrong = "there is no token to set" if name == "CostExplorer" else "token must be a whole number from -1 to "
    expect(status).to_contain_text(f"Part of the link was ignored: {wrong}")
    expect(status).to_contain_text(", and 1 more.")
    slider = page.locator(f'[data-part="{knob}"]')
    slider.press("ArrowRight" if key in ("ArrowLeft", "Home") else "ArrowLeft")
    expect(status).not_to_contain_text("link")
    expect(page).not_to_have_url(re.compile("12345"))


def test_an_address_holds_what_the_lens_compares(open_saved: Callable) -> None:
    """Opened again it has the same cards; a damaged list is ignored in one sentence, and the others are kept."""
    lens = opened(open_saved, make("RoutingLens"))
    page, titles = lens.page, part(lens, "cards").locator(".routing-lens-title")
    point(lens, "map", 1, 3, 4, 4, click=True, modifiers=["Shift"])
    point(lens, "map", 2, 0, 4, 4, click=True, modifiers=["Shift"])
    expect(page).to_have_url(f"{page.own}#pins=3.0.1_0.1.0")
    named = titles.all_inner_texts()
    page.reload()
    expect(part(lens, "compare-title")).to_contain_text("Compared: 2 of 4 selections")
    assert titles.all_inner_texts() == named != []
    page.evaluate("location.hash = '#pins=3.0.1_0.1.0_1.-1.-1'")
    expect(part(lens, "compare-title")).to_contain_text("Compared: 3 of 4 selections")
    page.evaluate("location.hash = '#pins=3.0.1_99.1.0'")
    expect(lens.get_by_role("status")).to_have_text(
        "Part of the link was ignored: pins must be at most 4 selections that the widget has, got 3.0.1_99.1.0."
    )
    expect(part(lens, "compare")).to_be_hidden()


PINNED = {
    "RouterExplorer": ("Before: router tokens choice.", "pinned", "#router=uniform&pinned.router=tokens+choice"),
    "CostExplorer": ("Compared with the pin: tokens choice, ", "pin", "#router=dense&pinned.router=tokens+choice"),
}


@pytest.mark.parametrize("name", PINNED)
def test_an_address_holds_the_pinned_state(name: str, open_saved: Callable) -> None:
    """By what differs from the state that is shown; forgotten it is gone, and one that is half wrong is ignored."""
    words, told, fragment = PINNED[name]
    widget = opened(open_saved, make(name))
    page = widget.page
    part(widget, "router").select_option("tokens choice")
    part(widget, "keep").click()
    expect(page).to_have_url(f"{page.own}#router=tokens+choice&pinned=same")
    part(widget, "router").select_option("uniform" if name == "RouterExplorer" else "dense")
    expect(part(widget, told)).to_contain_text(words)
    expect(page).to_have_url(page.own + fragment)
    page.reload()
    expect(part(widget, told)).to_contain_text(words)
    part(widget, "forget").click()
    expect(page).to_have_url(page.own + fragment.partition("&")[0])
    page.evaluate(f"location.hash = '{fragment}&pinned.num_experts=0'")
    expect(widget.get_by_role("status")).to_contain_text("Part of the link was ignored: pinned.num_experts must be ")
    expect(part(widget, told)).to_be_empty()


def test_an_address_changes_seldom_during_a_drag(open_saved: Callable) -> None:
    """Browsers allow about a hundred changes in half a minute, and a drag of a slider makes more."""
    script = "window.times = 0; const set = history.replaceState; history.replaceState = function (...all) {"
    script += " window.times++; return set.apply(this, all); }"
    page = opened(open_saved, CapacityExplorer(7, tokens=45), script=script).page
    moved = page.evaluate("""async () => {
        const slider = document.querySelector('[data-part="capacity_factor"]');
        for (let i = 0; i < 60; i++) {
            slider.value = String(i);
            slider.dispatchEvent(new Event("input", { bubbles: true }));
            await new Promise(requestAnimationFrame);
        }
        return slider.getAttribute("aria-valuetext");
    }""")
    expect(page).to_have_url(f"{page.own}#capacity_factor={moved}")
    assert 1 <= page.evaluate("times") <= 12


def test_copy_link_gives_the_address_at_once(open_saved: Callable) -> None:
    """Also where the clipboard is closed to pages: then the link is shown."""
    widget = opened(open_saved, CapacityExplorer(7, tokens=45), alone=True)
    page = widget.page
    part(widget, "capacity_factor").press("ArrowRight")
    for clipboard, told in (
        ("{ writeText: async text => { window.copied = text; } }", "Link copied."),
        ("undefined", f"Copy this link: {page.own}#capacity_factor=1.05"),
    ):
        page.evaluate(f"Object.defineProperty(navigator, 'clipboard', {{ configurable: true, value: {clipboard} }})")
        part(widget, "save").click()
        widget.get_by_role("menuitem", name="Copy link").click()
        expect(part(widget, "news")).to_have_text(told)
    assert page.evaluate("copied") == f"{page.own}#capacity_factor=1.05"


def menu_of(page: Page) -> Locator:
    return page.get_by_role("menu")


def test_the_menu_works_by_keyboard(open_saved: Callable) -> None:
    """Arrows, Home and End move, Escape and Tab close it and go back, Enter takes; a press elsewhere closes it."""
    widget = opened(open_saved, make("CostExplorer"))
    page, opener = widget.page, part(widget, "save")
    press = page.keyboard.press
    entry = page.locator("[role=menuitem]:focus")
    opener.press("ArrowUp")
    expect(entry).to_have_text("Copy link")
    expect(opener).to_have_attribute("aria-expanded", "true")
    for key, name in (("ArrowDown", "Picture (PNG)"), ("ArrowUp", "Copy link"), ("Home", "Picture (PNG)")):
        press(key)
        expect(entry).to_have_text(name)
    press("Escape")
    expect(menu_of(page)).to_have_count(0)
    expect(opener).to_be_focused()
    opener.press("Enter")
    expect(entry).to_have_text("Picture (PNG)")
    press("ArrowDown")
    with page.expect_download() as coming:
        press("Enter")
    assert coming.value.suggested_filename.endswith(".svg")
    expect(opener).to_be_focused()
    opener.click()
    page.locator("h1").click()
    expect(menu_of(page)).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_open_menu_has_no_serious_fault(scheme: str, open_saved: Callable, axe: str) -> None:
    """With undo and redo beside it."""
    widget = opened(open_saved, CapacityExplorer(7, tokens=45), color_scheme=scheme)
    part(widget, "capacity_factor").press("ArrowRight")
    part(widget, "capacity_factor").press("ArrowRight")
    part(widget, "capacity_factor").press("Control+z")
    part(widget, "save").click()
    take_screenshot(widget.page, f"share-menu-{scheme}")
    assert audit(widget.page, axe) == []


def test_a_finger_hits_the_tools(open_saved: Callable) -> None:
    """On a touch screen each button is at least 44 pixels wide and high, and the menu lies within the page."""
    widget = opened(
        open_saved, make("RoutingLens"), has_touch=True, is_mobile=True, viewport={"width": 390, "height": 844}
    )
    into_view(part(widget, "save"))
    part(widget, "save").tap()
    for button in widget.locator(".widget-tools button:visible").all():
        frame = frame_of(button)
        assert frame["width"] >= 44 and frame["height"] >= 44
        assert frame["x"] >= 0 and frame["x"] + frame["width"] <= 390
    take_screenshot(widget.page, "share-menu-phone")


def test_a_picture_shows_what_is_pinned(open_saved: Callable) -> None:
    """The rings of a selection are part of the picture."""
    widget = opened(open_saved, make("RoutingLens"))
    plain = pixels(save(widget, "Picture (PNG)")[1])
    point(widget, "map", 1, 3, 4, 4, click=True)
    marked = pixels(save(widget, "Picture (PNG)")[1])
    assert count(marked, [0, 0, 0]) > count(plain, [0, 0, 0]) + 2000
