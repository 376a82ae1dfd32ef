"""Right answers to `place_experts` in other styles."""

import heapq

import torch


def with_a_heap(loads, devices):
    """The device with the least load is on top of a heap; a full one does not go back."""
    room = len(loads) // devices
    heap = [(0.0, device, 0) for device in range(devices)]
    result = torch.empty(len(loads), dtype=torch.long)
    order = sorted(range(len(loads)), key=lambda i: loads[i].item(), reverse=True)
    for expert in order:
        load, device, count = heapq.heappop(heap)
        result[expert] = device
        if count + 1 < room:
            heapq.heappush(heap, (load + loads[expert].item(), device, count + 1))
    return result.to(loads.device)


def in_tensors(loads, devices):
    """A full device counts as infinitely loaded."""
    load = torch.zeros(devices, dtype=loads.dtype, device=loads.device)
    count = torch.zeros(devices, dtype=torch.long, device=loads.device)
    result = torch.zeros(len(loads), dtype=torch.int32, device=loads.device)
    for expert in torch.argsort(-loads):
        device = torch.where(count < len(loads) // devices, load, torch.inf).argmin()
        result[expert] = device
        load[device] += loads[expert]
        count[device] += 1
    return result


def improved_by_exchanges(loads, devices):
    """The rule, and then exchanges of two experts as long as one makes the busier of two devices less busy."""
    room, values = len(loads) // devices, loads.tolist()
    groups = [[] for _ in range(devices)]
    for expert in sorted(range(len(values)), key=values.__getitem__)[::-1]:
        min((g for g in groups if len(g) < room), key=lambda g: sum(values[i] for i in g)).append(expert)
    for _ in range(len(values)):
        groups.sort(key=lambda g: sum(values[i] for i in g))
        least, most = groups[0], groups[-1]
        gap = sum(values[i] for i in most) - sum(values[i] for i in least)
        pairs = [(a, b) for a in most for b in least if 0 < values[a] - values[b] < gap]
        if devices == 1 or not pairs:
            break
        a, b = min(pairs, key=lambda pair: abs(values[pair[0]] - values[pair[1]] - gap / 2))
        most[most.index(a)], least[least.index(b)] = b, a
    return torch.tensor([next(d for d, g in enumerate(groups) if i in g) for i in range(len(values))])


VARIANTS = (with_a_heap, in_tensors, improved_by_exchanges)
