"""The learner's function and what it needs are found by reading the code, wherever in the notebook they stand."""

import time

import pytest
from gradekit import as_bytes

from softmoe_edu.teaching.grading.extract import code_of, find
from softmoe_edu.teaching.grading.notebook import Unreadable, looks_like_one, read
from softmoe_edu.teaching.grading.suspicion import suspicions


def found(*cells, name="f", given=None):
    """Find a function in cells."""
    return find(code_of(cells), name, given)


def value(which, *args):
    """Run what was found and call the function."""
    space = {}
    exec("import math\nimport torch\n" + "\n".join(which.statements), space)
    return space["f"](*args)


def test_only_what_it_needs():
    """Imports, helpers, constants and their own needs come along, in order; training and prints do not."""
    which = found(
        "import math\nprint('expensive')\nK = 2",
        "def helper(x):\n    return math.sqrt(x) * K",
        "history = [train() for _ in range(1000)]",
        "def f(x):\n    history = 1\n    return helper(x) + history",
        "f(3)\nimport os\nos.abort()",
    )
    assert value(which, 9) == 7
    assert which.statements == (
        "import math",
        "K = 2",
        "def helper(x):\n    return math.sqrt(x) * K",
        "def f(x):\n    history = 1\n    return helper(x) + history",
    )


def test_the_last_written_one_counts_and_a_stub_does_not():
    """A copied stub below an answer does not undo it; of two answers the last counts, and the report says so."""
    which = found(
        "def f(x):\n    return 1",
        "def f(x):\n    return 2",
        "def f(x):\n    '''The stub.'''\n    raise NotImplementedError",
    )
    assert value(which, 0) == 2
    assert which.notes == ("f is defined 2 times; the last one, in cell 2, counts",)


@pytest.mark.parametrize(
    "halves",
    [
        ("def f(x):", "    y = x + 1\n    return y"),
        ("def f(x):\n    '''Doc.'''", "    return x + 1"),
        ("def f(x):\n    y = x + 1\n    if y:", "        y = y\n    return y"),
        ("K = 1\ndef f(x):\n    y = (x +", "K)\n    return y"),
    ],
)
def test_a_function_split_between_two_cells(halves):
    """A cell that was split inside the function is read with its other half."""
    which = found("import math", *halves, "z = 3")
    assert value(which, 1) == 2


def test_magics_and_broken_cells_beside_it():
    """Commands of IPython, prose in a code cell and a broken function leave the others alone."""
    code = code_of(
        [
            "%matplotlib inline\n!pip install x\nK = !ls\ndef f(x):\n    return x",
            "%%time\ndef g(x):\n    return x",
            "%%html\n<b>def h(x)</b>",
            "this is my answer:",
            "def broken(x:\n    return",
            "def ok(x):\n    return x\n\ndef worse(x)\n    return x",
        ]
    )
    assert [name for name in ("f", "g", "h", "broken", "ok", "worse") if code.defines(name)] == ["f", "g", "ok"]
    assert "SyntaxError" in find(code, "broken").error and "SyntaxError" in find(code, "worse").error


@pytest.mark.parametrize(
    "cell",
    [
        "x = " + "(" * 3000 + ")" * 3000,
        "x = " + "+".join(["1"] * 20_000),
        "x = a" + ".b" * 20_000,
        " " * 300_000 + "=",
        "\n" * 300_000 + "x ==",
        "x = '" + "\\" * 99_999,
        "def g():\n    nonlocal x",
        "def f(x:\n" * 2000,
        "\0",
        "\ud800 = 1",
    ],
)
def test_text_that_is_made_to_hurt(cell):
    """Depth, length and odd characters cost moments and no other cell."""
    start = time.process_time()
    code = code_of([cell, "def ok(x):\n    return x"])
    suspicions([cell])
    assert code.defines("ok") and time.process_time() - start < 5


def test_stub_missing_and_names_of_the_lesson():
    """A stub is one, a name that is nowhere is missing, and what the notebook lost is taken from the lesson."""
    assert found("def f(x):\n    'Doc.'\n    raise NotImplementedError('todo')").stub
    assert found("def g(x):\n    return x").statements == ()
    given = code_of(["def helper(x):\n    return 10 * x"])
    assert value(found("def f(x):\n    return helper(x)", given=given), 2) == 20
    assert value(found("def helper(x):\n    return x\ndef f(x):\n    return helper(x)", given=given), 2) == 2


def test_what_the_lesson_goes_on_with_is_not_the_answer():
    """`f = use("f", f)` of the lesson, which takes the library's where f is wrong, does not take the answer's place."""
    lesson = [
        "def f(x):\n    raise NotImplementedError",
        "f, g = (use(name, each) for name, each in (('f', f), ('g', g)))",
    ]
    own = ["def f(x):\n    return x - 1", *lesson[1:]]
    which = found(*own, given=code_of(lesson))
    assert which.statements == ("def f(x):\n    return x - 1",) and which.notes == ()
    assert found(*lesson, given=code_of(lesson)).stub


def test_what_changes_a_name_comes_along():
    """A constant that is built in several steps, and a function that is changed, are as at the end."""
    which = found(
        "T = []", "T.append(4)", "U = 1\nU = U + 1", "def f(x):\n    return T[0] + U + f.more", "f.more = 100"
    )
    assert value(which, 0) == 106


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "empty"),
        (b'{"cells": [', "damaged"),
        (b"[1, 2]", "no notebook"),
        (as_bytes(), "no code cell"),
        (b"[" * 200_000, "nested"),
        (b"\x00\x01\x02", "damaged"),
    ],
)
def test_what_is_no_notebook_says_why(raw, why):
    """Each damage has its sentence."""
    with pytest.raises(Unreadable, match=why):
        read(raw)


def test_other_encodings_formats_and_kernels():
    """UTF-8 with a mark, UTF-16, Latin-1, format 3, an unknown kernel and a script are read."""
    text = as_bytes("name = 'Zoë'", metadata={"kernelspec": {"name": "julia-1.9"}}).decode().replace("\\u00eb", "ë")
    for raw in (text.encode("utf-8-sig"), text.encode("utf-16"), text.encode("latin-1")):
        assert read(raw).cells == ("name = 'Zoë'",)
    old = b'{"worksheets": [{"cells": [{"cell_type": "code", "input": ["a = 1\\n", "b = 2"]}]}], "nbformat": 3}'
    assert read(old).cells == ("a = 1\nb = 2",)
    assert read(b"# %%\na = 1\n# %% [markdown]\n# words\n# In[3]:\nb = 2", "x.py").cells[0].strip() == "a = 1"
    assert looks_like_one(as_bytes("a = 1")) and not looks_like_one(b'{"name": "a list"}')
