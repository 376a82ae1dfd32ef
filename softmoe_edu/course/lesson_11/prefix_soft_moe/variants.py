"""Right answers to `prefix_soft_moe` in other styles."""

import torch


def prefix_by_prefix(x, phi, experts):
    """Soft MoE on every prefix; the last answer of each."""
    answers = []
    for end in range(1, x.shape[1] + 1):
        tokens = x[:, :end]
        scores = torch.einsum("bnd,dep->bnep", tokens, phi)
        slots = torch.einsum("bnep,bnd->bepd", scores.softmax(1), tokens)
        rows = torch.stack([expert(slots[:, k]) for k, expert in enumerate(experts)], 1)
        combine = scores.flatten(2).softmax(-1).view_as(scores)
        answers.append(torch.einsum("bnep,bepd->bnd", combine, rows)[:, -1])
    return torch.stack(answers, 1)


def with_running_sums(x, phi, experts):
    """One token after the other: a sum of tokens and a sum of weights for each slot, kept from step to step."""
    b, n, d = x.shape
    _, e, p = phi.shape
    scores = (x @ phi.flatten(1)).view(b, n, e, p)
    top = torch.full((b, e, p), -torch.inf, dtype=x.dtype, device=x.device)
    mass, held, answers = torch.zeros_like(top), x.new_zeros(b, e, p, d), []
    for i in range(n):
        above = torch.maximum(top, scores[:, i])
        fade, weight = (top - above).exp(), (scores[:, i] - above).exp()
        mass, top = mass * fade + weight, above
        held = held * fade[..., None] + weight[..., None] * x[:, i, None, None]
        slots = held / mass[..., None]
        rows = torch.cat([expert(slots[:, k]) for k, expert in enumerate(experts)], 1)
        answers.append((scores[:, i].flatten(1).softmax(-1)[..., None] * rows).sum(1))
    return torch.stack(answers, 1)


def with_cumulative_logsumexp(x, phi, experts):
    """Dispatch weights of every prefix from one cumulative sum, slot by slot."""
    n, p = x.shape[1], phi.shape[2]
    scores = torch.einsum("bnd,dep->bnep", x, phi)
    mass = scores.logcumsumexp(1)
    early = torch.ones(n, n, device=x.device, dtype=torch.bool).tril()
    combine, total = scores.flatten(2).softmax(-1).view_as(scores), 0
    for k, expert in enumerate(experts):
        for q in range(p):
            exponent = scores[:, None, :, k, q] - mass[:, :, None, k, q]
            weights = exponent.masked_fill(~early, -torch.inf).exp()
            total = total + combine[:, :, k, q, None] * expert(weights @ x)
    return total


VARIANTS = (prefix_by_prefix, with_running_sums, with_cumulative_logsumexp)
