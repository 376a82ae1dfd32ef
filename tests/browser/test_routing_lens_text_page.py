"""Tokens that are words, on saved pages: whole and in lines, with weights below them, by pointer and by key."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import torch
from labkit import take_screenshot
from lenskit import NEXT_FRAME, frame_of, ink, lens_of, part, point
from pagekit import audit
from playwright.sync_api import Locator, expect

from softmoe_edu.routing import SoftRouting, SparseRouting
from softmoe_edu.widgets import RoutingLens, packing

pytestmark = pytest.mark.browser

WORDS = ["the", "cat", "<b>sat</b>", "internationalisation", "", "\n", "x" * 90, "on", "the", "mat"]
# Keeps what is written on canvases, with its place.
SPY = """window.written = [];
const fill = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
    window.written.push([this.canvas.closest("[data-panel]")?.dataset.panel, String(text), x, y]);
    fill.call(this, text, x, y);
};"""


def text(**more: object) -> RoutingLens:
    """Ten words; expert 0 holds "cat" with 3/4 and "mat" with 1/4, expert 1 nothing; the others are dropped."""
    dispatch = torch.zeros(1, 10, 2, 1)
    dispatch[0, 1, 0, 0], dispatch[0, 9, 0, 0] = 0.75, 0.25
    return RoutingLens(SoftRouting(dispatch, dispatch), **{"words": WORDS, **more})


def written(lens: Locator, panel: str) -> dict[str, tuple[float, float]]:
    """Where each text was written last on a panel."""
    lens.page.evaluate(NEXT_FRAME)
    return {t: (x, y) for where, t, x, y in lens.page.evaluate("window.written") if where == panel}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_whole_in_lines(scheme: str, open_saved: Callable, axe: str) -> None:
    """Up to the panel's width; a longer one is cut there, and what is blank stands in quotes."""
    lens = lens_of(open_saved(text(), color_scheme=scheme, script=SPY))
    tokens, wide = written(lens, "tokens"), frame_of(part(lens, "tokens"))["width"]

    assert {"cat", "<b>sat</b>", "internationalisation", '""', '"\n"', "mat"} <= tokens.keys()
    (cut,) = [word for word in tokens if word.startswith("xx")]
    assert cut.endswith("…") and 20 < len(cut) < 90
    lines = sorted({y for _, y in tokens.values()})
    assert len(lines) > 2 and len({b - a for a, b in pairwise(lines)}) == 1
    assert all(0 < x < wide for x, _ in tokens.values())
    assert {"1 cat", "2 <b>sat</b>", "3 internationalisation", '4 ""', "9 mat"} <= written(lens, "map").keys()
    assert audit(lens.page, axe) == []
    take_screenshot(lens, f"lens-text-{scheme}")


def test_a_slots_weights_stand_below_the_words_that_it_holds(open_saved: Callable) -> None:
    """As a number, and as a bar of one scale for short and long words; nothing below the others."""
    lens = lens_of(open_saved(text(), script=SPY))
    place = written(lens, "tokens")
    point(lens, "map", 0, 1, 2, 10)
    numbers = {t: (x, y) for t, (x, y) in written(lens, "tokens").items() if t in ("0.75", "0.25")}

    for number, word in (("0.75", "cat"), ("0.25", "mat")):
        assert numbers[number] == (place[word][0], place[word][1] + 13)
    below = [(place[word][0] - 17, place[word][1] + 22, 34, 4) for word in ("cat", "mat", "internationalisation")]
    orange = "all[i] > 0 && all[i - 1] > all[i - 3]"
    cat, mat, other = ink(lens, "tokens", *below, ground=False, only=orange)
    assert 2.5 * mat < cat < 3.6 * mat and other == 0


def test_words_are_walked_by_keys_and_named_by_their_number(open_saved: Callable) -> None:
    """Left and right in reading order, up and down to the nearest word of the next line; each is told whole."""
    lens = lens_of(open_saved(text()))
    tokens, status = part(lens, "tokens"), lens.get_by_role("status")

    tokens.press("Home")
    expect(status).to_contain_text('token 0 "the": token 0 "the" is dropped')
    tokens.press("ArrowDown")
    expect(status).to_contain_text('token 3 "internationalisation": ')
    tokens.press("ArrowRight")
    expect(status).to_contain_text('token 4 "": ')
    tokens.press("ArrowRight")
    expect(status).to_contain_text(r'token 5 "\n": ')
    tokens.press("ArrowDown")
    expect(status).to_contain_text(f'token 6 "{"x" * 59}…": ')
    tokens.press("End")
    expect(status).to_contain_text('token 9 "mat": ')
    tokens.press("ArrowDown")
    expect(status).to_contain_text('token 9 "mat": ')
    tokens.press("ArrowUp")
    expect(status).to_contain_text("token 6 ")
    expect(lens.locator("b")).to_have_count(0)


def test_a_word_is_found_under_the_pointer(open_saved: Callable) -> None:
    """Each where it is written; right of the last of a line there is none."""
    lens = lens_of(open_saved(text(), viewport={"width": 512, "height": 800}, script=SPY))
    status = lens.get_by_role("status")
    for word, (x, y) in written(lens, "tokens").items():
        part(lens, "tokens").hover(position={"x": x, "y": y})
        expect(status).to_contain_text(f'"{word[:4]}' if word.strip('"\n') else "token ")
    part(lens, "tokens").hover(position={"x": frame_of(part(lens, "tokens"))["width"] - 2, "y": 10})
    expect(status).to_contain_text("Point at")
    take_screenshot(lens, "lens-text-512px")


def test_of_too_many_words_drawn_ones_answer(open_saved: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    """All words are written, the map has rows of some, and keys reach these."""
    monkeypatch.setattr(packing, "MOST_WEIGHTS", 5 * 2)
    lens = lens_of(open_saved(text(), script=SPY))

    assert {"the", "cat", "internationalisation", "on", "mat"} <= written(lens, "tokens").keys()
    assert {"0 the", "2 <b>sat</b>", '4 ""', "8 the"} <= written(lens, "map").keys()
    part(lens, "tokens").press("End")
    expect(lens.get_by_role("status")).to_contain_text('token 8 "the": ')
    part(lens, "tokens").press("ArrowUp")
    expect(lens.get_by_role("status")).to_contain_text("token 6 ")


def test_of_a_sampled_layer_the_drawn_words_stand_alone(open_saved: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    """Words that are not drawn are not written, both titles say how many there are, pointer and keys find each."""
    monkeypatch.setattr(packing, "MOST_WEIGHTS", 12)
    token = torch.tensor([[[0, 2, 4, 6, 8], [1, 3, 5, 7, 9]]])
    words = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    made = RoutingLens(SparseRouting(token, torch.ones(1, 2, 5), 10, dropless=True), words=words)
    assert [int(i) for i in np.frombuffer(made._entries[0]["ids"], np.int32)] == [0, 3, 6]
    lens = lens_of(open_saved(made, script=SPY))
    status, tokens = lens.get_by_role("status"), written(lens, "tokens")

    assert {"zero", "three", "six"} <= tokens.keys() and not {"one", "two", "nine"} & tokens.keys()
    expect(part(lens, "tokens-title")).to_have_text("3 of 10 tokens")
    expect(lens).to_contain_text("dispatch: 3 of 10 tokens (rows) by 2 experts x 2 slots (columns)")
    expect(part(lens, "caption")).to_contain_text(
        "3 of 10 tokens are drawn, evenly spaced, in the slots that they fill; loads are of all."
    )
    for number, word in ((0, "zero"), (3, "three"), (6, "six")):
        x, y = tokens[word]
        part(lens, "tokens").hover(position={"x": x, "y": y})
        expect(status).to_contain_text(f'token {number} "{word}"')
    part(lens, "tokens").press("Home")
    expect(status).to_contain_text('token 0 "zero"')
    part(lens, "tokens").press("ArrowRight")
    expect(status).to_contain_text('token 3 "three"')


def test_dropped_words_are_hatched_and_can_be_read(open_saved: Callable) -> None:
    """Slanted lines below the word, none behind it; a word that is kept has neither."""
    token = torch.tensor([[[0], [1]]])
    lens = lens_of(
        open_saved(RoutingLens(SparseRouting(token, torch.ones(1, 2, 1), 4), words=["a", "b", "c", "d"]), script=SPY)
    )
    place = written(lens, "tokens")
    boxes = [(place[word][0] - 12, place[word][1] + 6, 24, 20) for word in "abcd"]

    assert [count > 40 for count in ink(lens, "tokens", *boxes)] == [False, False, True, True]
    behind = [(place[word][0] - 13, place[word][1] - 6, 5, 12) for word in "abcd"]
    assert ink(lens, "tokens", *behind) == [0, 0, 0, 0]
    expect(part(lens, "caption")).to_contain_text('2 of 4 tokens dropped (2 "c", 3 "d").')


def test_a_long_word_stays_inside_the_caption(open_saved: Callable) -> None:
    """It is broken, where it would run over the map."""
    lens = lens_of(open_saved(text()))

    expect(part(lens, "caption")).to_contain_text("x" * 59)
    assert part(lens, "caption").evaluate("p => p.scrollWidth <= p.clientWidth")


def test_a_layer_of_other_tokens_is_shown_by_numbers(open_saved: Callable) -> None:
    """Words are those of the longer text; a layer that pooled its tokens has none."""
    long, short = torch.full((1, 4, 2, 1), 0.25), torch.full((1, 2, 2, 1), 0.5)
    layers = {"pooled": SoftRouting(short, short), "first": SoftRouting(long, long)}
    lens = lens_of(open_saved(RoutingLens(layers, words=["a", "b", "c", "d"])))

    part(lens, "tokens").press("End")
    expect(lens.get_by_role("status")).to_contain_text("token 1: ")
    part(lens, "layer").select_option("first")
    part(lens, "tokens").press("End")
    expect(lens.get_by_role("status")).to_contain_text('token 3 "d": ')


# Both in one task of the page, between which no frame is drawn.
CHOOSE_AND_PRESS = """root => {
    const layer = root.querySelector('[data-part="layer"]');
    layer.value = "first";
    layer.dispatchEvent(new Event("change", { bubbles: true }));
    const key = new KeyboardEvent("keydown", { key: "End", bubbles: true });
    root.querySelector('[data-part="tokens"]').dispatchEvent(key);
}"""


def test_a_key_acts_on_the_layer_that_was_chosen_before_it_is_drawn(open_saved: Callable) -> None:
    """End leads to the last token of the layer that was just chosen, though the other one is still on the screen."""
    long, short = torch.full((1, 4, 2, 1), 0.25), torch.full((1, 2, 2, 1), 0.5)
    lens = lens_of(open_saved(RoutingLens({"short": SoftRouting(short, short), "first": SoftRouting(long, long)})))
    expect(part(lens, "caption")).to_contain_text("of 2 tokens")

    lens.evaluate(CHOOSE_AND_PRESS)
    expect(lens.get_by_role("status")).to_contain_text("token 3: ")


def test_numbers_of_dropped_tokens_stand_on_paper(open_saved: Callable) -> None:
    """Without words too no line runs behind the digits."""
    token = torch.tensor([[[0], [1]]])
    lens = lens_of(open_saved(RoutingLens(SparseRouting(token, torch.ones(1, 2, 1), 4)), script=SPY))
    place = written(lens, "tokens")
    dark = "all[i] > 0 && Math.max(all[i - 1], all[i - 2], all[i - 3]) < 60"
    beside = [(place[t][0] + side, place[t][1] - 5, 1, 10) for t in "23" for side in (-5.5, 4.5)]

    assert ink(lens, "tokens", *beside, only=dark) == [0, 0, 0, 0]
    corners = [(place[t][0] - 12, place[t][1] + 9, 24, 5) for t in "0123"]
    assert [count > 10 for count in ink(lens, "tokens", *corners, only=dark)] == [False, False, True, True]
    take_screenshot(lens, "lens-dropped-numbers")
