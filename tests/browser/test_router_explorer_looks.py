"""The router explorer in both themes, on narrow pages, by keyboard alone, as a saved page, and after its end."""

import io
import itertools
from collections.abc import Callable

import numpy as np
import pytest
import torch
from explorerkit import LISTEN
from kernelkit import run_cell
from labkit import take_screenshot
from lenskit import COUNT_CLOCKS, NEXT_FRAME, frame_of, part, picture, point, set_theme
from matplotlib import image
from pagekit import audit
from playwright.sync_api import Page, expect
from routerkit import CELLS, explorer_of, take

from softmoe_edu.figures.style import contrast
from softmoe_edu.widgets.router_explorer import RouterExplorer

pytestmark = pytest.mark.browser


@pytest.fixture
def cells() -> tuple[str, ...]:
    """A router explorer of known scores."""
    return CELLS


PANELS = ("tokens", "map", "experts")
OUTSIDE = """root => [...root.querySelectorAll('*')].filter(e => e.getClientRects().length &&
    e.getBoundingClientRect().right > root.getBoundingClientRect().right + 1).map(e => e.outerHTML)"""
# Of the radios, which are one stop, the checked one.
TABBED = """root => [...root.querySelectorAll('input, select, button, summary, canvas[tabindex]')].filter(e =>
    !e.disabled && e.tabIndex >= 0 && e.checkVisibility() && (e.type !== 'radio' || e.checked))
    .map(e => e.dataset.part ?? e.textContent)"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_numbers_of_tokens_are_read_below_the_weights_on_them(open_saved: Callable, scheme: str) -> None:
    """Without pictures a token is its number, whose pixels stand out from the square that shows its weight."""
    made = RouterExplorer(torch.zeros(1, 2, 2, 1), step="normalise", token=0, expert=0, slot=0)
    explorer = explorer_of(open_saved(made, color_scheme=scheme))
    box = frame_of(part(explorer, "tokens"))
    middle = {"x": box["x"] + box["width"] / 4 - 6, "y": box["y"] + box["height"] / 2 - 7, "width": 12, "height": 14}
    seen = image.imread(io.BytesIO(explorer.page.screenshot(clip=middle)))[..., :3].reshape(-1, 3)
    ground = seen[0]

    assert np.ptp(ground) > 0.2, "the corner is no square of a colour"
    assert max(contrast(tuple(ground), tuple(pixel)) for pixel in seen) > 3.5


def test_tab_reaches_every_control_and_the_notebook_takes_no_key(notebook: Page) -> None:
    """In the order of the page, with a visible focus; letters that JupyterLab knows change no cell."""
    explorer = explorer_of(notebook)
    run_cell(notebook, 1, "explorer.router, explorer.step, explorer.served = 'tokens choice', 'dispatch', 2")
    for name in ("side", "batch"):
        part(explorer, name).locator("summary").click()
    expect(part(explorer, "count")).to_have_text("2 of 4 choices served")
    expect(part(explorer, "gallery").locator("canvas")).to_have_count(7)
    controls, cells = explorer.evaluate(TABBED), notebook.locator(".jp-Cell").count()
    assert {"router", "dispatch", "served", "map", "keep", "shuffle", "soft / uniform"} <= set(controls)
    part(explorer, controls[0]).focus()
    reached = []
    # Letters empty the box of the capacity factor, which may be none; that can be undone from then on.
    expected = [*controls[:-1], "undo", controls[-1]]
    for _ in expected:
        focused = "document.activeElement"
        reached.append(notebook.evaluate(f"{focused}.dataset.part ?? {focused}.textContent"))
        notebook.keyboard.press("b")
        notebook.keyboard.press("x")
        shown = f"{focused}.type === 'radio' ? {focused}.nextElementSibling : {focused}"
        assert notebook.evaluate(f"getComputedStyle({shown}).outlineStyle") == "solid", reached[-1]
        notebook.keyboard.press("Tab")
    assert reached == expected
    assert notebook.locator(".jp-Cell").count() == cells


def test_the_panels_by_keyboard(notebook: Page) -> None:
    """Arrows move over tokens, cells and experts, Enter pins, Escape unpins."""
    explorer = explorer_of(notebook)
    status, report = explorer.get_by_role("status"), "explorer.token, explorer.expert, explorer.slot"
    part(explorer, "tokens").focus()
    for key, place in (("ArrowRight", 0), ("ArrowRight", 1), ("ArrowDown", 3), ("Home", 0), ("End", 3)):
        notebook.keyboard.press(key)
        expect(status).to_contain_text(f"token {place} (row")
    part(explorer, "map").focus()
    for key, words in (
        ("ArrowDown", "token 0 (row 0, column 0), expert 0, slot 0: "),
        ("ArrowDown", "token 1 (row 0, column 1), expert 0, slot 0: "),
        ("End", "expert 1, slot 1: "),
        ("ArrowLeft", "expert 1, slot 0: "),
    ):
        notebook.keyboard.press(key)
        expect(status).to_contain_text(words)
    notebook.keyboard.press("Enter")
    expect(part(explorer, "pin")).to_have_text("Pinned.")
    assert run_cell(notebook, 1, report) == "(1, 1, 0)"
    take(explorer, "dispatch")
    part(explorer, "experts").press("ArrowLeft")
    assert run_cell(notebook, 1, report) == "(-1, 0, -1)"
    part(explorer, "experts").press("Escape")
    assert run_cell(notebook, 1, report) == "(-1, -1, -1)"
    run_cell(notebook, 1, "explorer.router, explorer.step = 'tokens choice', 'score'")
    expect(part(explorer, "score")).to_be_checked()
    part(explorer, "map").focus()
    notebook.keyboard.press("ArrowDown")
    notebook.keyboard.press("End")
    expect(status).to_contain_text("token 0 (row 0, column 0), expert 1: score")


def test_light_and_dark_themes_are_readable(notebook: Page, axe: str) -> None:
    """The audit finds no serious fault, and the drawings follow when the theme changes."""
    explorer = explorer_of(notebook)
    run_cell(notebook, 1, "explorer.pinned = {'scale': 2.0}; explorer.router = 'tokens choice'")
    for name in ("side", "batch"):
        part(explorer, name).locator("summary").click()
    part(explorer, "swap").click()
    take(explorer, "dispatch")
    drawn = {}
    for theme in ("Light", "Dark"):
        set_theme(notebook, theme)
        notebook.mouse.move(0, 0)
        drawn[theme] = [picture(explorer, name, ground=True) for name in PANELS[1:]]
        assert audit(notebook, axe, ".router-explorer") == [], theme
        take_screenshot(explorer, f"router-{theme.lower()}")
    assert all(light != dark for light, dark in zip(drawn["Light"], drawn["Dark"], strict=True))


@pytest.mark.parametrize("width", [1024, 512])
def test_a_narrow_page_keeps_everything_inside(notebook: Page, width: int) -> None:
    """At 1024 px and at twice the zoom of that nothing is wider than the explorer, in any step, and it answers."""
    notebook.set_viewport_size({"width": width, "height": 800})
    explorer = explorer_of(notebook)
    run_cell(notebook, 1, "explorer.pinned = {'scale': 2.0}; explorer.router = 'tokens choice'")
    for name in ("side", "batch"):
        part(explorer, name).locator("summary").click()
    part(explorer, "swap").click()
    for step in ("normalise", "dispatch", "combine"):
        take(explorer, step)
        notebook.evaluate(NEXT_FRAME)
        assert explorer.evaluate(OUTSIDE) == [], step
    take_screenshot(explorer, f"router-{width}px")
    point(explorer, "map", 2, 3, 4, 4)
    expect(explorer.get_by_role("status")).to_contain_text("token 3 (row 1, column 1), expert 1, slot 0: answer = ")


def test_a_saved_page_explores_without_a_kernel(open_saved: Callable) -> None:
    """From disk, with the network closed, it routes and answers."""
    logits = torch.randn(3, 9, 4, 2, generator=torch.Generator().manual_seed(0))
    page = open_saved(RouterExplorer(logits, router="tokens choice"))
    explorer = explorer_of(page)
    take(explorer, "dispatch")
    part(explorer, "none").click()
    part(explorer, "next").click()
    expect(explorer.get_by_role("status")).to_contain_text("Choice 1 of 9: token 0; expert ")
    part(explorer, "router").select_option("soft")
    expect(part(explorer, "map-title")).to_have_text("dispatch: 9 tokens (rows) by 4 experts x 2 slots (columns)")


# Looks in the page itself, where no step is missed, how many clocks run once the first choice was served.
PLAY = """root => new Promise(done => {
    const count = root.querySelector('[data-part="count"]');
    const seen = new MutationObserver(() => count.textContent.startsWith("1 of 4") && done(running.size));
    seen.observe(count, { childList: true, characterData: true, subtree: true });
    root.querySelector('[data-part="play"]').click();
})"""


def test_a_closed_view_leaves_nothing_behind(notebook: Page) -> None:
    """Its observers and its clock end with it: nothing wakes it, and window holds nothing of it."""
    notebook.emulate_media(reduced_motion="no-preference")
    notebook.evaluate(COUNT_CLOCKS)
    explorer = explorer_of(notebook)
    run_cell(notebook, 1, "explorer.router, explorer.step = 'tokens choice', 'dispatch'")
    spy = "root => { const find = root.querySelector; root.querySelector = s => (window.woken++, find.call(root, s)) }"
    explorer.evaluate(spy)
    notebook.evaluate("window.woken = 0; document.body.dataset.other = 'x'")
    notebook.evaluate(NEXT_FRAME)
    assert notebook.evaluate("window.woken") > 0
    names = notebook.evaluate("Object.keys(window).length")
    assert explorer.evaluate(PLAY) == 1
    run_cell(notebook, 1, "explorer.close()")
    expect(notebook.locator(".router-explorer")).to_have_count(0)
    notebook.evaluate(NEXT_FRAME)
    notebook.evaluate("window.woken = 0; document.body.dataset.other = 'y'; window.dispatchEvent(new Event('resize'))")
    notebook.evaluate(NEXT_FRAME)
    assert notebook.evaluate("[window.woken, running.size, Object.keys(window).length]") == [0, 0, names]
    notebook.evaluate("stopCounting()")


@pytest.mark.parametrize("width", [640, 512])
def test_on_a_narrow_page_the_words_stand_between_tokens_and_map(width: int, open_saved: Callable) -> None:
    """One below the other: the image, the status line, the map, so that a place and its words are seen together."""
    logits = torch.randn(2, 16, 4, 2, generator=torch.Generator().manual_seed(0))
    explorer = explorer_of(open_saved(RouterExplorer(logits), viewport={"width": width, "height": 450}))
    tops = [frame_of(part(explorer, name))["y"] for name in ("tokens", "map")]

    assert tops[0] < frame_of(explorer.get_by_role("status"))["y"] < tops[1]
    part(explorer, "map").scroll_into_view_if_needed()
    point(explorer, "map", 1, 1, 8, 16)
    expect(explorer.get_by_role("status")).to_contain_text("token 1, expert 0, slot 1: ")
    expect(explorer.get_by_role("status")).to_be_in_viewport()


def test_words_are_drawn_whole_in_lines(open_saved: Callable) -> None:
    """A word of 20 letters has its own width; arrow down goes to the next line, and the pointed word is named."""
    words = "the internationalisation of <b>small</b> and of large words".split()
    logits = torch.randn(1, len(words), 4, generator=torch.Generator().manual_seed(0))
    explorer = explorer_of(open_saved(RouterExplorer(logits, words=words)))
    status, tokens = explorer.get_by_role("status"), part(explorer, "tokens")

    tokens.hover(position={"x": 100, "y": 20})
    expect(status).to_contain_text('token 1 "internationalisation", expert ')
    explorer.page.mouse.move(0, 0)
    tokens.press("ArrowRight")
    expect(status).to_contain_text('token 0 "the", expert ')
    tokens.press("ArrowDown")
    expect(status).not_to_contain_text('"the"')
    expect(status).not_to_contain_text('"internationalisation"')
    take_screenshot(explorer, "router-words")


@pytest.mark.parametrize("experts", [8, 128])
def test_names_of_experts_do_not_touch(experts: int, open_saved: Callable) -> None:
    """However many there are: those that have no room are left out."""
    logits = torch.randn(1, 16, experts, generator=torch.Generator().manual_seed(0))
    page = open_saved(RouterExplorer(logits, router="tokens choice"))
    explorer = explorer_of(page)
    page.evaluate(LISTEN)
    part(explorer, "scale").press("ArrowRight")
    page.evaluate(NEXT_FRAME)
    written = page.evaluate("window.written")
    (y,) = {each["y"] for each in written if each["text"] == "expert"}
    names = sorted(
        (each for each in written if each["y"] == y and each["text"].isdigit()), key=lambda each: each["left"]
    )

    assert len(names) > 7
    assert all(one["right"] + 2 <= other["left"] for one, other in itertools.pairwise(names))


@pytest.mark.parametrize("grey", [0.0, 0.5, 1.0])
def test_patches_can_be_told_apart_on_any_picture(grey: float, open_saved: Callable) -> None:
    """On black, grey and white alike, the line around a patch differs from the picture by a third of the range."""
    images = torch.full((2, 1, 8, 8), grey)
    images[1] = 1 - images[1].round()  # so that the scale from black to white is kept
    images[1, 0, 0, :2] = torch.tensor([0.0, 1.0])
    explorer = explorer_of(open_saved(RouterExplorer(torch.zeros(2, 4, 3), images)))
    side = frame_of(part(explorer, "tokens"))["width"] / 2
    line = (
        part(explorer, "tokens")
        .locator("xpath=preceding-sibling::canvas")
        .evaluate(
            "(c, [x, y]) => [...c.getContext('2d').getImageData(x - 6, y, 12, 1).data].filter((_, i) => i % 4 === 0)",
            [round(side), round(side / 2)],
        )
    )

    assert max(line) - min(line) > 85
