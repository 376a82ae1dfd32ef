"""Exercise: which models no other one beats in cost and quality (lesson 08)."""

from softmoe_edu.course.lesson_08.pareto_front.mistakes import MISTAKES
from softmoe_edu.course.lesson_08.pareto_front.properties import PROPERTIES, TELLING
from softmoe_edu.course.lesson_08.pareto_front.variants import VARIANTS
from softmoe_edu.teaching.exercise import Exercise, Hint


def pareto_front(cost, quality):
    """Return which models are on the Pareto front, a bool tensor (m,).

    cost (m,): lower is better. quality (m,): higher is better.
    A model is on it unless another one costs no more, is no worse, and is better in
    one of the two. Equal models are on it together, or not at all.
    """
    no_dearer = cost[:, None] <= cost[None, :]
    no_worse = quality[:, None] >= quality[None, :]
    better = (cost[:, None] < cost[None, :]) | (quality[:, None] > quality[None, :])
    return ~(no_dearer & no_worse & better).any(0)


def observe(function, draw):
    """Return the fronts of models on which all mistakes differ, or the name of the error that the function raises."""
    seen = {}
    for name, (cost, quality) in TELLING.items():
        try:
            seen[name] = [str(each) for each in function(draw.tensor(cost), draw.tensor(quality)).tolist()]
        except Exception as error:
            seen[name] = type(error).__name__
    return seen


def probe(draw):
    """Return the models of the plain case."""
    return tuple(draw.tensor(each) for each in TELLING["plain"])


EXERCISE = Exercise(
    id="pareto-front",
    lesson="08",
    order=3,
    title="Cost and quality",
    answer=pareto_front,
    probe=probe,
    observe=observe,
    properties=PROPERTIES,
    hints=(
        Hint(
            "Compare every model with every other one: cost[:, None] and cost[None, :] make a table of all pairs.",
            "def pareto_front(cost, quality):\n"
            "    cheaper = cost[:, None] < cost[None, :]\n"
            "    print('pairs in which the first is cheaper:', int(cheaper.sum()))\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "Model i beats model j if three things are true of the pair: it costs no more, it is no worse, and it is "
            "truly better in one. A model that any other one beats is off the front.",
            "def pareto_front(cost, quality):\n"
            "    table = torch.tensor([[False, True], [False, False]])\n"
            "    print('0 beats 1, so who is beaten?', table.any(0))\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "One right answer of several.",
            "def pareto_front(cost, quality):\n"
            "    beaten = torch.zeros_like(cost, dtype=torch.bool)\n"
            "    for c, q in zip(cost, quality):\n"
            "        beaten |= (cost >= c) & (quality <= q) & ((cost > c) | (quality < q))\n"
            "    return ~beaten",
        ),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=8,
    difficulty=2,
    points=2,
)
