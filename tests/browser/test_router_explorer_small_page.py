"""Small weights and small cells of the router explorer, on saved pages: colours by their roots, and the magnifier."""

from collections.abc import Callable

import pytest
import torch
from labkit import take_screenshot
from lenskit import frame_of, ink, lens_of, part, picture
from pagekit import audit
from playwright.sync_api import Locator, expect
from routerkit import explorer_of, more, take

from softmoe_edu.routing import SoftRouting
from softmoe_edu.widgets import RouterExplorer, RoutingLens

pytestmark = pytest.mark.browser

# What the explorer's map leaves around its cells, in CSS pixels, and between two maps side by side.
LEFT, RIGHT, TOP, SUMS, BETWEEN = 46, 52, 20, 34, 92
ROOT = "Colours on a root scale, so that small weights show."


def scores(tokens: int = 98, experts: int = 12, slots: int = 8, steep: float = 2.0) -> torch.Tensor:
    """Seeded scores whose softmax has small weights beside large ones."""
    return steep * torch.randn(1, tokens, experts, slots, generator=torch.Generator().manual_seed(0))


def point(explorer: Locator, column: int, row: int, columns: int, rows: int, right: bool = False) -> None:
    """Point at a cell of the map, or of the right one of two."""
    canvas = part(explorer, "map")
    frame = frame_of(canvas)
    wide = frame["width"] - LEFT - RIGHT
    left = LEFT
    if part(explorer, "normalise").is_checked():
        wide = (wide - BETWEEN) / 2
        left += right * (wide + BETWEEN)
    high = frame["height"] - TOP - SUMS
    canvas.hover(position={"x": left + wide * (column + 0.5) / columns, "y": TOP + high * (row + 0.5) / rows})


def dark(explorer: Locator) -> float:
    """The share of the map in viridis's darkest colours."""
    frame = frame_of(part(explorer, "map"))
    box = (LEFT, TOP, frame["width"] - LEFT - RIGHT, frame["height"] - TOP - SUMS)
    purple = "all[i - 2] < 30 && Math.abs(all[i - 3] - 70) < 4"
    return ink(explorer, "map", box, only=purple)[0] / ink(explorer, "map", box)[0]


def test_small_weights_show_on_a_root_scale_as_in_the_lens(open_saved: Callable) -> None:
    """Where a mixture has them, in the lens's words; a linear scale can be chosen; scores and choices are linear."""
    logits = scores()
    routing = SoftRouting(logits.softmax(1), logits.flatten(2).softmax(2).view_as(logits))
    lens = lens_of(open_saved(RoutingLens(routing)))
    expect(part(lens, "shading")).to_have_text(ROOT)
    middle, choices = part(lens, "middle").inner_text(), part(lens, "shadings").text_content()

    explorer = explorer_of(open_saved(RouterExplorer(logits)))
    expect(part(explorer, "shading")).to_be_hidden()
    take(explorer, "dispatch")
    expect(part(explorer, "shading")).to_have_text(ROOT)
    expect(part(explorer, "middle")).to_have_text(middle)
    seen = 1 - dark(explorer)
    more(explorer)
    assert part(explorer, "shadings").text_content() == choices
    part(explorer, "linear").check()
    expect(part(explorer, "shading")).to_be_hidden()
    expect(part(explorer, "middle")).to_be_empty()
    assert seen > 4 * (1 - dark(explorer))
    part(explorer, "auto").check()
    part(explorer, "router").select_option("tokens choice")
    expect(part(explorer, "shading")).to_be_hidden()
    take(explorer, "select")
    expect(part(explorer, "shading")).to_have_text(ROOT)
    take(explorer, "combine")
    part(explorer, "root").check()
    expect(part(explorer, "shading")).to_have_text(ROOT)
    part(explorer, "root").press("Control+z")
    expect(part(explorer, "auto")).to_be_checked()


def test_small_cells_are_magnified_and_can_be_chosen_there(open_saved: Callable, axe: str) -> None:
    """Around the selection, with numbers; it stays while it is pointed at, a click pins, keys go on from there."""
    logits = scores()
    explorer = explorer_of(open_saved(RouterExplorer(logits)))
    take(explorer, "dispatch")
    status, magnifier = explorer.get_by_role("status"), part(explorer, "magnifier")
    weights = logits.softmax(1)
    point(explorer, 41, 60, 96, 98)
    expect(status).to_contain_text("token 60, expert 5, slot 1: ")
    expect(magnifier).to_be_visible()
    take_screenshot(explorer, "router-magnifier")
    assert audit(explorer.page, axe) == []
    # Five rows of seven columns around the selection, right of the names of rows.
    frame = frame_of(magnifier)
    across, down = (frame["width"] - 30) / 7, (frame["height"] - 30) / 5
    for column, row, (token, expert, slot) in ((3, 2, (60, 5, 1)), (0, 0, (58, 4, 6)), (6, 4, (62, 5, 4))):
        magnifier.hover(position={"x": 30 + across * (column + 0.5), "y": 30 + down * (row + 0.5)})
        expect(status).to_contain_text(f"token {token}, expert {expert}, slot {slot}: ")
        expect(status).to_contain_text(f"this token is {100 * weights[0, token, expert, slot]:.1f} % of it")
    magnifier.click(position={"x": 30 + across * 5.5, "y": 30 + down * 1.5})
    expect(part(explorer, "pin")).to_have_text("Pinned.")
    expect(status).to_contain_text("token 59, expert 5, slot 3: ")
    magnifier.press("ArrowRight")
    expect(status).to_contain_text("token 59, expert 5, slot 4: ")
    take(explorer, "compute")
    expect(magnifier).to_be_hidden()
    explorer = explorer_of(open_saved(RouterExplorer(scores(tokens=7, experts=3, slots=2))))
    take(explorer, "dispatch")
    expect(part(explorer, "magnifier")).to_be_hidden()


def test_the_magnifier_shows_the_one_of_two_maps_that_was_pointed_at(open_saved: Callable) -> None:
    """Its title says which, and its numbers differ."""
    explorer = explorer_of(open_saved(RouterExplorer(scores())))
    take(explorer, "normalise")
    point(explorer, 41, 60, 96, 98)
    expect(part(explorer, "magnified-title")).to_have_text("Magnifier: dispatch")
    dispatch = picture(explorer, "magnifier", ground=True)
    point(explorer, 41, 60, 96, 98, right=True)
    expect(part(explorer, "magnified-title")).to_have_text("Magnifier: combine")
    expect(explorer.get_by_role("status")).to_contain_text("token 60, expert 5, slot 1: ")
    assert picture(explorer, "magnifier", ground=True) != dispatch


def test_the_magnifier_goes_to_what_a_token_got_or_asked_for(open_saved: Callable) -> None:
    """Its slot is in the middle; a dropped token, whose row is all 0, has its expert there, and not the first one."""
    logits = scores()
    experts = logits[0, :, :, 0].argmax(-1).tolist()
    before = [experts[:t].count(expert) for t, expert in enumerate(experts)]
    (dropped, *_) = [t for t, count in enumerate(before) if count >= 9 and experts[t] > 3]
    for token in (20, dropped):
        shown = RouterExplorer(logits, router="tokens choice", step="dispatch", token=token)
        explorer = explorer_of(open_saved(shown))
        frame = frame_of(part(explorer, "magnifier"))
        part(explorer, "magnifier").click(position={"x": frame["width"] / 2 + 15, "y": frame["height"] / 2 + 15})
        slot = before[token] if token != dropped else 4
        expect(explorer.get_by_role("status")).to_contain_text(f"token {token}, expert {experts[token]}, slot {slot}: ")
    assert experts[20] > 3


def test_a_finger_chooses_a_slot_in_the_magnifier(open_saved: Callable) -> None:
    """Cells are 44 px wide and high there, below the map; a tap pins one."""
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    explorer = explorer_of(open_saved(RouterExplorer(scores(), step="dispatch"), alone=True, **phone))
    magnifier = part(explorer, "magnifier")
    magnifier.scroll_into_view_if_needed()
    frame = frame_of(magnifier)

    assert frame["y"] > frame_of(part(explorer, "map"))["y"]
    assert frame["height"] == 30 + 7 * 44 and frame["width"] >= 30 + 7 * 44
    magnifier.tap(position={"x": frame["width"] - 10, "y": frame["height"] - 10})
    expect(part(explorer, "pin")).to_have_text("Pinned.")
    expect(explorer.get_by_role("status")).to_contain_text(", slot ")
