"""The cost explorer as a saved page: numbers that do not break, and bars that do without their colours."""

import io
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from explorerkit import cell_of, explorer
from lenskit import NEXT_FRAME, frame_of, part
from matplotlib import image
from playwright.sync_api import Locator, expect

from softmoe_edu.cost import MoESizes, mlp_cost, moe_cost
from softmoe_edu.widgets.cost_explorer import CostExplorer
from softmoe_edu.widgets.explorer import limits_of

pytestmark = pytest.mark.browser

KEPT = ("top_k", "devices", "tflops", "gbps")
LARGEST = {name: most for name, (_, most, *_) in limits_of(CostExplorer).items() if name not in KEPT}
# Numbers of the page whose digits stand on two lines or outside their cell.
BROKEN = """root => [...root.querySelectorAll(
        "td b, td small, .line b, .line small, .times, .explorer-status span")].flatMap(element => {
    const walk = document.createTreeWalker(element, NodeFilter.SHOW_TEXT), found = [];
    const end = (element.closest("td, .line") ?? element.parentElement).getBoundingClientRect().right;
    while (walk.nextNode()) {
        if (walk.currentNode.parentElement.className === "heard") continue;
        for (const match of walk.currentNode.data.matchAll(/[\\d.,]*\\d/g)) {
            const range = document.createRange();
            range.setStart(walk.currentNode, match.index);
            range.setEnd(walk.currentNode, match.index + match[0].length);
            const rects = [...range.getClientRects()];
            if (new Set(rects.map(rect => rect.top)).size > 1 || rects.some(rect => rect.right > end + 0.5))
                found.push(match[0]);
        }
    }
    return found;
})"""


@pytest.mark.parametrize("width", [1280, 1000, 800, 700, 512, 340])
def test_no_number_breaks(open_saved: Callable, width: int) -> None:
    """The largest numbers and what they are compared with stay on one line inside their cell, all digits at hand."""
    made = CostExplorer(**LARGEST, pinned={"router": "experts choice", "slots_per_expert": 333})
    page = open_saved(made, viewport={"width": width, "height": 900})
    cost = explorer(page, "cost")
    page.evaluate(NEXT_FRAME)

    assert cost.evaluate(BROKEN) == []
    sizes = MoESizes(router="soft", num_experts=4096, slots_per_expert=1024)
    macs = f"{moe_cost(LARGEST['tokens'], LARGEST['dim'], LARGEST['hidden_dim'], sizes).macs:,.0f}"
    told = cell_of(cost, "total", "macs").locator("b")
    expect(told).to_contain_text(macs)
    shortened = told.locator("[aria-hidden]")
    if width in (1280, 340):  # there a cell is as wide as the page
        expect(shortened).to_have_count(0)
    else:
        expect(shortened).to_have_text("3,941 T")
        expect(told).to_have_attribute("title", macs)
    expect(cost.get_by_role("status")).to_contain_text(f"{macs} MACs of an example")


def test_a_mean_says_that_it_is_one(open_saved: Callable) -> None:
    """Active parameters of experts choice, in the table, in the comparison and in the sentence, without decimals."""
    sizes = {"num_experts": 33, "slots_per_expert": 7}
    page = open_saved(CostExplorer("experts choice", **sizes, pinned={"num_experts": 8}))
    cost = explorer(page, "cost")
    now, was = (
        moe_cost(196, 384, 1536, MoESizes(router="experts choice", num_experts=e, slots_per_expert=7)) for e in (33, 8)
    )

    assert now.active % 1 and was["experts"].active % 1
    expect(cell_of(cost, "total", "active").locator("b")).to_have_text(f"mean {round(now.active):,}")
    small = cell_of(cost, "experts", "active").locator("small")
    expect(small).to_contain_text(f"was mean {round(was['experts'].active):,}, × ")
    expect(cell_of(cost, "total", "parameters").locator("b")).to_have_text(f"{now.parameters:,}")
    expect(cost.get_by_role("status")).to_contain_text(f"; mean {round(now.active):,} active parameters, × ")
    part(cost, "router").select_option("tokens choice")
    expect(cell_of(cost, "total", "active").locator("b")).not_to_contain_text("mean")


def test_bars_and_headline_compare_with_one_dense_mlp(open_saved: Callable) -> None:
    """Without a pin each quantity stands beside that of one dense MLP of the same sizes, in lengths as in words."""
    cost = explorer(open_saved(CostExplorer("tokens choice", num_experts=7, slots_per_expert=41, dim=24)), "cost")
    sizes = MoESizes(router="tokens choice", num_experts=7, slots_per_expert=41)
    now, dense = moe_cost(196, 24, 1536, sizes), mlp_cost(196, 24, 1536)
    for column in ("parameters", "active", "macs"):
        row = cost.locator(f'[data-quantity="{column}"]')
        long, short = (frame_of(row.locator(".bar").nth(i))["width"] for i in (0, 1))
        times = getattr(now, column) / getattr(dense, column)
        assert long / short == pytest.approx(times, rel=0.03), column
        words = {"parameters": "7", "active": "about 1", "macs": f"{times:.3g}"}[column]
        expect(row.locator(".times")).to_have_text(f"{words}\u00a0×")
    expect(part(cost, "headline")).to_have_text(
        f"7 experts, tokens choice: {now.parameters / dense.parameters:.3g}\u00a0× the parameters of one dense MLP, "
        f"for {now.macs / dense.macs:.3g}\u00a0× the MACs."
    )
    part(cost, "keep").click()
    expect(part(cost, "headline")).to_have_text(
        "7 experts, tokens choice: as many parameters as the pin, for as many MACs."
    )
    part(cost, "forget").click()
    part(cost, "router").select_option("dense")
    expect(part(cost, "headline")).to_contain_text("One dense MLP: each token passes through all ")
    expect(cost.locator(".was:visible")).to_have_count(0)


def grey(shown: Locator) -> np.ndarray:
    """Relative luminance of each pixel of a screenshot."""
    colour = image.imread(io.BytesIO(shown.screenshot()))[..., :3]
    linear = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def apart(first: np.ndarray, second: np.ndarray) -> float:
    """How much two pieces' patterns differ inside their outlines, wherever one is laid on the other."""
    one, other = (piece[2:9, 2:18] < piece[2:9, 2:18].max() / 2 for piece in (first, second))
    shifts = [(x, y) for x in range(8) for y in range(3)]
    return min(float((one[1:6, 4:12] != other[y : y + 5, x : x + 8]).mean()) for x, y in shifts)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pieces_differ_without_colour(open_saved: Callable, scheme: str) -> None:
    """In grey each piece of the total's bar has an outline of 3:1 to the page, and no two have one pattern."""
    sizes = {"num_experts": 1, "slots_per_expert": 196, "dim": 64, "hidden_dim": 48}
    page = open_saved(CostExplorer(**sizes, pinned={"router": "dense"}), color_scheme=scheme)
    cost = explorer(page, "cost")
    pieces = cost.locator('[data-quantity="macs"] .line:not(.was) [data-piece]')
    # Patterns are compared where no words stand.
    pieces.locator("span").evaluate_all("labels => labels.forEach(label => label.remove())")
    ground = 1.0 if scheme == "light" else grey(part(cost, "caption")).min()

    assert [each.get_attribute("data-piece") for each in pieces.all()] == [
        "routing logits", "dispatch", "experts", "combine",
    ]  # fmt: skip
    seen = [grey(each) for each in pieces.all()]
    for piece in seen:
        edges = piece[:3, 2:-2]  # it may begin within a pixel
        high, low = np.maximum(edges, ground), np.minimum(edges, ground)
        assert piece.shape[1] >= 20 and ((high + 0.05) / (low + 0.05)).min(1).max() > 3
    assert all(apart(piece, piece) == 0 for piece in seen)
    assert all(apart(a, b) > 0.1 for i, a in enumerate(seen) for b in seen[:i])
    boxes = [frame_of(each) for each in pieces.all()]
    assert all(b["x"] == pytest.approx(a["x"] + a["width"], abs=0.1) for a, b in pairwise(boxes))


def test_a_key_has_the_look_of_its_pieces(open_saved: Callable) -> None:
    """The square beside a part's name wears the pattern and the colour of the part in every bar; no two are alike."""
    cost = explorer(open_saved(CostExplorer(pinned={"router": "dense"})), "cost")
    look = "e => [getComputedStyle(e).backgroundImage, getComputedStyle(e).backgroundColor].join()"
    patterns = set()
    for row in ("routing logits", "dispatch", "experts", "combine", "dense MLP"):
        worn = {piece.evaluate(look) for piece in cost.locator(f'[data-piece="{row}"]').all()}
        assert worn == {part(cost, row).locator("i").evaluate(look)}, row
        patterns.add(part(cost, row).locator("i").evaluate("e => getComputedStyle(e).backgroundImage"))
    assert len(patterns) == 5
