"""Mistakes in `check_assign`."""

import torch

from softmoe_edu.course.lesson_02.assign_with_capacity.mistakes import queue, serve
from softmoe_edu.teaching.exercise import mistake, mistakes_in


@mistake(
    does="looks only at the shapes and dtypes of the output, so that every wrong function passes",
    belief="If the shapes are right, it works.",
    refuted="each of the wrong functions of this lesson returns the right shapes",
    seen="a first test of one's own, which looks at shapes",
)
def shapes_only(assign):
    """Shape and dtype."""
    indices, weights = torch.tensor([[0, 1], [0, 2], [0, 1]]), torch.tensor([[0.5, 0.3], [0.6, 0.2], [0.7, 0.2]])
    for priority in ("position", "gate"):
        positions, kept = assign(indices, weights, 2, priority)
        assert positions.shape == kept.shape == (3, 2)
        assert kept.dtype == torch.bool


@mistake(
    does="asserts only that no expert takes more than its capacity, not which tokens are kept",
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
    does="insists on -1 in positions where a choice is dropped, and rejects right functions",
    belief="My answer is the only right one.",
    refuted="the docstring leaves these positions open; a check may require only what was promised",
    seen="tests that compare with the author's own output",
)
def dropped_must_be_minus_one(assign):
    """Compares all of positions."""
    indices, weights = torch.tensor([[0, 1], [0, 2], [0, 1]]), torch.tensor([[0.5, 0.3], [0.6, 0.2], [0.7, 0.2]])
    positions, _ = assign(indices, weights, 2, "position")
    assert positions.tolist() == [[0, 0], [1, 0], [-1, 1]]


@mistake(
    does="insists on int64 for positions, and rejects right functions",
    belief="Whole numbers in torch are int64.",
    refuted="the docstring asks for whole numbers, and int32 holds them as well",
    seen="torch.equal(positions, expected)",
)
def int64_only(assign):
    """Requires a dtype that was never promised."""
    indices = torch.tensor([[0, 1], [-1, -1], [0, 2], [0, 1], [1, -1], [2, 1]])
    weights = torch.tensor([[0.5, 0.3], [0.99, 0.98], [0.6, 0.2], [0.7, 0.25], [0.9, 0.1], [0.55, 0.4]])
    for priority in ("position", "gate"):
        expected, own_kept = serve(indices, queue(indices, weights, priority), 2)
        positions, kept = assign(indices, weights, 2, priority)
        assert positions.dtype == torch.int64
        assert torch.equal(kept, own_kept)
        assert torch.equal(positions[kept], expected[kept])


@mistake(
    does="rejects every function, even the right ones",
    belief="Strict is safe.",
    refuted="a check that rejects right functions teaches people to ignore it",
    seen="a comparison that cannot be true",
)
def refuses_everything(assign):
    """Never accepts."""
    raise AssertionError("wrong")


MISTAKES = mistakes_in(globals())
