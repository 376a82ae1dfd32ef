"""Exercise: Soft MoE's weights with one side or both made uniform (lesson 09)."""

import torch

from softmoe_edu.course.lesson_09.uniform_routing.mistakes import MISTAKES
from softmoe_edu.course.lesson_09.uniform_routing.properties import PROPERTIES, case
from softmoe_edu.course.lesson_09.uniform_routing.variants import VARIANTS
from softmoe_edu.teaching.exercise import Exercise, Hint


def uniform_routing(logits, uniform):
    """Return Soft MoE's weights with one side, or both, not learned (Table 2).

    logits (b, n, e, p): the scores. uniform: "dispatch", "combine" or "both", the side
        whose weights are all equal.

    Returns (dispatch, combine), each of the shape and dtype of logits.
    """
    equal = torch.zeros_like(logits)
    dispatch = (logits if uniform == "combine" else equal).softmax(1)
    combine = (logits if uniform == "dispatch" else equal).flatten(2).softmax(-1)
    return dispatch, combine.view_as(logits)


EXERCISE = Exercise(
    id="uniform-routing",
    lesson="09",
    order=2,
    title="Uniform: one side is not learned",
    answer=uniform_routing,
    probe=case("dispatch", 3, 7, 4, 2),
    probes=(case("combine", 3, 7, 4, 2), case("both", 2, 5, 3, 4), case("combine", 2, 6, 4, 3, scale=1000.0)),
    parts=("dispatch", "combine"),
    properties=PROPERTIES,
    hints=(
        Hint(
            "Take the two sides one after the other. A slot is an average of how many tokens? If all of them count "
            "alike, what is each one's weight? And a token's answer, of how many slots is it an average?",
            "def uniform_routing(logits, uniform):\n"
            "    b, n, e, p = logits.shape\n"
            "    print(n, 'tokens in an average;', e * p, 'slots in an average')\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "Where a side is uniform, replace its scores by zeros: the softmax of equal numbers is uniform, and has "
            "the right shape and dtype. Where it is learned, it is the softmax of lesson 05, over tokens for dispatch, "
            "over all slots for combine.",
            "def uniform_routing(logits, uniform):\n"
            "    print('softmax of four zeros:', torch.zeros(4).softmax(0))\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "One right answer of several.",
            "def uniform_routing(logits, uniform):\n"
            "    b, n, e, p = logits.shape\n"
            "    dispatch = torch.softmax(logits, 1)\n"
            "    combine = torch.softmax(logits.flatten(2), 2).reshape(b, n, e, p)\n"
            "    if uniform != 'combine':\n"
            "        dispatch = torch.full_like(logits, 1 / n)\n"
            "    if uniform != 'dispatch':\n"
            "        combine = torch.full_like(logits, 1 / (e * p))\n"
            "    return dispatch, combine",
        ),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=8,
    difficulty=2,
    points=3,
    essential=True,
)
