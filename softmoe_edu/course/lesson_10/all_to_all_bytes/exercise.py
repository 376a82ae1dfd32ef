"""Exercise: how many bytes travel between devices (lesson 10)."""

from softmoe_edu.course.lesson_10.all_to_all_bytes.mistakes import MISTAKES
from softmoe_edu.course.lesson_10.all_to_all_bytes.properties import PROPERTIES
from softmoe_edu.course.lesson_10.all_to_all_bytes.variants import VARIANTS
from softmoe_edu.teaching.exercise import Exercise, Hint


def all_to_all_bytes(seqs, slots, dim, bytes_per, devices):
    """Return the bytes that a Soft MoE layer sends between devices in a forward pass.

    seqs, slots: of all devices together; both are shared evenly among them.
    dim: width of a row. bytes_per: bytes of a number.
    """
    leaving = seqs * slots * (devices - 1) / devices
    return 2 * leaving * dim * bytes_per


TELLING = ((10, 15, 7, 3, 5), (6, 9, 5, 4, 3), (5, 11, 3, 4, 1), (2, 4, 1, 1, 2))


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
    id="all-to-all-bytes",
    lesson="10",
    order=2,
    title="What travels between devices",
    answer=all_to_all_bytes,
    probe=lambda draw: TELLING[0],
    observe=observe,
    properties=PROPERTIES,
    hints=(
        Hint(
            "Take one sequence. How many of its slots belong to experts on its own device, and how many to experts "
            "elsewhere? Only the latter travel.",
            "def all_to_all_bytes(seqs, slots, dim, bytes_per, devices):\n"
            "    print('slots of a sequence on its own device:', slots / devices, 'of', slots)\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "A row that left comes back as an answer of the same width. And a row is `dim` numbers of `bytes_per` "
            "bytes.",
            "def all_to_all_bytes(seqs, slots, dim, bytes_per, devices):\n"
            "    print('bytes of one row, one way:', dim * bytes_per)\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "One right answer of several.",
            "def all_to_all_bytes(seqs, slots, dim, bytes_per, devices):\n"
            "    at_home = slots // devices\n"
            "    there = seqs * (slots - at_home) * dim * bytes_per\n"
            "    back = there\n"
            "    return there + back",
        ),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=10,
    difficulty=2,
    points=3,
    essential=True,
)
