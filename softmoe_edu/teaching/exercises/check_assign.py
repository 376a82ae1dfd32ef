"""Exercise: write the check of assign_with_capacity (lesson 02)."""

import torch

from softmoe_edu.teaching.exercise import Hint, mistake
from softmoe_edu.teaching.exercises.assign_mistakes import queue, serve
from softmoe_edu.teaching.exercises.assign_with_capacity import EXERCISE as ASSIGN
from softmoe_edu.teaching.write_the_check import write_the_check

NEEDED = 15


def check_assign(assign):
    """Raise an error (AssertionError or another) if `assign` is a wrong assign_with_capacity; if it is right, do not.

    assign(indices, weights, capacity, priority) -> (positions, kept), as in the exercise before. What a right one puts
    into positions where kept is False is open; so is the whole number type of positions, and who of two tokens with
    equal weights comes first.
    """
    indices = torch.tensor([[0, 1], [-1, -1], [0, 2], [0, 1], [1, -1], [2, 1]])
    weights = torch.tensor([[0.5, 0.3], [0.99, 0.98], [0.6, 0.2], [0.7, 0.25], [0.9, 0.1], [0.55, 0.4]])
    expected = {
        "position": [[0, 1], [-1, -1], [1, 1], [-1, -1], [0, -1], [0, -1]],
        "gate": [[-1, -1], [-1, -1], [1, 1], [0, 1], [0, -1], [0, -1]],
    }
    for priority, rows in expected.items():
        positions, kept = assign(indices, weights, 2, priority)
        rows = torch.tensor(rows)
        assert torch.equal(kept, rows >= 0), f"{priority}: kept is {kept.tolist()}"
        assert torch.equal(positions[kept].long(), rows[kept]), f"{priority}: positions are {positions.tolist()}"


def by_properties(assign):
    """Rules instead of results: full buffers, one choice to a row, the first of the queue."""
    draw = torch.Generator().manual_seed(5)
    for priority in ("position", "gate"):
        for _ in range(4):
            gates = (torch.randn(12, 5, generator=draw) + torch.linspace(2, 0, 5)).softmax(-1)
            weights, indices = torch.topk(gates, 2)
            indices[[2, 7]] = -1
            indices[4, 1] = -1
            positions, kept = assign(indices.clone(), weights.clone(), 3, priority)
            order = weights[:, 0].argsort(descending=True) if priority == "gate" else torch.arange(12)
            line = [(int(indices[t, j]), t, j) for j in range(2) for t in order.tolist()]
            for expert in range(5):
                asked = [(t, j) for e, t, j in line if e == expert]
                assert [bool(kept[pair]) for pair in asked] == [i < 3 for i in range(len(asked))], "the first are kept"
                rows = [int(positions[pair]) for pair in asked[:3]]
                assert rows == list(range(len(rows))), "rows in the order of arrival"
            assert not kept[indices < 0].any(), "padding is kept"


def by_own_version(assign):
    """Compare with a version of one's own on random groups."""
    for seed in range(6):
        draw = torch.Generator().manual_seed(seed)
        weights, indices = (torch.randn(9, 4, generator=draw) * 2).softmax(-1).topk(2)
        indices[3] = indices[5, 1] = -1
        priority = ("position", "gate")[seed % 2]
        expected, own_kept = serve(indices, queue(indices, weights, priority), 3)
        positions, kept = assign(indices, weights, 3, priority)
        assert bool((kept == own_kept).all()), "kept differs"
        assert bool((positions[kept] == expected[kept]).all()), "positions differ"


def by_returning_false(assign):
    """Say False for a wrong one."""
    indices = torch.tensor([[0, 1], [0, 2], [0, 1], [1, -1], [-1, -1], [2, 1]])
    weights = torch.tensor([[0.5, 0.3], [0.6, 0.2], [0.7, 0.25], [0.9, 0.1], [0.8, 0.7], [0.55, 0.4]])
    first = [[True, True], [True, True], [False, False], [True, False], [False, False], [True, False]]
    second = [[False, False], [True, True], [True, True], [True, False], [False, False], [True, False]]
    for priority, right in (("position", first), ("gate", second)):
        positions, kept = assign(indices, weights, 2, priority)
        taken = [
            (e, p) for e, p, k in zip(*(v.flatten().tolist() for v in (indices, positions, kept)), strict=True) if k
        ]
        if kept.tolist() != right or len(set(taken)) != len(taken) or max(p for _, p in taken) > 1:
            return False
    return True


@mistake(
    "shapes-only",
    does="looks at the shapes and dtypes of what comes out, so that every wrong function passes",
    belief="If the shapes are right, it works.",
    refuted="each of the wrong functions of this lesson gives the right shapes",
    seen="the tests of most public MoE layers",
)
def shapes_only(assign):
    """Shape and dtype."""
    indices, weights = torch.tensor([[0, 1], [0, 2], [0, 1]]), torch.tensor([[0.5, 0.3], [0.6, 0.2], [0.7, 0.2]])
    for priority in ("position", "gate"):
        positions, kept = assign(indices, weights, 2, priority)
        assert positions.shape == kept.shape == (3, 2)
        assert kept.dtype == torch.bool


@mistake(
    "capacity-only",
    does="asks only that no expert takes more than its capacity, and not who is kept",
    belief="The buffer's size is all that matters.",
    refuted="which tokens are dropped is what the priority decides, and a function that serves the last ones first "
    "fills the same buffers",
    seen="the first property that comes to mind",
)
def capacity_only(assign):
    """No expert over its capacity."""
    indices, weights = (
        torch.tensor([[0, 1]] * 5),
        torch.tensor([[0.9, 0.1], [0.8, 0.1], [0.7, 0.1], [0.6, 0.1], [0.5, 0.1]]),
    )
    for priority in ("position", "gate"):
        _, kept = assign(indices, weights, 2, priority)
        assert all(int(kept[indices == expert].sum()) <= 2 for expert in (0, 1))


@mistake(
    "one-choice",
    "M26b",
    does="tests with one choice per token, where first and second choices cannot be told apart",
    belief="k = 1 is the same, only smaller.",
    refuted="six of the wrong functions are right as long as a token chooses one expert",
    seen="the smallest example that runs",
)
def one_choice(assign):
    """One choice, by hand."""
    indices, weights = torch.tensor([[0], [0], [0], [1]]), torch.tensor([[0.5], [0.6], [0.7], [0.9]])
    for priority, right in (("position", [True, True, False, True]), ("gate", [False, True, True, True])):
        _, kept = assign(indices, weights, 2, priority)
        assert kept[:, 0].tolist() == right


@mistake(
    "position-only",
    "M17",
    does='tests priority "position" alone',
    belief="Priority is a detail.",
    refuted='seven of the wrong functions go wrong only where the priority is "gate"',
    seen="a default argument that is never changed",
)
def position_only(assign):
    """The first example and nothing else."""
    indices = torch.tensor([[0, 1], [-1, -1], [0, 2], [0, 1], [1, 0], [2, 1]])
    weights = torch.tensor([[0.5, 0.3], [0.99, 0.98], [0.6, 0.2], [0.7, 0.25], [0.9, 0.1], [0.55, 0.4]])
    rows = torch.tensor([[0, 1], [-1, -1], [1, 1], [-1, -1], [0, -1], [0, -1]])
    positions, kept = assign(indices, weights, 2, "position")
    assert torch.equal(kept, rows >= 0)
    assert torch.equal(positions[kept].long(), rows[kept])


@mistake(
    "dropped-must-be-minus-one",
    does="insists on -1 in positions where a choice is dropped, and refuses right functions",
    belief="My answer is the only right one.",
    refuted="the docstring leaves open what stands there; a check may ask only for what was promised",
    seen="tests that compare with the author's own output",
)
def dropped_must_be_minus_one(assign):
    """Compares all of positions."""
    indices, weights = torch.tensor([[0, 1], [0, 2], [0, 1]]), torch.tensor([[0.5, 0.3], [0.6, 0.2], [0.7, 0.2]])
    positions, _ = assign(indices, weights, 2, "position")
    assert positions.tolist() == [[0, 0], [1, 0], [-1, 1]]


@mistake(
    "int64-only",
    does="insists on int64 for positions, and refuses right functions",
    belief="Whole numbers in torch are int64.",
    refuted="the docstring asks for whole numbers, and int32 holds them as well",
    seen="torch.equal of positions and a tensor of one's own",
)
def int64_only(assign):
    """Asks for a dtype that nobody promised."""
    indices = torch.tensor([[0, 1], [-1, -1], [0, 2], [0, 1], [1, -1], [2, 1]])
    weights = torch.tensor([[0.5, 0.3], [0.99, 0.98], [0.6, 0.2], [0.7, 0.25], [0.9, 0.1], [0.55, 0.4]])
    for priority in ("position", "gate"):
        expected, own_kept = serve(indices, queue(indices, weights, priority), 2)
        positions, kept = assign(indices, weights, 2, priority)
        assert positions.dtype == torch.int64
        assert torch.equal(kept, own_kept)
        assert torch.equal(positions[kept], expected[kept])


@mistake(
    "refuses-everything",
    does="refuses every function, also the right ones",
    belief="Strict is safe.",
    refuted="a check that refuses right functions teaches people to ignore it",
    seen="a comparison that cannot be true",
)
def refuses_everything(assign):
    """Never accepts."""
    raise AssertionError("wrong")


EXERCISE = write_the_check(
    ASSIGN,
    needed=NEEDED,
    id="check-assign",
    lesson="02",
    order=4,
    title="Write the check",
    answer=check_assign,
    hints=(
        Hint(
            "Take the example of section 2: you know its result for both priorities. Call assign, and assert that kept "
            "is what you expect.",
            "def check_assign(assign):\n"
            "    indices = torch.tensor([[0, 1], [0, 2], [0, 1], [1, 0]])\n"
            "    weights = torch.tensor([[0.5, 0.3], [0.6, 0.25], [0.7, 0.2], [0.85, 0.1]])\n"
            "    positions, kept = assign(indices, weights, 2, 'position')\n"
            "    assert kept.shape == indices.shape",
        ),
        Hint(
            "Ask of your example: would somebody notice if second choices came first, if padding took a row, if the "
            "rows came back in another order? One token of -1 in the middle and both priorities make it see nearly "
            "everything. Compare positions only where kept is True.",
            "def check_assign(assign):\n"
            "    indices = torch.tensor([[0, 1], [-1, -1], [0, 2], [0, 1], [1, 0]])\n"
            "    weights = torch.tensor([[0.5, 0.3], [0.99, 0.98], [0.6, 0.2], [0.7, 0.2], [0.9, 0.1]])\n"
            "    for priority in ('position', 'gate'):\n"
            "        positions, kept = assign(indices, weights, 2, priority)\n"
            "        assert not kept[1].any(), 'padding is kept'",
        ),
        Hint(
            "A check, in one way of several.",
            "def check_assign(assign):\n"
            "    indices = torch.tensor([[0, 1], [-1, -1], [0, 2], [0, 1], [1, -1], [2, 1]])\n"
            "    weights = torch.tensor([[0.5, 0.3], [0.99, 0.98], [0.6, 0.2], [0.7, 0.25], [0.9, 0.1], [0.55, 0.4]])\n"
            "    right = {\n"
            "        'position': ['01', '--', '11', '--', '0-', '0-'],\n"
            "        'gate': ['--', '--', '11', '01', '0-', '0-'],\n"
            "    }\n"
            "    for priority, rows in right.items():\n"
            "        positions, kept = assign(indices, weights, 2, priority)\n"
            "        for row, where, found in zip(rows, positions.tolist(), kept.tolist()):\n"
            "            got = ''.join(str(w) if f else '-' for w, f in zip(where, found))\n"
            "            assert got == row, f'{priority}: expected {row}, got {got}'",
        ),
    ),
    variants=(by_properties, by_own_version, by_returning_false),
    mistakes=(
        shapes_only,
        capacity_only,
        one_choice,
        position_only,
        dropped_must_be_minus_one,
        int64_only,
        refuses_everything,
    ),
    minutes=10,
    difficulty=4,
    points=3,
)
