"""Right answers to `router_gradient` in other styles."""

import torch


def by_backward(route, logits, answers, k):
    """As in a training loop: backward, and the leaf's grad."""
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


VARIANTS = (by_backward, by_jacobian, token_by_token)
