"""Exercise: measure how much a router is taught, as the norm of the gradient of its scores (lesson 01)."""

import torch

from softmoe_edu.teaching.answer import Refused
from softmoe_edu.teaching.exercise import Exercise, Finding, Hint, Property
from softmoe_edu.teaching.exercises.router_gradient_mistakes import MISTAKES
from softmoe_edu.teaching.properties import as_defined, brief, by_hand, close


def router_gradient(route, logits, answers, k):
    """Measure how strongly training pulls at a router's scores: the norm of their gradient.

    route: a function (logits, k) -> (weights, indices), as top_k_route. logits (b, n, e). answers (b, n, e): what each
    expert would answer to each token, a single number here. A token's output is the sum over its k choices of weight
    times the chosen expert's answer, and the loss is the sum of all outputs. Returns the square root of the sum of the
    squares of all b * n * e slopes of the loss with respect to logits, by autograd: a float, or a tensor without axes.
    Where no path leads from the loss back to logits, 0.0.
    """
    leaf = logits.detach().clone().requires_grad_()
    weights, indices = route(leaf, k)
    loss = (weights * answers.gather(-1, indices.long())).sum()
    if not loss.requires_grad:
        return 0.0
    slopes = torch.autograd.grad(loss, leaf, allow_unused=True)[0]
    return 0.0 if slopes is None else slopes.norm().item()


def by_backward(route, logits, answers, k):
    """The loop of training: backward, and the leaf's grad."""
    scores = torch.nn.Parameter(logits.clone())
    gates, chosen = route(scores, k)
    b, n, _ = logits.shape
    token = torch.arange(b * n, device=answers.device)[:, None]
    rows = answers.reshape(b * n, -1)[token, chosen.reshape(b * n, k).long()]
    total = torch.dot(gates.flatten(), rows.flatten()) + 0 * scores.sum()
    total.backward()
    return scores.grad.pow(2).sum().sqrt()


def by_jacobian(route, logits, answers, k):
    """The slopes of every output, added up."""

    def outputs(scores):
        weights, indices = route(scores, k)
        return (weights * torch.take_along_dim(answers, indices, dim=-1)).sum(-1)

    slopes = torch.autograd.functional.jacobian(outputs, logits)  # (b, n, b, n, e)
    return float(torch.linalg.vector_norm(slopes.sum((0, 1))))


def token_by_token(route, logits, answers, k):
    """One token after the other, squares added up by hand."""
    squares = 0.0
    for token, answer in zip(logits.flatten(0, 1), answers.flatten(0, 1), strict=True):
        leaf = token.clone().requires_grad_(True)
        weights, indices = route(leaf[None, None], k)
        output = sum(w * answer[i] for w, i in zip(weights[0, 0], indices[0, 0].tolist(), strict=True))
        if output.requires_grad:
            (slope,) = torch.autograd.grad(output, leaf, materialize_grads=True)
            squares += sum(float(s) ** 2 for s in slope)
    return squares**0.5


def softmax_then_top_k(logits, k):
    """The convention of this lesson."""
    return logits.softmax(-1).topk(k)


def top_k_then_softmax(logits, k):
    """The other order."""
    values, indices = logits.topk(k)
    return values.softmax(-1), indices


def gates_cut_off(logits, k):
    """Weights without a path back."""
    return logits.detach().softmax(-1).topk(k)


def by_expert_number(logits, k):
    """The convention of this lesson, the k chosen in the order of their numbers."""
    indices = logits.topk(k).indices.sort(-1).values
    return logits.softmax(-1).gather(-1, indices), indices


def learned_apart():
    """Make a router whose weights are learned, by a parameter of its own, and which no path joins to the scores."""
    own = torch.linspace(0, 1, 5, dtype=torch.float64, requires_grad=True)

    def gates_of_their_own(logits, k):
        indices = logits.topk(k).indices
        return own.to(logits).softmax(-1).expand_as(logits).gather(-1, indices), indices

    return gates_of_their_own


def case(route, b, n, e, k):
    """Give a maker of arguments of these sizes."""
    return lambda draw: (route, draw.normal(b, n, e), 3 * draw.normal(b, n, e), k)


def hand(route):
    """One token, two experts with gates 3/4 and 1/4 that answer 16 and 4."""
    return lambda draw: (route, draw.tensor([[[3, 1]]]).log(), draw.tensor([[[16, 4]]]), 1)


ROUTES = (softmax_then_top_k, top_k_then_softmax, gates_cut_off, by_expert_number)


def observe(function, draw):
    """Give what is measured with each router; where it raises, the error's name."""
    seen = {}
    for number, (route, k) in enumerate((route, k) for route in (*ROUTES, learned_apart()) for k in (1, 2)):
        try:
            args = case(route, 3, 7, 5, k)(draw.sub(number))
            seen[f"{route.__name__}, k = {k}"] = float(function(*args))
        except Exception as error:
            seen[f"{route.__name__}, k = {k}"] = type(error).__name__
    return seen


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
        return Finding("nothing is taught where weights are detached", "a router with detached gates", "0", brief(got))
    args = case(learned_apart(), 3, 7, 5, 2)(draw)
    try:
        got = brief(float(answer(*args)))
    except Refused as refused:
        got = refused.finding.got
    if got == "0":
        return None
    return Finding(
        "no path leads from the loss to the scores where the weights are learned without them: the norm is 0.0",
        "a router whose weights hang on a parameter of its own: the loss takes a gradient, the scores get none",
        "0",
        got,
    )


def _doubled(answer, draw):
    route, logits, answers, k = args = case(softmax_then_top_k, 3, 7, 5, 2)(draw)
    expected, got = 2 * float(answer(*args)), float(answer(route, logits, 2 * answers, k))
    if close(expected, got):
        return None
    should = "answers twice as large have slopes twice as large, and a norm twice as large"
    return Finding(should, "3 x 7 tokens, 5 experts, k = 2; answers doubled", brief(expected), brief(got))


def _larger_batch(answer, draw):
    route, logits, answers, k = args = case(softmax_then_top_k, 3, 7, 5, 2)(draw)
    expected = 2 * float(answer(*args))
    got = float(answer(route, logits.repeat(4, 1, 1), answers.repeat(4, 1, 1), k))
    if close(expected, got):
        return None
    should = "four copies of a batch have four times the squares, so twice the norm: the loss is a sum"
    return Finding(should, "3 x 7 tokens, 5 experts, k = 2; then four times the same", brief(expected), brief(got))


def _example(name, route, should):
    given = "one token with exp(scores) [3, 1], two experts that answer 16 and 4, k = 1"
    return by_hand(hand(route), should, given, name=name)


EXERCISE = Exercise(
    id="router-gradient",
    lesson="01",
    order=2,
    title="How much a router is taught",
    answer=router_gradient,
    probe=case(softmax_then_top_k, 3, 7, 5, 2),
    observe=observe,
    properties=(
        _example(
            "the example by hand",
            softmax_then_top_k,
            "output 3/4 · 16 = 12; slopes 16 · 3/4 · (1 - 3/4) = 3 and 16 · 3/4 · (-1/4) = -3; norm 3 · √2",
        ),
        Property("a gate that is always 1", _constant_gate),
        Property("no path", _no_path),
        Property("answers doubled", _doubled),
        Property("four copies", _larger_batch),
        as_defined(
            "the norm of the loss's gradient with respect to all scores",
            *(case(route, 3, 7, 5, k) for route in ROUTES for k in (1, 2)),
            case(softmax_then_top_k, 2, 3, 4, 4),
            case(top_k_then_softmax, 1, 1, 6, 3),
            repeats=2,
            show_output=True,
        ),
    ),
    hints=(
        Hint(
            "Autograd needs a start: a copy of the scores that takes a gradient. From there, compute one number, the "
            "loss, with nothing cut on the way.",
            "def router_gradient(route, logits, answers, k):\n"
            "    start = logits.clone().requires_grad_()\n"
            "    weights, indices = route(start, k)\n"
            "    print('weights', tuple(weights.shape), 'take a gradient:', weights.requires_grad)\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "The answers of the chosen experts stand at indices: gather reads them. loss.backward() then leaves the "
            "slopes in start.grad, or None there if no path leads to start. And if the loss does not require a "
            "gradient, there is nothing to go back along.",
            "def router_gradient(route, logits, answers, k):\n"
            "    table = torch.tensor([[10.0, 20.0, 30.0]])\n"
            "    print('answers of experts 2 and 0:', table.gather(-1, torch.tensor([[2, 0]])))\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "An answer, in one way of several.",
            "def router_gradient(route, logits, answers, k):\n"
            "    start = logits.clone().requires_grad_()\n"
            "    weights, indices = route(start, k)\n"
            "    loss = (weights * answers.gather(2, indices)).sum()\n"
            "    if loss.requires_grad:\n"
            "        loss.backward()\n"
            "    return 0.0 if start.grad is None else start.grad.norm()",
        ),
    ),
    variants=(by_backward, by_jacobian, token_by_token),
    mistakes=MISTAKES,
    minutes=10,
    difficulty=3,
    points=3,
)
