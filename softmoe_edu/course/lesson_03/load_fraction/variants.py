"""Right answers to `load_fraction` in other styles."""

import torch
from torch.nn import functional as F  # the name that everybody uses


def by_one_hot(indices, num_experts, mask=None):
    """One-hot rows; padding's choices are first replaced, then their rows taken out."""
    real = torch.ones(indices.shape[:2], dtype=torch.bool, device=indices.device) if mask is None else mask
    rows = F.one_hot(indices.masked_fill(~real.unsqueeze(-1), 0), num_experts) * real[:, :, None, None]
    counts = rows.sum(dim=(1, 2)).float()
    return counts / (real.sum(1, keepdim=True) * indices.shape[2]).clamp(min=1)


def by_scatter(indices, num_experts, mask=None):
    """One more expert takes the padding, and is cut off."""
    flat = indices.flatten(1)
    if mask is not None:
        flat = torch.where(mask.repeat_interleave(indices.shape[2], dim=1), flat, num_experts)
    counts = torch.zeros(len(flat), num_experts + 1, device=indices.device)
    counts.scatter_add_(1, flat, torch.ones_like(flat, dtype=counts.dtype))
    counts = counts[:, :num_experts]
    total = counts.sum(1, keepdim=True)
    return torch.where(total > 0, counts / total, torch.zeros_like(counts))


def in_loops(indices, num_experts, mask=None):
    """Group by group, token by token, choice by choice."""
    shares = torch.zeros(len(indices), num_experts, device=indices.device)
    for group, rows in enumerate(indices.tolist()):
        counted = [
            expert for token, row in enumerate(rows) if mask is None or bool(mask[group, token]) for expert in row
        ]
        for expert in counted:
            shares[group, expert] += 1 / len(counted)
    return shares


VARIANTS = (by_one_hot, by_scatter, in_loops)
