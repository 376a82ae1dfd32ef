"""A number that a knob of an explorer refuses: what is said about it, how long, and what the box shows."""

from collections.abc import Callable

import pytest
import torch
from explorerkit import box, explorer
from lenskit import part
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
    box(shown, knob).fill(typed)
    box(shown, knob).press("Enter")
    expect(status).to_have_text(sentence)
    if by == "pointer":
        panel.hover(position={"x": 60, "y": 20} if name == "causality" else {"x": 9, "y": 9})
    else:
        panel.focus()
        panel.press("ArrowRight")

    expect(status).to_contain_text(answer)
    expect(status).not_to_contain_text("must be")
    expect(box(shown, knob)).to_have_value(before)
    expect(box(shown, knob)).to_have_attribute("aria-invalid", "false")


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
    expect(status).to_have_text(sentence)
    part(shown, knob).press("ArrowRight")
    expect(own).to_have_attribute("aria-invalid", "false")
    expect(own).not_to_have_value(typed)
    expect(status).not_to_have_text(sentence)
