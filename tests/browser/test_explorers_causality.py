"""The causality explorer as a saved page: what its pictures say, read from their pixels."""

from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from explorerkit import LISTEN, explorer
from lenskit import NEXT_FRAME, frame_of, part
from playwright.sync_api import Locator, expect

from softmoe_edu.widgets.causality_explorer import CausalityExplorer

pytestmark = pytest.mark.browser

COLOURS = """(c, spots) => { const scale = c.width / c.clientWidth, ctx = c.getContext("2d");
    return spots.map(([x, y]) => [...ctx.getImageData(Math.floor(x * scale), Math.floor(y * scale), 1, 1).data]) }"""


def tokens(n: int) -> torch.Tensor:
    return torch.randn(2, n, 3, generator=torch.Generator().manual_seed(0))


def layers(count: int) -> dict:
    return {f"sum {i}": lambda x: x.cumsum(1) for i in range(count)}


def colours(shown: Locator, panel: str, cells: list[tuple[float, float]], n: int) -> list[list[int]]:
    """Bytes of the ground at places (token, output) of a matrix, in cells from its corner."""
    shown.page.evaluate(NEXT_FRAME)
    ground = part(shown, panel).locator("xpath=preceding-sibling::canvas")
    side = frame_of(ground)["width"] - 60
    return ground.evaluate(COLOURS, [(42 + side * token / n, 34 + side * output / n) for token, output in cells])


def luminance(pixel: list[int]) -> float:
    """Relative luminance by WCAG 2.2."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in pixel[:3])]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: list[int], second: list[int]) -> float:
    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("width", [1280, 900, 512])
@pytest.mark.parametrize("count", [1, 2, 5])
def test_all_maps_have_one_size(open_saved: Callable, count: int, width: int) -> None:
    """In a row, and in a last row that is not full; few maps stand side by side and are no wider than 380 px."""
    page = open_saved(CausalityExplorer(layers(count), tokens(5)), viewport={"width": width, "height": 900})
    shown = explorer(page, "causality")
    boxes = [frame_of(canvas) for canvas in shown.locator("canvas[tabindex]").all()]

    assert len(boxes) == count
    assert {(round(each["width"], 1), round(each["height"], 1)) for each in boxes} == {
        (round(boxes[0]["width"], 1), round(boxes[0]["height"], 1))
    }
    assert 195 <= boxes[0]["width"] <= 380
    assert width < 900 or count < 2 or boxes[1]["x"] - boxes[0]["x"] - boxes[0]["width"] == pytest.approx(22, abs=1)


@pytest.mark.parametrize(("count", "rows"), [(5, [5]), (6, [3, 3])])
def test_maps_and_what_sets_them_fit_a_laptop(open_saved: Callable, count: int, rows: list[int]) -> None:
    """Five maps stand in one row, six in two that are equally full; one row and all below it are on one screen."""
    page = open_saved(CausalityExplorer(layers(count), tokens(6)), viewport={"width": 1280, "height": 800})
    shown = explorer(page, "causality")
    tops = [frame_of(canvas)["y"] for canvas in shown.locator("canvas[tabindex]").all()]

    assert [tops.count(top) for top in sorted(set(tops))] == rows
    knob, ramp = (frame_of(part(shown, name)) for name in ("tolerance", "ramp"))
    assert knob["x"] > ramp["x"] + ramp["width"] and abs(knob["y"] - ramp["y"]) < 30
    status = frame_of(shown.get_by_role("status"))
    assert len(rows) > 1 or status["y"] + status["height"] < 800


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_stairs_stand_out_from_the_cells_beside_them(open_saved: Callable, scheme: str) -> None:
    """Bright as dark: along a stair there is a pixel that has a contrast of 4.5 with its neighbour."""
    bright = CausalityExplorer(lambda x: x.sum(1, keepdim=True).expand(x.shape), tokens(5))
    shown = explorer(open_saved(bright, color_scheme=scheme), "causality")
    across = [(1 + offset / 100, 0.5) for offset in range(-8, 9)]  # the upright of the first stair
    found = colours(shown, "map-0", across, 5)

    assert max(contrast(a, b) for a, b in pairwise(found)) > 4.5


# Token 0 is added to outputs 1 to 4 in these shares; every token's own output moves as far as the token.
SHARES = (1.0, 0.25, 0.1, 0.01, 0.001)


def in_shares(x: torch.Tensor) -> torch.Tensor:
    moved = x.clone()
    moved[:, 1:] += torch.tensor(SHARES[1:])[:, None] * x[:, :1]
    return moved


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_tell_large_from_small(open_saved: Callable, scheme: str) -> None:
    """The largest change is twice as bright as a tenth of it, a hundredth is darker yet, and none is like the still."""
    made = CausalityExplorer(in_shares, tokens(5))
    page = open_saved(made, color_scheme=scheme)
    column = [(0.5, i + 0.5) for i in range(5)]
    *found, still = colours(explorer(page, "causality"), "map-0", [*column, (2.5, 0.5)], 5)

    changes = made.influences["layer"][:, 0] / made.influences["layer"].max()
    assert changes[1:].tolist() == pytest.approx([float(changes[0]) * share for share in SHARES[1:]], rel=1e-3)
    brightness = [luminance(pixel) for pixel in found]
    assert brightness == sorted(brightness, reverse=True)
    assert contrast(found[0], found[2]) > 2 and contrast(found[2], found[3]) > 1.25
    assert all(contrast(pixel, still) > 1.25 for pixel in found[1:])


def test_the_ramp_says_what_the_colours_mean(open_saved: Callable) -> None:
    """Its numbers run from 0 to 100 % without touching, and above each is the colour of such a change."""
    page = open_saved(CausalityExplorer(in_shares, tokens(5)), viewport={"width": 512, "height": 900})
    shown = explorer(page, "causality")
    ramp, numbers = part(shown, "ramp"), shown.locator(".causality-explorer-ramp b")

    assert numbers.all_inner_texts() == ["0 %", "1 %", "10 %", "25 %", "50 %", "100 %"]
    expect(shown.locator(".causality-explorer-ramp")).to_contain_text("as a share of the layer's largest change")
    boxes, frame = [frame_of(each) for each in numbers.all()], frame_of(ramp)
    assert all(a["x"] + a["width"] < b["x"] for a, b in pairwise(boxes))
    at = [(box["x"] + box["width"] / 2 - frame["x"]) / frame["width"] for box in boxes]
    assert at == pytest.approx([share**0.5 for share in (0, 0.01, 0.1, 0.25, 0.5, 1)], abs=0.01)
    part(shown, "tolerance-number").fill("0.25")
    part(shown, "tolerance-number").press("Enter")
    page.evaluate(NEXT_FRAME)
    assert "var(--explorer-shade) 50%, transparent 50%" in ramp.get_attribute("style")


@pytest.mark.parametrize("n", [9, 100, 128, 256])
@pytest.mark.parametrize("width", [1280, 512])
def test_labels_of_a_matrix_never_touch(open_saved: Callable, n: int, width: int) -> None:
    """Numbers of tokens and of outputs keep 4 px from each other, with one, two and three digits."""
    page = open_saved(CausalityExplorer(layers(4), tokens(n), draws=1))
    shown = explorer(page, "causality")
    page.set_viewport_size({"width": width, "height": 890})
    page.evaluate(NEXT_FRAME)
    page.evaluate(LISTEN)
    page.emulate_media(color_scheme="dark")  # draws all grounds again
    page.evaluate(NEXT_FRAME)
    page.evaluate(NEXT_FRAME)
    written = page.evaluate("window.written")

    ends = [i for i, each in enumerate(written) if each["text"] == "output"]
    numbers = [each for each in written[ends[-2] + 1 : ends[-1]] if each["text"].isdigit()]
    columns = sorted((each for each in numbers if each["y"] == 26), key=lambda each: each["left"])
    rows = sorted((each for each in numbers if each["y"] != 26), key=lambda each: each["y"])
    assert len(columns) == len(rows) >= 5
    assert all(b["left"] - a["right"] >= 4 for a, b in pairwise(columns))
    assert all(b["y"] - a["y"] >= 13 for a, b in pairwise(rows))
    expect(shown.get_by_role("status")).to_contain_text("Point at a matrix")


@pytest.mark.parametrize("n", [16, 20, 40, 64])
def test_separators_take_a_tenth_of_a_column_at_most(open_saved: Callable, n: int) -> None:
    """Of the pixels along the last row, at most a tenth have no cell's colour; with room for them there are some."""
    page = open_saved(CausalityExplorer(lambda x: x.sum(1, keepdim=True).expand(x.shape), tokens(n)))
    shown = explorer(page, "causality")
    centres = colours(shown, "map-0", [(i + 0.5, n - 0.5) for i in range(n - 1)], n)
    row = colours(shown, "map-0", [((n - 1) * i / 1000, n - 0.5) for i in range(1000)], n)

    parting = [pixel for pixel in row if pixel not in centres]
    assert len(parting) <= 1000 / 10
    assert (len(parting) > 0) == (320 / n >= 10)
