"""Which cell of a submission holds an answer, whatever JupyterLab's copying and splitting made of its metadata."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from softmoe_edu.teaching import graded_cell
from softmoe_edu.teaching.check.report import Report
from softmoe_edu.teaching.exports.settling import answers, join_halves

STUB = 'def f(x):\n    """Double x."""\n    raise NotImplementedError'
RIGHT = "def f(x):\n    return 2 * x"
WRONG = "def f(x):\n    return x"
NAMES = {"double": "f"}


def made(*sources):
    """Return a notebook of code, with a text before the first cell."""
    return new_notebook(cells=[new_markdown_cell("Text."), *map(new_code_cell, sources)])


@pytest.mark.parametrize(
    ("sources", "place", "until"),
    [
        ((STUB, "check"), 1, None),
        ((STUB, RIGHT), 2, None),
        ((RIGHT, STUB, "check"), 1, 2),
        ((WRONG, STUB, RIGHT, "y = 1", STUB), 3, 5),
        ((RIGHT, "f = use('double', f)"), 1, None),
        ((f"{RIGHT}\ny = f(3)", "f(4)"), 1, None),
        (("f = lambda x: 2 * x", STUB), 1, 2),
        ((RIGHT, "def f(x:\n    return 2"), 1, None),
    ],
    ids=["stub", "below", "stub below", "tries", "lesson's own", "more in it", "lambda", "no Python"],
)
def test_the_last_definition_that_is_more_than_the_stub_counts(sources, place, until):
    """A copy of the stub counts for nothing, and says from where on the answer is out of force."""
    assert answers(made(*sources), NAMES, ["f = use('double', f)"]) == {"double": (place, until)}


def test_what_no_cell_defines_is_left_out():
    """A function inside another one, or a call of it, is no answer."""
    assert answers(made("f(3)", "def g():\n    def f(x):\n        return x"), NAMES) == {}


def test_halves_are_joined_where_one_needs_the_other():
    """A function in three parts is one cell with the metadata of its first; two whole cells stay two."""
    notebook = made("x = 1", "def f(x):", "    y = 2 * x\n", "    return y", "def g():\n    return 1", "y = 2")
    notebook.cells[2].metadata.tags = ["exercise:double"]
    join_halves(notebook)

    assert [c.source for c in notebook.cells] == [
        "Text.",
        "x = 1",
        "def f(x):\n    y = 2 * x\n\n    return y",
        "def g():\n    return 1",
        "y = 2",
    ]
    assert notebook.cells[2].metadata.tags == ["exercise:double"]


@pytest.mark.parametrize(
    ("status", "validating", "stream"), [("failed", "1", "err"), ("failed", "", "out"), ("passed", "1", "out")]
)
def test_a_validated_check_says_what_is_wrong(status, validating, stream, capsys, monkeypatch):
    """nbgrader's validation shows stderr of a cell that fails, and takes any of it for a failure."""
    shown = []
    monkeypatch.setenv(graded_cell.VALIDATING, validating)
    monkeypatch.setattr(
        graded_cell, "get_ipython", lambda: type("Shell", (), {"displayhook": staticmethod(shown.append)})
    )
    graded_cell.show_points(Report("double", status, share=0.5, lines=(("Got", "word " * 40),)), 4)
    said = capsys.readouterr()._asdict()
    text = said.pop(stream)

    assert text.startswith(("✗ double", "✓ double")) and set(said.values()) == {""}
    assert stream == "out" or max(map(len, text.splitlines())) <= graded_cell.WIDTH
    assert shown == [4.0 if status == "passed" else 1.0]
