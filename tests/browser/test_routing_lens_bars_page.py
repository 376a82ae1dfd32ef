"""The edges of a lens's bars, which keep them apart from the page where their colour does not."""

from collections.abc import Callable

import pytest
import torch
from labkit import take_screenshot
from lenskit import LEFT, frame_of, ink, lens_of, part, plot_of
from playwright.sync_api import Locator

from softmoe_edu.routing import SoftRouting, SparseRouting
from softmoe_edu.widgets import RoutingLens

pytestmark = pytest.mark.browser

DARK = "all[i] > 0 && Math.max(all[i - 1], all[i - 2], all[i - 3]) < 60"
LIGHT = "all[i] > 0 && Math.min(all[i - 1], all[i - 2], all[i - 3]) > 220"


def edges(lens: Locator, panel: str, expert: int, experts: int, top: float, edge: str, gap: int = 2) -> list[bool]:
    """Whether the left, upper and right edge of an expert's bar are drawn, in 1 px strips."""
    wide = plot_of(lens)[2] / experts
    left = LEFT + expert * wide + gap
    right = left + wide - 2 * gap
    strips = [(left - 1, top + 4, 3, 4), (left + 6, top - 1, 12, 2), (right - 2, top + 4, 3, 4)]
    return [count > 0 for count in ink(lens, panel, *strips, only=edge)]


@pytest.mark.parametrize(("scheme", "edge"), [("light", DARK), ("dark", LIGHT)])
def test_bars_have_an_edge_in_the_colour_of_the_text(scheme: str, edge: str, open_saved: Callable) -> None:
    """Loads, orange and grey ones too, and sums of columns."""
    quarter = torch.full((1, 4, 4, 1), 0.25)
    quarter[0, 0, 3] = 0.2  # sums that are all alike are not drawn
    lens = lens_of(open_saved(RoutingLens(SoftRouting(quarter, quarter)), color_scheme=scheme))
    below = frame_of(part(lens, "map"))["height"] - 15 - 24

    for expert in range(3):
        assert edges(lens, "experts", expert, 4, 18, edge) == [True, True, True]
        assert edges(lens, "map", expert, 4, below, edge, gap=0)[::2] == [True, True]


def test_the_pale_bars_of_a_group_have_their_edge_too(open_saved: Callable) -> None:
    """An expert with two tokens of the other image and none of this one."""
    token = torch.tensor([[[2, 3], [0, -1]]])
    images = torch.rand(2, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    lens = lens_of(open_saved(RoutingLens(SparseRouting(token, (token >= 0).float(), 4), images, grid=(1, 2))))

    assert edges(lens, "experts", 0, 2, 18, DARK)[::2] == [True, True]


def test_narrow_bars_keep_their_colours(open_saved: Callable) -> None:
    """Of 128 experts each bar has an upper edge alone, below which most pixels are coloured."""
    wide = torch.full((1, 4, 128, 1), 0.25)
    wide[0, 0, 127] = 0.2
    lens = lens_of(open_saved(RoutingLens(SoftRouting(wide, wide))))
    box = (LEFT, 22, plot_of(lens)[2] * 127 / 128, 20)

    # What is dark are the patterns of all but the first eight.
    assert ink(lens, "experts", box, only=DARK)[0] < 0.2 * box[2] * box[3]
    assert ink(lens, "experts", (LEFT, 22, 7.5 * box[2] / 127, 20), only=DARK) == [0]
    assert ink(lens, "experts", (LEFT, 17, box[2], 3), only=DARK)[0] > 0.8 * box[2]


def test_a_token_that_lost_a_choice_is_hatched_at_its_right(open_saved: Callable) -> None:
    """One in both experts is not, one in none is everywhere."""
    token = torch.tensor([[[0, 1], [0, 2]]])
    images = torch.full((1, 1, 8, 8), 0.5)
    images[0, 0, 0, :2] = torch.tensor([0.0, 1.0])
    lens = lens_of(open_saved(RoutingLens(SparseRouting(token, torch.full((1, 2, 2), 0.5), 4), images)))
    half = frame_of(part(lens, "tokens"))["width"] / 2

    def hatched(share: float) -> list[bool]:
        boxes = [(half * (t % 2 + share) - 6, half * (t // 2) + 50, 12, 60) for t in range(4)]
        return [count > 20 for count in ink(lens, "tokens", *boxes, only=DARK)]

    assert hatched(0.92) == [False, True, True, True]
    assert hatched(0.4) == [False, False, False, True]
    take_screenshot(lens, "lens-lost-choices")
