"""The router explorer compares: with what was pinned, all routers side by side, and an image among other mates."""

from collections.abc import Callable

import pytest
from kernelkit import run_cell
from labkit import take_screenshot
from lenskit import part, picture, point
from playwright.sync_api import Page, expect
from routerkit import CELLS, SCORES, explorer_of, figures, take

from softmoe_edu.widgets.router_explorer import IN_BROWSER

pytestmark = pytest.mark.browser


@pytest.fixture
def cells() -> tuple[str, ...]:
    """A router explorer of known scores."""
    return CELLS


def test_a_pin_shows_what_changed(notebook: Page) -> None:
    """Numbers before and now, tokens that are routed otherwise, the settings that differ; forgetting ends it."""
    explorer = explorer_of(notebook)
    part(explorer, "router").select_option("tokens choice")
    part(explorer, "keep").click()
    expect(part(explorer, "pinned")).to_have_text("Before: the same settings.")
    assert run_cell(notebook, 1, "explorer.pinned == explorer.settings") == "True"
    part(explorer, "capacity_factor-number").fill("2")
    part(explorer, "capacity_factor-number").press("Enter")
    expect(part(explorer, "pinned")).to_have_text("Before: capacity_factor 1.")
    assert figures(explorer) == [
        ["Dropped tokens of this image", "0 of 4 (0.0 %)", "1 of 4 (25.0 %)", "-25.0 points"],
        ["Load: busiest expert over the mean", "1.50", "1.33", "× 1.13"],
        ["MACs of the experts, per image", "880", "440", "× 2.00"],
        ["MACs of the routing, per image", "40", "40", "="],
        ["Tokens of this image routed differently", "", "", "1 of 4, by up to 1.0000"],
    ]
    run_cell(notebook, 1, "explorer.pinned = {'router': 'experts choice', 'capacity_factor': 9.0}")
    expect(part(explorer, "pinned")).to_contain_text(
        "router experts choice, capacity_factor 9. capacity must be at most"
    )
    part(explorer, "forget").click()
    expect(part(explorer, "forget")).to_be_hidden()
    assert [len(row) for row in figures(explorer)] == [2, 2, 2, 2]
    assert run_cell(notebook, 1, "explorer.pinned") == "{}"


def test_all_routers_side_by_side(notebook: Page) -> None:
    """Each has its map and numbers with the settings in use, and its button takes it up."""
    explorer = explorer_of(notebook)
    part(explorer, "side").locator("summary").press("Enter")
    cards = part(explorer, "gallery").locator("> div")
    expect(cards).to_have_count(len(IN_BROWSER))
    assert cards.locator("button").all_inner_texts() == list(IN_BROWSER)
    texts = dict(zip(IN_BROWSER, cards.locator("p").all_inner_texts(), strict=True))
    assert texts["soft"] == "dropped 0.0 %; load 1.00; MACs: experts 440, routing 240"
    assert texts["tokens choice"] == "dropped 25.0 %; load 1.33; MACs: experts 440, routing 40"
    assert texts["identity"] == "dropped 0.0 %; load 1.00; MACs: experts 440, routing 0"
    take_screenshot(explorer, "router-side-by-side")
    part(explorer, "num_experts").press("Home")
    expect(cards.locator("p").first).to_have_text("dropped 0.0 %; load 1.00; MACs: experts 220, routing 120")
    cards.locator("button").nth(1).click()
    expect(part(explorer, "router")).to_have_value("tokens choice")
    expect(cards.locator("button").nth(1)).to_have_attribute("aria-pressed", "true")
    expect(cards.locator("button").nth(0)).to_have_attribute("aria-pressed", "false")
    part(explorer, "capacity_factor-number").fill("4")
    part(explorer, "capacity_factor-number").press("Enter")
    expect(cards.locator("p").nth(2)).to_contain_text("capacity must be at most the 4 tokens of a group")


OUTPUT = """
def output(settings):
    if settings is None:
        return torch.tensor([[3.0, 4.0], [1.0, 0.0]])
    if settings["router"] == "uniform":
        raise ValueError("<b>not today</b>")
    return torch.tensor([[4.0, 3.0 * settings["scale"]], [1.0, 0.0]])

RouterExplorer(logits, model_output=output)
"""


def test_routers_side_by_side_tell_how_they_move_the_models_output(notebook: Page) -> None:
    """For each image, for the settings in use: Python works it out again when they change, and its errors are shown."""
    run_cell(notebook, 1, OUTPUT)
    explorer = explorer_of(notebook, 1)
    part(explorer, "side").locator("summary").press("Enter")
    cards = part(explorer, "gallery").locator("> div p")
    expect(cards.first).to_contain_text("model's output: moved by 28.3 %, class 0 instead of 1")
    expect(cards.nth(3)).to_contain_text("model's output: ValueError: <b>not today</b>")
    take_screenshot(explorer, "router-outputs")
    part(explorer, "image_index").press("ArrowRight")
    expect(cards.first).to_contain_text("model's output: unchanged, still class 0")
    part(explorer, "image_index").press("Home")
    part(explorer, "scale-number").fill("2")
    part(explorer, "scale-number").press("Enter")
    # (4, 6) is sqrt(5) away from (3, 4), of length 5.
    expect(cards.first).to_contain_text("model's output: moved by 44.7 %, still class 1")


def test_what_python_must_compute_is_said_once_in_a_saved_page(open_saved: Callable) -> None:
    """With the settings that it has numbers for; routers that read no changed setting keep their numbers."""
    names: dict = {}
    exec(SCORES + OUTPUT.replace("RouterExplorer(", "moved = RouterExplorer("), names)
    explorer = explorer_of(open_saved(names["moved"]))
    part(explorer, "side").locator("summary").press("Enter")
    cards, missing = part(explorer, "gallery").locator("> div p"), part(explorer, "missing")
    expect(cards.first).to_contain_text("model's output: moved by 28.3 %, class 0 instead of 1")
    expect(missing).to_be_hidden()
    part(explorer, "scale-number").fill("2")
    part(explorer, "scale-number").press("Enter")
    expect(missing).to_have_text(
        "How far soft, tokens choice, experts choice, uniform / soft, soft / uniform move the model's output takes "
        "Python to compute, which a saved page has not. It was saved with numbers for: scale 1."
    )
    expect(cards.first).not_to_contain_text("model's output")
    expect(cards.nth(4)).to_contain_text("model's output: moved by 28.3 %")
    assert part(explorer, "side").inner_text().count("Python") == 1
    part(explorer, "scale").press("Control+z")
    expect(missing).to_be_hidden()


def test_mates_change_routings_where_the_batch_competes(notebook: Page) -> None:
    """Image 1 alone changes for no router; in the batch it does for those whose slots it shares."""
    three = "RouterExplorer(torch.cat([logits, logits.flip(2)[1:]]), image_index=1, capacity_factor=0.5)"
    run_cell(notebook, 1, three)
    explorer = explorer_of(notebook, 1)
    part(explorer, "batch").locator("summary").click()
    expect(part(explorer, "mates")).to_have_text("The batch has 3 images; image 1 keeps its position.")
    part(explorer, "swap").click()
    expect(part(explorer, "mates")).to_contain_text("(swapped, seed 1)")
    for _ in range(9):
        if "images 2, 1, 2" in part(explorer, "mates").inner_text():
            break
        part(explorer, "swap").click()
    expect(part(explorer, "mates")).to_contain_text("The batch now holds images 2, 1, 2")
    rows = [row.locator("th, td").all_inner_texts() for row in part(explorer, "mates-rows").locator("tr").all()]
    told = {name: (alone, together) for name, alone, together in rows}
    assert list(told) == list(IN_BROWSER)
    assert {alone for alone, _ in told.values()} == {"no answer changes"}
    # Expert 1 has three slots: image 0 asks for one of them before image 1 asks for four, image 2 for none.
    one = "the answer of 1 of 4 tokens changes, gates by up to 1.0000"
    assert told["tokens choice"][1] == told["experts choice"][1] == one
    assert told["identity"][1] == "no answer changes"
    assert told["soft"][1].startswith("the answer of 4 of 4 tokens changes, up to ")
    assert told["soft"][1].endswith(" of its slots' mix comes from other images")
    # Image 0 of three is replaced by image 2: a third of the mean of all tokens.
    assert told["uniform"][1] == (
        "the answer of 4 of 4 tokens changes, up to 33.3 % of it comes from other tokens; "
        "66.7 % of its slots' mix comes from other images"
    )
    take_screenshot(explorer, "router-mates")
    part(explorer, "shuffle").click()
    expect(part(explorer, "mates")).to_contain_text("(shuffled, seed ")
    run_cell(notebook, 1, "RouterExplorer(logits[:1])")
    lone = explorer_of(notebook, 1)
    part(lone, "batch").locator("summary").click()
    expect(part(lone, "mates")).to_have_text("This batch has one image, which has no mates.")
    expect(part(lone, "shuffle")).to_be_disabled()


def test_settings_that_cannot_be_routed_say_why(notebook: Page) -> None:
    """The router's own sentence stands in the status line, and the panels come back with settings that fit."""
    explorer = explorer_of(notebook)
    run_cell(notebook, 1, "explorer.router, explorer.top_k, explorer.gating = 'tokens choice', 2, 'switch'")
    expect(explorer.get_by_role("status")).to_have_text(
        "These settings cannot be routed: "
        "gating 'switch' lets a token choose one expert, got top_k=2: use gating 'vmoe'."
    )
    expect(part(explorer, "map")).to_be_hidden()
    part(explorer, "top_k").press("Home")
    expect(part(explorer, "map")).to_be_visible()
    expect(part(explorer, "pin")).to_have_text("An example: point at anything else.")


def test_sampled_tokens_are_told_and_keep_their_names(notebook: Page) -> None:
    """Of 16 tokens 5 are routed and drawn: a note says so, and pointing at a patch names the token of the image."""
    run_cell(
        notebook,
        1,
        "from softmoe_edu.widgets import scores\nkept, scores.MOST_CELLS = scores.MOST_CELLS, 10\n"
        "few = RouterExplorer(torch.randn(2, 16, 2), images, router='tokens choice')\nscores.MOST_CELLS = kept\nfew",
    )
    explorer = explorer_of(notebook, 1)
    expect(part(explorer, "sampled")).to_contain_text("16 tokens of an image are more than can be drawn: 5 of each")
    expect(part(explorer, "map-title")).to_have_text("score: 5 tokens (rows) by 2 experts (columns)")
    point(explorer, "tokens", 3, 0, 4, 4)
    expect(explorer.get_by_role("status")).to_contain_text("token 3 (row 0, column 3), expert ")
    point(explorer, "tokens", 1, 0, 4, 4)
    expect(part(explorer, "pin")).to_have_text("An example: point at anything else.")
    ground = picture(explorer, "tokens", ground=True)
    take(explorer, "dispatch")
    assert picture(explorer, "tokens", ground=True) != ground
