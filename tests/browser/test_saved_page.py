import inspect
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import traitlets
from labkit import take_screenshot
from lenskit import frame_of, lens_of, part, picture, point
from pagekit import DRAWN, SHOWCASE, make, saved_page
from playwright.sync_api import Browser, expect

from softmoe_edu import widgets
from softmoe_edu.widgets.base import Instrument

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("name", SHOWCASE)
def test_every_widget_opens_from_disk_in_light_and_dark(name: str, open_saved: Callable) -> None:
    """It draws, writes and describes itself, asks nothing of the network, and is as dark as the reader wants."""
    assert len(make(name).describe()) < 600
    for scheme in ("light", "dark"):
        page = open_saved(make(name), color_scheme=scheme)
        place = page.locator("#widget")
        expect(page.locator(DRAWN).first).to_be_visible()
        expect(place).to_contain_text(" ")
        expect(place).not_to_have_attribute("role", "alert")
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)")
        assert (max(ground) < 60) is (scheme == "dark")
        page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        take_screenshot(page.locator("main"), f"saved-{name}-{scheme}")


def test_the_showcase_has_every_widget() -> None:
    """A widget that the package exports is opened and audited."""
    exported = {name for name, thing in vars(widgets).items() if inspect.isclass(thing)}

    assert exported
    assert exported - SHOWCASE.keys() == set()


def test_pointing_sliding_and_choosing_work_without_a_kernel(open_saved: Callable) -> None:
    """The status line and the drawings answer the pointer, the slider and the lists, with the routing's numbers."""
    page = open_saved(make("RoutingLens"))
    lens = lens_of(page)
    status = lens.get_by_role("status")
    unlit, first = picture(lens, "tokens"), picture(lens, "map", ground=True)
    point(lens, "map", 1, 3, 4, 4)
    expect(status).to_contain_text("token 3 (row 1, column 1), expert 0, slot 1: dispatch 0.6250, combine 0.5000; ")
    assert picture(lens, "tokens") != unlit
    slider = frame_of(part(lens, "image_index"))
    page.mouse.click(slider["x"] + slider["width"] - 4, slider["y"] + slider["height"] / 2)
    expect(part(lens, "image")).to_have_text("1: 2, predicted 2")
    assert picture(lens, "map", ground=True) != first
    part(lens, "image_index").press("ArrowLeft")
    expect(part(lens, "image")).to_have_text("0: 7, predicted 1")
    assert picture(lens, "map", ground=True) == first
    part(lens, "router").select_option("tokens choice")
    expect(part(lens, "layer")).to_have_value("late")
    expect(part(lens, "load-note")).to_contain_text("dashed line: the capacity of 3 slots")


def test_keys_pin_and_free_without_a_kernel(open_saved: Callable) -> None:
    """Tab reaches a panel, arrows move, Enter pins what then stays, Escape unpins."""
    page = open_saved(make("RoutingLens"))
    lens = lens_of(page)
    status = lens.get_by_role("status")
    lens.locator("summary").first.focus()
    page.keyboard.press("Tab")
    for key, place in (("ArrowRight", 0), ("End", 3), ("ArrowUp", 1), ("Enter", 1)):
        page.keyboard.press(key)
        expect(status).to_contain_text(f"token {place} (row")
    expect(part(lens, "pin")).to_have_text("Pinned: press Escape to unpin.")
    point(lens, "map", 1, 3, 4, 4)
    expect(status).to_contain_text("token 1 (row 0, column 1): ")
    part(lens, "tokens").press("Escape")
    expect(part(lens, "pin")).to_be_empty()


def test_what_was_selected_is_shown_when_the_page_opens(open_saved: Callable) -> None:
    """The page begins where the notebook was, and follows when the reader's setting changes to dark."""
    lens = make("RoutingLens")
    lens.image_index, lens.view, lens.token, lens.expert = 1, "combine", 2, 1
    page = open_saved(lens)
    shown = page.locator(".routing-lens")

    expect(shown.get_by_role("status")).to_contain_text("token 2 (row 1, column 0), expert 1: dispatch 0.2500, ")
    expect(part(shown, "combine")).to_be_checked()
    expect(part(shown, "image")).to_have_text("1: 2, predicted 2")
    light = picture(shown, "map", ground=True)
    page.emulate_media(color_scheme="dark")
    expect(shown).to_have_css("color", "rgb(240, 240, 240)")
    assert picture(shown, "map", ground=True) != light


def test_without_scripts_the_page_describes_the_widget(open_saved: Callable) -> None:
    """The title, what the widget is for and what it holds can be read."""
    page = open_saved(make("RoutingLens"), java_script_enabled=False)

    expect(page.locator("h1")).to_have_text("Routing lens")
    read = page.locator("noscript p").first
    expect(read).to_contain_text("Look at routings: point at a patch, a weight, a slot or an expert and see the others")
    expect(read).to_contain_text("RoutingLens(images=2, routers=['soft', 'tokens choice'], layers=['early', 'late'])")


class Probe(Instrument):
    """Write down what the host of a saved page gives to a module."""

    number = traitlets.Int(3).tag(sync=True)
    shape = traitlets.List([2, {"deep": [5, 7]}]).tag(sync=True)
    data = traitlets.Dict({"bytes": b"\x00\xfe<"}).tag(sync=True)
    _esm = """
    const told = [];
    const bytes = view => [...new Uint8Array(view.buffer, view.byteOffset, view.byteLength)];
    export default async () => ({
      async initialize({ model }) { await null; told.push(["initialize", model.get("number")]); },
      render({ model, el, signal, experimental }) {
        told.push(["bytes", bytes(model.get("data").bytes)], ["signal", signal.aborted]);
        const name = (model, value) => told.push(["named", value, model.get("number"), model.get("shape")[0]]);
        const any = () => told.push(["any"]);
        model.on("change:number change:shape", name);
        model.on("change", any);
        model.set("number", 3);
        model.set("shape", [2, { deep: [5, 7] }]);
        told.push(["equal values were set"]);
        model.set({ number: 4, shape: [6] });
        model.save_changes();
        model.off("change:number", name);
        model.set("number", 5);
        model.off("change");
        model.set("shape", [6, 8]);
        model.off();
        model.set("shape", []);
        try { model.send({}); } catch (error) { told.push(["send", error.message]); }
        experimental.invoke("step").catch(error => {
          told.push(["invoke", error.message]);
          el.textContent = JSON.stringify(told);
        });
      },
    });
    """


def test_the_host_gives_a_module_what_a_notebook_gives(open_saved: Callable) -> None:
    """Bytes as they were; events for changes alone, after all values are set; and no silent message to a kernel."""
    page = open_saved(Probe())
    place = page.locator("#widget")
    expect(place).to_contain_text("invoke")

    no_kernel = "A saved page has no kernel to send a message to."
    assert json.loads(place.inner_text()) == [
        ["initialize", 3],
        ["bytes", [0, 254, 60]],
        ["signal", False],
        ["equal values were set"],
        ["named", 4, 4, 6],
        ["named", [6], 4, 6],
        ["any"],
        ["any"],
        ["named", [6, 8], 5, 6],
        ["send", no_kernel],
        ["invoke", no_kernel],
    ]


class Broken(Instrument):
    """Ask the network for a module and fail."""

    _esm = "await fetch('http://127.0.0.1:9/weights'); export default { render() {} }"


def test_a_widget_that_cannot_start_says_so(browser: Browser, tmp_path: Path) -> None:
    """A reader sees a sentence in place of it; what it asked of the network was refused, and the test would see it."""
    with saved_page(browser, Broken().save_html(tmp_path / "broken.html")) as page:
        expect(page.get_by_role("alert")).to_contain_text("This widget could not start: ")
        assert any("Content Security Policy" in fault for fault in page.faults), page.faults
