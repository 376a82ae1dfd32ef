"""Right answers to `coverage_histogram` in other styles."""

from collections import Counter

import torch


def by_one_hot(token_idx, tokens):
    """One-hot vectors with a class for empty slots, added up over slots."""
    slots = torch.nn.functional.one_hot(token_idx.flatten(1) + 1, tokens + 1)
    taken = slots.sum(1)[:, 1:]
    return torch.stack([(taken == j).sum() for j in range(token_idx.shape[1] + 1)])


def by_comparing(token_idx, tokens):
    """Each token compared with each slot."""
    everyone = torch.arange(tokens, device=token_idx.device)
    taken = (token_idx.unsqueeze(-1) == everyone).any(2).sum(1)
    return torch.bincount(taken.reshape(-1), minlength=token_idx.shape[1] + 1).int()


def by_counter(token_idx, tokens):
    """Python's Counter, twice."""
    histogram = Counter()
    for example in token_idx.tolist():
        slots = Counter(token for expert in example for token in expert if token != -1)
        histogram.update(slots[token] for token in range(tokens))
    return torch.tensor([histogram[j] for j in range(token_idx.shape[1] + 1)], device=token_idx.device)


def by_scatter(token_idx, tokens):
    """One more column takes what empty slots hold."""
    b, e, _ = token_idx.shape
    slots = token_idx.flatten(1).where(token_idx.flatten(1) >= 0, tokens)
    taken = torch.zeros(b, tokens + 1, dtype=torch.long, device=token_idx.device)
    taken = taken.scatter_add(1, slots, torch.ones_like(slots))[:, :tokens]
    return torch.histc(taken.float(), bins=e + 1, min=-0.5, max=e + 0.5).long()


VARIANTS = (by_one_hot, by_comparing, by_counter, by_scatter)
