"""A lens over time: many steps, a kernel that went away, a notebook that is opened again."""

from collections.abc import Callable

import pytest
import torch
from kernelkit import command, ready, restart_kernel, run_all
from lenskit import ROUTINGS, lens_of, part, point
from playwright.sync_api import Page, expect
from workbench import Workbench

from softmoe_edu.routing import SoftRouting
from softmoe_edu.widgets import RoutingLens

pytestmark = pytest.mark.browser

SLIDE = """async ([lens, times]) => {
    const slider = lens.querySelector('[data-part="image_index"]');
    for (let i = 0; i < times; i++) {
        slider.value = i % 3;
        slider.dispatchEvent(new Event("input"));
        await new Promise(done => requestAnimationFrame(done));
    }
}"""
# Frames as fast as they are done, instead of 60 in a second.
FAST = "() => { window.requestAnimationFrame = draw => setTimeout(draw, 0) }"


def test_hundreds_of_steps_leave_no_memory_behind(open_saved: Callable) -> None:
    """196 tokens with two places compared: after 400 steps the page holds not 0.6 MiB more than before."""
    logits = torch.randn(3, 196, 4, 2, generator=torch.Generator().manual_seed(0))
    routing = SoftRouting(logits.softmax(1), logits.flatten(2).softmax(-1).view_as(logits))
    lens = lens_of(open_saved(RoutingLens(routing, pins=[[3, -1, -1], [-1, 3, 1]]), alone=True))
    lens.page.evaluate(FAST)
    session = lens.page.context.new_cdp_session(lens.page)

    def used() -> float:
        session.send("HeapProfiler.collectGarbage")
        return session.send("Runtime.getHeapUsage")["usedSize"] / 2**20

    # The first steps copy each image's weights once.
    lens.evaluate(f"lens => ({SLIDE})([lens, 50])")
    before = used()
    lens.evaluate(f"lens => ({SLIDE})([lens, 400])")
    grown = used() - before
    print(f"memory: {before:.1f} MiB, {grown:+.2f} MiB after 400 steps")
    assert grown < 0.6


def use(page: Page) -> None:
    """Slide, play, pin, compare and change the router, as one does without thinking of the kernel."""
    lens = page.locator(".routing-lens").first
    part(lens, "router").select_option("tokens choice")
    part(lens, "router").select_option("soft")
    part(lens, "image_index").press("ArrowRight")
    point(lens, "map", 1, 3, 4, 4, click=True, modifiers=["Shift"])
    point(lens, "map", 2, 2, 4, 4, click=True)
    expect(lens.get_by_role("status")).to_contain_text("token 2 (row 1, column 0), expert 1, slot 0: ")
    expect(part(lens, "image")).to_have_text("1: 2, predicted 2")
    page.mouse.move(0, 0)


def test_a_lens_outlives_its_kernel_and_its_page(workbench: Workbench) -> None:
    """After a restart the old view still answers; opened again and run, the notebook has a new one; nothing fails."""
    page = workbench.borrow(ROUTINGS)
    use(page)
    restart_kernel(page)
    part(page.locator(".routing-lens"), "map").press("Escape")
    part(page.locator(".routing-lens"), "map").press("Escape")
    use(page)
    command(page, "docmanager:save")
    page.wait_for_function("!window.jupyterapp.shell.currentWidget.context.model.dirty")
    assert "RoutingLens(images=2, " in workbench.path.read_text("utf-8")
    page.reload()
    ready(page)
    expect(page.locator(".jp-OutputArea-output").first).to_be_visible()
    run_all(page)
    use(page)
    workbench.check()
