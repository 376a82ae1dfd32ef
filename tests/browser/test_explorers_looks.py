"""The explorers in JupyterLab and as saved pages: keyboard, themes, narrow pages, accessibility, and their end."""

from collections.abc import Callable

import pytest
from explorerkit import CELLS, SCRATCH, explorer, painted, told, unfold
from kernelkit import run_cell
from labkit import take_screenshot
from lenskit import NEXT_FRAME, part, set_theme
from pagekit import audit
from playwright.sync_api import Page, expect

from softmoe_edu.widgets.base import Instrument

pytestmark = pytest.mark.browser


@pytest.fixture
def cells() -> tuple[str, ...]:
    """One of each explorer."""
    return CELLS


NAMES = ("cost", "capacity", "causality")
PANELS = {"capacity": ("curve", "buffer", "strip"), "causality": ("map-0", "map-1", "map-2")}
OUTSIDE = """root => [...root.querySelectorAll('*')].filter(e => e.getClientRects().length &&
    e.getBoundingClientRect().right > root.getBoundingClientRect().right + 1).map(e => e.outerHTML)"""
NAME = "(e => e.dataset.part ?? (e.dataset.term ? 'a term' : e.parentElement.dataset.part))"
TABBED = f"""root => [...root.querySelectorAll('input, select, button, summary, canvas[tabindex]')].filter(e =>
    !e.disabled && e.tabIndex >= 0 && e.checkVisibility()).map({NAME})"""


@pytest.mark.parametrize("name", NAMES)
def test_tab_reaches_every_control_and_the_notebook_takes_no_key(notebook: Page, name: str) -> None:
    """In the order of the page, with a visible focus; letters that JupyterLab knows change no cell."""
    shown = explorer(notebook, name)
    controls, cells = shown.evaluate(TABBED), notebook.locator(".jp-Cell").count()
    assert len(controls) == len(set(controls)) >= 5
    shown.locator("button, summary, canvas[tabindex]").locator("visible=true").and_(
        shown.page.locator(":not([tabindex='-1'])")
    ).first.focus()
    reached = []
    for _ in controls:
        focused = "document.activeElement"
        reached.append(notebook.evaluate(f"{NAME}({focused})"))
        notebook.keyboard.press("a")
        notebook.keyboard.press("x")
        assert notebook.evaluate(f"getComputedStyle({focused}).outlineStyle") == "solid", reached[-1]
        notebook.keyboard.press("Tab")
    assert reached == controls
    assert notebook.locator(".jp-Cell").count() == cells


def test_the_cost_explorer_by_keyboard(notebook: Page) -> None:
    """Enter and Space press the buttons, keys move a slider, and Enter ends what was typed."""
    cost = explorer(notebook, "cost")
    part(cost, "keep").press("Enter")
    expect(part(cost, "pin")).not_to_be_empty()
    part(cost, "forget").press("Space")
    expect(part(cost, "pin")).to_be_empty()
    part(cost, "experts").press("Enter")
    assert told(notebook, "cost.part") == "experts"
    unfold(cost)
    part(cost, "batch").press("End")
    part(cost, "dim-number").fill("9")
    part(cost, "dim-number").press("Enter")
    expect(part(cost, "caption")).to_be_visible()
    assert told(notebook, "cost.batch, cost.dim") == "1024 9"


def test_the_capacity_explorer_by_keyboard(notebook: Page) -> None:
    """Arrows walk over tokens, along a queue and along the factors, Enter pins, Escape unpins."""
    shown = explorer(notebook, "capacity")
    status, strip = shown.get_by_role("status"), part(shown, "strip")
    strip.focus()
    for key, token in (("ArrowRight", 0), ("ArrowRight", 1), ("ArrowDown", 14), ("End", 48), ("Home", 0)):
        notebook.keyboard.press(key)
        expect(status).to_contain_text(f"token {token}: ")
    notebook.keyboard.press("Enter")
    expect(part(shown, "pin")).to_be_visible()
    part(shown, "buffer").press("ArrowDown")  # token 0 is the first of its queue
    assert told(notebook, "capacity.token") == "0"
    part(shown, "buffer").press("ArrowRight")
    assert told(notebook, "capacity.token") == "1"
    part(shown, "curve").press("Escape")
    part(shown, "curve").press("End")
    assert told(notebook, "capacity.token, capacity.capacity_factor") == "-1 4.0"


def test_the_causality_explorer_by_keyboard(notebook: Page) -> None:
    """Across goes to another token, down to another output; Enter pins both, Escape unpins."""
    shown = explorer(notebook, "causality")
    status, canvas = shown.get_by_role("status"), part(shown, "map-1")
    canvas.focus()
    steps = {
        "ArrowRight": "token 0 changes: ",
        "End": "token 4 changes: ",
        "ArrowUp": "token 4 changes, output 0: ",
        "PageDown": "token 4 changes, output 4: ",
        "ArrowLeft": "token 3 changes, output 4: ",
    }
    for key, words in steps.items():
        notebook.keyboard.press(key)
        expect(status).to_contain_text(words)
    notebook.keyboard.press("Enter")
    expect(part(shown, "pin")).to_be_visible()
    assert told(notebook, "causality.token, causality.output") == "3 4"
    canvas.press("Escape")
    assert told(notebook, "causality.token, causality.output") == "-1 -1"


def test_light_and_dark_themes_are_readable(notebook: Page, axe: str) -> None:
    """The audit finds no serious fault, and drawings follow when the theme changes."""
    for name in NAMES:
        explorer(notebook, name)
    run_cell(notebook, SCRATCH, "cost.pinned = {'num_experts': 2}; cost.part = 'experts'; causality.token = 3")
    drawn = {}
    for theme in ("Light", "Dark"):
        set_theme(notebook, theme)
        notebook.mouse.move(0, 0)
        for name in NAMES:
            shown = explorer(notebook, name)
            assert audit(notebook, axe, f".{name}-explorer") == [], (theme, name)
            take_screenshot(shown, f"{name}-{theme.lower()}")
        drawn[theme] = {p: painted(part(explorer(notebook, n), p), True) for n, ps in PANELS.items() for p in ps}
    assert all(drawn["Light"][panel] != drawn["Dark"][panel] for panel in drawn["Light"])


@pytest.mark.parametrize("width", [1024, 512])
def test_a_narrow_page_keeps_everything_inside(notebook: Page, width: int) -> None:
    """At 1024 px and at twice the zoom of that nothing is wider than its explorer, and all still answers."""
    notebook.set_viewport_size({"width": width, "height": 800})
    for name in NAMES:
        shown = explorer(notebook, name)
        notebook.evaluate(NEXT_FRAME)
        assert shown.evaluate(OUTSIDE) == [], name
        take_screenshot(shown, f"{name}-{width}px")
    part(explorer(notebook, "causality"), "map-0").hover(position={"x": 60, "y": 20})
    expect(explorer(notebook, "causality").get_by_role("status")).to_contain_text("token 0 changes: ")


@pytest.mark.parametrize("name", NAMES)
def test_a_closed_view_leaves_nothing_behind(notebook: Page, name: str) -> None:
    """Its observers end with it, and window holds nothing of it."""
    root = explorer(notebook, name).element_handle()
    spy = "root => { const find = root.querySelector; root.querySelector = s => (window.woken++, find.call(root, s)) }"
    root.evaluate(spy)
    notebook.evaluate("window.woken = 0; document.body.dataset.other = 'x'")
    notebook.evaluate(NEXT_FRAME)
    assert notebook.evaluate("window.woken") > 0
    names = notebook.evaluate("Object.keys(window).length")
    run_cell(notebook, SCRATCH, f"{name}.close()")
    expect(notebook.locator(f".{name}-explorer")).to_have_count(0)
    notebook.evaluate(NEXT_FRAME)
    notebook.evaluate("window.woken = 0; document.body.dataset.other = 'y'; window.dispatchEvent(new Event('resize'))")
    notebook.evaluate(NEXT_FRAME)
    assert notebook.evaluate("[window.woken, Object.keys(window).length]") == [0, names]


def made(name: str) -> Instrument:
    """The explorer of that name, as the notebook makes it."""
    names = {}
    exec("\n".join(CELLS), names)
    return names[name]


@pytest.mark.parametrize("name", NAMES)
def test_a_saved_page_works_without_a_kernel(open_saved: Callable, name: str) -> None:
    """What is changed there moves the numbers of the page."""
    page = open_saved(made(name))
    shown = explorer(page, name)
    before = shown.get_by_role("status").inner_text()
    knob = {"cost": "num_experts", "capacity": "skew", "causality": "tolerance"}[name]
    part(shown, knob).press("End")
    expect(shown.get_by_role("status")).not_to_have_text(before)
