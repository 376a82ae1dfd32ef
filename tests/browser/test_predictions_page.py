import json
from pathlib import Path

import pytest
from kernelkit import command, restart_kernel, run_all
from labkit import Server, take_screenshot, write_notebook
from lenskit import set_theme
from picturekit import blanks, pictures
from playwright.sync_api import Locator, Page, expect
from voilakit import voila_page, wait_shown
from workbench import Workbench

pytestmark = pytest.mark.browser

NUMBER = """
from matplotlib import pyplot as plt
from softmoe_edu.teaching.predict.asking import predict

def show():
    print("this was drawn")
    plt.figure(figsize=(4, 1.5))
    plt.bar([0, 1], [18.7, 81.3])
    return 18.7

predict("m15-drop-rate", reveal=show)
"""
CHOICE = """
def stops():
    raise ValueError("<b>no data</b>")

predict("m01-sums", reveal=stops)
"""


def noted(folder: Path) -> list[dict]:
    lines = (folder / ".softmoe" / "progress.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def status(view: Locator) -> Locator:
    return view.get_by_role("status")


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_a_prediction_is_made_by_keyboard_and_stays_locked(workbench: Workbench, tmp_path: Path) -> None:
    """Tab, digits, Space and Enter answer; only then the plot appears; a reload and a restart change nothing."""
    (tmp_path / ".softmoe").mkdir()
    page = workbench.borrow(f"%cd -q {tmp_path}", NUMBER, CHOICE)
    view, other = (page.locator(".prediction-view").nth(index) for index in (0, 1))
    expect(view).to_contain_text("49 tokens to one of 32 experts")
    drawn = page.get_by_text("this was drawn", exact=True)
    expect(drawn).to_have_count(0)
    cells = page.locator(".jp-Cell").count()
    take_screenshot(page, "prediction-asked")

    field = view.get_by_label("Your answer (%)")
    field.focus()
    press(page, "Tab", "Tab", "Enter")
    expect(status(view)).to_have_text("type a number first")
    press(page, "Shift+Tab", "Shift+Tab")
    expect(field).to_be_focused()
    page.keyboard.type("none")
    press(page, "Tab", "Space", "a", "ArrowDown", "ArrowDown", "Tab", "Enter")
    expect(status(view)).to_contain_text("type a number in %, digits and at most one point; got 'none'")
    expect(view.get_by_role("radio", name="90 %")).to_be_checked()
    field.fill("0,5")
    press(page, "Tab", "Tab", "Enter")
    expect(view.locator('[data-part="given"]')).to_have_text("Your answer, locked: 0.5 %, 90 % sure.")
    expect(view.locator('[data-part="given"]')).to_be_focused()
    expect(status(view).locator("p").first).to_have_text(
        "Not so: you predicted 0.5 %, and the result is 18.7 %. Answers from 13.7 % to 23.7 % count as right."
    )
    expect(status(view).locator("p").nth(1)).to_contain_text("Many think that a router that prefers no expert")
    expect(field).to_be_hidden()
    expect(drawn).to_be_visible()
    cell = page.locator(".jp-CodeCell").nth(1)
    expect(cell.locator("img")).to_have_count(1)
    assert blanks(pictures(cell)) == []
    assert page.locator(".jp-Cell").count() == cells
    take_screenshot(page, "prediction-revealed")

    radio = other.get_by_role("radio", name="dispatch over the tokens of each slot, combine over the slots")
    radio.focus()
    press(page, "Space", "ArrowDown", "ArrowUp", "Tab", "Space", "Tab", "Enter")
    expect(status(other)).to_contain_text("stopped with ValueError: <b>no data</b>")
    expect(status(other)).to_contain_text("Your answer stays locked")
    for theme in ("Dark", "Light"):
        set_theme(page, theme)
        take_screenshot(page, f"prediction-{theme.lower()}")

    events = noted(tmp_path)
    command(page, "docmanager:save")
    page.reload()
    restart_kernel(page)
    run_all(page)
    expect(view.locator('[data-part="given"]')).to_have_text("Your answer, locked: 0.5 %, 90 % sure.")
    expect(status(view)).to_contain_text("the result is 18.7 %")
    expect(view.get_by_role("button")).to_be_hidden()
    expect(status(other)).to_contain_text("<b>no data</b>")
    assert noted(tmp_path) == events
    assert [(event["kind"], event["id"], event["answer"]) for event in events] == [
        ("prediction", "m15-drop-rate", 0.5),
        ("reveal", "m15-drop-rate", 0.5),
        ("prediction", "m01-sums", "dispatch over the tokens of each slot, combine over the slots of each token"),
    ]
    workbench.check()


def test_a_prediction_works_in_voila(page: Page, voila: Server) -> None:
    """Without a notebook around it the form locks, the plot appears below it, and a second visit finds it locked."""
    (voila.root / ".softmoe").mkdir()
    notebook = write_notebook(voila.root / "predictions.ipynb", NUMBER, CHOICE)
    with voila_page(page, voila, notebook, ".prediction-view"):
        view = page.locator(".prediction-view").first
        expect(view).to_contain_text("49 tokens to one of 32 experts")
        view.get_by_label("Your answer (%)").fill("20")
        view.get_by_label("70 %").check()
        view.get_by_role("button").press("Enter")
        expect(status(view)).to_contain_text("Right. You predicted 20 %, and the result is 18.7 %.")
        expect(page.get_by_text("this was drawn", exact=True)).to_be_visible()
        expect(page.locator("img")).to_have_count(1)
        red, green, blue = view.evaluate("root => getComputedStyle(root).color.match(/\\d+/g).slice(0, 3).map(Number)")
        assert min(red, green, blue) > 180
        take_screenshot(page, "prediction-voila")
        page.reload()
        wait_shown(page, ".prediction-view")
        expect(status(view)).to_contain_text("Right. You predicted 20 %")
        expect(page.get_by_text("this was drawn", exact=True)).to_be_visible()


# The notebook tells the kernel, in another thread, that it shows the line; only then the figures are drawn on.
CALLBACK = """
import threading
import ipywidgets
from IPython import get_ipython
from IPython.display import display
from matplotlib import pyplot as plt
from softmoe_edu import figures
from softmoe_edu.figures.description import describe

button, below, answered = ipywidgets.Button(description="Draw"), ipywidgets.Output(), threading.Event()

def draw(_):
    here = threading.get_ident()

    def heard():
        if threading.get_ident() != here:
            answered.set()

    get_ipython().events.register("post_execute", heard)
    with below:
        first, second = plt.subplots()[1], plt.subplots()[1]
        print("drawing")
        answered.wait(10)
        get_ipython().events.unregister("post_execute", heard)
        for ax in (first, second):
            ax.bar([0, 1], [3, 1])
        describe(first, "two bars")
        display(figures.described(first))
        plt.show()
        print("drawn")

button.on_click(draw)
display(button, below)
"""


def test_figures_of_a_learners_own_callback_arrive_whole(workbench: Workbench) -> None:
    """What a button draws while the notebook answers is shown once, below it, and drawn to its edges."""
    page = workbench.open(CALLBACK, "")
    cell = page.locator(".jp-CodeCell").first
    cell.get_by_role("button", name="Draw").click()
    expect(cell.get_by_text("drawn", exact=True)).to_be_visible()
    expect(page.locator(".jp-OutputArea img")).to_have_count(2)
    assert blanks(pictures(cell)) == []
    workbench.check()
