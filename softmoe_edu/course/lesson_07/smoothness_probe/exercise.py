"""Exercise: walk from one input to another, and measure the largest change in a single step (lesson 07)."""

from softmoe_edu.course.lesson_07.smoothness_probe.mistakes import MISTAKES
from softmoe_edu.course.lesson_07.smoothness_probe.properties import LAYERS, PROPERTIES, case
from softmoe_edu.course.lesson_07.smoothness_probe.variants import VARIANTS
from softmoe_edu.teaching.exercise import Exercise, Hint


def smoothness_probe(layer, x, direction, steps):
    """Walk from x to x + direction, and measure the largest change in one step.

    layer: a function from (b, n, d) to (b, n, d). x, direction (b, n, d).
    steps: how many equal steps the walk has, a whole number from 1 on.
    Returns the largest change of any output number from one point to the next.
    """
    largest, before = 0.0, layer(x)
    for step in range(1, steps + 1):
        after = layer(x + step / steps * direction)
        largest = max(largest, (after - before).abs().max().item())
        before = after
    return largest


def observe(function, draw):
    """Return what is measured of each layer, or that an error is raised."""
    seen = {}
    for name in LAYERS:
        for steps in (4, 9):
            try:
                seen[f"{name}, {steps} steps"] = float(function(*case(name, steps)(draw.sub(name))))
            except Exception:
                seen[f"{name}, {steps} steps"] = "raises"
    return seen


EXERCISE = Exercise(
    id="smoothness-probe",
    lesson="07",
    order=3,
    title="Does the answer jump?",
    answer=smoothness_probe,
    probe=case("wave", 6),
    observe=observe,
    properties=PROPERTIES,
    hints=(
        Hint(
            "A walk of 4 steps has 5 points: x, then a quarter of the way, up to x + direction. How much does the "
            "answer change from each point to the next?",
            "def smoothness_probe(layer, x, direction, steps):\n"
            "    for step in range(steps + 1):\n"
            "        print('point', step, 'is', step / steps, 'of the way')\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "Keep the answer at the last point, so that you can subtract it. A change may be negative: take absolute "
            "values, and then the largest of all steps and all numbers.",
            "def smoothness_probe(layer, x, direction, steps):\n"
            "    change = layer(x + direction / steps) - layer(x)\n"
            "    print('largest change in the first step:', float(change.abs().max()))\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "One right answer of several.",
            "def smoothness_probe(layer, x, direction, steps):\n"
            "    answers = [layer(x + k * direction / steps) for k in range(steps + 1)]\n"
            "    return max((b - a).abs().max() for a, b in zip(answers, answers[1:]))",
        ),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=12,
    difficulty=3,
    points=3,
)
