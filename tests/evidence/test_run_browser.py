"""The run browser in Python: what can be chosen of a record, what follows from it, and what is saved."""

import json
import re

import pytest
import traitlets
from runkit import ROUTERS, TASKS, large_record, made_record

from softmoe_edu.evidence import RECORDS, RunBrowser, browsing, write_record

CHOSEN = ("runs", "figure", "lines", "x", "where")


@pytest.fixture
def folder(tmp_path):
    """A folder with two records."""
    for name in ("accuracy", "model-sizes"):
        write_record(tmp_path / f"{name}.json", made_record(name))
    return tmp_path


def chosen(browser: RunBrowser) -> dict[str, str]:
    return {name: getattr(browser, name) for name in CHOSEN}


FIRST = {"runs": "counted", "figure": "accuracy", "lines": "router", "x": "experts", "where": TASKS[0]}


def test_it_opens_with_the_first_claim(folder):
    """Accuracy by router over the experts, of the first task."""
    browser = RunBrowser(folder)
    assert (browser.claim, browser.model, browser.seed, browser.point) == ("accuracy", "", -1, -1)
    assert chosen(browser) == FIRST


def test_a_claim_and_more_can_be_asked_for(folder):
    """By keyword, in whatever order they depend on each other."""
    browser = RunBrowser(folder, claim="model-sizes", where=TASKS[1], model="soft", lines="router", figure="dropped")
    assert (browser.claim, browser.figure, browser.where, browser.model) == (
        "model-sizes", "dropped", TASKS[1], "soft",
    )  # fmt: skip


def test_runs_of_tuning_are_drawn_over_what_they_chose(folder):
    """They begin with what they show first, and other choices still count."""
    browser = RunBrowser(folder, runs="tuning", lines="task")
    assert (browser.x, browser.lines) == ("rate", "task")
    assert browser.where == f"{ROUTERS[0]}, experts 2"


def test_what_a_choice_does_not_have_falls_back(folder):
    """A curve has no experts as x; a line for each number of experts leaves them nowhere else."""
    browser = RunBrowser(folder, where=TASKS[1])
    browser.figure = "curve"
    assert (browser.x, browser.where) == ("", f"{TASKS[0]}, experts 2")
    browser.x = "took"
    browser.figure, browser.lines = "accuracy", "experts"
    assert browser.where == f"{ROUTERS[0]}, {TASKS[0]}"


def test_another_claim_keeps_what_it_has(folder):
    """Setting the claim of one trait changes no choice that the new claim has too."""
    browser = RunBrowser(folder, where=TASKS[1], figure="dropped")
    browser.claim = "model-sizes"
    assert chosen(browser) == {**FIRST, "figure": "dropped", "where": TASKS[1]}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            {"figure": "accurcay"},
            "figure must be one of .* 'accuracy' has, got 'accurcay': did you mean 'accuracy'",
        ),
        ({"x": "router"}, "x must be one of .*got 'router'"),
        ({"lines": "routers"}, "lines must be one of .*did you mean 'router'"),
        ({"where": "numbers"}, "where must be one of .*There are 'digits', 'letters'"),
        ({"runs": "all"}, "runs must be one of .*There are 'counted', 'tuning'"),
        ({"model": "softer"}, "model must be one of .*did you mean 'soft'"),
        ({"first": "your run"}, "first must be one of"),
        ({"claim": "model-sizes", "figure": "curves"}, "figure must be one of those that 'model-sizes' has.*'curve'"),
        (
            {"claim": "causality"},
            "claim must have a record, got 'causality': run softmoe-edu evidence caus",
        ),
    ],
)
def test_what_is_not_there_is_refused(folder, given, sentence):
    """The error names what there is and the nearest."""
    with pytest.raises(ValueError, match=sentence):
        RunBrowser(folder, **given)


def test_an_unknown_claim_and_an_unknown_keyword_are_named(folder):
    """As everywhere else in the package."""
    with pytest.raises(KeyError, match="there is no claim 'accurcay': did you mean 'accuracy'"):
        RunBrowser(folder, claim="accurcay")
    with pytest.raises(TypeError, match="RunBrowser has no keyword 'router': did you mean"):
        RunBrowser(folder, router="soft")
    with pytest.raises((TypeError, traitlets.TraitError), match="seed must be a whole number"):
        RunBrowser(folder, seed=0.5)


def test_a_trait_that_is_refused_stays_as_it_was(folder):
    """Nothing else changes with it."""
    browser = RunBrowser(folder)
    with pytest.raises(ValueError, match="where must be"):
        browser.where = "nowhere"
    assert chosen(browser) == FIRST


def test_your_own_run_can_be_marked(folder):
    """It is a line by its name, where there is one."""
    browser = RunBrowser(folder, own={"accuracy": [0.1, 0.2]}, model="your run")
    assert browser.model == "your run"
    with pytest.raises(ValueError, match="model must be one of"):
        RunBrowser(folder, model="your run")
    with pytest.raises(ValueError, match="own has 'nats', which no record has"):
        RunBrowser(folder, own={"nats": 1})


def test_what_the_browser_sends_is_taken_at_once(folder):
    """A claim with all that depends on it arrives in one message, in any order, and so does taking it back."""
    browser = RunBrowser(folder, where=TASKS[1])
    before = {"claim": "accuracy", **chosen(browser)}
    sent = {"where": f"{TASKS[1]}, experts 16", "x": "", "figure": "curve", "claim": "model-sizes"}
    browser.set_state(sent)
    assert {name: getattr(browser, name) for name in sent} == sent
    browser.set_state({name: before[name] for name in sent})
    assert {"claim": browser.claim, **chosen(browser)} == before


def test_the_records_of_the_package_come_with_it():
    """Every record is a claim of the browser, with its verdict."""
    browser = RunBrowser()
    assert {each["claim"] for each in browser._shelf} == {each.stem for each in RECORDS.glob("*.json")}
    assert all(each["verdict"] != "no verdict yet" for each in browser._shelf)


def test_seeds_of_the_records_of_the_package_can_be_paired():
    """What a page leaves out of them to stay small is curves: every number of a run that counts is there."""
    shelf = RunBrowser()._shelf
    held = [
        (figure, kind["runs"]) for kind in (each["kinds"]["counted"] for each in shelf) for figure in kind["figures"]
    ]

    assert len(json.dumps(shelf, separators=(",", ":"))) <= browsing.MOST_BYTES
    assert held and all(runs[figure["name"]] is not None for figure, runs in held if not figure["length"])


def test_a_page_is_small(tmp_path):
    """Under 0.4 MB where records are as large as a page takes, and where they are larger; none of it is data."""
    for routers, whole in ((80, True), (190, False)):
        write_record(tmp_path / "accuracy.json", large_record("accuracy", routers, 2, 130))
        saved = RunBrowser(tmp_path, own={"accuracy": [0.5, 0.75]}).save_html(tmp_path / "runs.html")
        state = json.loads(re.search(r'id="saved-widget">(.*?)</script>', saved.read_text("utf-8"))[1])
        curves = state["state"]["_shelf"][0]["kinds"]["counted"]["runs"]["curve"]

        assert 300_000 < saved.stat().st_size < 400_000
        assert (curves is not None) is whole
        assert state["buffers"] == []


def test_a_picture_and_words_stand_for_it(folder):
    """The means that are shown, for a notebook that is opened without its kernel."""
    browser = RunBrowser(folder, figure="curve", lines="router", where="letters, experts 4")
    picture, words = browser.still()
    assert picture.startswith("data:image/svg+xml;base64,")
    assert re.search(r"accuracy in training, letters, experts 4: dense 1\.0\d+; sparse 1\.1\d+; soft 1\.2\d+\.$", words)
    twin = browser._repr_mimebundle_()
    data = twin[0] if isinstance(twin, tuple) else twin
    assert words in data["text/html"] and len(json.dumps(data)) < 60_000


def test_its_name_says_what_it_shows(folder):
    """And that there is a run of one's own."""
    assert repr(RunBrowser(folder, own={"accuracy": 0.5})) == (
        "RunBrowser(claim='accuracy', figure='accuracy', lines='router', x='experts', where='digits', own='your run')"
    )
