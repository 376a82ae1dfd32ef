"""Right answers to `slot_paths` in other styles."""

import torch


def in_loops(dispatch, combine):
    """Pair by pair."""
    b, n = dispatch.shape[:2]
    count = torch.zeros(b, n, n, dtype=torch.int64, device=dispatch.device)
    for g in range(b):
        for i in range(n):
            for j in range(n):
                count[g, i, j] = int(((dispatch[g, j] != 0) & (combine[g, i] != 0)).sum())
    return count


def with_einsum(dispatch, combine):
    """Signs of weights, summed over experts and slots."""
    return torch.einsum("biep,bjep->bij", combine.sign().abs().long(), dispatch.sign().abs().long())


def slot_by_slot(dispatch, combine):
    """Add one slot after the other."""
    total = 0
    for expert in range(dispatch.shape[2]):
        for slot in range(dispatch.shape[3]):
            reads, holds = combine[:, :, expert, slot] != 0, dispatch[:, :, expert, slot] != 0
            total = total + (reads[:, :, None] & holds[:, None, :]).int()
    return total


VARIANTS = (in_loops, with_einsum, slot_by_slot)
