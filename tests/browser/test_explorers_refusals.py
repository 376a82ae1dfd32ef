"""A number that a knob of an explorer refuses: what is said about it, where, how long, and what the box shows."""

from collections.abc import Callable

import pytest
import torch
from explorerkit import box, explorer
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
# The knob, what it refuses, its sentence, the number of its trait; a panel, the answer there by pointer and by key.
CASES = {
    "cost": ("num_experts", "0", "Experts must be a whole number from 1 to 4,096, got 0.", "32"),
    "capacity": ("num_experts", "257", "Experts must be a whole number from 1 to 256, got 257.", "32"),
    "causality": ("tolerance", "2", "Tolerance must be a number from 1e-9 to 1, got 2.", "1e-6"),
}
ANSWERS = {
    "cost": ("experts", "experts: "),
    "capacity": ("strip", "token 0: first choice expert "),
    "causality": ("map-0", "token 0 changes"),
}


@pytest.mark.parametrize("by", ["pointer", "key"])
@pytest.mark.parametrize("name", MADE)
def test_a_refusal_gives_way_to_the_answer(name: str, by: str, open_saved: Callable) -> None:
    """What is pointed at next, by pointer or key, is answered; the box has the number in force again."""
    shown = explorer(open_saved(MADE[name]()), name)
    knob, typed, sentence, before = CASES[name]
    target, answer = ANSWERS[name]
    status, panel = shown.get_by_role("status"), part(shown, target)
    refusal = part(shown, f"{knob}-refusal")
    box(shown, knob).fill(typed)
    box(shown, knob).press("Enter")
    expect(refusal).to_have_text(sentence)
    expect(refusal).to_have_role("alert")
    if by == "pointer":
        panel.hover(position={"x": 60, "y": 20} if name == "causality" else {"x": 9, "y": 9})
    else:
        panel.focus()
        panel.press("ArrowRight")

    expect(status).to_contain_text(answer)
    expect(refusal).to_be_hidden()
    expect(box(shown, knob)).to_have_value(before)
    expect(box(shown, knob)).to_have_attribute("aria-invalid", "false")


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", MADE)
def test_a_refusal_stands_below_its_box(name: str, width: int, open_saved: Callable) -> None:
    """It begins within 12 px of the box, in the box's own column, and is what a screen reader says of the box."""
    shown = explorer(open_saved(MADE[name](), viewport={"width": width, "height": 844}), name)
    knob, typed, sentence, _ = CASES[name]
    own, refusal = box(shown, knob), part(shown, f"{knob}-refusal")
    own.fill(typed)
    own.press("Enter")
    expect(refusal).to_be_visible()

    above, below = frame_of(own), frame_of(refusal)
    assert 0 <= below["y"] - (above["y"] + above["height"]) <= 12
    assert below["x"] <= above["x"] + above["width"] and above["x"] <= below["x"] + below["width"]
    expect(own).to_have_accessible_description(sentence)


@pytest.mark.parametrize("name", MADE)
def test_a_refused_box_is_right_again_with_the_next_number(name: str, open_saved: Callable) -> None:
    """The number in force comes back when a panel is pointed at, and a slider ends the mark as well."""
    page = open_saved(MADE[name]())
    shown = explorer(page, name)
    knob, typed, sentence, before = CASES[name]
    status, own = shown.get_by_role("status"), box(shown, knob)
    first = status.inner_text()
    own.fill(typed)
    own.press("Enter")
    part(shown, ANSWERS[name][0]).hover(position={"x": 60, "y": 20} if name == "causality" else {"x": 9, "y": 9})
    page.mouse.move(0, 0)
    expect(status).to_have_text(first)
    expect(own).to_have_value(before)
    own.fill(typed)
    own.press("Enter")
    refusal = part(shown, f"{knob}-refusal")
    expect(refusal).to_have_text(sentence)
    part(shown, knob).press("ArrowRight")
    expect(own).to_have_attribute("aria-invalid", "false")
    expect(own).not_to_have_value(typed)
    expect(own).to_have_accessible_description("")
    expect(refusal).to_be_hidden()
