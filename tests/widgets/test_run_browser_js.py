"""What the run browser's scripts compute, against Python: the sign test, and what can be chosen of a record."""

import random

import pytest
from nodekit import run_node

from softmoe_edu.evidence import RECORDS, sign_test
from softmoe_edu.evidence.run_browser import RunBrowser

TRAITS = ("runs", "figure", "lines", "x", "where", "model", "first", "second")


def test_the_sign_test_is_that_of_statistics() -> None:
    """Up to 30 differences with ties, and none."""
    drawn = random.Random(0)
    cases = [[drawn.choice([-2, -1, 0, 0, 1, 3]) for _ in range(count)] for count in range(30)]
    found = run_node(("arithmetic/paired.js",), "given.map(signTest)", cases)
    assert found == pytest.approx([sign_test(case) for case in cases], rel=1e-12)


def visits(browser: RunBrowser) -> list[tuple[dict, dict]]:
    """States of a browser that a walk through its lists leads to, each with what every trait may then be."""
    drawn, found = random.Random(1), []
    for record in browser._shelf:
        browser.claim = record["claim"]
        for _ in range(12):
            name = drawn.choice(TRAITS[:5])
            setattr(browser, name, drawn.choice(browser._choices(name)))
            chosen = {each: getattr(browser, each) for each in ("claim", *TRAITS)}
            found.append((chosen, {each: browser._choices(each) for each in TRAITS}))
    return found


@pytest.mark.parametrize("own", [None, {"accuracy": [0.25, 0.5]}])
def test_both_know_the_same_choices(own: dict | None) -> None:
    """In every state of a walk through the records of the package, and none of them changes when it is settled."""
    browser = RunBrowser(RECORDS, own=own)
    walk = visits(browser)
    choices = """given.walk.map(([chosen]) => {
        const record = given.shelf.find(each => each.claim === chosen.claim);
        return [settled(record, given.own, chosen),
            Object.fromEntries(CHOSEN.map(name => [name, choicesOf(record, given.own, chosen, name)]))];
    })"""
    given = {"walk": walk, "shelf": browser._shelf, "own": browser._own}
    found = run_node(("run_browser/shelf.js",), choices, given)

    assert len({tuple(chosen.values()) for chosen, _ in walk}) > 15
    assert found == [list(each) for each in walk]


def test_each_record_opens_in_the_same_state() -> None:
    """What is blank falls back to the same in both, and every line that is drawn first has a point."""
    browser, opened = RunBrowser(), []
    for record in browser._shelf:
        fresh = RunBrowser(claim=record["claim"])
        opened.append({each: getattr(fresh, each) for each in ("claim", *TRAITS)})
    expression = """given.map(record => {
        const chosen = settled(record, {}, opening(record, ""));
        return [chosen, sceneOf(record, {}, chosen).lines.map(line => line.points.length)];
    })"""
    found = run_node(("run_browser/shelf.js", "run_browser/scene.js"), expression, browser._shelf)
    assert [chosen for chosen, _ in found] == opened
    assert all(lines and all(lines) for _, lines in found)
