"""The helper that runs modules in Node."""

import os
import shutil

import pytest
from nodekit import run_node


def test_without_node_these_tests_are_skipped_but_not_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """Continuous integration must not pass by running nothing."""
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setitem(os.environ, "CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no Node: install node"):
        run_node(("arithmetic/cost.js",), "1")
    monkeypatch.setitem(os.environ, "CI", "")
    with pytest.raises(pytest.skip.Exception, match="no Node: install node"):
        run_node(("arithmetic/cost.js",), "1")


def test_an_expression_sees_what_several_modules_export_and_what_is_given() -> None:
    """Typed arrays come back as lists."""
    modules = ("arithmetic/routing.js", "shared/stops.js")
    found = run_node(modules, "[given.map(x => capacityFor(x, 2)), evenly(0, 2, 1), firstSlots(given, 2)]", [5, 7])

    assert found == [[3, 4], [0, 1, 2], [5]]


def test_an_expression_that_throws_fails_with_what_it_threw() -> None:
    """The message of JavaScript is what a reader of the failed test sees."""
    with pytest.raises(AssertionError, match="nowhere is not defined"):
        run_node((), "nowhere")
