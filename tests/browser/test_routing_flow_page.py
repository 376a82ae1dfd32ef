"""The flow in a saved page: chapters, keys, pointing, knobs, stills, narrow pages, colours, links and exports."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from flowkit import BELOW, HEAD, HIGH, STILLS, WHY, WORDS_ABOVE, flow_of, patch_of, stage
from labkit import take_screenshot
from lenskit import NEXT_FRAME, frame_of, part
from pagekit import audit
from playwright.sync_api import Page, expect

from softmoe_edu.widgets.routing_flow import RoutingFlow

pytestmark = pytest.mark.browser

MOVING = {"reduced_motion": "no-preference"}


def held(**more: object) -> RoutingFlow:
    """The digit's flow, which does not run by itself."""
    return RoutingFlow(playing=False, **more)


def test_arrow_keys_go_from_chapter_to_chapter(open_saved: Callable) -> None:
    """Each has a picture and a sentence of its own, forwards and back; Home and End reach the first and the last."""
    flow = flow_of(open_saved(held(), **MOVING))
    slider, clock, status = part(flow, "t"), part(flow, "clock"), flow.get_by_role("status")
    slider.press("Home")
    pictures = set()
    for number, name in enumerate(["score", "normalise", "select", "dispatch", "compute", "combine"], 1):
        if number > 1:
            slider.press("ArrowRight")
        expect(status).to_contain_text(f"{number} {name}, token 10")
        expect(slider).to_have_attribute("aria-valuetext", re.compile(f"chapter {number} of 6: {name}$"))
        expect(clock).to_have_text(STILLS[number - 1])
        pictures.add(stage(flow))
        take_screenshot(flow, f"flow-{number}-{name}")
    assert len(pictures) == 6
    slider.press("ArrowRight")
    expect(clock).to_have_text(STILLS[5])
    slider.press("ArrowLeft")
    expect(clock).to_have_text(STILLS[4])
    slider.press("Home")
    expect(clock).to_have_text(STILLS[0])
    slider.press("End")
    expect(clock).to_have_text(STILLS[5])


def test_it_plays_until_it_is_paused(open_saved: Callable) -> None:
    """The picture moves and no sentence is announced meanwhile; Pause holds the moment and what stands is read."""
    flow = flow_of(open_saved(RoutingFlow(), **MOVING))
    clock, play, status = part(flow, "clock"), part(flow, "play"), flow.get_by_role("status")
    expect(play).to_have_text("Pause")
    expect(status).to_have_attribute("aria-live", "off")
    was = clock.inner_text()
    expect(clock).not_to_have_text(was)
    play.click()
    expect(play).to_have_text("Play")
    expect(status).to_have_attribute("aria-live", "polite")
    was, drawn = clock.inner_text(), stage(flow)
    flow.page.evaluate(NEXT_FRAME)
    assert (clock.inner_text(), stage(flow)) == (was, drawn)
    play.press("Enter")
    expect(clock).not_to_have_text(was)
    part(flow, "t").press("End")
    expect(play).to_have_text("Play")


def test_pointing_at_a_patch_lights_its_path_in_every_lane(open_saved: Callable) -> None:
    """Token 12 is taken once, twice and in parts; beside the patches nothing is lit."""
    flow = flow_of(open_saved(held(t=8.4), **MOVING))
    status, unlit = flow.get_by_role("status"), stage(flow)
    # The token that the story follows anyway.
    part(flow, "stage").hover(position=patch_of(flow, 10))
    assert stage(flow) != unlit
    part(flow, "stage").hover(position=patch_of(flow, 12))
    expect(status).to_have_text(
        "4 dispatch, token 12. Tokens choice: token 12 gets slot 2 of expert 1. "
        "Experts choice: expert 1 and expert 2 take token 12. Soft MoE: token 12 is a part of every slot, "
        "most in slot 0 of expert 1 (16 % of it): it cannot be dropped."
    )
    lit = stage(flow)
    assert lit != unlit
    part(flow, "stage").hover(position={"x": 400, "y": 10})
    expect(status).to_contain_text("token 10.")
    assert stage(flow) == unlit
    part(flow, "stage").click(position=patch_of(flow, 12))
    part(flow, "stage").hover(position={"x": 400, "y": 10})
    expect(part(flow, "who")).to_have_text("token 12")
    assert stage(flow) == lit


# Where nothing is drawn at first, but what leads a token on: [left, right] as shares of the width.
GAPS = {"to its row": (0.132, 0.147), "to its slots": (0.32, 0.42), "to its answer": (0.81, 0.865)}
COUNTED = """(canvas, boxes) => {
    const scale = canvas.width / canvas.clientWidth;
    return boxes.map(box => {
        const [x, y, w, h] = box.map(each => Math.round(each * scale));
        const { data } = canvas.getContext("2d").getImageData(x, y, w, h);
        const ground = canvas.getContext("2d").getImageData(Math.round(canvas.width / 2), 0, 1, 1).data;
        let count = 0;
        for (let i = 0; i < data.length; i += 4)
            if ([0, 1, 2].some(k => Math.abs(data[i + k] - ground[k]) > 40)) count++;
        return count;
    });
}"""


def test_a_lit_path_leads_all_the_way_in_every_lane(open_saved: Callable) -> None:
    """Before anything has moved, only the path stands between patches, scores, slots, answers and patches again.

    That of a dropped token leads to the rack that was full, and then along the rail.
    """
    flow = flow_of(open_saved(held(t=0.1), **MOVING))
    width = frame_of(part(flow, "stage"))["width"]
    tops = [HEAD + WORDS_ABOVE + lane * (WORDS_ABOVE + HIGH + BELOW) for lane in range(3)]
    gaps = [[left * width, top, (right - left) * width, HIGH] for top in tops for left, right in GAPS.values()]
    # Above and below the grey line.
    rails = [[0.5 * width, top + HIGH + 11, 0.3 * width, 4] for top in tops]

    def seen(token: int | None) -> tuple[list[int], list[int]]:
        at = {"x": 400, "y": 2} if token is None else patch_of(flow, token)
        part(flow, "stage").hover(position=at)
        expect(part(flow, "who")).to_have_text(f"token {10 if token is None else token}")
        stage(flow)
        found = part(flow, "stage").evaluate(COUNTED, [*gaps, *rails])
        return found[: len(gaps)], found[len(gaps) :]

    nothing, rail = seen(None)
    assert nothing == [0] * 9
    path, same = seen(12)
    assert min(path) > 20 and same == rail
    lost, along = seen(10)
    assert lost[2] == 0 and min(lost[:2] + lost[3:]) > 20
    assert along[0] > rail[0] + 100 and along[1:] == rail[1:]


def test_pointing_at_a_slot_tells_what_it_holds(open_saved: Callable) -> None:
    """A whole token in a sparse lane, which is then followed; a mixture in a soft one, part by part."""
    flow = flow_of(open_saved(held(t=8.4), **MOVING))
    status = flow.get_by_role("status")
    width, lane = frame_of(part(flow, "stage"))["width"], WORDS_ABOVE + HIGH + BELOW
    first = {"x": 0.43 * width + 15, "y": HEAD + WORDS_ABOVE + HIGH / 8}
    part(flow, "stage").hover(position=first)
    expect(status).to_contain_text("token 2. Tokens choice: token 2 gets slot 0 of expert 0.")
    part(flow, "stage").hover(position=first | {"y": first["y"] + 2 * lane})
    expect(status).to_contain_text(re.compile(r"Soft MoE: slot 0 of expert 0 = (\d+ % token \d+ \+ ){5}11 more\.$"))
    mixture = stage(flow)
    part(flow, "stage").hover(position={"x": 400, "y": 10})
    expect(status).to_contain_text("it cannot be dropped")
    assert stage(flow) != mixture


def test_the_stage_by_keyboard(open_saved: Callable) -> None:
    """Up and down go by token, left and right by chapter; Enter keeps the token that is followed, Escape lets it go."""
    flow = flow_of(open_saved(held(t=5.4), **MOVING))
    drawn, who, clock = part(flow, "stage"), part(flow, "who"), part(flow, "clock")
    unlit = stage(flow)
    drawn.press("Enter")
    expect(who).to_have_text("token 10")
    flow.page.mouse.move(0, 0)
    assert stage(flow) != unlit
    drawn.press("ArrowDown")
    expect(who).to_have_text("token 11")
    drawn.press("ArrowRight")
    expect(clock).to_have_text(STILLS[3])
    for _ in range(6):
        drawn.press("ArrowUp")
    expect(flow.get_by_role("status")).to_contain_text("Experts choice: no expert takes token 5: its gate of 0.65 ")
    drawn.press("Escape")
    expect(who).to_have_text("token 10")
    part(flow, "after").click()
    part(flow, "after").click()
    expect(who).to_have_text("token 12")
    part(flow, "before").click()
    expect(who).to_have_text("token 11")


def test_knobs_change_the_flow_at_once(open_saved: Callable) -> None:
    """With a higher capacity token 10 gets a slot; priority and temperature move it too."""
    flow = flow_of(open_saved(held(t=8.4, token=10), **MOVING))
    status, before = flow.get_by_role("status"), stage(flow)
    expect(status).to_contain_text(f"Tokens choice: token 10 asks expert 0, but {WHY}.")
    part(flow, "capacity_factor").press("ArrowRight")
    expect(status).to_contain_text("Tokens choice: token 10 gets slot 4 of expert 0.")
    assert stage(flow) != before
    part(flow, "capacity_factor").press("ArrowLeft")
    part(flow, "priority").select_option("gate")
    expect(status).to_contain_text("Tokens choice: token 10 gets slot 0 of expert 0.")
    expect(status).to_contain_text("most in slot 2 of expert 3 (35 % of it)")
    part(flow, "scale-number").fill("0")
    part(flow, "scale-number").press("Enter")
    expect(status).to_contain_text("most in slot 0 of expert 0 (6 % of it)")
    part(flow, "slots_per_expert").press("Home")
    part(flow, "capacity_factor-number").fill("5")
    part(flow, "capacity_factor-number").press("Enter")
    expect(status).to_contain_text("These settings cannot be routed: capacity must be at most the 16 tokens")


def test_less_motion_means_six_still_pictures(open_saved: Callable) -> None:
    """All chapters are on the page at once, without a player, and a patch of any of them can be pointed at."""
    flow = flow_of(open_saved(RoutingFlow()))
    for name in ("play", "t", "clock"):
        expect(part(flow, name)).to_be_hidden()
    frame = frame_of(part(flow, "stage"))
    assert frame["height"] > 1200
    before = stage(flow)
    assert stage(flow) == before
    step = (frame["height"] + 14) / 3
    # The picture of dispatch, second in the second row.
    part(flow, "stage").hover(position={"x": (frame["width"] + 14) / 2 + 10, "y": step + 34 + 51 + 116 / 2})
    expect(flow.get_by_role("status")).to_contain_text(re.compile(r"^Token [48]\. "))
    assert stage(flow) != before
    take_screenshot(flow, "flow-stills")


def test_a_narrow_page_shows_one_lane_with_tabs(open_saved: Callable) -> None:
    """Arrow keys go from tab to tab, each with its own picture, and nothing sticks out."""
    page: Page = open_saved(held(t=8.4), viewport={"width": 390, "height": 844}, **MOVING)
    flow = flow_of(page)
    tabs = flow.get_by_role("tab")
    expect(tabs).to_have_count(3)
    expect(tabs.first).to_have_attribute("aria-selected", "true")
    pictures = {stage(flow)}
    tabs.first.press("ArrowRight")
    expect(tabs.nth(1)).to_be_focused()
    pictures.add(stage(flow))
    tabs.nth(2).click()
    expect(tabs.nth(2)).to_have_attribute("aria-selected", "true")
    pictures.add(stage(flow))
    assert len(pictures) == 3
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    take_screenshot(flow, "flow-narrow")
    page.set_viewport_size({"width": 1280, "height": 900})
    expect(part(flow, "tabs")).to_be_hidden()


def test_a_finger_hits_what_it_aims_at(open_saved: Callable) -> None:
    """On a touch screen every control is at least 44 pixels wide and high, and a tap takes a patch."""
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    flow = flow_of(open_saved(held(t=8.4), **phone, **MOVING))
    controls = flow.locator("button:not([data-term]), select, summary, input")
    sizes = {each.evaluate("e => e.outerHTML.slice(0, 80)"): each.bounding_box() for each in controls.all()}
    small = [name for name, box in sizes.items() if box and min(box["width"], box["height"]) < 44]
    assert len(sizes) > 15 and small == []
    stage_ = part(flow, "stage")
    cell, high = 16, 168
    top = 62 + 66 + (high - 4 * cell) / 2
    stage_.tap(position={"x": 2 + 1.5 * cell, "y": top + 3.5 * cell})
    expect(part(flow, "who")).to_have_text("token 13")


def test_forced_colours_reach_the_drawing(open_saved: Callable, axe: str) -> None:
    """The bar of chapters, which has passed at the end, has the colour of text, and no fault is found."""
    page = open_saved(held(t=12), forced_colors="active", viewport={"width": 1000, "height": 900}, **MOVING)
    flow = flow_of(page)
    stage(flow)
    inks = page.evaluate(
        "getComputedStyle(document.querySelector('.routing-flow')).getPropertyValue('--explorer-text')"
    )
    assert inks.strip() == "CanvasText"
    bar = part(flow, "stage").evaluate("c => [...c.getContext('2d').getImageData(6, 24, 1, 1).data]")
    text = page.evaluate("getComputedStyle(document.body).color.match(/\\d+/g).map(Number)")
    assert bar[:3] == text[:3]
    take_screenshot(flow, "flow-forced-colours")
    assert audit(page, axe) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_moving_flow_has_no_serious_fault(scheme: str, open_saved: Callable, axe: str) -> None:
    """The player too has names, roles and contrast."""
    page = open_saved(held(t=8.4, token=10), color_scheme=scheme, **MOVING)
    flow_of(page)
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    assert audit(page, axe) == []
    take_screenshot(page, f"flow-page-{scheme}")


def test_a_link_holds_the_state(open_saved: Callable) -> None:
    """Opening it restores time and token and stops the clock; what does not fit is ignored; it follows the reader."""
    page: Page = open_saved(RoutingFlow(), **MOVING)
    flow = flow_of(page)
    page.evaluate("location.hash = '#t=4.2&token=6'")
    expect(part(flow, "clock")).to_have_text("4.2 s")
    expect(part(flow, "who")).to_have_text("token 6")
    expect(part(flow, "play")).to_have_text("Play")
    page.evaluate("location.hash = '#t=4.2&token=16'")
    expect(flow.get_by_role("status")).to_contain_text("token must be a whole number from -1 to 15, got 16.")
    expect(part(flow, "clock")).to_have_text("4.2 s")
    page.evaluate("location.hash = '#t=4.2&token=6'")
    part(flow, "t").press("ArrowRight")
    expect(page).to_have_url(re.compile("#t=8.4&token=6$"))
    page.reload()
    expect(part(flow, "clock")).to_have_text("8.4 s")
    expect(part(flow, "who")).to_have_text("token 6")


def saved(flow: object, label: str) -> Path:
    """The file that an entry of the menu saves."""
    part(flow, "save").click()
    with flow.page.expect_download() as download:
        flow.get_by_role("menuitem", name=label).click()
    return Path(download.value.path())


def test_pictures_and_numbers_are_saved(open_saved: Callable) -> None:
    """Six panels of shapes and texts as SVG, with the story in them, and every weight as a line of numbers."""
    flow = flow_of(open_saved(held(t=8.4), **MOVING))
    root = ET.fromstring(saved(flow, "Six pictures (SVG)").read_text("utf-8"))
    texts = [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")]
    for heading in ("1 How well tokens fit", "6 Answers return to tokens"):
        assert heading in texts
    assert texts.count("Soft MoE") == 6
    assert any("2, 5, 6, 9 fill expert 0 first" in text for text in texts)
    assert len(list(root.iter("{http://www.w3.org/2000/svg}path"))) > 300
    lines = saved(flow, "Numbers (CSV)").read_text("utf-8").splitlines()
    assert lines[0] == "router,token,expert,slot,dispatch,combine"
    assert "tokens choice,10,,,0,0" in lines
    assert sum(line.startswith("soft,") for line in lines) == 16 * 16


@pytest.mark.slow
def test_a_film_of_one_loop_is_saved(open_saved: Callable) -> None:
    """As WebM, here of half a second; a second press stops it."""
    flow = flow_of(open_saved(held(), **MOVING))
    flow.evaluate("root => { root.dataset.filmSeconds = 0.5 }")
    with flow.page.expect_download() as download:
        part(flow, "webm").click()
    film = Path(download.value.path()).read_bytes()
    assert film[:4] == b"\x1a\x45\xdf\xa3"
    assert len(film) > 5000
    expect(part(flow, "webm")).to_have_text("Film of one loop (WebM)")
    flow.evaluate("root => { root.dataset.filmSeconds = 60 }")
    part(flow, "webm").click()
    expect(part(flow, "webm")).to_contain_text("Stop filming (")
    part(flow, "webm").click()
    expect(part(flow, "shared")).to_have_text("Filming was stopped.")


def test_a_browser_that_cannot_film_says_so(open_saved: Callable) -> None:
    """The button is of no use, and a sentence says why."""
    flow = flow_of(open_saved(held(), script="delete window.MediaRecorder", **MOVING))
    expect(part(flow, "webm")).to_be_disabled()
    expect(part(flow, "shared")).to_contain_text("This browser cannot record films")


def test_the_story_is_there_as_text(open_saved: Callable) -> None:
    """Six chapters with a line for each lane are in the page, closed or open, and follow the token."""
    flow = flow_of(open_saved(held(), **MOVING))
    story = part(flow, "story")
    expect(story.locator("> li")).to_have_count(7)
    expect(story.locator("ul > li")).to_have_count(21)
    expect(story.locator("> li").last).to_contain_text(
        "Tokens choice: 2 dropped, 2 of 16 slots empty, dispatch sums to "
    )
    expect(story.locator("> li").nth(3)).to_contain_text(f"token 10 asks expert 0, but {WHY}.")
    expect(story.locator("> li").nth(3)).to_contain_text("slot 2 of expert 3 = 35 % token 10 + 28 % token 9 + ")
    expect(story).to_be_hidden()
    flow.locator("summary").click()
    expect(story).to_be_visible()
    part(flow, "after").click()
    expect(story.locator("> li").nth(3)).to_contain_text("token 11 gets slot 1 of expert 1.")


def test_ones_own_lane_stands_beside_the_others(open_saved: Callable) -> None:
    """A function's weights are drawn, and one that failed leaves its reason in its lane."""

    def halves(scores: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        half = torch.full_like(scores, 0.5)
        return half, half

    own = {"halves": halves, "broken": lambda scores: scores.nope}
    flow = flow_of(open_saved(held(routers=["tokens choice"], own=own, t=8.4), **MOVING))
    status = flow.get_by_role("status")
    expect(status).to_contain_text("halves: token 10 is a part of every slot, most in slot 0 of expert 0 (50 % of it)")
    expect(status).to_contain_text("broken: broken raised AttributeError")
    first = part(flow, "story").locator("> li").first
    expect(first).to_contain_text("halves: every token is scored against every slot")
    # No Python can be asked again here.
    part(flow, "scale").press("ArrowRight")
    expect(first).to_contain_text("halves: as Python decided it at scale 1 with 4 slots per expert")
    part(flow, "scale").press("ArrowLeft")
    expect(first).to_contain_text("halves: every token is scored against every slot")


def test_words_are_tokens_in_the_picture_the_text_and_the_numbers(open_saved: Callable) -> None:
    """Each is called by its word and its number; a patch of the list is pointed at like any other."""
    words = ["the", "cat", "sat", "on", "the", "mat", "."]
    scores = torch.randn(1, 7, 3, 2, generator=torch.Generator().manual_seed(0))
    page = open_saved(RoutingFlow(scores, words=words, routers=["tokens choice"], playing=False, t=8.4), **MOVING)
    flow = flow_of(page)
    row = HIGH / 7
    part(flow, "stage").hover(position={"x": 30, "y": HEAD + WORDS_ABOVE + 5.5 * row})
    expect(part(flow, "who")).to_have_text("token 5 (mat)")
    expect(flow.get_by_role("status")).to_contain_text("4 dispatch, token 5 (mat). Tokens choice: token 5 (mat) ")
    expect(part(flow, "story").locator("> li").nth(3)).to_contain_text("token 5 (mat) ")
    lines = saved(flow, "Numbers (CSV)").read_text("utf-8").splitlines()
    assert lines[0] == "router,token,word,expert,slot,dispatch,combine"
    assert {line.split(",")[2] for line in lines[1:]} == set(words)
    take_screenshot(flow, "flow-words")


def test_tokens_without_a_picture_have_numbers(open_saved: Callable) -> None:
    """Their tiles have colours of their own, in as square a field as there can be."""
    scores = torch.randn(2, 7, 3, 2, generator=torch.Generator().manual_seed(0))
    flow = flow_of(open_saved(RoutingFlow(scores, playing=False, t=8.4), **MOVING))
    part(flow, "stage").hover(position=patch_of(flow, 5, columns=3, rows=3))
    expect(flow.get_by_role("status")).to_contain_text("token 5. ")
    one = stage(flow)
    part(flow, "image_index").press("ArrowRight")
    expect(part(flow, "image_index-number")).to_have_value("1")
    assert stage(flow) != one
