"""Exercise: each expert chooses its tokens, and how much its answers count (lesson 04)."""

from softmoe_edu.course.lesson_01.top_k_route.properties import what_was_chosen
from softmoe_edu.course.lesson_04.expert_choice_route.mistakes import MISTAKES
from softmoe_edu.course.lesson_04.expert_choice_route.properties import PROPERTIES, case, comparable, far_above
from softmoe_edu.course.lesson_04.expert_choice_route.variants import VARIANTS
from softmoe_edu.routers.experts_choice import ExpertsChoiceRouter, assign_experts
from softmoe_edu.teaching.exercise import Exercise, Hint


def expert_choice_route(logits, capacity):
    """Let each expert choose `capacity` tokens of an example, and weigh its answers.

    logits (b, n, e): the score of each token with each expert. capacity: at most n.
    Returns weights (b, e, capacity), the gates, and token_idx (b, e, capacity), int64.
    """
    gates = logits.softmax(dim=-1)
    chosen = gates.argsort(dim=1, descending=True)[:, :capacity]
    return gates.gather(1, chosen).mT, chosen.mT


def observe(function, draw):
    """Return what tells answers apart: whether two calls agree and, if they do, numbers and gradients."""
    return what_was_chosen(EXERCISE, function, draw, case(3, 7, 5, 2), far_above)


EXERCISE = Exercise(
    id="expert-choice-route",
    lesson="04",
    order=1,
    title="Each expert chooses",
    answer=expert_choice_route,
    probe=case(3, 7, 5, 2),
    probes=(case(2, 9, 4, 3), case(2, 6, 3, 4, shift=1000.0), case(2, 8, 3, 2, gap=1000.0)),
    observe=observe,
    same=comparable,
    parts=("weights", "token_idx"),
    properties=PROPERTIES,
    hints=(
        Hint(
            "Normalise as in lesson 01: a token compares the experts. Then select along the other axis. Print the "
            "gates of one expert, one for each token.",
            "def expert_choice_route(logits, capacity):\n"
            "    gates = logits.softmax(-1)\n"
            "    print('gates of the first example with expert 0:', gates[0, :, 0])\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "tensor.topk(k) looks along the last axis, and the tokens are on the axis before it. tensor.mT swaps the "
            "last two. Which axis do you want last when you call topk?",
            "def expert_choice_route(logits, capacity):\n"
            "    print('logits', tuple(logits.shape), 'and with the last two axes swapped', tuple(logits.mT.shape))\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "One right answer of several.",
            "def expert_choice_route(logits, capacity):\n"
            "    by_expert = torch.softmax(logits, 2).transpose(1, 2)\n"
            "    weights, token_idx = by_expert.topk(capacity)\n"
            "    return weights, token_idx",
        ),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=12,
    difficulty=2,
    points=3,
    essential=True,
    library=(ExpertsChoiceRouter, assign_experts),
)
