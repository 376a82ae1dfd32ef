"""Right answers to `uniform_routing` in other styles."""

import torch


def filled(logits, uniform):
    """Learned weights first, then a constant where a side is uniform."""
    _, n, e, p = logits.shape
    dispatch = torch.softmax(logits, dim=1)
    combine = torch.softmax(logits.flatten(2), dim=-1).view_as(logits)
    if uniform in ("dispatch", "both"):
        dispatch = torch.full_like(logits, 1 / n)
    if uniform in ("combine", "both"):
        combine = torch.full_like(logits, 1 / (e * p))
    return dispatch, combine


def by_logsumexp(logits, uniform):
    """Softmaxes from their logarithms, of scores times 0 or 1."""
    ours = {"dispatch": (0, 1), "combine": (1, 0), "both": (0, 0)}[uniform]
    for_dispatch, for_combine = (logits.nan_to_num() * keep for keep in ours)
    dispatch = (for_dispatch - for_dispatch.logsumexp(1, keepdim=True)).exp()
    combine = (for_combine - for_combine.logsumexp((2, 3), keepdim=True)).exp()
    return dispatch, combine


def in_loops(logits, uniform):
    """Slot by slot and token by token."""
    b, n, e, p = logits.shape
    dispatch = torch.ones(b, n, e, p, dtype=logits.dtype, device=logits.device) / n
    combine = torch.ones(b, n, e, p, dtype=logits.dtype, device=logits.device) / (e * p)
    if uniform == "combine":
        columns = [logits[:, :, i, j].softmax(1) for i in range(e) for j in range(p)]
        dispatch = torch.stack(columns, -1).view(b, n, e, p)
    if uniform == "dispatch":
        rows = [logits[:, t].reshape(b, e * p).softmax(1) for t in range(n)]
        combine = torch.stack(rows, 1).view(b, n, e, p)
    return dispatch, combine


def expanded(logits, uniform):
    """Constants without memory of their own, in a list."""
    _, n, e, p = logits.shape
    one_nth = logits.new_tensor(1 / n).expand_as(logits)
    one_slot = logits.new_tensor(1 / (e * p)).expand_as(logits)
    learned = logits.movedim(1, -1).softmax(-1).movedim(-1, 1), logits.flatten(-2).softmax(-1).unflatten(-1, (e, p))
    return [learned[0] if uniform == "combine" else one_nth, learned[1] if uniform == "dispatch" else one_slot]


VARIANTS = (filled, by_logsumexp, in_loops, expanded)
