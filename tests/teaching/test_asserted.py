"""A check that a learner wrote and that rejects: its report names the line and the values."""

import linecache
import textwrap

import torch

from softmoe_edu.teaching.check.asserted import failed_assert
from softmoe_edu.teaching.check.examine import examine
from softmoe_edu.teaching.check.write_the_check import refusal
from softmoe_edu.teaching.discovery import find_exercise


def written(source):
    """Make a function of its text, as a cell does: pytest rewrites the asserts of its own files."""
    source = textwrap.dedent(source)
    name = f"<cell {len(linecache.cache)}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    names = {"torch": torch}
    exec(compile(source, name, "exec"), names)
    return next(value for value in names.values() if getattr(value, "__code__", None))


def told(check, *args):
    """Return what is said about the assert that fails in a call."""
    try:
        check(*args)
    except AssertionError as error:
        return failed_assert(error)
    raise ValueError("it did not fail")


def test_the_line_and_its_values_are_named():
    """A statement over several rows is written in one, with what its names, attributes and elements are."""

    def check(got, wanted):
        assert torch.equal(
            got,
            wanted[0],
        ), "they differ"

    said = told(check, torch.tensor([1.0, 2.5]), [torch.tensor([1.0, 2.0])])
    assert said == "assert torch.equal(got, wanted[0]), 'they differ', where got is [1, 2.5]; wanted[0] is [1, 2]"


def test_of_large_tensors_the_shapes_and_the_difference():
    """Where numbers are too many to read, the shapes and the largest difference are told."""

    def check(got, wanted):
        assert (got - wanted).abs().max() < 1e-6 and got.shape == wanted.shape

    said = told(check, torch.zeros(3, 4), torch.full((3, 4), 0.25))
    assert "got is a tensor of shape (3, 4)" in said and "got.shape is (3, 4)" in said
    assert said.endswith("their largest difference is 0.25")


def test_nothing_is_called_again():
    """What stands in a call is looked at, and the call itself is not repeated."""
    calls = []

    def candidate(x):
        calls.append(x)
        return x + 1

    def check(x):
        assert candidate(x) == x

    assert told(check, 3) == "assert candidate(x) == x, where x is 3"
    assert calls == [3]


def test_a_reason_of_the_learners_own_comes_first():
    """A check that says why it rejects is quoted; its line follows."""
    check = written("def check(layer):\n    assert layer is None, 'not a layer'")
    bare = written("def bare(layer):\n    assert layer is None")

    line = "assert layer is None, 'not a layer'"
    assert refusal(check, abs) == f"rejected: AssertionError: not a layer (in the line: {line})"
    assert refusal(bare, abs) == "rejected by the line assert layer is None"


def test_an_assert_that_cannot_be_read_is_still_a_rejection():
    """Code without a source, and an error that was raised by hand, are told by their class alone."""
    names = {}
    exec("def check(layer):\n    assert layer is None", names)

    def by_hand(layer):
        raise AssertionError

    assert refusal(names["check"], abs) == refusal(by_hand, abs) == "rejected: AssertionError"


def test_a_report_shows_what_a_check_demanded_too_much():
    """A check that requires a position where none is promised is shown the position that it got."""

    check_assign = written(
        """
        def check_assign(assign):
            indices = torch.tensor([[0, 1], [0, 2], [0, 1], [1, 0]])
            weights = torch.tensor([[0.5, 0.3], [0.6, 0.25], [0.7, 0.2], [0.85, 0.1]])
            positions, _ = assign(indices, weights, 2, "position")
            assert positions[2].tolist() == [-1, -1] and positions[2, 0] == -1
        """
    )

    report = str(examine(find_exercise("check-assign"), check_assign))
    assert "rejected by the line assert positions[2].tolist() == [-1, -1] and positions[2, 0] == -1, where" in report
    assert "positions[2] is [2, 2]" in report
