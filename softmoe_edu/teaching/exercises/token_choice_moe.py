"""Exercise: the whole sparse layer, from tokens to answers, in which every token chooses k experts (lesson 01)."""

import torch

from softmoe_edu.moe import MoE
from softmoe_edu.routers.tokens_choice import TokensChoiceRouter, choose_experts
from softmoe_edu.teaching.answer import copied
from softmoe_edu.teaching.diagnosis import observations
from softmoe_edu.teaching.exercise import Exercise, Hint, Property
from softmoe_edu.teaching.exercises import token_choice_moe_edge_mistakes, token_choice_moe_mistakes
from softmoe_edu.teaching.exercises.token_choice_moe_properties import (
    all_experts,
    alone,
    case,
    equal_scores,
    far_above,
    relabelled,
    rows_computed,
    runs,
    show,
    tied,
    token_by_token,
    twice,
    watched,
)
from softmoe_edu.teaching.exercises.token_choice_moe_variants import VARIANTS
from softmoe_edu.teaching.exercises.top_k_route_properties import told
from softmoe_edu.teaching.gradient import gradients
from softmoe_edu.teaching.properties import as_defined, by_hand, changed, finite


def token_choice_moe(x, w_router, experts, k):
    """Send each token through the k experts that it chooses, and add up their answers by its gates.

    x: tokens (b, n, d). w_router (d, e): a column for each expert; a score is token times column. experts: a list of e
    functions, each maps (..., d) to (..., d). Gates: softmax over all e experts, of which the k largest count, not
    divided again. Returns the tokens' answers, (b, n, d), without the tokens themselves.
    An expert is given only tokens that chose it, each once: b * n * k rows are computed in all, not b * n * e. No
    buffer is full, and no noise is added.
    """
    gates, choice = (x @ w_router).softmax(dim=-1).topk(k, dim=-1)
    answers = torch.zeros_like(x)
    for number, expert in enumerate(experts):
        example, token, place = (choice == number).nonzero(as_tuple=True)
        if len(token):
            rows = gates[example, token, place, None] * expert(x[example, token])
            answers = answers.index_put((example, token), rows, accumulate=True)
    return answers


def hand(k):
    """Two tokens and three experts, times 10, 20 and 30 (lesson 01, section 2)."""

    def make(draw):
        experts = [lambda s, factor=factor: factor * s for factor in (10, 20, 30)]
        return draw.tensor([[[1, 0], [0, 1]]]), draw.tensor([[5, 3, 2], [1, 3, 6]]).log(), experts, k

    return make


def observe(function, draw):
    """Tell answers apart: whether two calls agree and, where they do, numbers, gradients and rows computed."""
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
        # Nobody chooses four of the six experts; rows of zeros are no tokens.
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


EXAMPLE = "tokens [1, 0] and [0, 1]; exp(scores) [[5, 3, 2], [1, 3, 6]]; experts times 10, 20, 30; k = "

EXERCISE = Exercise(
    id="token-choice-moe",
    lesson="01",
    order=3,
    title="The whole sparse layer",
    answer=token_choice_moe,
    probe=case(3, 7, 5, 4, 2),
    probes=(case(2, 6, 3, 5, 1), case(1, 7, 3, 5, 3, scale=400.0), case(1, 5, 4, 3, 2, gap=1000.0)),
    observe=observe,
    properties=(
        by_hand(hand(1), "the best expert's answer, times its gate", f"{EXAMPLE}1", show=show),
        by_hand(
            hand(2),
            "gate times answer, added up over both choices",
            f"{EXAMPLE}2",
            show=show,
            name="the example with two choices",
        ),
        Property("no noise", twice),
        Property("one token after the other", token_by_token),
        changed(
            "a token's answer is the same with other tokens around it and without",
            case(3, 7, 5, 4, 2),
            alone,
            lambda before, words: before[:1, :1],
            name="tokens apart",
            view=lambda y: y[:1, :1],
        ),
        changed(
            "experts in another order, with their columns of w_router, give the same answers",
            case(3, 7, 5, 4, 2),
            relabelled,
            lambda before, words: before,
            name="order of experts",
        ),
        Property("all experts", all_experts),
        gradients(
            "tokens and router take a gradient: the router by the gates alone, since the choice has no slope",
            case(2, 5, 4, 3, 2),
            ("x", "w_router"),
        ),
        as_defined(
            "answers = sum of gate times expert(token) over each token's k best experts, whatever the sizes",
            case(3, 7, 5, 4, 2),
            case(2, 6, 3, 5, 1),
            case(1, 1, 4, 3, 3),
            case(2, 5, 3, 1, 1),
            case(2, 4, 3, 6, 2, crowded=True),
        ),
        finite(
            "scores of some thousands give finite answers: subtract a token's largest score before exp",
            case(2, 4, 3, 5, 1, scale=400.0),
        ),
        finite(
            "a token with scores 1000 below another's has an answer like any other: subtract its own largest score",
            case(2, 5, 4, 3, 2, gap=1000.0),
            name="scores far apart",
        ),
        by_hand(
            far_above,
            "a score far above the others of its token gives that expert's answer, once, with gate 1: exp overflows "
            "nowhere",
            "tokens [1, 0] and [0, 1]; scores [1000, 0, -5, 3] and [0, 120, 0, 0]; experts add 1, 2, 3, 4; k = 2",
            show=show,
            name="one score far above",
        ),
        Property("rows computed", rows_computed),
        Property("equal scores", equal_scores),
    ),
    hints=(
        Hint(
            "Name the six steps in comments first. Score is a product of matrices; normalise and select you have "
            "written already, and may call.",
            "def token_choice_moe(x, w_router, experts, k):\n"
            "    logits = x @ w_router  # score: (b, n, e)\n"
            "    print('scores', tuple(logits.shape), 'choices in all', logits[..., 0].numel() * k)\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "Go through the experts one by one. (indices == number) is True where a token chose it; nonzero tells "
            "example, token and place of the choice. Tokens of two experts: what happens to the first answer when the "
            "second arrives?",
            "def token_choice_moe(x, w_router, experts, k):\n"
            "    indices = torch.tensor([[[0, 2], [2, 1]]])\n"
            "    print('who chose expert 2:', (indices == 2).nonzero().tolist(), '(example, token, place)')\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "An answer, in one way of several.",
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
    mistakes=(*token_choice_moe_mistakes.MISTAKES, *token_choice_moe_edge_mistakes.MISTAKES),
    minutes=10,
    difficulty=3,
    points=4,
    essential=True,
    library=(TokensChoiceRouter, choose_experts, MoE),
)
