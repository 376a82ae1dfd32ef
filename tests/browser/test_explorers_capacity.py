"""The capacity explorer as a saved page: what stands at the chosen capacity, and keys in the queues."""

import re
from collections.abc import Callable

import pytest
from explorerkit import LISTEN, box, explorer
from lenskit import COUNT, NEXT_FRAME, frame_of, part
from playwright.sync_api import Locator, Page, expect

from softmoe_edu import metrics
from softmoe_edu.widgets.capacity_explorer import CapacityExplorer

pytestmark = pytest.mark.browser


def words_at(page: Page, shown: Locator, factor: float) -> list[str]:
    """What the curve writes beside the chosen factor."""
    page.evaluate(LISTEN)
    box(shown, "capacity_factor").fill(str(factor))
    box(shown, "capacity_factor").press("Enter")
    page.evaluate(NEXT_FRAME)
    written = [each["text"] for each in page.evaluate("window.written")]
    return [text for text in dict.fromkeys(written) if re.fullmatch(r".*\d\.\d %", text)]


def ringed(shown: Locator, factor: float, rate: float) -> bool:
    """Whether the layer above the curve has a ring around the point, which lies 44 px from the left and 10 below."""
    curve = part(shown, "curve")
    width, height = frame_of(curve)["width"] - 56, 260 - 46
    x, y = 44 + width * factor / 4, 10 + height * (1 - rate)
    white = "Math.min(all[i - 1], all[i - 2], all[i - 3]) > 225"
    found = [
        curve.evaluate(f"(c, box) => ({COUNT})(c, box, (all, i) => all[i] > 200 && {white})", [left, y - 2, 2, 4])
        for left in (x - 5, x + 3)
    ]
    return min(found) >= 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_curves_are_marked_and_named(open_saved: Callable, scheme: str) -> None:
    """With skew the exact numbers of the uniform and of the skewed router stand at the factor, a ring on each curve."""
    page = open_saved(CapacityExplorer(skew=0.8), color_scheme=scheme)
    shown = explorer(page, "capacity")
    sizes = [(e + 1) ** -0.8 for e in range(32)]
    curve = metrics.expected_drop_curve(49, [size / sum(sizes) for size in sizes]).tolist()
    for factor, capacity in ((1.5, 3), (0.5, 1), (3.9, 6)):
        uniform, skewed = metrics.expected_drop_fraction(49, 32, capacity), curve[capacity]
        assert words_at(page, shown, factor) == [
            f"uniform {uniform:.1%}".replace("%", " %"),
            f"skewed {skewed:.1%}".replace("%", " %"),
        ]
        assert ringed(shown, factor, uniform) and ringed(shown, factor, skewed)
        assert not ringed(shown, factor, 0.8)


def test_one_curve_has_one_number(open_saved: Callable) -> None:
    """Without skew the uniform router is this one."""
    page = open_saved(CapacityExplorer())

    assert words_at(page, explorer(page, "capacity"), 1.5) == ["5.9 %"]


def test_skew_with_several_choices_is_told_from_samples(open_saved: Callable) -> None:
    """There is no exact number for it; the label gives the mean of the samples that the sentence gives, and says so."""
    page = open_saved(CapacityExplorer(skew=0.5, top_k=2))
    shown = explorer(page, "capacity")
    uniform, sampled = words_at(page, shown, 1.5)
    sentence = shown.get_by_role("status").inner_text()

    assert uniform.removeprefix("uniform ") == re.search(r"loses ([\d.]+ %) of choices \(exact\)", sentence)[1]
    assert sampled.removeprefix("skewed, samples ") == re.search(r"samples of this router lose ([\d.]+ %)", sentence)[1]
    assert uniform != sampled


def walked(shown: Locator) -> list[tuple[int, int]]:
    """Expert and place of each choice of the token that the status line tells."""
    found = re.findall(
        r"expert (\d+), which (?:gives it slot|is full: its position in the queue is) (\d+)", status_of(shown)
    )
    return [(int(expert), int(place)) for expert, place in found]


def status_of(shown: Locator) -> str:
    shown.page.evaluate(NEXT_FRAME)
    return shown.get_by_role("status").inner_text()


@pytest.mark.parametrize("pinned", [False, True])
def test_up_and_down_move_along_the_queue(open_saved: Callable, pinned: bool) -> None:
    """From the first of a queue to its last and back, place by place, and no further; pinned or not."""
    page = open_saved(CapacityExplorer(4, tokens=12, skew=0.3, token=0 if pinned else -1))
    shown = explorer(page, "capacity")
    buffer = part(shown, "buffer")
    buffer.focus()
    if not pinned:
        buffer.press("ArrowUp")
    ((expert, place),) = walked(shown)
    assert place == 0
    visited = []
    for _ in range(12):
        buffer.press("ArrowUp")
        visited.append(walked(shown)[0])
    last = visited[-1][1]
    assert last >= 2
    assert visited == [(expert, min(i + 1, last)) for i in range(12)]
    for _ in range(12):
        buffer.press("ArrowDown")
        visited.append(walked(shown)[0])
    assert visited[12:] == [(expert, max(last - 1 - i, 0)) for i in range(12)]
    buffer.press("ArrowRight")
    expect(shown.get_by_role("status")).to_contain_text("token 1: ")


def test_the_queue_of_a_second_choice_is_walked_on(open_saved: Callable) -> None:
    """From a token that was pointed at in a queue the keys stay in that queue, whichever choice of theirs it is."""
    page = open_saved(CapacityExplorer(3, tokens=9, top_k=2))
    shown = explorer(page, "capacity")
    buffer = part(shown, "buffer")
    frame = frame_of(buffer)
    buffer.hover(position={"x": 50 + (frame["width"] - 114) * 2.5 / 3, "y": 236 - 32 - 5})
    assert (2, 0) in walked(shown)
    buffer.focus()
    seen = []
    for _ in range(9):
        buffer.press("ArrowUp")
        seen.append(walked(shown))
    last = dict(seen[-1])[2]
    assert [dict(choices)[2] for choices in seen] == [min(i + 1, last) for i in range(9)]
    assert any([expert for expert, _ in choices].index(2) == 1 for choices in seen)
