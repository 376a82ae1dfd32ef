"""The words of the flow's picture, as a browser measures them: none is cut off, and none lies on something else."""

from collections.abc import Callable

import pytest
import torch
from flowkit import STILLS, flow_of
from playwright.sync_api import Locator

from softmoe_edu.widgets.routing_flow import RoutingFlow

pytestmark = pytest.mark.browser

# Notes the boxes of texts, and of all that has edges, while a stage is painted.
NOTES = """
const noted = window.noted = { texts: [], things: [] };
const own = CanvasRenderingContext2D.prototype;
const stage = ctx => ctx.canvas.dataset.part === "stage" && ctx.globalAlpha > 0.05;
const { fillText, fillRect, strokeRect, drawImage, clearRect } = own;
let order = 0;
const note = (list, left, top, right, bottom, what) => list.push({ left, top, right, bottom, what, order: order++ });
own.clearRect = function (...all) {
    if (stage(this)) Object.assign(noted, { texts: [], things: [] });
    return clearRect.apply(this, all);
};
own.fillText = function (text, x, y) {
    if (stage(this) && text) {
        const m = this.measureText(text);
        const box = [x - m.actualBoundingBoxLeft, y - m.actualBoundingBoxAscent,
            x + m.actualBoundingBoxRight, y + m.actualBoundingBoxDescent];
        note(noted.texts, ...box, text);
        noted.texts.at(-1).tag = this.fillStyle === "#ffffff";
    }
    return fillText.call(this, text, x, y);
};
own.fillRect = function (x, y, w, h) {
    if (stage(this)) note(noted.things, x, y, x + w, y + h, this.fillStyle === noted.page ? "ground" : "bar");
    return fillRect.call(this, x, y, w, h);
};
own.strokeRect = function (x, y, w, h) {
    if (stage(this)) note(noted.things, x, y, x + w, y + h, "frame");
    return strokeRect.call(this, x, y, w, h);
};
own.drawImage = function (image, ...at) {
    if (stage(this)) note(noted.things, at[0], at[1], at[0] + at[2], at[1] + at[3], "tile");
    return drawImage.call(this, image, ...at);
};
"""

# Goes to times at widths of the stage, and says what is wrong there.
FAULTS = """async ([widths, times]) => {
    const root = document.querySelector(".routing-flow");
    const [stage, slider] = ["stage", "t"].map(name => root.querySelector(`[data-part="${name}"]`));
    const frame = () => new Promise(requestAnimationFrame);
    const meet = (a, b) =>
        a.left < b.right - 0.5 && b.left < a.right - 0.5 && a.top < b.bottom - 0.5 && b.top < a.bottom - 0.5;
    const holds = (a, b) =>
        a.left <= b.left + 2 && a.right >= b.right - 2 && a.top <= b.top + 2 && a.bottom >= b.bottom - 2;
    const faults = new Set(), seen = new Set();
    root.style.maxWidth = "none";
    for (const width of widths) {
        // The widget is wider than its stage by what stands beside that.
        const beside = root.getBoundingClientRect().width - stage.parentElement.clientWidth;
        root.style.boxSizing = "border-box";
        root.style.width = `${width + beside}px`;
        for (let i = 0; i < 4; i++) await frame();
        const got = stage.getBoundingClientRect().width;
        if (Math.abs(got - width) > 1) faults.add(`the stage should be ${width} px wide, and is ${got}`);
        const tabs = [...root.querySelectorAll("[role=tab]")].filter(tab => tab.checkVisibility());
        for (const tab of tabs.length ? tabs : [null])
            for (const t of times) {
                tab?.click();
                slider.value = t;
                slider.dispatchEvent(new Event("input"));
                await frame(); // the widget's own comes before
                const { texts, things } = window.noted;
                // The first ground is the whole stage.
                const high = Math.max(...things.map(({ bottom }) => bottom));
                // A tile or a ground hides what it covers.
                const shown = texts.filter(own => !things.some(by => by.order > own.order && by.what !== "frame" &&
                    by.what !== "bar" && holds(by, own)));
                for (const [i, own] of shown.entries()) {
                    seen.add(own.what);
                    const tell = what => faults.add(`${width} px, ${t} s: "${own.what}" ${what}`);
                    if (own.left < -0.5 || own.right > width + 0.5 || own.top < 0 || own.bottom > high)
                        tell("is cut off");
                    for (const other of shown.slice(i + 1))
                        if (meet(own, other) && own.what !== other.what) tell(`lies on "${other.what}"`);
                    if (own.tag) continue;
                    const below = Math.max(-1, ...things.filter(by => by.what === "ground" && by.order < own.order &&
                        holds(by, own)).map(by => by.order));
                    for (const thing of things)
                        if (thing.order > below && thing.what !== "ground" && meet(own, thing) && !holds(thing, own))
                            tell(`lies on a ${thing.what}`);
                }
            }
    }
    return [[...faults], [...seen]];
}"""

NARROW, WIDE = [308, 338, 519], [700, 960, 1108]
TIMES = [float(still.removesuffix(" s")) for still in STILLS]


def checked(flow: Locator, widths: list[int]) -> tuple[list[str], set[str]]:
    """What is wrong with the words at these widths of the stage, and the words that were seen."""
    flow.evaluate("flow => { noted.page = getComputedStyle(flow).getPropertyValue('--explorer-page').trim() }")
    faults, seen = flow.page.evaluate(FAULTS, [widths, TIMES])
    return faults, set(seen)


def test_no_word_of_the_digits_story_is_cut_off_or_covered(open_saved: Callable) -> None:
    """In all chapters, lanes and widths, on pages from 360 to 1600 pixels; and all of the story was measured."""
    flow = flow_of(open_saved(RoutingFlow(playing=False), script=NOTES, reduced_motion="no-preference"))
    faults, seen = checked(flow, NARROW + WIDE)
    assert faults == []
    story = {"2, 5, 6, 9 fill expert 0 first: token 10 is dropped", "full", "slot 2 of expert 3 =", "column"}
    assert story <= seen
    assert {"Soft MoE", "Experts choice", "each token gets back 1.00", "15"} <= seen


def test_no_word_of_a_text_is_cut_off_or_covered(open_saved: Callable) -> None:
    """Tokens that are words, some of them long, with two choices and a lane of one's own."""
    words = ["the", "unbelievably", "comfortable", "cat", "sat", "on", "a", "very", "old", "mat", "."]
    scores = torch.randn(1, 11, 5, 3, generator=torch.Generator().manual_seed(3))
    own = {"everything everywhere, by a long name": lambda logits: (logits.softmax(1), logits.softmax(1))}
    routers = ["tokens choice", "experts choice"]
    flow = RoutingFlow(scores, words=words, routers=routers, own=own, top_k=2, capacity_factor=0.6, playing=False)
    faults, seen = checked(flow_of(open_saved(flow, script=NOTES, reduced_motion="no-preference")), [338, 960])
    assert faults == []
    assert set(words) <= seen
