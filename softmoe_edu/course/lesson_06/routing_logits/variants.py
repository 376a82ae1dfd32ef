"""Right answers to `routing_logits` in other styles."""

import torch


def by_rsqrt(x, phi, scale):
    """As the official code writes it, with the scale on the tokens."""
    tokens = x * torch.rsqrt((x**2).sum(-1, keepdim=True) + 1e-6)
    slots = phi * torch.rsqrt((phi**2).sum(0, keepdim=True) + 1e-6)
    return torch.einsum("bnd,dep->bnep", scale * tokens, slots)


def divided_afterwards(x, phi, scale):
    """The plain product first, divided by both lengths afterwards."""
    product = torch.tensordot(x, phi, 1)
    of_tokens = (x.pow(2).sum(-1) + 1e-6).sqrt()[:, :, None, None]
    of_slots = (phi.pow(2).sum(0) + 1e-6).sqrt()
    return scale * product / of_tokens / of_slots


def with_one_more_number(x, phi, scale):
    """Lengths by `norm`, of vectors that have a further number 0.001: its square is 1e-6."""
    x_length = torch.cat([x, torch.full_like(x[..., :1], 1e-3)], -1).norm(dim=-1, keepdim=True)
    phi_length = torch.cat([phi, torch.full_like(phi[:1], 1e-3)], 0).norm(dim=0)
    logits = (x / x_length) @ (phi / phi_length * scale).reshape(phi.shape[0], -1)
    return logits.reshape(*x.shape[:2], *phi.shape[1:])


def slot_by_slot(x, phi, scale):
    """One slot after another."""
    unit = x / (torch.linalg.vecdot(x, x).unsqueeze(-1) + 1e-6) ** 0.5
    columns = [
        torch.stack([unit @ (v / (v @ v + 1e-6).sqrt()) for v in phi[:, i].unbind(-1)], -1) for i in range(phi.shape[1])
    ]
    return torch.stack(columns, 2) * scale


VARIANTS = (by_rsqrt, divided_afterwards, with_one_more_number, slot_by_slot)
