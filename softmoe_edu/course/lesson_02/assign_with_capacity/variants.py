"""Right answers in other styles to `assign_with_capacity`."""

import torch


def by_cumsum(indices, weights, capacity, priority):
    """One-hot vectors, added up along the queue."""
    n, k = indices.shape
    order = weights[:, 0].argsort(descending=True) if priority == "gate" else torch.arange(n, device=indices.device)
    asked = indices[order].T.flatten()
    experts = torch.arange(int(indices.max()) + 1, device=indices.device)
    arrivals = (asked[:, None] == experts).long()
    slots = ((arrivals.cumsum(0) - 1) * arrivals).sum(1)
    kept = (slots < capacity) & (asked >= 0)
    undo = order.argsort()
    return slots.view(k, n).T[undo], kept.view(k, n).T[undo]


def by_lists(indices, weights, capacity, priority):
    """Every expert collects a list of the choices for it, and cuts it; positions are int32."""
    n, k = indices.shape
    places = list(range(n))
    if priority == "gate":
        places.sort(key=lambda token: -max(weights[token].tolist()))
    buffers = {}
    for choice in range(k):
        for token in places:
            buffers.setdefault(indices[token, choice].item(), []).append((token, choice))
    buffers.pop(-1, None)
    positions = [[0] * k for _ in range(n)]
    kept = [[False] * k for _ in range(n)]
    for arrivals in buffers.values():
        for slot, (token, choice) in enumerate(arrivals[:capacity]):
            positions[token][choice], kept[token][choice] = slot, True
    slots = torch.tensor(positions, dtype=torch.int32, device=indices.device)
    return slots, torch.tensor(kept, device=indices.device)


def by_counting_ahead(indices, weights, capacity, priority):
    """A choice's slot is the number of choices ahead of it for the same expert; of equal ones the earlier is first."""
    n, k = indices.shape
    rank = torch.arange(n, device=indices.device)
    if priority == "gate":
        best, place = weights.amax(1), rank
        equal_and_earlier = (best[None] == best[:, None]) & (place[None] < place[:, None])
        rank = ((best[None] > best[:, None]) | equal_and_earlier).sum(1)
    turn = (torch.arange(k, device=indices.device) * n + rank[:, None]).flatten()
    flat = indices.flatten()
    ahead = (turn[None] < turn[:, None]) & (flat[None] == flat[:, None])
    slots = ahead.sum(1).view(n, k)
    return slots, (slots < capacity) & (indices != -1)


def by_sorting(indices, weights, capacity, priority):
    """A stable sort by expert keeps the order of arrival; a slot is the distance to the expert's first."""
    n, k = indices.shape
    tokens = torch.sort(-weights[:, 0], stable=True).indices if priority == "gate" else torch.arange(n)
    arrival = (tokens.to(indices.device)[None] * k + torch.arange(k, device=indices.device)[:, None]).flatten()
    experts, place = indices.flatten()[arrival].sort(stable=True)
    slots = torch.arange(n * k, device=indices.device) - torch.searchsorted(experts, experts)
    positions = torch.empty_like(arrival).scatter(0, arrival[place], slots).view(n, k)
    return positions, (positions < capacity).logical_and(indices >= 0)


VARIANTS = (by_cumsum, by_lists, by_counting_ahead, by_sorting)
