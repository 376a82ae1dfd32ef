"""Right answers to `switch_aux_loss` in other styles."""

import torch
from torch.nn import functional as F  # the name that everybody uses


def by_einsum(probs, indices, mask=None):
    """One-hot rows and one sum over groups and experts."""
    groups, tokens, experts = probs.shape
    real = torch.ones(groups, tokens, device=probs.device, dtype=torch.bool) if mask is None else mask
    weight = real.to(probs.dtype) / real.sum(1, keepdim=True).clamp(min=1)
    hot = F.one_hot(indices, experts).to(probs.dtype).mean(2)
    shares = torch.einsum("bne,bn->be", hot, weight)
    gates = torch.einsum("bne,bn->be", torch.where(real.unsqueeze(-1), probs, 0.0), weight)
    return torch.einsum("be,be->", shares, gates) * experts / groups


def in_loops(probs, indices, mask=None):
    """Group by group and expert by expert, on real tokens only."""
    total = torch.zeros((), dtype=probs.dtype, device=probs.device)
    for group in range(probs.shape[0]):
        keep = slice(None) if mask is None else mask[group]
        gates, chosen = probs[group][keep], indices[group][keep]
        if len(gates) == 0:
            continue
        for expert in range(probs.shape[2]):
            share = (chosen == expert).float().mean().item()
            total = total + share * gates[:, expert].mean()
    return total * probs.shape[2] / probs.shape[0]


def through_each_token(probs, indices, mask=None):
    """The share of its expert for every gate, as a weight: the same sum in another order."""
    b, n, e = probs.shape
    with torch.no_grad():
        real = probs.new_ones(b, n) if mask is None else mask.to(probs.dtype)
        counts = probs.new_zeros(b, e)
        for choice in range(indices.shape[2]):
            counts.scatter_add_(1, indices[:, :, choice], real)
        share = counts / (indices.shape[2] * real.sum(1, keepdim=True)).clamp(min=1)
    if mask is not None:
        probs = probs.masked_fill(~mask[..., None], 0.0)
    per_token = (probs * share[:, None, :]).sum(-1)
    return (e * per_token.sum(1) / real.sum(1).clamp(min=1)).mean()


VARIANTS = (by_einsum, in_loops, through_each_token)
