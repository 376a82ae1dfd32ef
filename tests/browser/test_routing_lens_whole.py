"""A lens with all that it can have at once: steps, outputs, wrong weights and four places compared."""

from collections.abc import Callable

import pytest
import torch
from labkit import take_screenshot
from lenskit import lens_of, part, point
from pagekit import audit
from playwright.sync_api import expect

from softmoe_edu.routing import SoftRouting
from softmoe_edu.widgets import RoutingLens

pytestmark = pytest.mark.browser

INSIDE = """root => [...root.querySelectorAll('*')].filter(e => e.getClientRects().length &&
    e.getBoundingClientRect().right > root.getBoundingClientRect().right + 1).map(e => e.outerHTML)"""


def everything() -> RoutingLens:
    """Nine tokens, four experts of two slots, three steps; the combine of one token is doubled."""
    snapshots, outputs = {}, {}
    for step in (0, 30, 60):
        logits = torch.randn(2, 9, 4, 2, generator=torch.Generator().manual_seed(step)) * (1 + step / 30)
        combine = logits.flatten(2).softmax(2).view_as(logits)
        combine[0, 4] *= 2
        snapshots[step] = {
            router: {"blocks.1": SoftRouting(logits.softmax(1), combine, logits=logits)} for router in ("a", "b")
        }
        outputs[step] = {"a": {"blocks.1": torch.ones(2, 9, 5)}}
    images = torch.rand(2, 3, 12, 12, generator=torch.Generator().manual_seed(1))
    log = {name: {"step": [0, 30, 60], "accuracy": [0.1, 0.5, 0.9]} for name in ("a", "b")}
    pins = [[4, -1, -1], [4, 3, 1], [-1, 2, 0], [-1, 0, -1]]
    return RoutingLens.replay(snapshots, images, log, outputs=outputs, pins=pins, view="combine", step=30, token=4)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_at_once_can_be_read_and_operated(scheme: str, open_saved: Callable, axe: str) -> None:
    """No serious fault of accessibility, and every control has its keys for itself."""
    page = open_saved(everything(), color_scheme=scheme)
    lens = page.locator(".routing-lens")
    expect(lens.get_by_role("status")).to_contain_text("its combine sums to 2.0000, not 1")
    expect(part(lens, "warning")).to_have_text("≠1: 1 of 9 rows of combine do not sum to 1 (token 4: 2.0000).")

    assert audit(page, axe) == []
    focusable = "root => [...root.querySelectorAll('select, input, button, [tabindex]')]"
    controls = lens.evaluate(f"root => ({focusable})(root).length")
    own = lens.evaluate(f"root => ({focusable})(root).filter(e => e.dataset.lmSuppressShortcuts === 'true').length")
    assert controls == own >= 14
    take_screenshot(lens, f"lens-everything-{scheme}")


def test_everything_fits_a_narrow_page(open_saved: Callable) -> None:
    """At 1024 px, and at the 512 px that twice the zoom leaves, nothing is cut off, and the map still answers."""
    for width in (1024, 512):
        widget = everything()
        widget.token = -1
        lens = lens_of(open_saved(widget, viewport={"width": width, "height": 800}))
        assert lens.evaluate(INSIDE) == []
        assert lens.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        take_screenshot(lens, f"lens-everything-{width}px")
        point(lens, "map", 7, 8, 8, 9)
        expect(lens.get_by_role("status")).to_contain_text("token 8 (row 2, column 2), expert 3, slot 1: logit ")
        part(lens, "step").press("End")
        expect(part(lens, "progress-note")).to_contain_text("Step 60: accuracy 0.9000")
        assert lens.locator(".routing-lens-card").count() == 4


def test_at_twice_the_zoom_the_map_and_its_words_are_on_the_screen_together(open_saved: Callable) -> None:
    """640 x 450 CSS pixels: while the map is pointed at, the status line below it is in sight, and not see-through."""
    widget = everything()
    widget.token = -1
    lens = lens_of(open_saved(widget, viewport={"width": 640, "height": 450}))
    part(lens, "map").scroll_into_view_if_needed()
    point(lens, "map", 7, 8, 8, 9)
    status = lens.get_by_role("status")
    expect(status).to_contain_text("token 8")
    expect(status).to_be_in_viewport()
    ground = lens.locator(".routing-lens-status").evaluate("e => getComputedStyle(e).backgroundColor")
    assert ground != "rgba(0, 0, 0, 0)"
