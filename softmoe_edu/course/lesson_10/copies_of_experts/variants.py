"""Right answers to `copies_of_experts` in other styles."""

import heapq
import math

import torch


def with_a_heap(loads, places):
    """The busiest copy is on top of a heap."""
    values = loads.tolist()
    heap = [(-load, i, 1) for i, load in enumerate(values)]
    heapq.heapify(heap)
    for _ in range(places - len(values)):
        _, i, count = heapq.heappop(heap)
        heapq.heappush(heap, (-values[i] / (count + 1), i, count + 1))
    return torch.tensor([count for _, _, count in sorted(heap, key=lambda each: each[1])], device=loads.device)


def by_threshold(loads, places):
    """Find the least load that a copy can have among the quotients, and give what is left to anybody."""
    values = loads.tolist()
    best = None
    for limit in sorted({load / k for load in values if load > 0 for k in range(1, places + 1)}):
        need = [max(1, math.ceil(load / limit - 1e-9)) for load in values]
        if sum(need) <= places:
            best = need
            break
    best[0] += places - sum(best)
    return torch.tensor(best, device=loads.device)


def one_sort(loads, places):
    """The spare copies go to the largest of the quotients load / 1, load / 2, load / 3, ..."""
    spare = places - len(loads)
    quotients = loads[:, None] / torch.arange(1, spare + 1, device=loads.device)
    chosen = quotients.flatten().topk(spare).indices // max(1, spare)
    return 1 + chosen.bincount(minlength=len(loads))


VARIANTS = (with_a_heap, by_threshold, one_sort)
