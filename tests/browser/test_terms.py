"""Words that explain themselves, in every widget that has them: by pointer, by key and by finger."""

from collections.abc import Callable

import pytest
from explorerkit import CELLS, explorer, unfold
from lenskit import frame_of, part
from pagekit import SHOWCASE, audit, make, root_of
from playwright.sync_api import Locator, Page, expect

from softmoe_edu.glossary import GLOSSARY
from softmoe_edu.widgets.capacity_explorer import CapacityExplorer
from softmoe_edu.widgets.cost_explorer import CostExplorer

pytestmark = pytest.mark.browser


def terms(shown: Locator) -> Locator:
    return shown.locator("[data-term]:visible")


@pytest.mark.parametrize("name", [name for name in SHOWCASE if name.endswith(("CostExplorer", "CapacityExplorer"))])
def test_each_term_opens_its_meaning(open_saved: Callable, name: str) -> None:
    """A click shows what the glossary says, inside the window; the next click closes it, and so does Escape."""
    page = open_saved(make(name))
    shown = page.locator(root_of(name))
    meaning = part(shown, "meaning")
    number = 0
    # Counted anew each time: a page that is still settling may fold one away.
    while number < terms(shown).count():
        term = terms(shown).nth(number)
        number += 1
        expect(meaning).to_be_hidden()
        word = term.get_attribute("data-term")
        term.click()
        expect(meaning).to_contain_text(GLOSSARY[word])
        expect(term).to_have_attribute("aria-expanded", "true")
        box, window = frame_of(meaning), page.viewport_size
        assert box["x"] >= 0 and box["x"] + box["width"] <= window["width"]
        assert box["y"] >= 0 and box["y"] + box["height"] <= window["height"]
        term.click()
        expect(term).to_have_attribute("aria-expanded", "false")
    terms(shown).first.click()
    page.keyboard.press("Escape")
    expect(meaning).to_be_hidden()
    assert terms(shown).count() >= 5


def test_terms_by_keyboard(open_saved: Callable) -> None:
    """All terms are one stop of Tab; arrow keys go from one to the next, and an open meaning follows."""
    page = open_saved(CapacityExplorer())
    shown = explorer(page, "capacity")
    stops = "root => [...root.querySelectorAll('[data-term]')].filter(e => e.tabIndex >= 0).map(e => e.dataset.term)"
    assert shown.evaluate(stops) == ["capacity factor"]
    terms(shown).first.focus()
    page.keyboard.press("Enter")
    meaning = part(shown, "meaning")
    expect(meaning).to_contain_text(GLOSSARY["capacity factor"])
    page.keyboard.press("ArrowDown")
    expect(meaning).to_contain_text(GLOSSARY["expert"])
    page.keyboard.press("Escape")
    expect(meaning).to_be_hidden()
    page.keyboard.press("End")
    expect(meaning).to_be_hidden()
    page.keyboard.press("Space")
    expect(meaning).to_contain_text(GLOSSARY["capacity"])
    assert shown.evaluate(stops) == ["capacity"]


def test_folded_terms_are_no_stop(open_saved: Callable) -> None:
    """When the term that Tab reached folds away, Tab reaches another one."""
    page = open_saved(CapacityExplorer())
    shown = explorer(page, "capacity")
    unfold(shown)
    part(shown, "more").locator("[data-term]").last.focus()
    part(shown, "more").locator("summary").click()
    page.wait_for_function(
        "() => [...document.querySelectorAll('[data-term]')].some(e => e.tabIndex === 0 && e.checkVisibility())"
    )


def test_a_meaning_is_accessible_and_follows_the_page(open_saved: Callable, axe: str) -> None:
    """The audit of an open meaning finds nothing; it closes when the page scrolls away from its term."""
    page = open_saved(CostExplorer(), viewport={"width": 390, "height": 500})
    shown = explorer(page, "cost")
    terms(shown).first.click()
    expect(part(shown, "meaning")).to_be_visible()
    assert audit(page, axe, root_of("CostExplorer")) == []
    page.mouse.wheel(0, 300)
    expect(part(shown, "meaning")).to_be_hidden()


@pytest.fixture
def cells() -> tuple[str, ...]:
    """The capacity explorer, in JupyterLab."""
    return ("", CELLS[1], "")


def test_a_meaning_in_jupyterlab(notebook: Page) -> None:
    """Enter opens it and Escape closes it; the notebook takes neither key, nor the arrows between."""
    shown = explorer(notebook, "capacity")
    active = "() => window.jupyterapp.shell.currentWidget.content.activeCellIndex"
    mode = "() => window.jupyterapp.shell.currentWidget.content.mode"
    terms(shown).first.focus()
    before = notebook.evaluate(active)
    for key in ("Enter", "ArrowDown", "ArrowDown"):
        notebook.keyboard.press(key)
    expect(part(shown, "meaning")).to_contain_text(GLOSSARY["token"])
    notebook.keyboard.press("Escape")
    expect(part(shown, "meaning")).to_be_hidden()
    expect(terms(shown).nth(2)).to_be_focused()
    assert (notebook.evaluate(active), notebook.evaluate(mode)) == (before, "command")
