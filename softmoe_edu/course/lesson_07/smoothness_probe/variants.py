"""Right answers to `smoothness_probe` in other styles."""

import itertools

import torch


def pairwise(layer, x, direction, steps):
    """All points first, then pairs of neighbours."""
    points = (x + t * direction for t in torch.linspace(0, 1, steps + 1).to(x).unbind())
    pairs = itertools.pairwise(map(layer, points))
    return max(float((after - before).abs().max()) for before, after in pairs)


def by_diff(layer, x, direction, steps):
    """All answers on an axis of their own, and diff along it; a tensor without axes."""
    with torch.no_grad():
        answers = torch.stack([layer(torch.lerp(x, x + direction, k / steps)) for k in range(steps + 1)])
    return answers.diff(dim=0).abs().amax()


def by_norm(layer, x, direction, steps):
    """The largest absolute value as a norm, both ends of every step computed anew."""
    stride = direction / steps
    return max(
        torch.linalg.vector_norm(layer(x + (k + 1) * stride) - layer(x + k * stride), ord=float("inf")).item()
        for k in range(steps)
    )


VARIANTS = (pairwise, by_diff, by_norm)
