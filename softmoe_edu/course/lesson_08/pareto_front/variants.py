"""Right answers to `pareto_front` in other styles."""

import torch


def in_loops(cost, quality):
    """Two loops."""
    points = list(zip(cost.tolist(), quality.tolist(), strict=True))
    beaten = [any(c <= mine and q >= own and (c, q) != (mine, own) for c, q in points) for mine, own in points]
    return ~torch.tensor(beaten, device=cost.device)


def by_best_so_far(cost, quality):
    """For each model, the best quality for less, and for at most as much."""
    kept = []
    for c, q in zip(cost, quality, strict=True):
        rivals, cheaper = quality[cost <= c], quality[cost < c]
        kept.append(bool(rivals.max() <= q) and not bool((cheaper == q).any()))
    return torch.tensor(kept, device=cost.device)


def by_sorting(cost, quality):
    """Sort by cost, then by quality downwards, and keep what raises the best, and its equals."""
    order = sorted(range(len(cost)), key=lambda i: (float(cost[i]), -float(quality[i])))
    front = torch.zeros(len(cost), dtype=torch.bool, device=cost.device)
    best, at = -torch.inf, None
    for i in order:
        point = float(cost[i]), float(quality[i])
        if point[1] > best or point == at:
            front[i], best, at = True, point[1], point
    return front


VARIANTS = (in_loops, by_best_so_far, by_sorting)
