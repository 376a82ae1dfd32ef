from collections.abc import Callable

import pytest
import torch
from labkit import take_screenshot
from lenskit import COUNT_CLOCKS, LEFT, NEXT_FRAME, RIGHT, frame_of, ink, lens_of, part, picture, point
from playwright.sync_api import Locator, expect

from softmoe_edu.routing import SparseRouting
from softmoe_edu.widgets import RoutingLens

pytestmark = pytest.mark.browser

STEPS = (0, 10, 20, 40)


def replayed() -> RoutingLens:
    """Two groups of seven tokens for three experts of two slots: at each step more tokens find a place."""
    images = torch.linspace(0, 1, 2 * 42).view(2, 1, 6, 7)
    snapshots = {}
    for i, step in enumerate(STEPS):
        token = torch.full((2, 3, 2), -1)
        token.view(2, 6)[:, : 2 * i] = torch.arange(2 * i)
        snapshots[step] = {"blocks.0": SparseRouting(token, 0.5 * (token >= 0), 7)}
    log = {"step": [10, 30], "accuracy": [0.25, 0.75]}
    return RoutingLens.replay(snapshots, images, log, grid=(1, 7))


def state(lens: Locator) -> tuple[int, int]:
    """What the map and the experts' load look like."""
    return picture(lens, "map", ground=True), picture(lens, "experts", ground=True)


def marked(lens: Locator, step: int) -> bool:
    """Whether the line of the current step stands there, reaching above the frame of the chart."""
    canvas = part(lens, "progress")
    x = LEFT + (frame_of(canvas)["width"] - LEFT - RIGHT) * step / STEPS[-1]
    lens.page.evaluate(NEXT_FRAME)
    return canvas.evaluate(
        "(c, x) => c.getContext('2d').getImageData(Math.round(x * c.width / c.clientWidth) - 1, 15, 3, 3)"
        ".data.some((a, i) => i % 4 === 3 && a > 0)",
        x,
    )


def test_routing_load_drops_and_accuracy_move_with_the_step(open_saved: Callable) -> None:
    """By slider, arrow keys and pointer; the chart marks the step, and the line below it tells the numbers."""
    lens = lens_of(open_saved(replayed()))
    note, slider = part(lens, "progress-note"), part(lens, "step")
    expect(note).to_have_text("Step 0: not evaluated yet; 100.0 % of these tokens dropped in this layer.")
    seen, told = {state(lens)}, []
    assert [marked(lens, step) for step in STEPS] == [True, False, False, False]
    slider.focus()
    for _ in STEPS[1:]:
        lens.page.keyboard.press("ArrowRight")
        lens.page.evaluate(NEXT_FRAME)
        seen.add(state(lens))
        told.append(note.inner_text())
    assert told == [
        "Step 10: accuracy 0.2500 (evaluated at step 10); 71.4 % of these tokens dropped in this layer.",
        "Step 20: accuracy 0.2500 (evaluated at step 10); 42.9 % of these tokens dropped in this layer.",
        "Step 40: accuracy 0.7500 (evaluated at step 30); 14.3 % of these tokens dropped in this layer.",
    ]
    assert len(seen) == 4
    assert [marked(lens, step) for step in STEPS] == [False, False, False, True]
    assert slider.get_attribute("aria-valuetext") == "step 40"
    expect(part(lens, "caption")).to_contain_text("1 of 7 tokens dropped (6).")
    point(lens, "tokens", 4, 0, 7, 1)
    expect(lens.get_by_role("status")).to_contain_text("token 4 fills 1 slot, its combine sums to 0.5000")
    take_screenshot(lens, "lens-replay")
    frame = frame_of(slider)
    lens.page.mouse.click(frame["x"] + 4, frame["y"] + frame["height"] / 2)
    expect(note).to_contain_text("Step 0: ")


def test_play_runs_to_the_end_and_pauses(open_saved: Callable) -> None:
    """Pause keeps the step, play goes on, and at the end it starts over."""
    page = open_saved(replayed(), reduced_motion="no-preference", alone=True)
    lens = lens_of(page)
    button, note = part(lens, "play"), part(lens, "progress-note")
    page.clock.install()
    page.reload()
    expect(button).to_have_text("Play")
    button.click()
    expect(button).to_have_text("Pause")
    page.clock.run_for(50)
    expect(note).to_contain_text("Step 10: ")
    page.clock.run_for(700)
    expect(note).to_contain_text("Step 20: ")
    button.click()
    expect(button).to_have_text("Play")
    page.clock.run_for(3000)
    expect(note).to_contain_text("Step 20: ")
    button.press("Enter")
    page.clock.run_for(50)
    expect(note).to_contain_text("Step 40: ")
    page.clock.run_for(750)
    expect(button).to_have_text("Play")
    button.click()
    page.clock.run_for(50)
    expect(note).to_contain_text("Step 0: ")
    part(lens, "step").press("ArrowRight")
    expect(button).to_have_text("Play")
    page.clock.run_for(3000)
    expect(note).to_contain_text("Step 10: ")


def test_without_motion_the_button_makes_one_step(open_saved: Callable) -> None:
    """Who asked for less motion gets a button that steps, and nothing moves by itself."""
    lens = lens_of(open_saved(replayed(), script=f"({COUNT_CLOCKS})()"))
    button, note = part(lens, "play"), part(lens, "progress-note")

    expect(button).to_have_text("Next step")
    for step in (10, 20, 40, 0):
        button.click()
        expect(note).to_contain_text(f"Step {step}: ")
    assert lens.page.evaluate("running.size") == 0
    expect(note).to_contain_text("Step 0: ")
    lens.page.emulate_media(reduced_motion="no-preference")
    expect(button).to_have_text("Play")
    button.click()
    assert lens.page.evaluate("running.size") == 1


def test_both_lines_of_the_chart_are_drawn_with_their_own_signs(open_saved: Callable) -> None:
    """Accuracy where it was evaluated, drops at each snapshot: circles and squares at their places."""
    lens = lens_of(open_saved(replayed()))
    lens.page.evaluate(NEXT_FRAME)
    width = frame_of(part(lens, "progress"))["width"] - LEFT - RIGHT
    colour = """(c, [x, y]) => {
        const scale = c.width / c.clientWidth;
        const [left, top] = [x, y].map(v => Math.round(v * scale));
        return [...c.getContext("2d").getImageData(left, top, 1, 1).data].slice(0, 3);
    }"""

    def at(step: int, share: float, dx: float = 0, dy: float = 0) -> list[int]:
        place = [LEFT + width * step / STEPS[-1] + dx, 22 + 44 * (1 - share) + dy]
        return part(lens, "progress").evaluate(colour, place)

    assert at(10, 0.25) == at(30, 0.75) == [0x3F, 0x90, 0xDA]
    for step, share in ((10, 10 / 14), (20, 6 / 14), (40, 2 / 14)):
        assert at(step, share) == [0xE7, 0x63, 0x00]
    # A corner of the square is filled, one of the circle's box is not.
    assert at(10, 10 / 14, -2.5, -2.5) == [0xE7, 0x63, 0x00]
    assert at(30, 0.75, -3.4, -3.4) != [0x3F, 0x90, 0xDA]


def test_routings_without_steps_have_no_replay(open_saved: Callable) -> None:
    """Nothing of it is shown."""
    one = replayed()._entries[0]
    token = torch.tensor([[[0, 1], [2, -1]]])
    lens = lens_of(open_saved(RoutingLens(SparseRouting(token, 0.5 * (token >= 0), 4))))

    assert one["step"] == 0
    expect(part(lens, "replay")).to_be_hidden()
    assert ink(lens, "map", (LEFT, 20, 40, 40)) != [0]


def test_tokens_that_moved_are_marked_listed_and_counted(open_saved: Callable) -> None:
    """Since the step before or any other one; those that stayed have no mark."""
    before = torch.tensor([[[0, 1], [2, -1], [-1, -1]]])
    between = torch.tensor([[[0, 1], [2, 3], [-1, -1]]])
    after = torch.tensor([[[1, -1], [0, 2], [4, 3]]])
    steps = {0: before, 10: between, 30: after}
    snapshots = {step: {"moe": SparseRouting(token, 0.5 * (token >= 0), 6)} for step, token in steps.items()}
    images = torch.zeros(1, 1, 6, 9)
    lens = lens_of(open_saved(RoutingLens.replay(snapshots, images, grid=(2, 3), step=30)))
    frame = frame_of(part(lens, "tokens"))
    wide, high = frame["width"] / 3, frame["height"] / 2

    def signed() -> list[int]:
        boxes = [(wide * (t % 3 + 0.5) - 14, high * (t // 3 + 1) - 16, 28, 12) for t in range(6)]
        return [t for t, count in enumerate(ink(lens, "tokens", *boxes, only="all[i - 1] > 225")) if count > 50]

    expect(part(lens, "moves")).to_have_text("Since step 10, 3 of 6 tokens of this image moved.")
    assert signed() == [0, 3, 4]
    lens.locator("summary", has_text="Who moved where").click()
    expect(part(lens, "moves-list").locator("li")).to_have_text(
        [
            "From expert 0 to expert 1: token 0",
            "From expert 1 to expert 2: token 3",
            "From dropped to expert 2: token 4",
        ]
    )
    take_screenshot(lens, "lens-moves")
    part(lens, "since").select_option("0")
    expect(part(lens, "moves")).to_have_text("Since step 0, 3 of 6 tokens of this image moved.")
    expect(part(lens, "moves-list")).to_contain_text("From dropped to expert 2: tokens 3, 4")
    part(lens, "step").fill("1")
    expect(part(lens, "moves")).to_have_text("Since step 0, 1 of 6 tokens of this image moved.")
    assert signed() == [3]
