"""Exercise: write the check of assign_with_capacity (lesson 02)."""

import torch

from softmoe_edu.course.lesson_02.assign_with_capacity.exercise import EXERCISE as ASSIGN
from softmoe_edu.course.lesson_02.check_assign.mistakes import MISTAKES
from softmoe_edu.course.lesson_02.check_assign.properties import PROPERTIES
from softmoe_edu.course.lesson_02.check_assign.variants import VARIANTS
from softmoe_edu.teaching.check.write_the_check import write_the_check
from softmoe_edu.teaching.exercise import Hint


def check_assign(assign):
    """Raise an error if assign is a wrong assign_with_capacity, none if it is right."""
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


EXERCISE = write_the_check(
    ASSIGN,
    id="check-assign",
    lesson="02",
    order=4,
    title="Write the check",
    answer=check_assign,
    properties=PROPERTIES,
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
            "Would your example notice if second choices came first, if padding took a slot, if the slots came back in "
            "another order? With one token of -1 in the middle and both priorities, it notices nearly everything. "
            "Compare positions only where kept is True.",
            "def check_assign(assign):\n"
            "    indices = torch.tensor([[0, 1], [-1, -1], [0, 2], [0, 1], [1, 0]])\n"
            "    weights = torch.tensor([[0.5, 0.3], [0.99, 0.98], [0.6, 0.2], [0.7, 0.2], [0.9, 0.1]])\n"
            "    for priority in ('position', 'gate'):\n"
            "        positions, kept = assign(indices, weights, 2, priority)\n"
            "        assert not kept[1].any(), 'padding is kept'",
        ),
        Hint(
            "One right check of several.",
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
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=10,
    difficulty=4,
    points=3,
)
