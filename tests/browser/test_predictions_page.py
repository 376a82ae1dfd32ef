import json
from collections.abc import Callable
from pathlib import Path

import pytest
from labkit import SCREENSHOTS, Server, restart_kernel, run_all, voila, watch, write_notebook
from lenskit import set_theme
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser

NUMBER = """
from matplotlib import pyplot as plt
from softmoe_edu.teaching.predictions import predict

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


def workspace(folder: Path) -> Path:
    """A workspace with a notebook of two predictions."""
    (folder / ".softmoe").mkdir(parents=True)
    return write_notebook(folder / "lesson.ipynb", NUMBER, CHOICE)


def noted(notebook: Path) -> list[dict]:
    lines = (notebook.parent / ".softmoe" / "progress.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def status(view: Locator) -> Locator:
    return view.get_by_role("status")


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def screenshot(place: Locator | Page, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    place.screenshot(path=SCREENSHOTS / f"{name}.png")


def test_a_prediction_is_made_by_keyboard_and_stays_locked(open_notebook: Callable, lab: Server) -> None:
    """Tab, digits, Space and Enter answer; only then the plot appears; a reload and a restart change nothing."""
    notebook = workspace(lab.root / "predicted")
    page = open_notebook(notebook)
    run_all(page)
    view, other = (page.locator(".prediction-view").nth(index) for index in (0, 1))
    expect(view).to_contain_text("49 tokens to one of 32 experts")
    drawn = page.get_by_text("this was drawn", exact=True)
    expect(drawn).to_have_count(0)
    cells = page.locator(".jp-Cell").count()
    screenshot(page, "prediction-asked")

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
    expect(status(view).locator("p").first).to_contain_text("Many think that a router that prefers no expert")
    expect(status(view).locator("p").last).to_have_text(
        "Not this time: you predicted 0.5 %, measured: 18.7 %. Answers from 13.7 % to 23.7 % count as right."
    )
    expect(field).to_be_hidden()
    expect(drawn).to_be_visible()
    expect(page.locator(".jp-CodeCell").first.locator("img")).to_have_count(1)
    assert page.locator(".jp-Cell").count() == cells
    screenshot(page, "prediction-revealed")

    radio = other.get_by_role("radio", name="dispatch over the tokens of each slot, combine over the slots")
    radio.focus()
    press(page, "Space", "ArrowDown", "ArrowUp", "Tab", "Space", "Tab", "Enter")
    expect(status(other)).to_contain_text("stopped with ValueError: <b>no data</b>")
    expect(status(other)).to_contain_text("Your answer stays locked")
    for theme in ("Dark", "Light"):
        set_theme(page, theme)
        page.wait_for_timeout(300)
        screenshot(page, f"prediction-{theme.lower()}")

    events = noted(notebook)
    page.reload()
    restart_kernel(page)
    run_all(page)
    expect(view.locator('[data-part="given"]')).to_have_text("Your answer, locked: 0.5 %, 90 % sure.")
    expect(status(view).locator("p").last).to_contain_text("measured: 18.7 %")
    expect(view.get_by_role("button")).to_be_hidden()
    expect(status(other)).to_contain_text("<b>no data</b>")
    assert noted(notebook) == events
    assert [(event["kind"], event["id"], event["answer"]) for event in events] == [
        ("prediction", "m15-drop-rate", 0.5),
        ("reveal", "m15-drop-rate", 0.5),
        ("prediction", "m01-sums", "dispatch over the tokens of each slot, combine over the slots of each token"),
    ]
    assert page.faults == []


def test_a_prediction_works_in_voila(page: Page, tmp_path: Path) -> None:
    """Without a notebook around it the form locks, the plot appears below it, and a second visit finds it locked."""
    faults = watch(page)
    notebook = workspace(tmp_path / "served")
    with voila(notebook, tmp_path / "scratch", "dark") as server:
        page.goto(f"{server.base}/?token={server.token}")
        view = page.locator(".prediction-view").first
        expect(view).to_contain_text("49 tokens to one of 32 experts", timeout=60_000)
        view.get_by_label("Your answer (%)").fill("20")
        view.get_by_label("70 %").check()
        view.get_by_role("button").press("Enter")
        expect(status(view)).to_contain_text("Right: you predicted 20 %, measured: 18.7 %.")
        expect(page.get_by_text("this was drawn", exact=True)).to_be_visible()
        expect(page.locator("img")).to_have_count(1)
        red, green, blue = view.evaluate("root => getComputedStyle(root).color.match(/\\d+/g).slice(0, 3).map(Number)")
        assert min(red, green, blue) > 180
        screenshot(page, "prediction-voila")
        page.reload()
        expect(status(view)).to_contain_text("Right: you predicted 20 %", timeout=60_000)
        expect(page.get_by_text("this was drawn", exact=True)).to_be_visible()
        page.goto("about:blank")
    assert [fault for fault in faults if "font-awesome" not in fault and "fontawesome" not in fault] == []
