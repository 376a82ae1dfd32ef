"""Exercise: each token's k best experts and the weights of their answers (lesson 01)."""

from softmoe_edu.course.lesson_01.top_k_route.mistakes import MISTAKES
from softmoe_edu.course.lesson_01.top_k_route.properties import PROPERTIES, case, comparable, far_above, what_was_chosen
from softmoe_edu.course.lesson_01.top_k_route.variants import VARIANTS
from softmoe_edu.routers.tokens_choice import TokensChoiceRouter, choose_experts
from softmoe_edu.teaching.exercise import Exercise, Hint


def top_k_route(logits, k):
    """Choose k experts for each token, and return the weights of their answers.

    logits (b, n, e) -> weights (b, n, k) and indices (b, n, k), int64. Softmax over
    all e experts, then the k largest, not divided again.
    """
    gates = logits.softmax(dim=-1)
    indices = gates.argsort(dim=-1, descending=True)[..., :k]
    return gates.gather(-1, indices), indices


def observe(function, draw):
    """Return what tells answers apart: whether two calls agree and, if they do, numbers and gradients."""
    return what_was_chosen(EXERCISE, function, draw, case(3, 7, 5, 2), far_above)


EXERCISE = Exercise(
    id="top-k-route",
    lesson="01",
    order=1,
    title="Choose k experts and weigh them",
    answer=top_k_route,
    probe=case(3, 7, 5, 2),
    probes=(case(2, 6, 4, 1), case(2, 5, 4, 3, shift=1000.0), case(1, 4, 5, 3, gap=1000.0)),
    observe=observe,
    same=comparable,
    parts=("weights", "indices"),
    properties=PROPERTIES,
    hints=(
        Hint(
            "Two of the six steps, in this order: normalise over all experts, then select. In (b, n, e), which axis is "
            "the axis of experts? Look at one token's gates first.",
            "def top_k_route(logits, k):\n"
            "    print('scores of the first token:', logits[0, 0])\n"
            "    print('experts:', logits.shape[-1], 'to choose:', k)\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "tensor.topk(k) returns two tensors, the k largest values of the last axis and their indices. Try it on "
            "four numbers. Which tensor do you want to call it on, the scores or the gates?",
            "def top_k_route(logits, k):\n"
            "    values, places = torch.tensor([0.4, 0.1, 0.2, 0.3]).topk(2)\n"
            "    print('values', values, 'at', places)\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "One right answer of several.",
            "def top_k_route(logits, k):\n"
            "    weights, indices = torch.softmax(logits, -1).topk(k, -1)\n"
            "    return weights, indices",
        ),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=10,
    difficulty=2,
    points=2,
    essential=True,
    library=(choose_experts, TokensChoiceRouter),
)
