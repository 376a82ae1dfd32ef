"""What the lens shows of sums, logits, outputs and wrong weights, on saved pages: no kernel answers for it."""

from collections.abc import Callable

import pytest
import torch
from labkit import take_screenshot
from lenskit import LEFT, SUMS, TOP, cell, frame_of, ink, lens_of, part, picture, point, white
from playwright.sync_api import Locator, expect
from torch import Tensor

from softmoe_edu.routing import SoftRouting, SparseRouting
from softmoe_edu.widgets import RoutingLens

pytestmark = pytest.mark.browser


def logits_of(tokens: int, experts: int, slots: int, images: int = 1) -> Tensor:
    """Seeded logits."""
    return torch.randn(images, tokens, experts, slots, generator=torch.Generator().manual_seed(0))


def both(logits: Tensor) -> tuple[Tensor, Tensor]:
    """Dispatch and combine of logits, as they should be."""
    return logits.softmax(1), logits.flatten(2).softmax(2).view_as(logits)


def marked_columns(lens: Locator, columns: int) -> list[int]:
    """Columns of the map with something painted below the bar of their sum."""
    height = frame_of(part(lens, "map"))["height"]
    strips = [cell(lens, column, 0, columns, 1) for column in range(columns)]
    boxes = [(left + 0.3 * width, height - 14, 0.4 * width, 12) for left, _, width, _ in strips]
    found = ink(lens, "map", *boxes)
    return [column for column in range(columns) if found[column]]


@pytest.mark.parametrize("slots", [8, 32])
def test_a_column_that_misses_one_is_marked_and_no_other(slots: int, open_saved: Callable) -> None:
    """With a sign where it has room, else with an arrow head; the box above tells how many."""
    dispatch, combine = both(logits_of(7, 4, slots))
    dispatch[0, 3, 1, 5] += 0.25
    lens = lens_of(open_saved(RoutingLens(SoftRouting(dispatch, combine))))

    assert marked_columns(lens, 4 * slots) == [slots + 5]
    expect(part(lens, "warning")).to_have_text(
        f"≠1: 1 of {4 * slots} columns of dispatch do not sum to 1 (expert 1, slot 5: 1.2500)."
    )
    take_screenshot(lens, f"lens-off-column-{slots}")
    part(lens, "combine").check()
    assert marked_columns(lens, 4 * slots) == []


@pytest.mark.parametrize("tokens", [7, 196])
def test_a_row_that_misses_one_is_marked_and_no_other(tokens: int, open_saved: Callable) -> None:
    """Beside its number, or beside its bar where there is no room for numbers."""
    dispatch, combine = both(logits_of(tokens, 4, 2))
    combine[0, 5] *= 0.5
    lens = lens_of(open_saved(RoutingLens(SoftRouting(dispatch, combine), view="combine")))
    frame = frame_of(part(lens, "map"))
    high = (frame["height"] - TOP - SUMS) / tokens
    right = frame["width"] - 68

    # Numbers end 44 px right of the map, bars 54 px.
    first = right + (46 if tokens == 7 else 56)
    found = ink(lens, "map", *[(first, TOP + row * high, 12, max(high, 1)) for row in range(tokens)])
    assert [row for row in range(tokens) if found[row] and abs(row - 5) > 2] == []
    assert found[5] > 0
    if tokens == 7:
        assert found[4] == found[6] == 0
    take_screenshot(lens, f"lens-off-row-{tokens}")


def test_pointing_at_a_sum_gives_its_number(open_saved: Callable) -> None:
    """At the bars of rows and of columns: a box beside the bar, and the status line."""
    logits = logits_of(196, 4, 32)
    dispatch, combine = both(logits)
    dispatch[0, :, 3, 7] *= 0.5
    lens = lens_of(open_saved(RoutingLens(SoftRouting(dispatch, combine))))
    status, canvas = lens.get_by_role("status"), part(lens, "map")
    frame = frame_of(canvas)
    beside = (frame["width"] - 60, TOP + 98, 59, 16)
    assert ink(lens, "map", beside, ground=False) == [0]

    canvas.hover(position={"x": frame["width"] - 40, "y": TOP + (frame["height"] - TOP - SUMS) * 52.5 / 196})
    expect(status).to_contain_text(f"token 52: token 52 fills {float(dispatch[0, 52].sum()):.4f} slots")
    assert ink(lens, "map", beside, ground=False)[0] > 100
    left, _, width, _ = cell(lens, 37, 0, 128, 1)
    canvas.hover(position={"x": left + width / 2, "y": frame["height"] - 20})
    expect(status).to_have_text(
        "expert 1, slot 5: slot's dispatch sums to 1.0000; largest dispatch at token "
        f"{int(dispatch[0, :, 1, 5].argmax())}: {float(dispatch[0, :, 1, 5].max()):.4f}"
    )
    assert ink(lens, "map", (left - 20, frame["height"] - 16, 40, 14), ground=False)[0] > 100


def test_wrong_weights_are_marked_where_they_are(open_saved: Callable) -> None:
    """By their sign in a large cell, by a tile in a small one; the box above counts them."""

    def own(logits: Tensor) -> tuple[Tensor, Tensor]:
        dispatch, combine = both(logits)
        dispatch[0, 1, 2, 1], dispatch[0, 3, 0, 1], dispatch[0, 4, 1, 1] = torch.nan, -0.5, torch.inf
        return dispatch, combine

    for tokens, slots in ((7, 3), (196, 32)):
        lens = lens_of(open_saved(RoutingLens.of(own, logits_of(tokens, 4, slots), reference=both)))
        places = [
            cell(lens, *at, 4 * slots, tokens)
            for at in ((2 * slots + 1, 1), (1, 3), (slots + 1, 4), (2 * slots + 1, 6))
        ]
        # A mark of a small cell is a ring around it.
        places = [(left - 2, top - 3, width + 4, height + 6) for left, top, width, height in places]
        assert [count > 0 for count in white(lens, "map", *places)] == [True, True, True, False]
        expect(part(lens, "warning")).to_contain_text("<0: 1 weight negative (token 3, expert 0, slot 1: -0.5000).")
        expect(part(lens, "warning")).to_contain_text("NaN: 1 weight not a number (token 1, expert 2, slot 1: NaN).")
        expect(part(lens, "warning")).to_contain_text("∞: 1 weight infinite (token 4, expert 1, slot 1: Infinity).")
        expect(part(lens, "caption")).to_contain_text("Farthest from the reference's dispatch: ")
        take_screenshot(lens, f"lens-wrong-{tokens}")
        part(lens, "router").select_option("reference")
        expect(part(lens, "warning")).to_be_hidden()
        assert white(lens, "map", *places) == [0, 0, 0, 0]


def test_a_map_that_is_all_wrong_still_shows_its_weights(open_saved: Callable) -> None:
    """Between the strokes of the marks most pixels keep the colour of a weight."""
    negative = -logits_of(196, 4, 32).abs()
    lens = lens_of(open_saved(RoutingLens.of(lambda x: (negative, negative), negative)))
    left, top, width, height = cell(lens, 0, 0, 1, 1)
    box = (left, top, width, height)

    marked = "Math.min(all[i - 1], all[i - 2], all[i - 3]) > 225 || Math.max(all[i - 1], all[i - 2], all[i - 3]) < 60"
    share = ink(lens, "map", box, only=marked)[0] / ink(lens, "map", box)[0]
    assert 0.2 < share < 0.6
    expect(part(lens, "warning")).to_contain_text("<0: 25088 weights negative (token 0, expert 0, slot 0: ")


def test_a_function_that_raises_is_a_sentence_beside_a_reference(open_saved: Callable) -> None:
    """Nothing is drawn for it, and the reference works."""
    page = open_saved(RoutingLens.of(lambda x: x.softmax(9), logits_of(7, 4, 2), reference=both))
    lens = page.locator(".routing-lens")
    status = lens.get_by_role("status")

    expect(status).to_contain_text("own raised IndexError: Dimension out of range (expected to be in range of [-4, 3]")
    expect(part(lens, "map")).to_be_hidden()
    take_screenshot(lens, "lens-raised")
    part(lens, "router").select_option("reference")
    point(lens, "map", 3, 6, 8, 7)
    expect(status).to_contain_text("token 6, expert 1, slot 1: logit ")


def sparse_with_logits() -> SparseRouting:
    """Seven tokens for four experts of two slots; tokens 5 and 6 find none."""
    token = torch.tensor([[[0, 1], [2, -1], [3, 4], [-1, -1]]])
    gate = torch.tensor([[[0.5, 0.25], [1.0, 0.0], [0.75, 0.125], [0.0, 0.0]]])
    return SparseRouting(token, gate, 7, logits=logits_of(7, 4, 1)[..., 0])


def test_views_are_offered_in_order_where_there_are_such(open_saved: Callable) -> None:
    """Logits first, outputs last; a sparse router's logits are one column for each expert."""
    routing = sparse_with_logits()
    outputs = torch.arange(7.0)[None, :, None] * torch.tensor([0.6, 0.8])
    outputs[0, 6] = 0
    routers = {"sparse": {"a": routing}, "plain": {"a": SoftRouting(*both(logits_of(7, 4, 2)))}}
    lens = lens_of(open_saved(RoutingLens(routers, outputs={"sparse": {"a": outputs}})))
    status = lens.get_by_role("status")
    offered = (
        "root => [...root.querySelectorAll('input[type=radio]')].filter(r => r.checkVisibility()).map(r => r.value)"
    )

    assert lens.evaluate(offered) == ["logits", "dispatch", "combine", "output"]
    part(lens, "logits").check()
    expect(part(lens, "map-title")).to_have_text("logits: 7 tokens (rows) by 4 experts (columns)")
    point(lens, "map", 2, 3, 4, 7)
    expect(status).to_contain_text(f"token 3, expert 2: logit {float(routing.logits[0, 3, 2]):.4f}, dispatch 1.0000, ")
    take_screenshot(lens, "lens-logits")
    part(lens, "map").focus()
    part(lens, "map").press("ArrowRight")
    expect(status).to_contain_text("token 3, expert 3: logit ")
    part(lens, "output").check()
    point(lens, "map", 0, 4, 1, 7)
    expect(status).to_contain_text("; its answer has length 4.0000")
    point(lens, "map", 0, 6, 1, 7)
    expect(status).to_contain_text("its answer has length 0.0000, as that of every dropped token")
    point(lens, "map", 0, 5, 1, 7)
    expect(status).to_contain_text("its answer has length 5.0000, not the 0 of a dropped token")
    one, two = ink(lens, "map", *[(LEFT + 2, cell(lens, 0, row, 1, 7)[1] + 4, 600, 1) for row in (1, 2)])
    assert two > 1.9 * one > 0
    take_screenshot(lens, "lens-output")
    part(lens, "router").select_option("plain")
    expect(part(lens, "dispatch")).to_be_checked()
    assert lens.evaluate(offered) == ["dispatch", "combine"]


def test_everything_that_is_pointed_at_answers_on_the_other_panels(open_saved: Callable) -> None:
    """Token: its row and its experts; slot: what it sees of the image; expert: its slots and its tokens."""
    images = torch.linspace(0, 1, 36).view(1, 1, 6, 6)
    token = torch.tensor([[[0, 1], [2, -1], [3, 4], [8, -1]]])
    lens = lens_of(open_saved(RoutingLens(SparseRouting(token, (token >= 0).float(), 9), images)))
    panel = frame_of(part(lens, "tokens"))["width"]

    def seen() -> list[int]:
        middles = [panel / 3 * (i + 0.5) - 4 for i in range(3)]
        found = ink(lens, "tokens", *[(middles[t % 3], middles[t // 3], 8, 8) for t in range(9)], ground=False)
        return [t for t in range(9) if found[t]]

    point(lens, "tokens", 0, 1, 3, 3)
    edges = ink(lens, "map", *[(60, cell(lens, 0, r, 8, 9)[1] - 2, 300, 4) for r in range(10)], ground=False)
    assert [r for r in range(10) if edges[r]] == [3, 4]
    places = [cell(lens, e, 0, 4, 1) for e in range(4)]
    bars = ink(lens, "experts", *[(left + width / 4, 101, width / 2, 2) for left, _, width, _ in places], ground=False)
    assert [e for e in range(4) if bars[e]] == [2]
    expect(lens.get_by_role("status")).to_contain_text("; expert (dispatch / combine): 2 (1.0000 / 1.0000)")
    canvas, (left, _, width, _) = part(lens, "map"), cell(lens, 1, 0, 8, 1)
    canvas.hover(position={"x": left + width / 2, "y": frame_of(canvas)["height"] - 20})
    assert seen() == [1]
    left, _, width, _ = cell(lens, 2, 0, 4, 1)
    part(lens, "experts").hover(position={"x": left + width / 2, "y": 40})
    assert seen() == [3, 4]
    sides = ink(lens, "map", *[(x - 3, TOP + 20, 6, 20) for x in (left, left + width, left - width)], ground=False)
    assert [side > 0 for side in sides] == [True, True, False]
    expect(lens.get_by_role("status")).to_contain_text("expert 2: its dispatch sums to 2 in 2 slots, 33.3 % of all; ")


def test_a_text_is_drawn_as_its_words(open_saved: Callable) -> None:
    """Words stand in lines, the pointed one is named, a slot's weights lie on them, and nothing is read as markup."""
    words = "the quick brown fox jumps over <b>lazy</b> dogs and internationalisation".split()
    dispatch, combine = both(4 * logits_of(len(words), 4, 2))
    lens = lens_of(open_saved(RoutingLens(SoftRouting(dispatch, combine), words=words)))
    status = lens.get_by_role("status")

    part(lens, "tokens").press("ArrowRight")
    expect(status).to_contain_text('token 0 "the": ')
    for _ in range(6):
        part(lens, "tokens").press("ArrowRight")
    expect(status).to_contain_text('token 6 "<b>lazy</b>": ')
    expect(lens.locator("b")).to_have_count(0)
    bare = picture(lens, "tokens")
    # By keys: names of rows take room, so that the map's cells stand farther right than `point` takes them to.
    part(lens, "tokens").press("Escape")
    for key in 4 * ["ArrowRight"] + 2 * ["ArrowDown"]:
        part(lens, "map").press(key)
    expect(status).to_contain_text('token 2 "brown", expert 1, slot 1: ')
    assert picture(lens, "tokens") != bare
    take_screenshot(lens, "lens-words")


def test_a_routers_accuracy_is_its_own(open_saved: Callable) -> None:
    """The note follows the router, and a router without a log has none."""
    routing = SoftRouting(*both(logits_of(4, 2, 1)))
    log = {"a": {"step": [0, 9], "accuracy": [0.25, 0.5]}}
    steps = {step: {"a": {"": routing}, "b": {"": routing}} for step in (0, 9)}
    lens = lens_of(open_saved(RoutingLens.replay(steps, tests_log=log, step=9)))

    expect(part(lens, "progress-note")).to_contain_text("Step 9: accuracy 0.5000")
    part(lens, "router").select_option("b")
    expect(part(lens, "progress-note")).to_contain_text("Step 9: accuracy not given")
