"""A lens stays legible on saved pages: small weights, small cells, many experts, and numbers that are all alike."""

from collections.abc import Callable

import pytest
import torch
from labkit import take_screenshot
from lenskit import cell, frame_of, ink, lens_of, opened, part, picture, plot_of, point
from playwright.sync_api import Locator, expect

from softmoe_edu.routing import SoftRouting, SparseRouting
from softmoe_edu.widgets import RoutingLens

pytestmark = pytest.mark.browser


def soft(tokens: int = 98, experts: int = 12, slots: int = 8, steep: float = 2.0) -> SoftRouting:
    """A seeded soft routing with small weights beside large ones."""
    logits = steep * torch.randn(1, tokens, experts, slots, generator=torch.Generator().manual_seed(0))
    return SoftRouting(logits.softmax(1), logits.flatten(2).softmax(2).view_as(logits))


def dark(lens: Locator) -> float:
    """The share of the map in viridis's darkest colours."""
    left, top, width, height = plot_of(lens)
    box = (left, top, width, height)
    purple = "all[i - 2] < 30 && Math.abs(all[i - 3] - 70) < 4"
    return ink(lens, "map", box, only=purple)[0] / ink(lens, "map", box)[0]


def test_small_weights_show_on_a_root_scale_that_is_labelled(open_saved: Callable) -> None:
    """As fits it is chosen by itself, with the number of the middle colour; linear colours can be had under More."""
    routing = soft()
    lens = lens_of(open_saved(RoutingLens(routing)))
    most = float(routing.dispatch.max())

    expect(part(lens, "shading")).to_contain_text("root scale")
    expect(part(lens, "middle")).to_have_text(f"{most / 4:.4f}")
    rooted = dark(lens)
    lens.locator("summary").first.click()
    part(lens, "linear").check()
    expect(part(lens, "shading")).to_be_empty()
    assert dark(lens) > rooted + 0.15
    part(lens, "root").check()
    expect(part(lens, "shading")).to_contain_text("root scale")
    lens = lens_of(open_saved(RoutingLens(soft(tokens=7, experts=3, slots=2, steep=0.5))))
    expect(part(lens, "shading")).to_be_empty()


def test_a_thin_row_is_seen_through_its_marker(open_saved: Callable) -> None:
    """The ring around a row of few pixels stands off: the pixels of the row itself are not covered."""
    lens = lens_of(open_saved(RoutingLens(soft(tokens=196))))
    point(lens, "map", 30, 100, 96, 196)
    left, top, width, height = cell(lens, 0, 100, 1, 196)
    clear = (left + 0.6 * width, top + 0.5, 0.3 * width, height - 1)
    around = (clear[0], top - 4, clear[2], 3)

    assert height < 3
    covered, seen = ink(lens, "map", clear, around, ground=False)
    assert covered == 0 < seen
    take_screenshot(lens, "lens-thin-row")


def test_small_cells_are_magnified_and_can_be_chosen_there(open_saved: Callable) -> None:
    """It shows the cells around the selection with their numbers, stays while it is pointed at, and a click pins."""
    routing = soft()
    lens = lens_of(open_saved(RoutingLens(routing)))
    point(lens, "map", 41, 60, 96, 98)
    status, magnifier = lens.get_by_role("status"), part(lens, "magnifier")
    expect(status).to_contain_text("token 60, expert 5, slot 1: ")
    expect(magnifier).to_be_visible()
    before = picture(lens, "magnifier", ground=True)
    point(lens, "map", 80, 20, 96, 98)
    assert picture(lens, "magnifier", ground=True) != before
    point(lens, "map", 41, 60, 96, 98)
    take_screenshot(lens, "lens-magnifier")
    # Seven rows and columns around the selection, in the middle of the panel.
    frame = frame_of(magnifier)
    cells = (frame["width"] - 30) / 7, (frame["height"] - 30) / 7
    for column, row, where in ((3, 3, (60, 5, 1)), (0, 0, (57, 4, 6)), (6, 6, (63, 5, 4))):
        magnifier.hover(position={"x": 30 + cells[0] * (column + 0.5), "y": 30 + cells[1] * (row + 0.5)})
        weight = float(routing.dispatch[(0, *where)])
        named = "token {}, expert {}, slot {}".format(*where)
        expect(status).to_contain_text(f"{named}: dispatch {weight:.4f}")
    magnifier.click(position={"x": 30 + cells[0] * 5.5, "y": 30 + cells[1] * 1.5})
    expect(part(lens, "pin")).to_contain_text("Pinned")
    expect(status).to_contain_text("token 58, expert 5, slot 3: ")
    magnifier.press("ArrowRight")
    expect(status).to_contain_text("token 58, expert 5, slot 4: ")
    lens = lens_of(open_saved(RoutingLens(soft(tokens=7, experts=3, slots=2))))
    expect(part(lens, "magnifier")).to_be_hidden()


def test_a_finger_chooses_a_slot_in_the_magnifier(open_saved: Callable) -> None:
    """A slot of two pixels is 44 px wide and high there, below the map; a tap pins it."""
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    lens = opened(open_saved(RoutingLens(soft()), alone=True, **phone))
    magnifier = part(lens, "magnifier")
    magnifier.scroll_into_view_if_needed()
    frame = frame_of(magnifier)

    assert cell(lens, 0, 0, 96, 98)[2] < 4
    assert frame["y"] > frame_of(part(lens, "map"))["y"]
    assert frame["height"] == 30 + 7 * 44 and frame["width"] >= 30 + 44 * 7
    magnifier.tap(position={"x": frame["width"] - 10, "y": frame["height"] - 10})
    expect(part(lens, "pin")).to_contain_text("Pinned")
    expect(lens.get_by_role("status")).to_contain_text(", slot ")


def test_sixteen_experts_all_look_different(open_saved: Callable) -> None:
    """The ninth has the hue of the first and a pattern over it, in the bar of its load and in its tokens' badges."""
    token = torch.arange(32).view(1, 16, 2)
    token[0, 3, 1], token[0, 11, 1] = -1, -1
    lens = lens_of(
        open_saved(RoutingLens(SparseRouting(token, (token >= 0).float(), 32), torch.zeros(1, 1, 8, 16), grid=(4, 8)))
    )
    left, _, width, _ = cell(lens, 0, 0, 1, 1)
    colours = """(c, boxes) => boxes.map(([x, y, w, h]) => {
        const k = c.width / c.clientWidth;
        const all = c.getContext("2d").getImageData(x * k, y * k, w * k, h * k).data;
        const found = {};
        for (let i = 0; i < all.length; i += 4) found[all.slice(i, i + 3)] = (found[all.slice(i, i + 3)] ?? 0) + 1;
        return Object.entries(found).sort((a, b) => b[1] - a[1]).slice(0, 2).map(([colour]) => colour).join(" ");
    })"""
    bars = [(left + width / 16 * (e + 0.25), 40, width / 32, 12) for e in range(16)]
    looks = lens.locator('[data-panel="experts"] canvas').first.evaluate(colours, bars)

    assert len(set(looks)) == 16
    assert [look.split(" ")[0] for look in looks[:8]] == looks[:8]
    assert all(len(look.split(" ")) == 2 for look in looks[8:])
    take_screenshot(lens, "lens-sixteen-experts")


def test_numbers_that_are_all_alike_take_no_room(open_saved: Callable) -> None:
    """Sums and loads are one sentence each, and drawn again where one differs."""
    lens = lens_of(open_saved(RoutingLens(soft(tokens=7, experts=3, slots=2), view="combine")))
    high = frame_of(part(lens, "experts"))["height"]
    _, _, wide, _ = plot_of(lens)

    expect(part(lens, "caption")).to_contain_text("Every token's combine sums to 1.")
    expect(part(lens, "load-note")).to_contain_text("Every expert's load is 2.")
    take_screenshot(lens, "lens-folded")
    part(lens, "dispatch").check()
    expect(part(lens, "caption")).to_contain_text("Every slot's dispatch sums to 1.")
    assert plot_of(lens)[2] < wide
    uneven = soft(tokens=7, experts=3, slots=2)
    uneven.dispatch[0, :, 1] *= 0.5
    lens = lens_of(open_saved(RoutingLens(uneven)))
    expect(part(lens, "load-note")).to_contain_text("Load: dispatch weights summed for each expert.")
    assert frame_of(part(lens, "experts"))["height"] > high + 40


def test_controls_that_nothing_uses_are_not_shown(open_saved: Callable) -> None:
    """One router, one layer and one text leave the map's views; the picture begins in the upper quarter of the page."""
    words = "one two three four five six seven".split()
    lens = opened(open_saved(RoutingLens({"blocks.1": soft(tokens=7, experts=3, slots=2)}, words=words)))

    for name in ("router", "layer", "image_index", "replay"):
        expect(part(lens, name)).to_be_hidden()
    expect(part(lens, "only")).to_have_text("Layer blocks.1")
    expect(part(lens, "caption")).to_contain_text("Text 0: ")
    for name in ("tokens", "map"):
        assert frame_of(part(lens, name))["y"] < 0.25 * 800
