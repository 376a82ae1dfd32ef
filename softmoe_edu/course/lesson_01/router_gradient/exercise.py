"""Exercise: measure how much a router is taught, as the norm of the gradient of its scores (lesson 01)."""

import torch

from softmoe_edu.course.lesson_01.router_gradient.mistakes import MISTAKES
from softmoe_edu.course.lesson_01.router_gradient.properties import (
    PROPERTIES,
    ROUTES,
    case,
    learned_apart,
    softmax_then_top_k,
)
from softmoe_edu.course.lesson_01.router_gradient.variants import VARIANTS
from softmoe_edu.teaching.exercise import Exercise, Hint


def router_gradient(route, logits, answers, k):
    """Measure how strongly training pulls at a router's scores: a gradient's norm.

    route: (logits, k) -> (weights, indices); logits (b, n, e); answers (b, n, e).
    Returns the root of the sum of squares of all slopes, 0.0 if there is no path.
    """
    leaf = logits.detach().clone().requires_grad_()
    weights, indices = route(leaf, k)
    loss = (weights * answers.gather(-1, indices.long())).sum()
    if not loss.requires_grad:
        return 0.0
    slopes = torch.autograd.grad(loss, leaf, allow_unused=True)[0]
    return 0.0 if slopes is None else slopes.norm().item()


def observe(function, draw):
    """Return what is measured with each router, or that an error is raised."""
    seen = {}
    for number, (route, k) in enumerate((route, k) for route in (*ROUTES, learned_apart()) for k in (1, 2)):
        try:
            args = case(route, 3, 7, 5, k)(draw.sub(number))
            seen[f"{route.__name__}, k = {k}"] = float(function(*args))
        except Exception:
            seen[f"{route.__name__}, k = {k}"] = "raises"  # which error depends on how autograd was asked
    return seen


EXERCISE = Exercise(
    id="router-gradient",
    lesson="01",
    order=2,
    title="How much a router is taught",
    answer=router_gradient,
    probe=case(softmax_then_top_k, 3, 7, 5, 2),
    observe=observe,
    properties=PROPERTIES,
    hints=(
        Hint(
            "Autograd needs a start: a copy of the scores that requires a gradient. From there, compute one number, "
            "the loss, without cutting the graph.",
            "def router_gradient(route, logits, answers, k):\n"
            "    start = logits.clone().requires_grad_()\n"
            "    weights, indices = route(start, k)\n"
            "    print('weights', tuple(weights.shape), 'require a gradient:', weights.requires_grad)\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "The answers of the chosen experts are at indices: gather reads them. loss.backward() then leaves the "
            "slopes in start.grad, or None if no path leads to start. And if the loss does not require a gradient, "
            "there is nothing to differentiate.",
            "def router_gradient(route, logits, answers, k):\n"
            "    table = torch.tensor([[10.0, 20.0, 30.0]])\n"
            "    print('answers of experts 2 and 0:', table.gather(-1, torch.tensor([[2, 0]])))\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "One right answer of several.",
            "def router_gradient(route, logits, answers, k):\n"
            "    start = logits.clone().requires_grad_()\n"
            "    weights, indices = route(start, k)\n"
            "    loss = (weights * answers.gather(2, indices)).sum()\n"
            "    if loss.requires_grad:\n"
            "        loss.backward()\n"
            "    return 0.0 if start.grad is None else start.grad.norm()",
        ),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=10,
    difficulty=3,
    points=3,
)
