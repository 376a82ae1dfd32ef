"""Exercise: the whole sparse layer, from tokens to answers, in which every token chooses k experts (lesson 01)."""

import torch

from softmoe_edu.course.lesson_01.token_choice_moe.mistakes import MISTAKES
from softmoe_edu.course.lesson_01.token_choice_moe.properties import PROPERTIES, case, far_above, runs, tied, watched
from softmoe_edu.course.lesson_01.token_choice_moe.variants import VARIANTS
from softmoe_edu.course.lesson_01.top_k_route.properties import told
from softmoe_edu.moe import MoE
from softmoe_edu.routers.tokens_choice import TokensChoiceRouter, choose_experts
from softmoe_edu.teaching.check.attempt import copied
from softmoe_edu.teaching.check.diagnosis import observations
from softmoe_edu.teaching.exercise import Exercise, Hint


def token_choice_moe(x, w_router, experts, k):
    """Send each token through k experts; sum their answers, weighted by its gates.

    x (b, n, d); w_router (d, e); experts: a list of e functions (..., d) -> (..., d).
    Returns (b, n, d). An expert receives only tokens that chose it: b * n * k rows.
    """
    gates, choice = (x @ w_router).softmax(dim=-1).topk(k, dim=-1)
    answers = torch.zeros_like(x)
    for number, expert in enumerate(experts):
        example, token, rank = (choice == number).nonzero(as_tuple=True)
        if len(token):
            rows = gates[example, token, rank, None] * expert(x[example, token])
            answers = answers.index_put((example, token), rows, accumulate=True)
    return answers


def observe(function, draw):
    """Return what tells answers apart: whether two calls agree and, if so, numbers, gradients and rows computed."""
    x, w_router, experts, k = case(3, 7, 5, 4, 2)(draw.sub("twice"))
    seen = {"two calls agree": True}
    try:
        noting, rows = watched(experts)
        first, second = (function(*copied((x, w_router, noting, k))) for _ in range(2))
        if not torch.equal(first, second):
            return {"two calls agree": False}
        seen["rows"] = [sum(map(len, given)) for given in rows]
    except Exception as error:
        seen["rows"] = type(error).__name__
    return {**seen, **_at_the_edges(function, draw), **told(observations(EXERCISE, function, draw))}


def _at_the_edges(function, draw):
    try:
        # No token chooses four of the six experts; rows of zeros are not tokens.
        x, w_router, experts, k = case(2, 4, 3, 6, 2, crowded=True)(draw.sub("crowded"))
        noting, rows = watched(experts)
        function(x, w_router, noting, k)
        crowded = [[len(part), int((part != 0).any(-1).sum())] for given in rows for part in given]
        x, w_router, experts, k = far_above(draw)
        far = function(x, w_router, experts, k)[0, 0]
        found = [bool(far.isfinite().all()), torch.allclose(far, 2 * experts[0](x[0, 0]))]
        return {"crowded": crowded, "equal scores": runs(function, *tied(draw))[1], "one far above": found}
    except Exception as error:
        return {"crowded": type(error).__name__}


EXERCISE = Exercise(
    id="token-choice-moe",
    lesson="01",
    order=3,
    title="The whole sparse layer",
    answer=token_choice_moe,
    probe=case(3, 7, 5, 4, 2),
    probes=(case(2, 6, 3, 5, 1), case(1, 7, 3, 5, 3, scale=400.0), case(1, 5, 4, 3, 2, gap=1000.0)),
    observe=observe,
    properties=PROPERTIES,
    hints=(
        Hint(
            "Name the six steps in comments first. Score is a product of matrices; you have already written "
            "normalise and select, and may call them.",
            "def token_choice_moe(x, w_router, experts, k):\n"
            "    logits = x @ w_router  # score: (b, n, e)\n"
            "    print('scores', tuple(logits.shape), 'choices in all', logits[..., 0].numel() * k)\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "Go through the experts one by one. (indices == number) is True where a token chose it; nonzero returns "
            "example, token and rank of the choice. If a token has two experts, what happens to the first answer when "
            "the second arrives?",
            "def token_choice_moe(x, w_router, experts, k):\n"
            "    indices = torch.tensor([[[0, 2], [2, 1]]])\n"
            "    print('choices of expert 2:', (indices == 2).nonzero().tolist(), '(example, token, rank)')\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "One right answer of several.",
            "def token_choice_moe(x, w_router, experts, k):\n"
            "    weights, indices = torch.softmax(x @ w_router, -1).topk(k)\n"
            "    y = torch.zeros_like(x)\n"
            "    for i, expert in enumerate(experts):\n"
            "        g, t, j = torch.where(indices == i)\n"
            "        y[g, t] = y[g, t] + weights[g, t, j][:, None] * expert(x[g, t])\n"
            "    return y",
        ),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=10,
    difficulty=3,
    points=4,
    essential=True,
    library=(TokensChoiceRouter, choose_experts, MoE),
)
