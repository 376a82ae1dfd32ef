"""What a right `token_choice_moe` does: inputs, experts that are watched, and properties of its own."""

import itertools

import torch

from softmoe_edu.teaching.check.gradient import gradients
from softmoe_edu.teaching.check.properties import FAR, as_defined, brief, by_hand, changed, close, finite
from softmoe_edu.teaching.draw import Draw
from softmoe_edu.teaching.exercise import Finding, Property


def mlps(draw: Draw, d: int, e: int) -> list:
    """Return e different experts: tanh between two random maps, and a skip connection."""
    pairs = [(draw.normal(d, 4), draw.normal(4, d) / 2) for _ in range(e)]
    return [lambda s, a=a, c=c: torch.tanh(s @ a.to(s.dtype)) @ c.to(s.dtype) + s / 2 for a, c in pairs]


def case(b, n, d, e, k, scale=1.0, crowded=False, gap=0.0):
    """Return a function that draws arguments of these sizes, with no two scores of a token close to each other.

    crowded: all tokens choose the same experts, so that no token chooses the others. gap: what is added to the scores
    of every other token, from the first on.
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


def watched(experts):
    """Return experts that note the rows they receive, and these rows, a list of tensors (rows, d) for each."""
    rows = [[] for _ in experts]

    def watching(number, expert):
        def call(s):
            rows[number].append(s.detach().reshape(-1, s.shape[-1]))
            return expert(s)

        return call

    return [watching(number, expert) for number, expert in enumerate(experts)], rows


def show(args, output):
    """Write two answers in one line."""
    return f"answers {brief(output[0, 0])} and {brief(output[0, 1])}"


def twice(answer, draw):
    """Require the same answer in two calls."""
    args = case(3, 7, 5, 4, 2)(draw)
    if close(answer(*args), answer(*args)):
        return None
    should = "the same tokens get the same answers: no noise is added here"
    return Finding(should, "3 x 7 tokens, 4 experts, k = 2, twice", "the same answers twice", "two different answers")


def rows_computed(answer, draw):
    """Require that each expert receives the tokens that chose it, and no others."""
    x, w_router, experts, k = case(3, 7, 5, 4, 2)(draw)
    noting, rows = watched(experts)
    answer.raw(x, w_router, noting, k)
    chosen = (x @ w_router).topk(k).indices
    expected = [x[(chosen == number).any(-1)] for number in range(4)]
    got = [torch.cat([x[0, :0], *given]) for given in rows]
    if all(close(*(part[part[:, 0].argsort()] for part in pair)) for pair in zip(expected, got, strict=True)):
        return None
    asked, given = ([len(part) for part in parts] for parts in (expected, got))
    others = ", of tokens that did not choose them or that had been changed" if asked == given else ""
    return Finding(
        "an expert receives the tokens that chose it, each once, and no others: that is what makes the layer sparse",
        f"3 x 7 tokens, 4 experts, k = 2: {3 * 7 * k} rows to compute",
        f"rows of the experts {asked}, together {sum(asked)}",
        f"{given}, together {sum(given)}{others}",
    )


def token_by_token(answer, draw):
    """Compare every token's answer with the sum of gate times answer over its experts."""
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


def all_experts(answer, draw):
    """Require the dense mixture where k = e."""
    x, w_router, experts, _ = args = case(3, 5, 4, 6, 6)(draw)
    dense = torch.einsum("bne,ebnd->bnd", (x @ w_router).softmax(-1), torch.stack([expert(x) for expert in experts]))
    got = answer(*args)
    if close(dense, got):
        return None
    place = int((dense - got).abs().argmax())
    words = [f"{brief(part.flatten()[place].item(), 4)}" for part in (dense, got)]
    should = "with k = e every expert counts, weighted by its gate: the dense mixture of experts"
    return Finding(should, "3 x 5 tokens, 6 experts, k = 6; the number that differs most", *words)


def relabelled(args, draw):
    """Return the experts in another order, with their columns."""
    x, w_router, experts, k = args
    order = draw.permutation(len(experts))
    return (x, w_router[:, order], [experts[i] for i in order.tolist()], k), None


def alone(args, draw):
    """Return the arguments with one token alone in the batch."""
    x, *rest = args
    return (x[:1, :1], *rest), None


def far_above(draw):
    """Return two tokens whose scores are [1000, 0, -5, 3] and [0, 120, 0, 0]."""
    experts = [lambda s, i=i: s + i + 1 for i in range(4)]
    return draw.tensor([[[1, 0], [0, 1]]]), draw.tensor([[1000, 0, -5, 3], [0, 120, 0, 0]]), experts, 2


def tied(draw):
    """Return a token of zeros and two with equal scores; any two experts give a different sum."""
    x, w_router = draw.tensor([[[0, 0, 0], [1, 0, 0], [0, 1, 0]]]), draw.tensor([[2, 2, 2, 0], [3, 1, 1, 0], [0] * 4])
    return x, w_router, [lambda s, i=i: s + 2**i for i in range(4)], 2


def runs(function, x, w_router, experts, k):
    """Return the output and, for each token of one example, the experts that ran on it, as often as they did."""
    noting, rows = watched(experts)
    output = function(x, w_router, noting, k)
    given = [torch.cat([x[0, :0], *parts]) for parts in rows]
    ran = [[i for i, part in enumerate(given) for row in part if torch.equal(row, token)] for token in x[0]]
    return output, ran


def equal_scores(answer, draw):
    """Require k different experts where several have equal scores, whichever of them."""
    x, w_router, experts, k = args = tied(draw)
    given = "tokens [0, 0, 0], [1, 0, 0], [0, 1, 0], whose scores are [0, 0, 0, 0], [2, 2, 2, 0], [3, 1, 1, 0]; k = 2"
    got, ran = runs(answer.raw, *args)
    for token, scores in enumerate((x @ w_router)[0]):
        sets = itertools.combinations(range(len(experts)), k)
        right = [s for s in sets if scores[list(s)].sort().values.equal(scores.topk(k).values.flip(0))]
        if tuple(ran[token]) not in right:
            return Finding(
                "a token uses k different experts even where scores are equal: any of the equal ones, not all of "
                "them; and a token of zeros is a token like any other",
                given,
                f"for token {token} experts {' or '.join(str(list(s)) for s in right)}",
                f"experts {ran[token]}",
            )
        expected = sum(scores.softmax(0)[i] * experts[i](x[0, token]) for i in ran[token])
        if not close(expected, got[0, token]):
            should = (
                "even where scores are equal, a token's answer is gate times answer over the experts that ran on it"
            )
            where = f"{given}; token {token}, on which experts {ran[token]} ran"
            return Finding(should, where, brief(expected), brief(got[0, token]))
    return None


def hand(k):
    """Return a function that makes two tokens and three experts, times 10, 20, 30 (lesson 01, section 2)."""

    def make(draw):
        experts = [lambda s, factor=factor: factor * s for factor in (10, 20, 30)]
        return draw.tensor([[[1, 0], [0, 1]]]), draw.tensor([[5, 3, 2], [1, 3, 6]]).log(), experts, k

    return make


EXAMPLE = "tokens [1, 0] and [0, 1]; exp(scores) [[5, 3, 2], [1, 3, 6]]; experts times 10, 20, 30; k = "

PROPERTIES = (
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
        "tokens and router get a gradient, the router through the gates alone, since the choice has no slope",
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
        "scores of a few thousand give finite answers: subtract a token's largest score before exp",
        case(2, 4, 3, 5, 1, scale=400.0),
    ),
    finite(
        "a token with scores 1000 below another's has an answer like any other: subtract its own largest score",
        case(2, 5, 4, 3, 2, gap=1000.0),
        name="scores far apart",
    ),
    by_hand(
        far_above,
        "a score far above the others of its token gives that expert's answer, once, with gate 1, without overflow",
        "tokens [1, 0] and [0, 1]; scores [1000, 0, -5, 3] and [0, 120, 0, 0]; experts add 1, 2, 3, 4; k = 2",
        show=show,
        name="one score far above",
        next_step=FAR,
    ),
    Property("rows computed", rows_computed),
    Property("equal scores", equal_scores),
)
