"""The run browser as a saved page: claims, linked views, pairs of seeds, and what readers take away."""

import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from explorerkit import painted
from lenskit import NEXT_FRAME, frame_of, into_view, part
from playwright.sync_api import Locator, Page, expect
from runkit import EXPERTS, ROUTERS, SEEDS, made_record, measured
from sharekit import column, save, table
from test_touch import PHONE, SMALL

from softmoe_edu.evidence import RunBrowser, mean_of, write_record

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two claims of the same made-up runs, and one of the package's records, which has no seeds."""
    made = tmp_path_factory.mktemp("records")
    for name in ("accuracy", "causality"):
        write_record(made / f"{name}.json", made_record(name))
    exact = made_record("model-sizes")
    kept = [each for each in exact.results if each.settings["seed"] == 0]
    for each in kept:
        del each.settings["seed"]
    write_record(made / "model-sizes.json", type(exact)("model-sizes", False, {}, tuple(kept)))
    return made


@pytest.fixture
def opened(open_saved: Callable, folder: Path) -> Callable[..., Locator]:
    """Open a run browser with these choices in its saved page, drawn."""

    def show(*, page: dict | None = None, **chosen: object) -> Locator:
        found = open_saved(RunBrowser(folder, **chosen), **(page or {})).locator(".run-browser")
        expect(found.get_by_role("status")).not_to_be_empty()
        found.page.evaluate(NEXT_FRAME)
        return found

    return show


def status(shown: Locator) -> Locator:
    return shown.get_by_role("status")


def lit(shown: Locator) -> list[str]:
    """The models that are marked in the list above the chart, and in the table."""
    return [each.get_attribute("data-model") for each in shown.locator(".lit").all()]


def at_pair(shown: Locator, seed: int, click: bool = False) -> None:
    """Point at a pair of the lower panel by its seed; names of the axis leave some room at both sides."""
    canvas = part(shown, "pairs")
    into_view(canvas)
    width = frame_of(canvas)["width"]
    (canvas.click if click else canvas.hover)(position={"x": 60 + (width - 160) * (seed + 0.5) / SEEDS, "y": 80})


def told(task: str, router: str, experts: int) -> str:
    """A mean with its interval, as the status line tells it."""
    found = mean_of("", [measured(task, router, experts, seed)["accuracy"] for seed in range(SEEDS)])
    return f"{found.value:.4g} ({found.low:.4g} to {found.high:.4g})"


def test_claims_are_a_list_with_verdicts(opened: Callable) -> None:
    """One is chosen; arrow keys choose the next, whose runs and reason appear, and Tab passes all of them at once."""
    shown = opened()
    claims = shown.get_by_role("radio")
    expect(claims).to_have_count(3)
    expect(claims.first).to_contain_text("Soft MoE beats sparse and dense models of the same cost")
    expect(claims.first).to_contain_text("no verdict yet")
    expect(part(shown, "reason")).to_contain_text("does not match its configuration")
    assert [each.get_attribute("tabindex") for each in claims.all()] == ["0", "-1", "-1"]
    claims.first.focus()
    shown.page.keyboard.press("ArrowDown")
    expect(claims.nth(1)).to_be_focused()
    expect(claims.nth(1)).to_be_checked()
    expect(part(shown, "source")).to_contain_text("softmoe-edu evidence causality")
    shown.page.keyboard.press("End")
    expect(claims.nth(2)).to_be_checked()
    expect(part(shown, "uncompared")).to_contain_text("No pairs: these figures are exact")
    claims.first.click()
    expect(claims.first).to_be_checked()
    expect(part(shown, "compared")).to_be_visible()


def test_a_seed_is_marked_in_all_views(opened: Callable) -> None:
    """Pointing at a pair marks its seed in the chart, pointing at a model marks its row, and a pin keeps both."""
    shown = opened()
    plain = painted(part(shown, "chart"))
    at_pair(shown, 3)
    expect(status(shown)).to_have_text(
        re.compile(r"^seed 3: accuracy dense 0\.16\d+, sparse 0\.26\d+, soft 0\.36\d+\.$")
    )
    marked = painted(part(shown, "chart"))
    assert marked != plain
    at_pair(shown, 4)
    assert painted(part(shown, "chart")) not in (plain, marked)
    at_pair(shown, 4, click=True)
    soft = part(shown, "models").get_by_role("button", name="soft")
    soft.hover()
    assert lit(shown) == ["soft"] * (1 + len(EXPERTS))
    soft.click()
    expect(soft).to_have_attribute("aria-pressed", "true")
    expect(status(shown)).to_have_text(
        f"soft, experts 16, seed 4: accuracy 0.3616; mean of 5 seeds {told('digits', 'soft', 16)}."
    )
    part(shown, "free").click()
    expect(soft).to_have_attribute("aria-pressed", "false")
    expect(part(shown, "pin")).to_be_hidden()


def test_keys_walk_through_the_chart(opened: Callable) -> None:
    """From point to point and from model to model; Enter pins, buttons step through the seeds, Escape unpins."""
    shown = opened()
    keyboard = shown.page.keyboard
    part(shown, "chart").focus()
    for key, said in (
        ("ArrowRight", "dense, experts 2: accuracy mean of 5 seeds"),
        ("ArrowRight", "dense, experts 4: "),
        ("ArrowDown", "sparse, experts 4: "),
        ("End", "sparse, experts 16: "),
        ("ArrowUp", "dense, experts 16: "),
        ("Enter", f"dense, experts 16: accuracy mean of 5 seeds {told('digits', 'dense', 16)}."),
    ):
        keyboard.press(key)
        expect(status(shown)).to_contain_text(said)
    part(shown, "next").click()
    expect(status(shown)).to_contain_text("dense, experts 16, seed 0: ")
    part(shown, "next").click()
    expect(status(shown)).to_contain_text("seed 1: accuracy 0.1601")
    part(shown, "chart").press("Escape")
    expect(status(shown)).to_contain_text("accuracy at experts 16: dense ")
    part(shown, "pairs").focus()
    keyboard.press("End")
    expect(status(shown)).to_contain_text("seed 4: accuracy dense ")


def test_pairs_say_how_often_and_how_likely(opened: Callable) -> None:
    """Soft minus dense in all five seeds, at the point that is pinned; others can be chosen, and the order turned."""
    shown = opened()
    title, words = part(shown, "pairs-title"), part(shown, "pairs-words")
    expect(title).to_have_text("accuracy: soft minus dense, experts 16")
    expect(words).to_contain_text(
        "soft is higher in 5, lower in 0 of 5 seeds, by +0.2 on average. Sign test: p = 0.0625"
    )
    part(shown, "first").select_option("dense")
    expect(title).to_have_text("accuracy: dense minus sparse, experts 16")
    expect(words).to_contain_text("dense is higher in 0, lower in 5 of 5 seeds, by \u22120.1 on average")
    part(shown, "second").select_option("soft")
    part(shown, "chart").press("ArrowRight")
    expect(title).to_have_text("accuracy: dense minus soft, experts 2")


def test_what_is_drawn_follows_the_lists(opened: Callable) -> None:
    """A curve has its steps as x, tuning its rates and a warning, and a claim that is chosen anew its own beginning."""
    shown = opened(where="letters")
    expect(part(shown, "title")).to_have_text("accuracy · letters")
    part(shown, "figure").select_option("curve")
    expect(part(shown, "title")).to_have_text("accuracy in training · digits, experts 2")
    expect(part(shown, "caption")).to_contain_text("as a band. Thin ones: each seed. All runs: steps 60.")
    expect(part(shown, "x").locator("option")).to_have_text(["step", "seconds of a run", "MACs"])
    part(shown, "x").select_option("took")
    expect(status(shown)).to_contain_text("at seconds of the run so far 3.5: dense ")
    part(shown, "runs").select_option("tuning")
    expect(part(shown, "x")).to_have_value("rate")
    expect(part(shown, "caption")).to_contain_text("Too few for an interval. These runs chose a setting on a part")
    shown.get_by_role("radio").nth(1).click()
    expect(part(shown, "runs")).to_have_value("counted")
    expect(part(shown, "title")).to_have_text("accuracy · digits")


def test_your_own_run_is_one_more_line(opened: Callable) -> None:
    """As a curve over its own steps, level where its experts are not known, and not among what is compared."""
    own = {"step": [15, 30, 45, 60], "accuracy": [0.3, 0.5, 0.7, 0.75]}
    shown = opened(own=own, figure="curve")
    mine = part(shown, "models").get_by_role("button", name="your run")
    part(shown, "chart").focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowDown", "ArrowDown", "End", "ArrowLeft"):
        shown.page.keyboard.press(key)
    expect(status(shown)).to_have_text("your run, step 45: accuracy in training 0.7.")
    expect(mine).to_have_class("lit")
    part(shown, "figure").select_option("accuracy")
    expect(part(shown, "rows").locator("tr").last).to_have_text("your run0.75", use_inner_text=False)
    expect(part(shown, "first").locator("option")).to_have_text(list(ROUTERS))
    part(shown, "figure").select_option("dropped")
    expect(part(shown, "caption")).to_contain_text("Not drawn: your run has no dropped.")
    expect(mine).to_have_count(0)


def test_a_change_of_claim_is_one_change(opened: Callable) -> None:
    """Ctrl+Z brings back the claim with all that was chosen of it, and the address of the page follows."""
    shown = opened(where="letters", figure="macs")
    page = shown.page
    shown.get_by_role("radio").nth(1).click()
    expect(part(shown, "title")).to_have_text("accuracy · digits")
    expect(page).to_have_url(re.compile("#claim=causality&figure=accuracy&.*where=digits"))
    page.keyboard.press("Control+z")
    expect(part(shown, "title")).to_have_text("MACs · letters")
    expect(shown.get_by_role("radio").first).to_be_checked()
    expect(part(shown, "news")).to_have_text("Undone: claim is accuracy.")
    expect(page).not_to_have_url(re.compile("#"))


def test_an_address_leads_to_what_was_shown(opened: Callable) -> None:
    """Claim, figure, axis, place, model and seed; what cannot be is named, and the rest counts."""
    shown = opened()
    chosen = "claim=causality&figure=accuracy&x=&where=letters%2C+experts+4&model=soft&seed=2&point=0"
    shown.page.evaluate(f"location.hash = '#{chosen}'")
    expect(part(shown, "title")).to_have_text("accuracy · letters, experts 4")
    expect(status(shown)).to_contain_text("soft, seed 2: accuracy 1.24")
    shown.page.evaluate("location.hash = '#figure=speed&where=letters'")
    expect(status(shown)).to_contain_text("Part of the link was ignored: figure must be one of accuracy, ")
    expect(part(shown, "title")).to_have_text("accuracy · letters")


def test_what_is_saved_is_what_is_drawn(opened: Callable) -> None:
    """All single runs, means with intervals and pairs, with all digits; shapes with their names."""
    shown = opened(x="", where="letters, experts 4")
    file, content = save(shown, "Numbers of the runs (CSV)")
    rows = table(content)
    assert file == "run-browser-accuracy-accuracy-letters-experts-4.runs.csv"
    expected = [
        (router, seed, measured("letters", router, 4, seed)["accuracy"]) for router in ROUTERS for seed in range(SEEDS)
    ]
    assert [(row["model"], int(row["seed"])) for row in rows] == [each[:2] for each in expected]
    assert column(rows, "accuracy") == pytest.approx([each[2] for each in expected], rel=1e-6)
    means = table(save(shown, "Numbers of the means (CSV)")[1])
    wanted = mean_of("", [each[2] for each in expected if each[0] == "soft"])
    assert [float(means[2][name]) for name in ("accuracy mean", "low", "high")] == pytest.approx(
        [wanted.value, wanted.low, wanted.high], rel=1e-6
    )
    pairs = table(save(shown, "Numbers of the pairs (CSV)")[1])
    assert column(pairs, "difference") == pytest.approx(column(pairs, "soft") - column(pairs, "dense"))
    svg = ElementTree.fromstring(save(shown, "Shapes (SVG)")[1])
    words = " ".join(each.text or "" for each in svg.iter("{http://www.w3.org/2000/svg}text"))
    assert all(
        each in words for each in ("accuracy · letters, experts 4", "dense", "sparse", "soft minus dense", "mean +0.2")
    )
    assert not list(svg.iter("{http://www.w3.org/2000/svg}image"))


def test_fingers(opened: Callable) -> None:
    """Targets of 44 px, words for fingers in place of keys, a tap pins, and nothing is wider than the page."""
    shown = opened(page=PHONE, x="", where="digits, experts 2")
    assert shown.evaluate(SMALL) == []
    expect(shown.locator(".explorer-touched").first).to_be_visible()
    expect(shown.locator(".explorer-typed").first).to_be_hidden()
    assert wide(shown.page)
    part(shown, "models").get_by_role("button", name="sparse").tap()
    expect(status(shown)).to_contain_text("sparse: accuracy mean of 5 seeds")
    at = frame_of(part(shown, "chart"))
    part(shown, "chart").tap(position={"x": at["width"] * 0.93, "y": 30})
    expect(status(shown)).to_contain_text("soft")
    part(shown, "free").tap()
    expect(part(shown, "pin")).to_be_hidden()


def wide(page: Page) -> bool:
    """Whether the page needs no scrolling to the side."""
    return page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_lines_stand_out_from_the_page(opened: Callable, scheme: str) -> None:
    """Every mark in the list of models has an edge of 3:1 to the page; no two have one shape."""
    shown = opened(page={"color_scheme": scheme}, own={"accuracy": 0.5})
    shapes = (
        part(shown, "models")
        .locator("canvas")
        .evaluate_all(
            """all => all.map(canvas => {
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            const light = i => [0, 1, 2].reduce((sum, k) => {
                const c = data[i + k] / 255;
                return sum + [0.2126, 0.7152, 0.0722][k] * (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
            }, 0);
            const edge = [], body = [], filled = [];
            for (let i = 0; i < data.length; i += 4) {
                filled.push(data[i + 3] > 128);
                if (data[i + 3] <= 128) continue;
                const outside = [-4, 4, -4 * canvas.width, 4 * canvas.width].some(step => !(data[i + step + 3] > 128));
                (outside ? edge : body).push(light(i));
            }
            const ends = [edge, body].map(all => [Math.min(...all), Math.max(...all)]);
            return [...ends, filled.map(Number).join("")];
        })"""
        )
    )
    page = 1.0 if scheme == "light" else 0.009
    for i, (edge, body, _) in enumerate(shapes):
        # The star of one's own run is in the colour of text, and needs no edge.
        light = (edge if i < len(ROUTERS) else body)[scheme == "dark"]
        assert (max(page, light) + 0.05) / (min(page, light) + 0.05) > 3
    assert len({filled for *_, filled in shapes}) == len(shapes) == 1 + len(ROUTERS)
