"""Exercise: count the slots through which each token reaches each output (lesson 11)."""

from softmoe_edu.course.lesson_11.slot_paths.mistakes import MISTAKES
from softmoe_edu.course.lesson_11.slot_paths.properties import PROPERTIES, by_chance, masked, tiny
from softmoe_edu.course.lesson_11.slot_paths.variants import VARIANTS
from softmoe_edu.teaching.exercise import Exercise, Hint


def slot_paths(dispatch, combine):
    """Count the slots through which token j reaches output i.

    dispatch, combine (b, n, e, p): the weights of a layer of e experts with p slots.
    Returns (b, n, n), row i, column j: slots that hold token j and that output i reads.
    """
    holds = (dispatch != 0).flatten(2).float()
    reads = (combine != 0).flatten(2).float()
    return (reads @ holds.mT).round().long()


EXERCISE = Exercise(
    id="slot-paths",
    lesson="11",
    order=2,
    title="Through how many slots",
    answer=slot_paths,
    probe=by_chance(3, 7, 4, 2),
    probes=(masked(2, 6, 3, 2), by_chance(2, 5, 3, 4), tiny),
    properties=PROPERTIES,
    hints=(
        Hint(
            "A slot is a path from token j to output i if both weights are not 0: dispatch[g, j] in this slot, and "
            "combine[g, i] in the same slot. First make two tensors of True and False.",
            "def slot_paths(dispatch, combine):\n"
            "    holds, reads = dispatch != 0, combine != 0\n"
            "    print('holds', tuple(holds.shape), 'reads', tuple(reads.shape))\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "For one pair, flatten(2) puts the slots of all experts on one axis; count where both are True. For all "
            "pairs at once, insert a new axis: reads[:, :, None] beside holds[:, None, :], and sum over the slots.",
            "def slot_paths(dispatch, combine):\n"
            "    reads, holds = torch.tensor([True, True, False]), torch.tensor([True, False, True])\n"
            "    print('one pair:', int((reads & holds).sum()))\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "One right answer of several.",
            "def slot_paths(dispatch, combine):\n"
            "    holds, reads = (dispatch != 0).flatten(2), (combine != 0).flatten(2)\n"
            "    both = reads[:, :, None] & holds[:, None]\n"
            "    return both.sum(-1)",
        ),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=10,
    difficulty=3,
    points=3,
    essential=True,
)
