import re

import pytest
from kernelkit import run_cell
from labkit import take_screenshot
from lenskit import (
    CELLS,
    COUNT_CLOCKS,
    LARGE,
    LEFT,
    NEXT_FRAME,
    frame_of,
    lens_of,
    part,
    picture,
    plot_of,
    point,
    set_theme,
)
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser


@pytest.fixture
def cells() -> tuple[str, ...]:
    """A lens of known routings."""
    return CELLS


LUMINANCE = """element => {
    const numbers = text => text.match(/[\\d.]+/g).map(Number);
    let ground = element;
    while (ground && (numbers(getComputedStyle(ground).backgroundColor)[3] ?? 1) === 0) ground = ground.parentElement;
    const linear = c => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    const light = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
    const [r, g, b, alpha = 1] = numbers(getComputedStyle(element).color);
    const below = numbers(getComputedStyle(ground).backgroundColor);
    const text = light([r, g, b].map((c, i) => alpha * c + (1 - alpha) * below[i])), paper = light(below);
    return (Math.max(text, paper) + 0.05) / (Math.min(text, paper) + 0.05);
}"""


def test_light_and_dark_themes_are_readable(notebook: Page) -> None:
    """Text keeps a contrast of 4.5 or more, and the drawing follows when the theme changes."""
    lens = lens_of(notebook)
    point(lens, "map", 1, 3, 4, 4, click=True)
    drawn = []
    for theme in ("Light", "Dark"):
        set_theme(notebook, theme)
        for selector in (".routing-lens-status", "[data-part=caption]", ".routing-lens-title", "select"):
            assert lens.locator(selector).first.evaluate(LUMINANCE) >= 4.5, (theme, selector)
        drawn.append(picture(lens, "map", ground=True))
        take_screenshot(lens, f"lens-{theme.lower()}")
    assert drawn[0] != drawn[1]


def test_a_narrow_page_keeps_everything_inside(notebook: Page) -> None:
    """At 1024 px and at twice the zoom of that nothing is wider than the lens."""
    lens = lens_of(notebook)
    for width in (1024, 512):
        notebook.set_viewport_size({"width": width, "height": 800})
        notebook.evaluate(NEXT_FRAME)
        inside = lens.evaluate(
            "root => [...root.querySelectorAll('*')].filter(e => e.getClientRects().length && "
            "e.getBoundingClientRect().right > root.getBoundingClientRect().right + 1).map(e => e.outerHTML)"
        )
        assert inside == []
        take_screenshot(lens, f"lens-{width}px")
        point(lens, "map", 1, 3, 4, 4)
        expect(lens.get_by_role("status")).to_contain_text("token 3 (row 1, column 1), expert 0, slot 1: ")


def test_the_slider_moves_by_mouse_and_by_key(notebook: Page) -> None:
    """Both change what is drawn, and the kernel knows the image."""
    lens = lens_of(notebook)
    slider, first = part(lens, "image_index"), picture(lens, "tokens", ground=True)
    first_map = picture(lens, "map", ground=True)
    slider.scroll_into_view_if_needed()
    frame = frame_of(slider)
    notebook.mouse.move(frame["x"] + 8, frame["y"] + frame["height"] / 2)
    notebook.mouse.down()
    notebook.mouse.move(frame["x"] + frame["width"] - 4, frame["y"] + frame["height"] / 2, steps=6)
    notebook.mouse.up()
    expect(part(lens, "image")).to_have_text("1: 2, predicted 2")
    assert picture(lens, "tokens", ground=True) != first
    assert picture(lens, "map", ground=True) != first_map
    assert run_cell(notebook, 1, "lens.image_index") == "1"
    slider.focus()
    notebook.keyboard.press("ArrowLeft")
    expect(part(lens, "image")).to_have_text("0: 7, predicted 1")
    assert picture(lens, "tokens", ground=True) == first


def test_a_large_routing_follows_slider_and_pointer(notebook: Page) -> None:
    """196 tokens by 128 slots: every key shows another image and every place its own numbers (benchmarks time it)."""
    run_cell(notebook, 1, LARGE)
    lens = lens_of(notebook, 1)
    slider, seen = part(lens, "image_index"), []
    slider.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft", "ArrowLeft"):
        notebook.keyboard.press(key)
        notebook.evaluate(NEXT_FRAME)
        seen.append((part(lens, "image").inner_text(), picture(lens, "map", ground=True)))
    assert [image for image, _ in seen] == ["1", "2", "1", "0"]
    assert seen[0] == seen[2] and len(set(seen)) == 3
    for step in range(0, 40, 8):
        point(lens, "map", 3 * step, 4 * step, 128, 196)
        expect(lens.get_by_role("status")).to_contain_text(f"token {4 * step} ")
        expect(lens.get_by_role("status")).to_contain_text(f"expert {3 * step // 8}, slot {3 * step % 8}: ")
    take_screenshot(lens, "lens-large")


def test_at_twice_the_zoom_a_notebook_shows_the_whole_map_below_its_words(notebook: Page) -> None:
    """640 x 450 CSS pixels, where a notebook scrolls in 338 of them: the words, and the first and last row, at once."""
    run_cell(notebook, 1, LARGE)
    notebook.set_viewport_size({"width": 640, "height": 450})
    lens = lens_of(notebook, 1)
    notebook.evaluate(NEXT_FRAME)
    lens.locator(".routing-lens-status").evaluate("e => e.scrollIntoView({ block: 'start' })")
    for row in (0, 195):
        _, top, _, height = plot_of(lens)
        notebook.mouse.move(*pixel(lens, top + height * (row + 0.5) / 196))
        expect(lens.get_by_role("status")).to_contain_text(f"token {row} ")
        expect(lens.get_by_role("status")).to_be_in_viewport(ratio=1)
    take_screenshot(lens, "lens-notebook-640px")


def pixel(lens: Locator, y: float) -> tuple[float, float]:
    """A point of the map's first column on the screen, without scrolling to it."""
    frame = frame_of(part(lens, "map"))
    return frame["x"] + LEFT + 3, frame["y"] + y


WIDE = """
lone = torch.zeros(1, 4, 2, 1024)
lone[0, 2, 1, 76] = 1
sizes = {"lone": lone, "none": 0 * lone, "huge": torch.full((1, 1025, 1, 1024), 1 / 1025)}
wide = RoutingLens({name: SoftRouting(weights, weights) for name, weights in sizes.items()})
wide
"""


def test_more_slots_than_pixels_still_answer_exactly(notebook: Page) -> None:
    """A lone weight among 2048 slots is drawn and named; of too many tokens some are drawn, and the lens says so."""
    run_cell(notebook, 1, WIDE)
    lens = lens_of(notebook, 1)
    brightest = (
        "c => { const d = new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer);"
    )
    brightest += "return d.includes(0xff25e7fd) }"
    ground = lens.locator('[data-panel="map"] canvas').first
    assert ground.evaluate(brightest)
    take_screenshot(lens, "lens-wide")
    run_cell(notebook, 2, "wide.layer, wide.token, wide.expert, wide.slot = 'lone', 2, 1, 76")
    expect(lens.get_by_role("status")).to_contain_text("token 2, expert 1, slot 76: dispatch 1.0000")
    run_cell(notebook, 2, "wide.layer = 'none'")
    expect(lens.get_by_role("status")).to_contain_text("token 2, expert 1, slot 76: dispatch 0.0000")
    notebook.evaluate(NEXT_FRAME)
    assert not ground.evaluate(brightest)
    part(lens, "layer").select_option("huge")
    expect(part(lens, "caption")).to_contain_text("1,024 of 1,025 tokens are drawn, evenly spaced")
    run_cell(notebook, 2, "wide.token, wide.expert, wide.slot = 1023, 0, 1023")
    expect(lens.get_by_role("status")).to_contain_text("token 1023, expert 0, slot 1023: dispatch 0.0010")


def test_a_closed_view_leaves_nothing_behind(notebook: Page) -> None:
    """Its observers end with it: a later change of theme or size does not wake it, and window holds nothing of it."""
    root = lens_of(notebook).element_handle()
    spy = "root => { const find = root.querySelector; root.querySelector = s => (window.woken++, find.call(root, s)) }"
    root.evaluate(spy)
    notebook.evaluate("window.woken = 0; document.body.dataset.other = 'x'")
    notebook.evaluate(NEXT_FRAME)
    assert notebook.evaluate("window.woken") > 0
    names = notebook.evaluate("Object.keys(window).length")
    run_cell(notebook, 1, "lens.close()")
    expect(notebook.locator(".routing-lens")).to_have_count(0)
    notebook.evaluate(NEXT_FRAME)
    notebook.evaluate("window.woken = 0; document.body.dataset.other = 'y'; window.dispatchEvent(new Event('resize'))")
    notebook.evaluate(NEXT_FRAME)
    assert notebook.evaluate("[window.woken, Object.keys(window).length]") == [0, names]


REPLAY = """
steps = {step: {"late": SoftRouting(dispatch * (1 - step / 10), combine)} for step in (0, 1, 2, 3)}
replay = RoutingLens.replay(steps, images)
replay
"""


def test_a_replay_that_plays_stops_when_it_is_closed(notebook: Page) -> None:
    """One of two views may go, the other plays on; after the last nothing is left on window and no timer runs."""
    notebook.emulate_media(reduced_motion="no-preference")
    notebook.evaluate(COUNT_CLOCKS)
    run_cell(notebook, 1, REPLAY)
    lens = lens_of(notebook, 1)
    names = notebook.evaluate("Object.keys(window).length")
    part(lens, "play").click()
    assert notebook.evaluate("running.size") == 1
    expect(part(lens, "progress-note")).to_contain_text(re.compile("Step [123]: "))
    run_cell(notebook, 2, "replay")
    second = lens_of(notebook, 2)
    expect(part(second, "progress-note")).to_contain_text("Step 3: ")
    expect(part(lens, "play")).to_have_text("Play")
    assert notebook.evaluate("running.size") == 0
    part(second, "play").click()
    expect(part(lens, "progress-note")).to_contain_text(re.compile("Step [012]: "))
    run_cell(notebook, 2, "replay.close()")
    expect(notebook.locator(".routing-lens")).to_have_count(1)
    assert notebook.evaluate("running.size") == 0
    assert notebook.evaluate("Object.keys(window).length") == names
    notebook.evaluate("stopCounting()")
