"""Right answers to `check_assign` in other styles."""

import torch

from softmoe_edu.course.lesson_02.assign_with_capacity.mistakes import queue, serve


def by_properties(assign):
    """Rules instead of results: full buffers, one choice in each slot, the first in the queue."""
    draw = torch.Generator().manual_seed(5)
    for priority in ("position", "gate"):
        for _ in range(4):
            gates = (torch.randn(12, 5, generator=draw) + torch.linspace(2, 0, 5)).softmax(-1)
            weights, indices = torch.topk(gates, 2)
            indices[[2, 7]] = -1
            indices[4, 1] = -1
            positions, kept = assign(indices.clone(), weights.clone(), 3, priority)
            order = weights[:, 0].argsort(descending=True) if priority == "gate" else torch.arange(12)
            line = [(int(indices[t, j]), t, j) for j in range(2) for t in order.tolist()]
            for expert in range(5):
                asked = [(t, j) for e, t, j in line if e == expert]
                assert [bool(kept[pair]) for pair in asked] == [i < 3 for i in range(len(asked))], "the first are kept"
                rows = [int(positions[pair]) for pair in asked[:3]]
                assert rows == list(range(len(rows))), "slots in the order of arrival"
            assert not kept[indices < 0].any(), "padding is kept"


def by_own_version(assign):
    """Compare with a version of one's own on random groups."""
    for seed in range(6):
        draw = torch.Generator().manual_seed(seed)
        weights, indices = (torch.randn(9, 4, generator=draw) * 2).softmax(-1).topk(2)
        indices[3] = indices[5, 1] = -1
        priority = ("position", "gate")[seed % 2]
        expected, own_kept = serve(indices, queue(indices, weights, priority), 3)
        positions, kept = assign(indices, weights, 3, priority)
        assert bool((kept == own_kept).all()), "kept differs"
        assert bool((positions[kept] == expected[kept]).all()), "positions differ"


def by_returning_false(assign):
    """Return False for a wrong one."""
    indices = torch.tensor([[0, 1], [0, 2], [0, 1], [1, -1], [-1, -1], [2, 1]])
    weights = torch.tensor([[0.5, 0.3], [0.6, 0.2], [0.7, 0.25], [0.9, 0.1], [0.8, 0.7], [0.55, 0.4]])
    first = [[True, True], [True, True], [False, False], [True, False], [False, False], [True, False]]
    second = [[False, False], [True, True], [True, True], [True, False], [False, False], [True, False]]
    for priority, right in (("position", first), ("gate", second)):
        positions, kept = assign(indices, weights, 2, priority)
        taken = [
            (e, p) for e, p, k in zip(*(v.flatten().tolist() for v in (indices, positions, kept)), strict=True) if k
        ]
        if kept.tolist() != right or len(set(taken)) != len(taken) or max(p for _, p in taken) > 1:
            return False
    return True


VARIANTS = (by_properties, by_own_version, by_returning_false)
