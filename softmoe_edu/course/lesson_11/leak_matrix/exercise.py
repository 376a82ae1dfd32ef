"""Exercise: find out which outputs of a layer move when each token changes (lesson 11)."""

import torch

from softmoe_edu.course.lesson_11.leak_matrix.mistakes import MISTAKES
from softmoe_edu.course.lesson_11.leak_matrix.properties import LAYERS, PROPERTIES, case, mean_of_the_past
from softmoe_edu.course.lesson_11.leak_matrix.variants import VARIANTS
from softmoe_edu.influence import influence
from softmoe_edu.teaching.exercise import Exercise, Hint


def leak_matrix(layer, x):
    """Find out which outputs move when each token changes: row i, column j.

    layer: any function from (b, n, d) to (b, n, d). x (b, n, d): tokens.
    Returns (n, n), True where output i moves when token j becomes -2 times itself.
    """
    with torch.no_grad():
        before = layer(x.clone())
        columns = []
        for j in range(x.shape[1]):
            changed = x.clone()
            changed[:, j] = -2 * x[:, j]
            columns.append((layer(changed) - before).abs().amax((0, 2)))
    return torch.stack(columns, 1) > 1e-5 * before.abs().max()


def observe(function, draw):
    """Return the matrix that is found for each layer, as nested lists."""
    seen = {}
    for layer in LAYERS:
        try:
            seen[layer.__name__] = torch.as_tensor(function(*case(layer)(draw.sub(layer.__name__)))).tolist()
        except Exception as error:
            seen[layer.__name__] = type(error).__name__
    return seen


EXERCISE = Exercise(
    id="leak-matrix",
    lesson="11",
    order=1,
    title="Who moves whom, exactly",
    answer=leak_matrix,
    probe=case(mean_of_the_past),
    observe=observe,
    properties=PROPERTIES,
    matches="your function finds what a function finds that",
    hints=(
        Hint(
            "One call of the layer for x, and one for each token. Begin with a single column: change token 0 in a copy "
            "of x, and see how far each number of the answers moved.",
            "def leak_matrix(layer, x):\n"
            "    changed = x.clone()\n"
            "    changed[:, 0] = -2 * x[:, 0]\n"
            "    print('how far each number moved:', tuple((layer(changed) - layer(x)).shape))\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "From (b, n, d) to a column of n numbers: the largest move over the examples and over the d numbers. Set "
            "the columns side by side with torch.stack(columns, 1), and compare with 1e-5 of the largest answer.",
            "def leak_matrix(layer, x):\n"
            "    columns = [torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])]\n"
            "    print(torch.stack(columns, 1))\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "One right answer of several.",
            "def leak_matrix(layer, x):\n"
            "    b, n, d = x.shape\n"
            "    y = layer(x)\n"
            "    found = torch.zeros(n, n, dtype=torch.bool)\n"
            "    for j in range(n):\n"
            "        factors = torch.ones(n, 1)\n"
            "        factors[j] = -2\n"
            "        moved = (layer(x * factors.to(x)) - y).abs() > 1e-5 * y.abs().max()\n"
            "        found[:, j] = moved.any(2).any(0)\n"
            "    return found",
        ),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=12,
    difficulty=3,
    points=4,
    essential=True,
    library=(influence,),
    basics=False,
)
