"""Exercise: identity routing, which deals tokens out by position (lesson 09)."""

import torch

from softmoe_edu.course.lesson_09.identity_routing.mistakes import MISTAKES
from softmoe_edu.course.lesson_09.identity_routing.properties import PROPERTIES, sizes
from softmoe_edu.course.lesson_09.identity_routing.variants import VARIANTS
from softmoe_edu.teaching.exercise import Exercise, Hint


def identity_routing(tokens, experts, slots):
    """Deal tokens out to experts by position, one token in a slot.

    tokens, experts: how many there are. slots: slots of one expert.

    Returns (dispatch, combine), each (tokens, experts, slots) of float32.
    """
    token = torch.arange(tokens)
    dispatch = torch.zeros(tokens, experts, slots)
    dispatch[token, token % experts, token // experts] = 1
    return dispatch, dispatch.clone()


EXERCISE = Exercise(
    id="identity-routing",
    lesson="09",
    order=1,
    title="Identity: experts by position",
    answer=identity_routing,
    probe=sizes(7, 3, 4),
    probes=(sizes(12, 4, 3), sizes(8, 4, 2), sizes(2, 5, 1)),
    parts=("dispatch", "combine"),
    properties=PROPERTIES,
    hints=(
        Hint(
            "Deal cards: with 3 experts, tokens 0, 1 and 2 go to experts 0, 1 and 2, and token 3 begins the next "
            "round. Which expert does token t get, and in which round?",
            "def identity_routing(tokens, experts, slots):\n"
            "    for t in range(tokens):\n"
            "        print('token', t, 'is dealt out in round', t // experts)\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "Start from zeros of shape (tokens, experts, slots), and set one entry for each token to 1: at its expert "
            "(what is left of t after whole rounds) and at the slot of its round. An answer comes back the way that "
            "the token went.",
            "def identity_routing(tokens, experts, slots):\n"
            "    dispatch = torch.zeros(tokens, experts, slots)\n"
            "    print('5 % 3 is', 5 % 3, 'and 5 // 3 is', 5 // 3)\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "One right answer of several.",
            "def identity_routing(tokens, experts, slots):\n"
            "    dispatch = torch.zeros(tokens, experts, slots)\n"
            "    for t in range(tokens):\n"
            "        dispatch[t, t % experts, t // experts] = 1.0\n"
            "    return dispatch, dispatch",
        ),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=8,
    difficulty=2,
    points=2,
    essential=True,
)
