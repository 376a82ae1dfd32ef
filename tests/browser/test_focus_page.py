"""A widget that shows the few controls that a task needs: those, and none of the others."""

from collections.abc import Callable

import pytest
import torch
from labkit import take_screenshot
from pagekit import DRAWN
from playwright.sync_api import Page, expect

from softmoe_edu.widgets import RouterExplorer, RoutingFlow

pytestmark = pytest.mark.browser


def controls(page: Page, holder: str) -> set[str]:
    """The names of the controls in sight, without the number beside a slider."""
    names = page.locator(f"{holder} :is(input[type=range], select):visible").evaluate_all(
        "found => found.map(e => e.dataset.part)"
    )
    return set(names)


@pytest.mark.parametrize("focus", [("image_index", "gating", "noise"), None])
def test_the_explorer_shows_what_a_task_needs(focus: tuple | None, open_saved: Callable) -> None:
    """Only these controls, also those that stand under More, and the picture ends within a laptop's screen."""
    generator = torch.Generator().manual_seed(0)
    scores, images = torch.randn(3, 16, 7, generator=generator), torch.rand(3, 1, 8, 8, generator=generator)
    widget = RouterExplorer(scores, images, router="tokens choice", step="select", top_k=2, focus=focus)
    page = open_saved(widget, viewport={"width": 1280, "height": 800})
    expect(page.locator(DRAWN).first).to_be_visible()
    root = page.locator(".router-explorer")
    comparisons = [page.locator(f'[data-part="{name}"]').is_visible() for name in ("numbers", "side", "batch", "more")]
    found = controls(page, ".router-explorer-top") | controls(page, ".explorer-controls")
    if focus is None:
        assert found > {"router", "image_index", "top_k"} and all(comparisons)
        return
    assert found == set(focus) and not any(comparisons)
    assert root.bounding_box()["height"] < 720
    page.get_by_role("slider", name="Noise", exact=True).press("ArrowRight")
    expect(page.locator('[data-part="noise-number"]')).to_have_value("0.1")
    take_screenshot(root, "router-explorer-focused")


def test_the_flow_shows_what_a_task_needs(open_saved: Callable) -> None:
    """Three controls of six."""
    page = open_saved(RoutingFlow(focus=("capacity_factor", "top_k", "scale")))
    expect(page.locator(DRAWN).first).to_be_visible()
    assert controls(page, ".routing-flow-knobs") == {"capacity_factor", "top_k", "scale"}
