"""Explorers under a finger: targets of 44 px, words for fingers in place of keys, and buttons for Escape and arrows."""

from collections.abc import Callable

import pytest
import torch
from explorerkit import explorer, unfold
from lenskit import frame_of, part
from playwright.sync_api import expect

from softmoe_edu.widgets.capacity_explorer import CapacityExplorer
from softmoe_edu.widgets.causality_explorer import CausalityExplorer
from softmoe_edu.widgets.cost_explorer import CostExplorer

pytestmark = pytest.mark.browser

MADE = {
    "cost": CostExplorer,
    "capacity": CapacityExplorer,
    "causality": lambda: CausalityExplorer(lambda x: x.cumsum(1), torch.randn(2, 5, 3)),
}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
# Of a term its words are smaller; the pixels around them that answer count.
SMALL = """root => [...root.querySelectorAll('input, select, button, summary')].filter(e => {
    if (!e.checkVisibility()) return false;
    const { width, height } = e.getBoundingClientRect(), around = getComputedStyle(e, "::after");
    const tall = e.dataset.term ? parseFloat(around.height) : height;
    return tall < 43.5 || width < 30 || (width < 44 && !e.dataset.term);
}).map(e => e.outerHTML)"""


@pytest.mark.parametrize("name", MADE)
def test_targets_are_44_pixels(open_saved: Callable, name: str) -> None:
    """Boxes, sliders, lists, buttons, and what opens more of them; words of keys give way to words of fingers."""
    shown = explorer(open_saved(MADE[name](), **PHONE), name)
    if name != "causality":
        unfold(shown)

    assert shown.evaluate(SMALL) == []
    expect(shown.locator(".explorer-touched").first).to_be_visible()
    expect(shown.locator(".explorer-typed").first).to_be_hidden()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", MADE)
def test_the_picture_comes_first(open_saved: Callable, name: str, width: int) -> None:
    """The first panel begins above every control, and within 250 px of the widget's top."""
    shown = explorer(open_saved(MADE[name](), viewport={"width": width, "height": 844}), name)
    picture = frame_of(shown.locator("canvas, .bar").first)
    controls = [frame_of(each)["y"] for each in shown.locator("input:visible").all()]

    assert picture["y"] - frame_of(shown)["y"] < 250
    assert picture["y"] < min(controls)


def test_a_tap_pins_and_buttons_step_and_unpin(open_saved: Callable) -> None:
    """Where there are no keys: a tap on a token, the buttons beside its sentence, and back to none."""
    shown = explorer(open_saved(CapacityExplorer(), **PHONE), "capacity")
    status, pin = shown.get_by_role("status"), part(shown, "pin")
    expect(pin).to_be_hidden()
    part(shown, "strip").tap(position={"x": 100, "y": 20})
    expect(status).to_contain_text("token 2: ")  # of 44 px each
    part(shown, "next").tap()
    expect(status).to_contain_text("token 3: ")
    part(shown, "previous").tap()
    part(shown, "previous").tap()
    expect(status).to_contain_text("token 1: ")
    part(shown, "free").tap()
    expect(pin).to_be_hidden()
    expect(status).to_contain_text("Capacity factor 1")


def test_the_same_buttons_in_the_causality_explorer(open_saved: Callable) -> None:
    """They step from token to token, no further than the last, and unpinning leaves the focus in a panel."""
    shown = explorer(open_saved(MADE["causality"](), **PHONE), "causality")
    status = shown.get_by_role("status")
    part(shown, "map-0").tap(position={"x": 60, "y": 50})
    expect(status).to_contain_text("token 0 changes")
    for _ in range(6):
        part(shown, "next").tap()
    expect(status).to_contain_text("token 4 changes")
    part(shown, "free").focus()
    part(shown, "free").press("Enter")
    expect(part(shown, "pin")).to_be_hidden()
    expect(part(shown, "map-0")).to_be_focused()
