"""The router explorer as a picture: it comes first, differs in each step, answers why, and follows what is served."""

import itertools
from collections.abc import Callable

import pytest
import torch
from kernelkit import run_cell
from labkit import take_screenshot
from lenskit import frame_of, into_view, part, picture, point
from playwright.sync_api import Locator, Page, expect
from routerkit import CELLS, SCORES, explorer_of, more, take

from softmoe_edu.widgets.router_explorer import CHOICES, IN_BROWSER, RouterExplorer

pytestmark = pytest.mark.browser


@pytest.fixture
def cells() -> tuple[str, ...]:
    """A router explorer of known scores."""
    return CELLS


def known(**settings: object) -> RouterExplorer:
    """The explorer of known scores, outside a notebook."""
    names = {}
    exec(SCORES.replace("hidden_dim=11)", "hidden_dim=11, **settings)"), {"settings": settings}, names)
    return names["explorer"]


def seeded(**settings: object) -> RouterExplorer:
    """Three images of nine tokens, four experts of two slots."""
    logits = 2 * torch.randn(3, 9, 4, 2, generator=torch.Generator().manual_seed(1))
    images = torch.rand(3, 1, 12, 12, generator=torch.Generator().manual_seed(2))
    return RouterExplorer(logits, images, **settings)


def shown(explorer: Locator) -> tuple[int, ...]:
    """What the three panels show."""
    visible = [name for name in ("tokens", "map", "experts") if part(explorer, name).is_visible()]
    return tuple(picture(explorer, name, ground=True) for name in visible)


@pytest.mark.parametrize("router", IN_BROWSER)
def test_six_steps_are_six_pictures(router: str, open_saved: Callable) -> None:
    """No two steps of a router look alike; those that normalise, select and combine have maps of their own."""
    explorer = explorer_of(open_saved(seeded(router=router, top_k=2, capacity_factor=0.75)))
    pictures, maps = {}, {}
    for step in CHOICES["step"]:
        take(explorer, step)
        pictures[step] = shown(explorer)
        maps[step] = picture(explorer, "map", ground=True)
    for one, other in itertools.combinations(CHOICES["step"], 2):
        assert pictures[one] != pictures[other], (one, other)
        assert maps[one] != maps[other], (one, other)


def test_the_picture_comes_first(notebook: Page) -> None:
    """At 1280 x 800 tokens and map are in sight when the widget opens, with a dropped token explained."""
    notebook.set_viewport_size({"width": 1280, "height": 800})
    run_cell(notebook, 1, "explorer.router, explorer.step = 'tokens choice', 'dispatch'")
    run_cell(notebook, 2, "RouterExplorer(logits, images, router='tokens choice', step='dispatch')")
    explorer = explorer_of(notebook, 1)
    explorer.evaluate("e => e.scrollIntoView({ block: 'start' })")
    top = frame_of(explorer)["y"]
    for name in ("tokens", "map"):
        frame = frame_of(part(explorer, name))
        assert frame["y"] - top < 220, name
        assert frame["y"] + frame["height"] < 800, name
    expect(explorer.get_by_role("status")).to_be_in_viewport()
    expect(explorer.get_by_role("status")).to_contain_text("token 2 (row 1, column 0): ")
    expect(explorer.get_by_role("status")).to_contain_text("its 2 slots hold token 0 and token 1")
    take_screenshot(notebook, "router-opens")


def test_on_a_phone_the_picture_is_in_the_upper_half(open_saved: Callable) -> None:
    """Controls fold away there, and equation and code open at a button."""
    page = open_saved(seeded(router="tokens choice"), viewport={"width": 390, "height": 844})
    explorer = explorer_of(page)
    assert frame_of(part(explorer, "tokens"))["y"] - frame_of(explorer)["y"] < 300
    expect(part(explorer, "scale")).to_be_hidden()
    part(explorer, "controls").locator("summary").first.click()
    expect(part(explorer, "scale")).to_be_visible()
    part(explorer, "scale").press("ArrowRight")
    expect(part(explorer, "scale-number")).to_have_value("2")
    expect(part(explorer, "code")).to_be_hidden()
    part(explorer, "formula").click()
    expect(part(explorer, "code")).to_be_visible()
    expect(part(explorer, "formula")).to_have_attribute("aria-expanded", "true")


def test_only_what_the_router_reads_can_be_set(open_saved: Callable) -> None:
    """What is seldom needed stands under More, what is not read nowhere."""
    explorer = explorer_of(open_saved(seeded(router="tokens choice")))
    for name in ("capacity_factor", "top_k", "priority", "num_experts", "scale"):
        expect(part(explorer, name)).to_be_visible()
    for name in ("slots_per_expert", "gating", "noise", "seed", "group"):
        expect(part(explorer, name)).to_be_hidden()
    more(explorer)
    for name in ("gating", "noise", "seed", "group"):
        expect(part(explorer, name)).to_be_visible()
    part(explorer, "router").select_option("uniform")
    for name in ("capacity_factor", "top_k", "priority", "gating", "scale", "noise", "seed"):
        expect(part(explorer, name)).to_be_hidden()
    expect(part(explorer, "slots_per_expert")).to_be_visible()


def test_an_example_gives_way_and_a_pin_has_a_button(open_saved: Callable) -> None:
    """It is explained until the reader points, pins or hides it; what is pinned is unpinned by a button too."""
    explorer = explorer_of(open_saved(known(router="tokens choice", step="combine")))
    status, pin, free = explorer.get_by_role("status"), part(explorer, "pin"), part(explorer, "free")
    expect(status).to_contain_text("token 2 (row 1, column 0): no expert took this token")
    expect(status).to_contain_text("It asked for expert 0 (gate 0.7500), and its 2 slots hold token 0 and token 1")
    expect(pin).to_have_text("An example: point at anything else.")
    point(explorer, "tokens", 1, 0, 2, 2)
    expect(status).to_contain_text("token 1 (row 0, column 1): answer = 0.5000 x answer of expert 0")
    expect(pin).to_be_empty()
    expect(free).to_be_hidden()
    point(explorer, "tokens", 1, 0, 2, 2, click=True)
    expect(pin).to_have_text("Pinned.")
    free.click()
    expect(pin).to_be_empty()
    explorer.page.mouse.move(0, 0)
    expect(status).to_contain_text("Point at the map")


def test_an_example_can_be_hidden(open_saved: Callable) -> None:
    """By its button, or by Escape."""
    explorer = explorer_of(open_saved(known(router="tokens choice", step="select")))
    status, pin = explorer.get_by_role("status"), part(explorer, "pin")
    expect(part(explorer, "free")).to_have_text("Hide the example")
    part(explorer, "free").click()
    expect(status).to_contain_text("Point at the map")
    explorer.page.reload()
    expect(pin).to_have_text("An example: point at anything else.")
    part(explorer, "map").press("Escape")
    expect(pin).to_be_empty()
    expect(status).to_contain_text("Point at the map")


def test_the_example_of_experts_choice_is_a_token_that_none_chose(open_saved: Callable) -> None:
    """It says by how much it missed the expert that it came nearest to; a router that drops none shows another."""
    explorer = explorer_of(open_saved(known(router="experts choice", step="select", capacity_factor=0.5)))
    status = explorer.get_by_role("status")
    expect(part(explorer, "pin")).to_have_text("An example: point at anything else.")
    expect(status).to_contain_text("token 1 (row 0, column 1): no expert takes this token. ")
    expect(status).to_contain_text("It came nearest at expert 0: its gate 0.5000 is number 3 of 4 there")
    part(explorer, "router").select_option("soft")
    expect(status).not_to_contain_text("no expert takes")
    expect(part(explorer, "pin")).to_have_text("An example: point at anything else.")


def test_a_slot_is_pointed_at_where_it_is_drawn(open_saved: Callable) -> None:
    """In the rack of an expert in step 4, and as a row in step 5, where keys go from slot to slot."""
    explorer = explorer_of(open_saved(known(router="tokens choice", step="compute", top_k=1)))
    status, map_ = explorer.get_by_role("status"), part(explorer, "map")
    into_view(map_)
    width = frame_of(map_)["width"]
    # Two experts, each with two slots below the line of their names; slot 1 of expert 1 is empty.
    map_.hover(position={"x": 46 + 0.75 * (width - 98), "y": 20 + 1.5 * 69})
    expect(status).to_contain_text("expert 1, slot 1: no token is in this slot, and is computed like a full one.")
    explorer.page.mouse.move(0, 0)
    map_.press("ArrowRight")
    expect(status).to_contain_text("token 0 (row 0, column 0), expert 0, slot 0: expert 0 computes 2 full and 0 empty")
    map_.press("ArrowDown")
    expect(status).to_contain_text("token 1 (row 0, column 1), expert 0, slot 1: ")
    map_.press("ArrowRight")
    expect(status).to_contain_text("expert 1, slot 1: no token is in this slot")
    take(explorer, "dispatch")
    racks = part(explorer, "experts")
    into_view(racks)
    racks.hover(position={"x": 46 + 0.25 * (width - 98) + 20, "y": 50})
    expect(status).to_contain_text("token 1 (row 0, column 1), expert 0, slot 1: ")


def test_both_softmaxes_are_drawn_side_by_side_and_answer_alike(open_saved: Callable) -> None:
    """The same cell of the left and of the right map is one weight of dispatch and one of combine."""
    explorer = explorer_of(open_saved(known(step="normalise")))
    status, map_ = explorer.get_by_role("status"), part(explorer, "map")
    expect(part(explorer, "sums-note")).to_have_text(
        "Left, each column sums to 1: the softmax is over tokens. Right, each row sums to 1: the softmax is "
        "over slots. "
        "The other sums are free."
    )
    into_view(map_)
    half = (frame_of(map_)["width"] - 98 - 92) / 2
    words = set()
    for left in (46, 46 + half + 92):
        map_.hover(position={"x": left + 0.6 * half, "y": 20 + 112 * 0.6})
        expect(status).to_contain_text("token 2 (row 1, column 0), expert 1, slot 0: dispatch = exp(")
        words.add(status.inner_text())
    assert len(words) == 1


def test_experts_can_be_doubled(notebook: Page) -> None:
    """The slider goes on beyond those that were scored; the widget says what the others are, and Python knows."""
    explorer = explorer_of(notebook)
    expect(part(explorer, "further")).to_be_hidden()
    part(explorer, "num_experts").press("End")
    expect(part(explorer, "map-title")).to_contain_text("4 experts x 2 slots")
    expect(part(explorer, "further")).to_have_text(
        "Experts 2 to 3 were not scored, and nobody trained them: expert 2 reads the scores of expert 0, and so on, "
        "dealt anew to the tokens of each image. Mean and spread are those of real scores."
    )
    assert run_cell(notebook, 1, "explorer.num_experts") == "4"
    run_cell(notebook, 1, "from softmoe_edu.widgets.scores import more_experts")
    wide = float(run_cell(notebook, 1, "print(round(more_experts(logits, 4)[0, 2, 3, 0].item(), 4))"))
    point(explorer, "map", 6, 2, 8, 4)
    expect(explorer.get_by_role("status")).to_contain_text(f"expert 3, slot 0: score = scale x logit = 1 x {wide:.4f}")


def test_serving_a_batch_follows_the_image_that_is_served(open_saved: Callable) -> None:
    """Each choice is drawn: the image changes with it, and is named where a token is turned away."""
    explorer = explorer_of(
        open_saved(known(router="tokens choice", group="whole batch", step="dispatch", image_index=1, served=0))
    )
    status, title = explorer.get_by_role("status"), part(explorer, "tokens-title")
    drawn = picture(explorer, "map", ground=True)
    for served in range(1, 9):
        part(explorer, "next").click()
        image = (served - 1) // 4
        expect(status).to_contain_text(f"Choice {served} of 8: image {image}'s token {(served - 1) % 4};")
        expect(title).to_have_text(("Image 0: seven", "Image 1: two")[image])
        now = picture(explorer, "map", ground=True)
        assert now != drawn, served
        drawn = now
    part(explorer, "none").click()
    part(explorer, "away").click()
    expect(status).to_contain_text(
        "image 1's token 3; expert 1 is its first choice (gate 0.7500), and it is TURNED AWAY"
    )
    expect(title).to_have_text("Image 1: two")


def test_a_refused_number_is_explained_below_its_box(open_saved: Callable) -> None:
    """Not in the status line, far from it."""
    explorer = explorer_of(open_saved(seeded()))
    box, refusal = part(explorer, "num_experts-number"), part(explorer, "num_experts-refusal")
    box.fill("9")
    box.press("Enter")
    expect(refusal).to_have_text("Experts must be a whole number from 1 to 8, got 9.")
    assert 0 <= frame_of(refusal)["y"] - frame_of(box)["y"] < 60


def test_reader_s_own_colours_keep_the_step_and_the_bars(open_saved: Callable) -> None:
    """In forced colours the chosen step has words on its ground, and an expert's work has an edge."""
    page = open_saved(known(router="tokens choice", step="compute"), alone=True, forced_colors="active")
    explorer = explorer_of(page)
    label = part(explorer, "compute").locator("xpath=following-sibling::span")
    ground, words = label.evaluate("e => [getComputedStyle(e).backgroundColor, getComputedStyle(e).color]")
    assert ground != words
    assert label.evaluate("e => getComputedStyle(e).forcedColorAdjust") == "none"
    take_screenshot(explorer, "router-forced-colours")
