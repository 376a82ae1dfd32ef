"""What a right `router_gradient` does."""

import torch

from softmoe_edu.teaching.check.properties import as_defined, brief, by_hand, close
from softmoe_edu.teaching.exercise import Finding, Kind, Property


def softmax_then_top_k(logits, k):
    """Route by the convention of this lesson."""
    return logits.softmax(-1).topk(k)


def top_k_then_softmax(logits, k):
    """Route in the other order."""
    values, indices = logits.topk(k)
    return values.softmax(-1), indices


def gates_cut_off(logits, k):
    """Route with weights that have no path back."""
    return logits.detach().softmax(-1).topk(k)


def by_expert_number(logits, k):
    """Route by the convention of this lesson, with the k chosen experts in the order of their numbers."""
    indices = logits.topk(k).indices.sort(-1).values
    return logits.softmax(-1).gather(-1, indices), indices


def learned_apart():
    """Return a router whose weights are learned by a parameter of its own, without a path to the scores."""
    own = torch.linspace(0, 1, 5, dtype=torch.float64, requires_grad=True)

    def gates_of_their_own(logits, k):
        indices = logits.topk(k).indices
        return own.to(logits).softmax(-1).expand_as(logits).gather(-1, indices), indices

    return gates_of_their_own


def case(route, b, n, e, k):
    """Return a function that draws arguments of these sizes."""
    return lambda draw: (route, draw.normal(b, n, e), 3 * draw.normal(b, n, e), k)


def hand(route):
    """Return a function that makes one token and two experts with gates 3/4 and 1/4 that answer 16 and 4."""
    return lambda draw: (route, draw.tensor([[[3, 1]]]).log(), draw.tensor([[[16, 4]]]), 1)


ROUTES = (softmax_then_top_k, top_k_then_softmax, gates_cut_off, by_expert_number)


def _constant_gate(answer, draw):
    args = case(top_k_then_softmax, 3, 7, 5, 1)(draw)
    got = float(answer(*args))
    if abs(got) < 1e-6:
        return None
    should = "a softmax over one chosen score is 1 whatever the score is: a constant has slope 0"
    return Finding(should, "a router with top-k before the softmax, k = 1, 3 x 7 tokens, 5 experts", "0", brief(got))


def _no_path(answer, draw):
    args = case(gates_cut_off, 3, 7, 5, 2)(draw)
    got = float(answer(*args))
    if got != 0:
        return Finding(
            "a router with detached weights is taught nothing", "a router with detached gates", "0", brief(got)
        )
    args = case(learned_apart(), 3, 7, 5, 2)(draw)
    norm, none = answer.tried(*args)
    got, kind = (none.got, none.kind) if none else (brief(float(norm)), Kind.OTHER)
    if got == "0":
        return None
    return Finding(
        "where the weights are learned without the scores, no path leads from the loss to them: the norm is 0.0",
        "a router whose weights depend on its own parameter alone: the loss requires a gradient, the scores get none",
        "0",
        got,
        kind=kind,
    )


def _doubled(answer, draw):
    route, logits, answers, k = args = case(softmax_then_top_k, 3, 7, 5, 2)(draw)
    expected, got = 2 * float(answer(*args)), float(answer(route, logits, 2 * answers, k))
    if close(expected, got):
        return None
    should = "answers twice as large give slopes twice as large, and a norm twice as large"
    return Finding(should, "3 x 7 tokens, 5 experts, k = 2; answers doubled", brief(expected), brief(got))


def _larger_batch(answer, draw):
    route, logits, answers, k = args = case(softmax_then_top_k, 3, 7, 5, 2)(draw)
    expected = 2 * float(answer(*args))
    got = float(answer(route, logits.repeat(4, 1, 1), answers.repeat(4, 1, 1), k))
    if close(expected, got):
        return None
    should = "four copies of a batch have four times the squares, so twice the norm: the loss is a sum"
    return Finding(should, "3 x 7 tokens, 5 experts, k = 2; then four copies of them", brief(expected), brief(got))


def _example(name, route, should):
    given = "one token with exp(scores) [3, 1], two experts that answer 16 and 4, k = 1"
    return by_hand(hand(route), should, given, name=name)


DEFINITION = "the norm of the loss's gradient with respect to all scores"

PROPERTIES = (
    _example(
        "the example by hand",
        softmax_then_top_k,
        "output 3/4 · 16 = 12; slopes 16 · 3/4 · (1 - 3/4) = 3 and 16 · 3/4 · (-1/4) = -3; norm 3 · √2",
    ),
    as_defined(
        DEFINITION,
        *(case(softmax_then_top_k, 3, 7, 5, k) for k in (1, 2)),
        case(top_k_then_softmax, 3, 7, 5, 2),
        case(softmax_then_top_k, 2, 3, 4, 4),
        name="tokens, experts and choices",
        repeats=1,
        show_output=True,
    ),
    Property("answers doubled", _doubled),
    Property("four copies", _larger_batch),
    Property("a gate that is always 1", _constant_gate),
    Property("no path", _no_path),
    as_defined(
        DEFINITION,
        *(case(route, 3, 7, 5, k) for route in ROUTES for k in (1, 2)),
        case(softmax_then_top_k, 2, 3, 4, 4),
        case(top_k_then_softmax, 1, 1, 6, 3),
        repeats=2,
        show_output=True,
    ),
)
