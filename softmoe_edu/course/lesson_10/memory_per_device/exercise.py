"""Exercise: how many bytes a device holds in training (lesson 10)."""

import math

from softmoe_edu.course.lesson_10.memory_per_device.mistakes import MISTAKES
from softmoe_edu.course.lesson_10.memory_per_device.properties import PROPERTIES
from softmoe_edu.course.lesson_10.memory_per_device.variants import VARIANTS
from softmoe_edu.teaching.exercise import Exercise, Hint


def memory_per_device(shared, per_expert, experts, devices, states, bytes_per=4):
    """Return the bytes that the fullest device holds in training.

    Every device has all shared parameters; each expert is on one device only.
    Each parameter has a gradient and `states` numbers of the optimizer.
    """
    held = shared + math.ceil(experts / devices) * per_expert
    return held * (2 + states) * bytes_per


TELLING = (
    (70, 9, 24, 4, 2, 4),
    (31, 5, 11, 4, 2, 4),
    (31, 5, 3, 8, 1, 4),
    (13, 7, 6, 1, 0, 4),
    (13, 7, 12, 4, 2, 2),
    (0, 11, 9, 3, 5, 8),
)


def observe(function, draw):
    """Return the bytes for sizes on which all mistakes differ, or the name of the error that the function raises."""
    seen = {}
    for number, sizes in enumerate(TELLING):
        try:
            seen[f"case {number}"] = float(function(*sizes))
        except Exception as error:
            seen[f"case {number}"] = type(error).__name__
    return seen


EXERCISE = Exercise(
    id="memory-per-device",
    lesson="10",
    order=1,
    title="What a device has to hold",
    answer=memory_per_device,
    probe=lambda draw: TELLING[0],
    observe=observe,
    properties=PROPERTIES,
    hints=(
        Hint(
            "First count parameters, not bytes: which are on every device, and how many experts are on the device that "
            "has the most?",
            "def memory_per_device(shared, per_expert, experts, devices, states, bytes_per=4):\n"
            "    print('experts, devices, quotient:', experts, devices, experts / devices)\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "Then list the numbers that belong to one parameter: the parameter itself, its gradient, and those that "
            "the optimizer keeps for it. With Adam there are four.",
            "def memory_per_device(shared, per_expert, experts, devices, states, bytes_per=4):\n"
            "    print('numbers for each parameter:', 1 + 1 + states)\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "One right answer of several.",
            "def memory_per_device(shared, per_expert, experts, devices, states, bytes_per=4):\n"
            "    here = -(-experts // devices)\n"
            "    parameters = shared + here * per_expert\n"
            "    numbers = parameters + parameters + states * parameters\n"
            "    return bytes_per * numbers",
        ),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=10,
    difficulty=2,
    points=3,
    essential=True,
)
