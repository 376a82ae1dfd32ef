"""The router explorer in JupyterLab: controls both ways, the six steps, choices served one by one, and comparisons."""

from collections.abc import Callable

import pytest
from kernelkit import run_cell
from labkit import take_screenshot
from lenskit import frame_of, part, picture, point, white
from playwright.sync_api import Page, expect
from routerkit import CELLS, SCORES, explorer_of, figures, more, take, unread

pytestmark = pytest.mark.browser


@pytest.fixture
def cells() -> tuple[str, ...]:
    """A router explorer of known scores."""
    return CELLS


def test_the_router_is_changed_and_routed_at_once(notebook: Page) -> None:
    """Map, numbers and hidden controls follow the list of routers, and Python knows the router."""
    explorer = explorer_of(notebook)
    expect(part(explorer, "map-title")).to_have_text("score: 4 tokens (rows) by 2 experts x 2 slots (columns)")
    assert figures(explorer)[0] == ["Dropped tokens of this image", "0 of 4 (0.0 %)"]
    assert unread(explorer) == ["top_k", "capacity_factor", "priority", "gating"]
    soft = picture(explorer, "map", ground=True)
    take(explorer, "dispatch")
    part(explorer, "router").select_option("tokens choice")
    expect(part(explorer, "map-title")).to_have_text("dispatch: 4 tokens (rows) by 2 experts x 2 slots (columns)")
    expect(part(explorer, "caption")).to_contain_text("1 of 4 tokens dropped (hatched).")
    assert figures(explorer) == [
        ["Dropped tokens of this image", "1 of 4 (25.0 %)"],
        ["Load: busiest expert over the mean", "1.33"],
        ["MACs of the experts, per image", "440"],
        ["MACs of the routing, per image", "40"],
    ]
    assert picture(explorer, "map", ground=True) != soft
    assert unread(explorer) == ["slots_per_expert"]
    assert run_cell(notebook, 1, "explorer.router, explorer.step") == "('tokens choice', 'dispatch')"
    part(explorer, "router").select_option("uniform")
    assert unread(explorer) == ["top_k", "capacity_factor", "priority", "gating", "scale", "noise", "seed"]
    part(explorer, "router").select_option("experts choice")
    assert unread(explorer) == ["top_k", "slots_per_expert", "priority", "gating"]


def test_a_dropped_patch_is_hatched(notebook: Page) -> None:
    """Token 2 of image 0, and no other; with room for all, none."""
    explorer = explorer_of(notebook)
    part(explorer, "router").select_option("tokens choice")
    expect(part(explorer, "caption")).to_have_text("No token has been dropped yet: that happens in step 4.")
    side = frame_of(part(explorer, "tokens"))["width"] / 2
    patches = [(side * (t % 2) + 6, side * (t // 2) + 30, side - 12, side / 3) for t in range(4)]
    assert max(white(explorer, "tokens", *patches)) == 0
    take(explorer, "dispatch")
    expect(part(explorer, "caption")).to_contain_text("1 of 4")
    painted = white(explorer, "tokens", *patches)
    assert painted[2] > 100 and max(painted[0], painted[1], painted[3]) == 0
    part(explorer, "capacity_factor-number").fill("1.5")
    part(explorer, "capacity_factor-number").press("Enter")
    expect(part(explorer, "caption")).to_contain_text("0 of 4")
    assert white(explorer, "tokens", *patches) == [0, 0, 0, 0]


def test_no_capacity_is_the_sliders_end_and_an_empty_box(notebook: Page) -> None:
    """Nobody is dropped then, Python has None, and a number typed again is a capacity again."""
    explorer = explorer_of(notebook)
    part(explorer, "router").select_option("tokens choice")
    take(explorer, "dispatch")
    expect(part(explorer, "caption")).to_contain_text("1 of 4")
    slider, typed = part(explorer, "capacity_factor"), part(explorer, "capacity_factor-number")
    slider.press("End")
    expect(slider).to_have_attribute("aria-valuetext", "none")
    expect(typed).to_have_value("")
    expect(typed).to_have_attribute("placeholder", "none")
    expect(part(explorer, "caption")).to_contain_text("0 of 4")
    expect(part(explorer, "load-note")).to_contain_text("slots: what the busiest one asks for, 3 slots")
    assert run_cell(notebook, 1, "print(explorer.capacity_factor)") == "None"
    typed.fill("0.5")
    typed.press("Enter")
    expect(slider).to_have_attribute("aria-valuetext", "0.5")
    typed.fill("")
    typed.press("Enter")
    expect(slider).to_have_attribute("aria-valuetext", "none")


def test_controls_set_traits_and_traits_set_controls(notebook: Page) -> None:
    """Sliders, boxes and lists reach Python, and what Python sets is shown, a refused number as a sentence."""
    explorer = explorer_of(notebook)
    part(explorer, "router").select_option("tokens choice")
    more(explorer)
    part(explorer, "scale").focus()
    notebook.keyboard.press("ArrowRight")
    part(explorer, "group").select_option("whole batch")
    part(explorer, "image_index").press("End")
    part(explorer, "top_k-number").fill("2")
    part(explorer, "top_k-number").press("Enter")
    part(explorer, "priority").select_option("gate")
    part(explorer, "gating").select_option("gshard")
    expect(part(explorer, "tokens-title")).to_have_text("Image 1: two")
    names = "scale group image_index top_k priority gating".split()
    report = f"[getattr(explorer, name) for name in {names}]"
    assert run_cell(notebook, 1, report) == "[2.0, 'whole batch', 1, 2, 'gate', 'gshard']"
    part(explorer, "num_experts").press("Home")
    assert run_cell(notebook, 1, "explorer.num_experts, explorer.top_k") == "(1, 1)"
    part(explorer, "top_k").press("End")
    expect(part(explorer, "num_experts-number")).to_have_value("4")
    assert run_cell(notebook, 1, "explorer.num_experts, explorer.top_k") == "(4, 4)"
    run_cell(notebook, 1, "explorer.num_experts, explorer.noise, explorer.seed, explorer.router = 2, 0.5, 7, 'soft'")
    expect(part(explorer, "router")).to_have_value("soft")
    expect(part(explorer, "noise-number")).to_have_value("0.5")
    expect(part(explorer, "seed-number")).to_have_value("7")
    noisy = picture(explorer, "map", ground=True)
    run_cell(notebook, 1, "explorer.seed = 8")
    expect(part(explorer, "seed-number")).to_have_value("8")
    assert picture(explorer, "map", ground=True) != noisy
    part(explorer, "seed-number").fill("1.5")
    part(explorer, "seed-number").press("Enter")
    expect(part(explorer, "seed-refusal")).to_contain_text("must be a whole number from 0 to")
    assert run_cell(notebook, 1, "explorer.seed") == "8"


SOFT_LINES = {
    "score": "score = scale x logit = 1 x 1.0986 = 1.0986.",
    "normalise": "sum over 4 tokens = 1.0000 / 2.6667 = 0.3750; combine = exp(1.0986 - 1.0986) / sum over 4 slots = "
    "1.0000 / 2.0000 = 0.5000.",
    "select": "all 4 tokens stay in slot 0 of expert 0, all 4 slots for this token. It is never dropped: exp(score) is "
    "above 0, so each of 4 slots holds at least 0.1667 of it.",
    "dispatch": "this token is 37.5 % of it, the most is token 0 with 37.5 % (1 other is equal).",
    "compute": "expert 0 computes 2 slots, each a mix: 2 x 2 x 5 x 11 = 220 MACs.",
    "combine": "this slot is 50.0 % of it.",
}


def test_the_six_steps_by_keyboard(notebook: Page) -> None:
    """Arrow keys go from word to word; each shows its sentence, code, equation and the pinned cell's numbers."""
    explorer = explorer_of(notebook)
    status = explorer.get_by_role("status")
    point(explorer, "map", 0, 2, 4, 4, click=True)
    assert run_cell(notebook, 1, "explorer.token, explorer.expert, explorer.slot") == "(2, 0, 0)"
    part(explorer, "score").focus()
    seen = []
    for i, (step, line) in enumerate(SOFT_LINES.items()):
        if i:
            notebook.keyboard.press("ArrowRight")
        expect(part(explorer, step)).to_be_checked()
        expect(status).to_contain_text("token 2 (row 1, column 0), expert 0, slot 0: ")
        expect(status).to_contain_text(line)
        seen.append([part(explorer, name).inner_text() for name in ("words", "code")])
        assert explorer.locator("math").evaluate("m => m.getBoundingClientRect().width") > 40
    assert len({words for words, _ in seen}) == len({code for _, code in seen}) == 6
    assert run_cell(notebook, 1, "explorer.step") == "'combine'"
    run_cell(notebook, 1, "explorer.step = 'select'")
    expect(part(explorer, "select")).to_be_checked()
    take_screenshot(explorer, "router-steps")


def test_choices_are_served_one_by_one(notebook: Page) -> None:
    """Next fills a buffer or shows who is turned away, Previous takes it back, keys walk the slider."""
    explorer = explorer_of(notebook)
    status, count = explorer.get_by_role("status"), part(explorer, "count")
    run_cell(notebook, 1, "explorer.router, explorer.step, explorer.served = 'tokens choice', 'dispatch', 0")
    expect(count).to_have_text("0 of 4 choices served")
    lines = [
        "Choice 1 of 4: token 0; expert 0 is its first choice, 0 of 2 slots taken before: it gets slot 0.",
        "Choice 2 of 4: token 1; expert 0 is its first choice, 1 of 2 slots taken before: it gets slot 1.",
        "Choice 3 of 4: token 2; expert 0 is its first choice (gate 0.7500), and it is TURNED AWAY: its 2 slots hold "
        "token 0 and token 1, served before it by position; by gate it would come before token 1 (0.7500 against "
        "0.5000); there is no further choice.",
        "Choice 4 of 4: token 3; expert 1 is its first choice, 0 of 2 slots taken before: it gets slot 0.",
    ]
    drawn = [picture(explorer, name, ground=True) for name in ("map", "experts")]
    for i, line in enumerate(lines):
        part(explorer, "next").click()
        expect(status).to_have_text(line)
        now = [picture(explorer, name, ground=True) for name in ("map", "experts")]
        assert now[0] != drawn[0] and now[1] != drawn[1], i
        drawn = now
        if i == 2:
            take_screenshot(explorer, "router-turned-away")
    expect(part(explorer, "next")).to_be_disabled()
    part(explorer, "previous").click()
    expect(status).to_have_text(lines[2])
    part(explorer, "served").press("ArrowLeft")
    expect(status).to_have_text(lines[1])
    assert run_cell(notebook, 1, "explorer.served") == "2"
    part(explorer, "none").click()
    expect(part(explorer, "caption")).to_contain_text("0 of 4 tokens dropped")
    part(explorer, "away").click()
    expect(status).to_have_text(lines[2])
    expect(part(explorer, "away")).to_be_disabled()
    part(explorer, "all").click()
    expect(part(explorer, "caption")).to_contain_text("1 of 4 tokens dropped")


def test_play_honours_reduced_motion(open_saved: Callable) -> None:
    """With less motion all are served at once, with a word; else one after the other, and Pause holds."""
    names = {}
    exec(SCORES, names)
    page = open_saved(names["explorer"], alone=True)
    page.clock.install()
    page.reload()
    explorer = explorer_of(page)
    part(explorer, "router").select_option("tokens choice")
    take(explorer, "dispatch")
    part(explorer, "none").click()
    count, status, play = part(explorer, "count"), explorer.get_by_role("status"), part(explorer, "play")

    def passed(milliseconds: int) -> None:
        page.clock.run_for(milliseconds)

    passed(100)
    play.click()
    passed(100)
    expect(status).to_contain_text("Motion is reduced: all 4 choices were served at once.")
    expect(count).to_have_text("4 of 4 choices served")
    page.emulate_media(reduced_motion="no-preference")
    play.click()
    passed(750)
    expect(count).to_have_text("1 of 4 choices served")
    # Read aloud is only where it stops.
    expect(status).to_have_attribute("aria-live", "off")
    play.click()
    passed(100)
    expect(status).to_have_attribute("aria-live", "polite")
    expect(play).to_have_text("Play")
    held = count.inner_text()
    passed(3000)
    expect(count).to_have_text(held)
    play.click()
    passed(3000)
    expect(count).to_have_text("4 of 4 choices served")
    expect(play).to_have_text("Play")


def test_a_refused_number_gives_way_to_what_is_pointed_at(notebook: Page) -> None:
    """The sentence and the box stay until something else is asked; then the box has the number in force again."""
    explorer = explorer_of(notebook)
    typed = part(explorer, "scale-number")
    typed.fill("-3")
    typed.press("Enter")
    expect(part(explorer, "scale-refusal")).to_have_text("Scale must be a number from 0 to 1,000, got -3.")
    expect(typed).to_have_attribute("aria-invalid", "true")
    point(explorer, "map", 0, 0, 4, 4)
    expect(explorer.get_by_role("status")).to_contain_text("score = scale x logit = 1 x ")
    expect(typed).to_have_value("1")
    expect(typed).to_have_attribute("aria-invalid", "false")


def test_buttons_that_do_nothing_keep_the_focus(notebook: Page) -> None:
    """At the last choice "Next" says that it is of no use, and at a forgotten pin its neighbour has the focus."""
    explorer = explorer_of(notebook)
    part(explorer, "router").select_option("tokens choice")
    take(explorer, "dispatch")
    part(explorer, "all").press("Enter")
    expect(part(explorer, "all")).to_be_focused()
    expect(part(explorer, "all")).to_have_attribute("aria-disabled", "true")
    part(explorer, "away").press("Enter")
    expect(part(explorer, "count")).to_have_text("4 of 4 choices served")
    part(explorer, "keep").press("Enter")
    part(explorer, "forget").press("Enter")
    expect(part(explorer, "keep")).to_be_focused()


def test_numbers_of_choices_not_yet_served_are_told_as_such(notebook: Page) -> None:
    """The table holds what all choices lead to, and says so while some wait."""
    explorer = explorer_of(notebook)
    part(explorer, "router").select_option("tokens choice")
    take(explorer, "dispatch")
    expect(part(explorer, "now")).to_have_text("now")
    part(explorer, "none").click()
    expect(part(explorer, "now")).to_have_text("when all are served")
    expect(part(explorer, "caption")).to_contain_text("0 of 4 tokens dropped")


def test_what_a_python_callback_raises_is_shown(notebook: Page) -> None:
    """Below the view, as text, until the next change goes well."""
    run_cell(notebook, 1, "explorer.observe(lambda change: 1 / (change['new'] - 2), 'scale')")
    explorer = explorer_of(notebook)
    typed, fault = part(explorer, "scale-number"), explorer.get_by_role("alert")
    expect(fault).to_be_hidden()
    typed.fill("2")
    typed.press("Enter")
    expect(fault).to_have_text("Python raised ZeroDivisionError: float division by zero")
    typed.fill("3")
    typed.press("Enter")
    expect(fault).to_be_hidden()
