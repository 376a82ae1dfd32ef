"""Mistakes in measuring a router's gradient: each returns a different number from the one asked for, or none."""

import torch

from softmoe_edu.teaching.exercise import mistake, mistakes_in


def _slopes(route, logits, answers, k, loss):
    leaf = logits.detach().clone().requires_grad_()
    weights, indices = route(leaf, k)
    value = loss(weights, indices, answers)
    if not value.requires_grad:
        return torch.zeros_like(logits)
    return torch.autograd.grad(value, leaf, materialize_grads=True)[0]


def _outputs(weights, indices, answers):
    return (weights * answers.gather(-1, indices)).sum()


@mistake(
    "M22",
    does="measures 0 for every router",
    belief="Top-k is not differentiable, so no gradient arrives.",
    refuted="the choice has no slope, but the weight of a chosen expert has one; and slopes added up without "
    "squares, here 3 and -3, cancel",
    seen="a measurement through indices, or with the scores detached on the way",
)
def always_nothing(route, logits, answers, k):
    """The belief as a function."""
    return 0.0


@mistake(
    "M21",
    does="measures softmax before top-k, whichever router it is given",
    belief="Both orders are the same, so one will do for both.",
    refuted="with k = 1 a softmax after top-k is a constant 1: the slope is 0",
    seen="a router written again inside the measurement",
)
def order_makes_no_difference(route, logits, answers, k):
    """The router given is not used."""
    leaf = logits.detach().clone().requires_grad_()
    loss = _outputs(*leaf.softmax(-1).topk(k), answers)
    return torch.autograd.grad(loss, leaf)[0].norm()


@mistake(
    "M21",
    does="leaves out the experts' answers and measures the sum of the weights",
    belief="The gradient of the gates is the gradient of the router.",
    refuted="a token's output is weight times answer; the sum of weights that sum to 1 has slope 0, and yet the router "
    "learns from differences between answers",
    seen="weights.sum().backward()",
)
def gates_alone(route, logits, answers, k):
    """A loss without answers."""
    return _slopes(route, logits, answers, k, lambda weights, indices, answers: weights.sum()).norm()


@mistake(
    does="multiplies the weights by the answers of experts 0 to k - 1",
    belief="answers[..., :k] belong to the k choices.",
    refuted="answers are in the order of the experts; the chosen ones are at indices",
    seen="a slice instead of a gather",
)
def first_answers(route, logits, answers, k):
    """Answers of others."""
    return _slopes(route, logits, answers, k, lambda w, i, answers: (w * answers[..., :k]).sum()).norm()


@mistake(
    does="takes the mean of the outputs as the loss",
    belief="A loss is a mean.",
    refuted="the task's loss is the sum of all outputs; a mean is smaller by a factor of b * n",
    seen="habit",
)
def mean_for_sum(route, logits, answers, k):
    """A mean over tokens."""
    count = logits[..., 0].numel()
    return _slopes(route, logits, answers, k, lambda *parts: _outputs(*parts) / count).norm()


@mistake(
    does="adds up the squares and takes no root",
    belief="A norm is a sum of squares.",
    refuted="the norm is the root of the sum of squares: twice the answers, twice the norm",
    seen="pow(2).sum()",
)
def no_root(route, logits, answers, k):
    """Squares."""
    return _slopes(route, logits, answers, k, _outputs).pow(2).sum()


@mistake(
    does="returns the largest slope instead of the norm",
    belief="The size of a gradient is its largest entry.",
    refuted="the task asks for the root of the sum of squares: 3 · √2 on paper, not 3",
    seen="abs().max()",
)
def largest_slope(route, logits, answers, k):
    """The largest entry."""
    return _slopes(route, logits, answers, k, _outputs).abs().max()


@mistake(
    does="adds up the slopes, which cancel: a softmax's slopes sum to 0",
    belief="The total gradient is the sum of its entries.",
    refuted="on paper they are 3 and -3: what one score gains another loses; only squares or absolute values add up",
    seen="grad.sum()",
    same_as="always-nothing",
)
def slopes_added(route, logits, answers, k):
    """A sum that is 0, or nearly."""
    return _slopes(route, logits, answers, k, _outputs).sum().abs()


@mistake(
    does="measures the gradient of the answers: how much the experts are taught, not the router",
    belief="The gradient of the layer is the gradient of its router.",
    refuted="the task asks for the slopes with respect to logits",
    seen="requires_grad_ on the wrong tensor",
)
def gradient_of_answers(route, logits, answers, k):
    """The other factor's slope."""
    leaf = answers.detach().clone().requires_grad_()
    loss = _outputs(*(part.detach() for part in route(logits, k)), leaf)
    return torch.autograd.grad(loss, leaf)[0].norm()


@mistake(
    "M22",
    does="raises where a router's weights are detached, and is right elsewhere",
    raises=True,
    belief="Every router lets a gradient through.",
    refuted="autograd rejects a loss without a graph; check loss.requires_grad first, and return 0.0",
    seen="backward() without a check",
)
def raises_without_path(route, logits, answers, k):
    """No case for detached weights."""
    leaf = logits.detach().clone().requires_grad_()
    return torch.autograd.grad(_outputs(*route(leaf, k), answers), leaf)[0].norm()


@mistake(
    "M22",
    does="raises where the loss requires a gradient but the scores get none, and is right elsewhere",
    raises=True,
    belief="If the loss requires a gradient, the scores have one.",
    refuted="the loss may depend on other parameters alone; check whether grad is None, and return 0.0",
    seen="start.grad.norm() after a check of loss.requires_grad alone",
)
def asks_the_loss_alone(route, logits, answers, k):
    """A check of the loss, and none of the gradient."""
    leaf = logits.detach().clone().requires_grad_()
    loss = _outputs(*route(leaf, k), answers)
    if not loss.requires_grad:
        return 0.0
    loss.backward()
    return leaf.grad.norm()


@mistake(
    does="adds up the absolute values of the slopes",
    belief="The size of a gradient is the sum of its entries' sizes.",
    refuted="the task asks for the root of the sum of squares: 3 · √2 on paper, not 6",
    seen="grad.abs().sum()",
)
def absolute_values_added(route, logits, answers, k):
    """The other norm."""
    return _slopes(route, logits, answers, k, _outputs).abs().sum()


MISTAKES = mistakes_in(globals())
