"""A lens says why, on saved pages: it opens on a dropped token, shows who holds its slots, and names the softmax."""

from collections.abc import Callable

import pytest
import torch
from labkit import take_screenshot
from lenskit import cell, frame_of, ink, lens_of, opened, part, point, white
from playwright.sync_api import expect
from torch import Tensor

from softmoe_edu.routing import SoftRouting, SparseRouting
from softmoe_edu.widgets import RoutingLens

pytestmark = pytest.mark.browser

# Nine tokens, three experts of two slots, served by position: token 4 asks for expert 1, which 1 and 2 hold, token 7
# for expert 0, which 0 and 3 hold.
CHOICES = [0, 1, 1, 0, 1, 2, 2, 0, 2]
TOKEN = torch.tensor([[[0, 3], [1, 2], [5, 6]]])
# Each token's largest gate is a little larger than that of the one before, so that experts would choose others.
GATES = torch.tensor(
    [[[0.625 + t / 64 if e == c else 0.1875 - t / 128 for e in range(3)] for t, c in enumerate(CHOICES)]]
)


def dropping(**more: object) -> RoutingLens:
    """Three tokens of nine are dropped: 4, 7 and 8."""
    routing = SparseRouting(TOKEN, torch.full((1, 3, 2), 0.625), 9, logits=GATES.log(), gates=GATES)
    return RoutingLens(routing, torch.linspace(0, 1, 36).view(1, 1, 6, 6), **more)


def marked_cells(lens: object) -> list[tuple[int, int]]:
    """The cells of the map, 9 by 6, that have a ring of their own: columns and rows."""
    places = [(c, r) for r in range(9) for c in range(6)]
    boxes = [cell(lens, c, r, 6, 9) for c, r in places]
    sides = [(x - 1, y + h / 2 - 2, 2, 4) for x, y, _, h in boxes]
    return [place for place, count in zip(places, ink(lens, "map", *sides, ground=False), strict=True) if count]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_lens_opens_on_a_dropped_token_and_says_why(scheme: str, open_saved: Callable, axe: str) -> None:
    """What it asked for, who holds those slots and by which priority; both holders are ringed; pointing goes on."""
    lens = opened(open_saved(dropping(), color_scheme=scheme))

    expect(lens.get_by_role("status")).to_contain_text("token 4 (row 1, column 1): token 4 is dropped: ")
    expect(part(lens, "why")).to_have_text(
        "It asked for expert 1 (gate 0.6875), and its 2 slots hold token 1 and token 2, served before it by position; "
        "by gate it would come before token 1 (0.6875 against 0.6406)."
    )
    expect(part(lens, "pin")).to_have_text("Shown first: a dropped token. Point at anything else.")
    ringed = marked_cells(lens)
    assert {(2, 1), (3, 2)} <= set(ringed)
    assert {(c, r) for c, r in ringed if r not in (1, 2, 4)} == set()
    take_screenshot(lens, f"lens-why-{scheme}")
    point(lens, "tokens", 2, 2, 3, 3)
    expect(part(lens, "why")).to_contain_text(
        "It asked for expert 2 (gate 0.7500), and its 2 slots hold token 5 and token 6"
    )
    expect(part(lens, "pin")).to_be_empty()


def test_what_a_caller_selected_is_what_a_lens_opens_with(open_saved: Callable) -> None:
    """A token, an expert or a comparison takes the place of what the lens would show first."""
    lens = opened(open_saved(dropping(token=0)))
    expect(lens.get_by_role("status")).to_contain_text("token 0 (row 0, column 0): token 0 fills 1 slot")
    expect(part(lens, "pin")).to_contain_text("Pinned")
    expect(part(lens, "why")).to_be_empty()
    lens = opened(open_saved(dropping(pins=[[0, -1, -1]])))
    expect(lens.get_by_role("status")).to_contain_text("Point at a token")


def test_an_expert_that_was_not_asked_is_not_blamed(open_saved: Callable) -> None:
    """The token's choice is told by its gate; only for its own expert are the holders named and ringed."""
    lens = lens_of(open_saved(dropping()))
    point(lens, "map", 0, 4, 6, 9)
    expect(part(lens, "why")).to_have_text(
        "It did not ask for expert 0: its gate there (0.1563) is its second largest, and a token asks for 1 expert."
    )
    assert not {(2, 1), (3, 2)} & set(marked_cells(lens))
    # The ring around the column of slot 1 passes the other holder, which stands in slot 0.
    point(lens, "map", 3, 4, 6, 9)
    expect(part(lens, "why")).to_contain_text("It asked for expert 1 (gate 0.6875), and its 2 slots hold token 1")
    assert (2, 1) in marked_cells(lens)


def test_logits_of_a_dropped_token_are_not_crossed_out(open_saved: Callable) -> None:
    """Its row keeps its colours, and the sign stands beside it; in dispatch its row is hatched."""
    lens = lens_of(open_saved(dropping(view="logits")))
    boxes = [cell(lens, e, row, 3, 9) for row in (4, 5) for e in range(3)]
    left, top, width, height = cell(lens, 0, 4, 1, 9)

    assert white(lens, "map", *[(x + 3, y, w - 6, h) for x, y, w, h in boxes]) == [0] * 6
    beside = [(left + width + 2, top + row * height, 50, height) for row in (0, 1)]
    assert [count > 0 for count in ink(lens, "map", *beside)] == [True, False]
    take_screenshot(lens, "lens-logits-of-a-dropped-token")
    part(lens, "dispatch").check()
    left, top, width, height = cell(lens, 0, 4, 1, 9)
    crossed = white(lens, "map", *[(left, top + row * height, width, height) for row in (0, 1)])
    assert crossed[0] > 100 > crossed[1]


def test_gates_of_the_selected_token_stand_below_the_load(open_saved: Callable) -> None:
    """Those of all experts, of a dropped token too, which has no weight anywhere."""
    lens = opened(open_saved(dropping()))
    left, _, width, _ = cell(lens, 0, 0, 1, 1)
    third = width / 3
    high = frame_of(part(lens, "experts"))["height"]
    # Of 0.6875 the bar is more than four times as high as of 0.1562.
    bars = [(left + third * (e + 0.3), high - 18, third * 0.1, 1) for e in range(3)]
    assert [count > 0 for count in ink(lens, "experts", *bars, ground=False)] == [False, True, False]
    low = [(x, high - 4, w, 1) for x, _, w, _ in bars]
    assert all(ink(lens, "experts", *low, ground=False))


def test_a_wrong_softmax_is_named_with_the_right_one(open_saved: Callable) -> None:
    """Below the warning; the lens opens on the first slot whose sum misses 1."""

    def swapped(x: Tensor) -> tuple[Tensor, Tensor]:
        return x.flatten(2).softmax(2).view_as(x), x.softmax(1)

    logits = torch.randn(1, 7, 3, 2, generator=torch.Generator().manual_seed(0))
    lens = opened(open_saved(RoutingLens.of(swapped, logits)))
    remedy = part(lens, "remedy")

    expect(remedy).to_contain_text(
        "A softmax over tokens, logits.softmax(1), makes each column of dispatch sum to 1. "
        "Here each token's weights sum to 1, as after a softmax over all slots."
    )
    expect(remedy).to_contain_text("logits.flatten(2).softmax(2), makes each row of combine sum to 1.")
    expect(lens.get_by_role("status")).to_contain_text("expert 0, slot 0: slot's dispatch sums to ")
    take_screenshot(lens, "lens-wrong-softmax")
    right = SoftRouting(logits.softmax(1), logits.flatten(2).softmax(2).view_as(logits))
    expect(part(opened(open_saved(RoutingLens(right))), "remedy")).to_be_hidden()


def test_pinning_comparing_and_freeing_have_buttons(open_saved: Callable) -> None:
    """What needs Enter, Shift or Escape by key is pressed here, one after the other; keys are told beside them."""
    lens = opened(open_saved(dropping()))
    hold, beside, clear, cards = (part(lens, name) for name in ("hold", "beside", "clear", "cards"))

    expect(clear).to_be_hidden()
    hold.click()
    expect(part(lens, "pin")).to_contain_text("Pinned")
    expect(hold).to_have_text("Unpin")
    hold.click()
    expect(hold).to_have_text("Pin")
    beside.click()
    expect(cards.locator("canvas")).to_have_count(1)
    expect(cards).to_contain_text("It asked for expert 1 (gate 0.6875)")
    point(lens, "tokens", 0, 0, 3, 3, click=True)
    beside.click()
    expect(cards.locator("canvas")).to_have_count(2)
    take_screenshot(lens, "lens-buttons")
    clear.click()
    expect(cards.locator("canvas")).to_have_count(0)
    expect(hold).to_be_disabled()
    assert lens.locator("kbd").all_inner_texts() == ["←", "↑", "→", "↓", "Enter", "Shift", "Enter", "Esc"]


def test_fingers_get_large_targets(open_saved: Callable) -> None:
    """On a touch screen every control is at least 44 px high, keys are not told, and buttons stand for Escape."""
    page = open_saved(dropping(), alone=True, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    lens = opened(page)
    small = lens.evaluate(
        """root => [...root.querySelectorAll("button, select, summary, input[type=range], label:has([type=radio])")]
        .filter(each => !each.dataset.term && each.checkVisibility() && each.getBoundingClientRect().height < 44)
        .map(each => each.outerHTML)"""
    )
    assert small == []
    expect(lens.locator("kbd").first).to_be_hidden()
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
    x, y = (part(lens, "tokens").bounding_box()[name] for name in ("x", "y"))
    page.touchscreen.tap(x + 20, y + 20)
    expect(part(lens, "pin")).to_contain_text("Pinned")
    part(lens, "hold").tap()
    expect(part(lens, "pin")).not_to_contain_text("Pinned")
