"""A notebook that was saved is opened again, and the kernel of the day before is gone."""

import importlib.util
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kernelkit import command, open_page, run_all, run_cell, shut_down
from labkit import Server, skip_unless_ci, take_screenshot, write_notebook
from lenskit import NEXT_FRAME, into_view, part, set_theme
from pagekit import SHOWCASE, root_of
from playwright.sync_api import BrowserContext, Locator, Page, expect
from test_figures_theme import page_and_text

from softmoe_edu.widgets.twin import MARK, PICTURE

pytestmark = pytest.mark.browser

LOST = "Error displaying widget: model not found"
# A widget of another library, which left nothing to stand for it.
OTHER = "import ipywidgets\nipywidgets.IntSlider(7)"
PREDICTION = "from softmoe_edu.teaching import predict\npredict('m15-drop-rate')"
LARGE = """
import torch
from softmoe_edu.widgets import RouterExplorer
logits = torch.randn(3, 196, 16, 8, generator=torch.Generator().manual_seed(0))
RouterExplorer(logits, torch.rand(3, 3, 112, 112))
"""
ASKING = """
from softmoe_edu.widgets import CapacityExplorer
asking = CapacityExplorer(6, tokens=45)
asking.on_msg(print)
asking
"""
# Pictures of lines and words, which follow the theme; the others are maps.
DRAWN = ("CostExplorer", "CapacityExplorer", "RunBrowser")
SAVE_STATE = "@jupyter-widgets/jupyterlab-manager:saveWidgetState"


@pytest.fixture
def next_day(lab: Server, lab_context: BrowserContext) -> Iterator[Callable[..., Page]]:
    """Run cells at a place of the server, save, end the kernel, and open the notebook again."""
    opened = []

    def reopen(place: str, path: Path, *cells: str, state: bool = False) -> Page:
        page = open_page(lab_context, lab, place, write_notebook(path, *cells))
        opened.append(page)
        run_all(page)
        expect(page.locator(".jp-OutputArea-output.jupyter-widgets")).to_have_count(0)
        expect(page.locator(f".{MARK}")).to_have_count(0)
        expect(page.locator("[class$=asleep]:visible")).to_have_count(0)
        if state:
            command(page, SAVE_STATE)
        command(page, "docmanager:save")
        if state:
            command(page, SAVE_STATE)
        shut_down(page)
        page.close()
        opened.append(open_page(lab_context, lab, place, path))
        return opened[-1]

    yield reopen
    shut_down(opened[-1])
    opened[-1].close()
    # Notebook's own plugins may raise this while they load.
    own = ("reading 'schema'", "Command 'filebrowser:open-path' not registered")
    assert [fault for page in opened for fault in page.faults if not any(words in fault for words in own)] == []


def cell(page: Page, index: int) -> Locator:
    return page.locator(".jp-Notebook .jp-CodeCell").nth(index)


def sees(twin: Locator) -> bool:
    """Whether the picture of a twin was loaded."""
    return twin.locator("img").evaluate("async image => (await image.decode(), image.naturalWidth)") > 60


def test_without_saved_state_a_picture_stands_for_each_widget(lab: Server, next_day: Callable[..., Page]) -> None:
    """Not a message; outputs are small, and a cell that runs again has its widget.

    In a notebook of somebody else, of which JupyterLab shows only what is safe, the picture stands as well.
    """
    path = lab.root / "next-day.ipynb"
    page = next_day("doc/tree", path, *SHOWCASE.values(), LARGE, PREDICTION, OTHER)
    expect(cell(page, len(SHOWCASE) + 2)).to_contain_text(LOST)
    saved = json.loads(path.read_text("utf-8"))
    sizes = [len(json.dumps(each["outputs"])) for each in saved["cells"]]
    assert "widgets" not in saved["metadata"] and max(sizes) < 60_000

    expect(page.locator(f".{MARK}")).to_have_count(len(SHOWCASE) + 2)
    expect(page.get_by_text(LOST)).to_have_count(1)
    for index, name in enumerate(SHOWCASE):
        twin = cell(page, index).locator(f".{MARK}")
        expect(twin).to_contain_text(PICTURE)
        expect(twin).to_contain_text(f"This one is {name}(")
        assert sees(twin) and twin.locator("img").get_attribute("alt")
    for theme in ("Dark", "Light"):
        set_theme(page, theme)
        page.evaluate(NEXT_FRAME)
        for name in DRAWN:
            picture = cell(page, list(SHOWCASE).index(name)).locator(f".{MARK} img")
            into_view(picture)
            corner, most = page_and_text(picture)
            assert (corner.max() < 0.2, corner.min() > 0.9) == (theme == "Dark", theme == "Light"), name
            assert most > 7
            take_screenshot(picture, f"next-day-{name}-{theme.lower()}")
    into_view(cell(page, 0))
    take_screenshot(page, "next-day-lab")
    run_cell(page, 0, SHOWCASE["RoutingLens"])
    expect(cell(page, 0).locator(".routing-lens")).to_be_visible()
    expect(cell(page, 0).locator(f".{MARK}")).to_have_count(0)

    saved["cells"][0]["source"] += "\n# from somebody else"
    path.write_text(json.dumps(saved), "utf-8")
    shut_down(page)
    page.reload()
    expect(cell(page, 0).locator(f".{MARK}")).to_contain_text(PICTURE)
    assert page.evaluate("window.jupyterapp.shell.currentWidget.content.widgets[0].model.trusted") is False
    assert sees(cell(page, 0).locator(f".{MARK}"))


def test_a_picture_stands_for_a_lost_widget_in_notebook_7(lab: Server, next_day: Callable[..., Page]) -> None:
    """Its pages load the same extension."""
    if importlib.util.find_spec("notebook") is None:
        skip_unless_ci("no Notebook 7: pip install notebook")
    page = next_day("notebooks", lab.root / "next-day-7.ipynb", SHOWCASE["CapacityExplorer"], OTHER)
    expect(cell(page, 1)).to_contain_text(LOST)
    expect(cell(page, 0).locator(f".{MARK}")).to_contain_text(PICTURE)
    assert sees(cell(page, 0).locator(f".{MARK}"))
    take_screenshot(page, "next-day-notebook7")


def test_with_saved_state_widgets_work_on(lab: Server, next_day: Callable[..., Page]) -> None:
    """What the browser computes moves as before; only a widget that asks its kernel says that the kernel is gone."""
    names = list(SHOWCASE)
    path = lab.root / "next-day-state.ipynb"
    page = next_day("doc/tree", path, *SHOWCASE.values(), ASKING, PREDICTION, state=True)
    assert "widgets" in json.loads(path.read_text("utf-8"))["metadata"]
    for name in names:
        expect(page.locator(root_of(name)).first.get_by_role("status")).not_to_be_empty()
    expect(page.locator(f".{MARK}")).to_have_count(0)
    lens, capacity = page.locator(".routing-lens"), page.locator(".capacity-explorer")
    part(lens, "image_index").press("ArrowRight")
    expect(part(lens, "image")).to_have_text("1: 2, predicted 2")
    part(capacity.first, "capacity_factor").press("ArrowRight")
    expect(capacity.first.get_by_role("status")).to_contain_text("Capacity factor 1.05,")
    part(capacity.first, "capacity_factor").press("Control+z")
    expect(capacity.first.get_by_role("status")).to_contain_text("Capacity factor 1,")
    asleep = page.locator(".widget-asleep:visible")
    expect(asleep).to_have_text(
        ["The kernel is gone, and this widget needs it because Python answers its messages: run the cell again."]
    )
    expect(capacity.nth(1).locator(".widget-asleep")).to_be_visible()
    expect(page.locator(".prediction-view-asleep")).to_be_visible()
    into_view(cell(page, len(names)))
    take_screenshot(page, "next-day-state")
