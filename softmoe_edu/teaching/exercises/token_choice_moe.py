"""Exercise: the whole sparse layer, from tokens to answers, in which every token chooses k experts (lesson 01)."""

import torch

from softmoe_edu.moe import MoE
from softmoe_edu.routers.tokens_choice import TokensChoiceRouter, choose_experts
from softmoe_edu.teaching.answer import copied
from softmoe_edu.teaching.diagnosis import observations
from softmoe_edu.teaching.draw import Draw
from softmoe_edu.teaching.exercise import Exercise, Finding, Hint, Property
from softmoe_edu.teaching.exercises.token_choice_moe_mistakes import MISTAKES
from softmoe_edu.teaching.exercises.token_choice_moe_variants import VARIANTS
from softmoe_edu.teaching.exercises.top_k_route import told
from softmoe_edu.teaching.properties import as_defined, brief, by_hand, changed, close, finite, gradients


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


def mlps(draw: Draw, d: int, e: int) -> list:
    """Give e different experts: a bend between two random maps."""
    pairs = [(draw.normal(d, 4), draw.normal(4, d) / 2) for _ in range(e)]
    return [lambda s, a=a, c=c: torch.tanh(s @ a.to(s.dtype)) @ c.to(s.dtype) + s / 2 for a, c in pairs]


def case(b, n, d, e, k, scale=1.0, crowded=False, gap=0.0):
    """Give a maker of arguments of these sizes, with no two scores of a token near each other.

    crowded: all tokens agree on the experts, so that nobody chooses the others. gap: the scores of every other token,
    from the first on, are higher by so much than they would be.
    """

    def make(draw):
        while True:
            x, w_router = draw.normal(b, n, d), scale * draw.normal(d, e)
            if crowded:
                x = x[:1, :1] + 0.01 * x
            if gap:
                x[..., 0], w_router[0] = 0, gap
                x[:, ::2, 0] = 1
            logits = x @ w_router
            if e == 1 or float(logits.sort(-1).values.diff(dim=-1).min()) > 2e-3:
                return x, w_router, mlps(draw, d, e), k

    return make


def hand(k):
    """Two tokens and three experts, times 10, 20 and 30 (lesson 01, section 2)."""

    def make(draw):
        experts = [lambda s, factor=factor: factor * s for factor in (10, 20, 30)]
        return draw.tensor([[[1, 0], [0, 1]]]), draw.tensor([[5, 3, 2], [1, 3, 6]]).log(), experts, k

    return make


def watched(experts):
    """Give experts that note the rows they are given, and these rows, a list of tensors (rows, d) for each."""
    rows = [[] for _ in experts]

    def watching(number, expert):
        def call(s):
            rows[number].append(s.detach().reshape(-1, s.shape[-1]))
            return expert(s)

        return call

    return [watching(number, expert) for number, expert in enumerate(experts)], rows


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
    return {**seen, **told(observations(EXERCISE, function, draw))}


def _show(args, output):
    return f"answers {brief(output[0, 0])} and {brief(output[0, 1])}"


def _twice(answer, draw):
    args = case(3, 7, 5, 4, 2)(draw)
    if close(answer(*args), answer(*args)):
        return None
    should = "the same tokens get the same answers: no noise is added here"
    return Finding(should, "3 x 7 tokens, 4 experts, k = 2, twice", "the same twice", "two different answers")


def _rows(answer, draw):
    x, w_router, experts, k = case(3, 7, 5, 4, 2)(draw)
    noting, rows = watched(experts)
    answer.raw(x, w_router, noting, k)
    chosen = (x @ w_router).topk(k).indices
    expected = [x[(chosen == number).any(-1)] for number in range(4)]
    got = [torch.cat([x[0, :0], *given]) for given in rows]
    if all(close(*(part[part[:, 0].argsort()] for part in pair)) for pair in zip(expected, got, strict=True)):
        return None
    asked, given = ([len(part) for part in parts] for parts in (expected, got))
    others = ", of tokens that did not choose them or that were changed before" if asked == given else ""
    return Finding(
        "an expert is given the tokens that chose it, each once, and no others: that is what makes it sparse",
        f"3 x 7 tokens, 4 experts, k = 2: {3 * 7 * k} rows to compute",
        f"rows of the experts {asked}, together {sum(asked)}",
        f"{given}, together {sum(given)}{others}",
    )


def _token_by_token(answer, draw):
    x, w_router, experts, k = args = case(2, 5, 4, 3, 2)(draw)
    got = answer(*args)
    for g in range(x.shape[0]):
        for t in range(x.shape[1]):
            gates = (x[g, t] @ w_router).softmax(0)
            best = gates.argsort(descending=True)[:k].tolist()
            expected = sum(gates[i] * experts[i](x[g, t]) for i in best)
            if not close(expected, got[g, t]):
                chosen = ", ".join(f"{i} (gate {brief(gates[i])})" for i in best)
                should = "a token's answer is the sum of gate times answer over its k experts"
                given = f"example {g}, token {t}, which chooses experts {chosen}"
                return Finding(should, given, brief(expected), brief(got[g, t]))
    return None


def _all_experts(answer, draw):
    x, w_router, experts, _ = args = case(3, 5, 4, 6, 6)(draw)
    dense = torch.einsum("bne,ebnd->bnd", (x @ w_router).softmax(-1), torch.stack([expert(x) for expert in experts]))
    got = answer(*args)
    if close(dense, got):
        return None
    place = int((dense - got).abs().argmax())
    words = [f"{brief(part.flatten()[place].item(), 4)}" for part in (dense, got)]
    should = "with k = e every expert counts by its gate: the dense mixture of experts"
    return Finding(should, "3 x 5 tokens, 6 experts, k = 6; the number that differs most", *words)


def _relabelled(args, draw):
    x, w_router, experts, k = args
    order = draw.permutation(len(experts))
    return (x, w_router[:, order], [experts[i] for i in order.tolist()], k), None


def _alone(args, draw):
    x, *rest = args
    return (x[:1, :1], *rest), None


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
        by_hand(hand(1), "the best expert's answer, times its gate", f"{EXAMPLE}1", show=_show),
        by_hand(
            hand(2),
            "gate times answer, added up over both choices",
            f"{EXAMPLE}2",
            show=_show,
            name="the example with two choices",
        ),
        Property("no noise", _twice),
        Property("one token after the other", _token_by_token),
        changed(
            "a token's answer is the same with other tokens around it and without",
            case(3, 7, 5, 4, 2),
            _alone,
            lambda before, words: before[:1, :1],
            name="tokens apart",
            view=lambda y: y[:1, :1],
        ),
        changed(
            "experts in another order, with their columns of w_router, give the same answers",
            case(3, 7, 5, 4, 2),
            _relabelled,
            lambda before, words: before,
            name="order of experts",
        ),
        Property("all experts", _all_experts),
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
        Property("rows computed", _rows),
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
    mistakes=MISTAKES,
    minutes=10,
    difficulty=3,
    points=4,
    essential=True,
    library=(TokensChoiceRouter, choose_experts, MoE),
)
