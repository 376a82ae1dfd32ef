"""Right answers to `soft_moe_layer` in other styles."""

import torch
from torch import nn
from torch.nn.functional import gelu


class InALoop(nn.Module):
    """Experts one after another, with the mask as numbers."""

    def __init__(self, d, e, p, f):
        super().__init__()
        self.w_in, self.w_out = nn.Parameter(torch.empty(e, d, f)), nn.Parameter(torch.empty(e, f, d))
        self.b_in, self.b_out = nn.Parameter(torch.zeros(e, f)), nn.Parameter(torch.zeros(e, d))
        self.phi, self.scale = nn.Parameter(torch.randn(d, e, p)), nn.Parameter(torch.tensor([1.0]))
        for kernel in (self.w_in, self.w_out):
            for matrix in kernel:
                nn.init.xavier_uniform_(matrix)

    def forward(self, x, mask=None):
        """Return the answers of tokens (b, n, d)."""
        tokens = x / (x.pow(2).sum(-1, keepdim=True) + 1e-6).sqrt()
        columns = self.phi / (self.phi.pow(2).sum(0) + 1e-6).sqrt()
        logits = torch.einsum("bnd,dep->bnep", tokens, columns) * self.scale
        real = x.new_ones(x.shape[:2]) if mask is None else mask.to(x.dtype)
        real = real[:, :, None, None]
        powers = torch.exp(logits - logits.detach().amax(1, keepdim=True)) * real
        dispatch = powers / powers.sum(1, keepdim=True).clamp(min=1e-30)
        combine = torch.softmax(logits.flatten(2), -1).view_as(logits) * real
        answer = torch.zeros_like(x)
        for i in range(self.phi.shape[1]):
            slots = torch.einsum("bnp,bnd->bpd", dispatch[:, :, i], x)
            hidden = gelu(slots @ self.w_in[i] + self.b_in[i], approximate="tanh")
            answer = answer + combine[:, :, i] @ (hidden @ self.w_out[i] + self.b_out[i])
        return answer


def in_a_loop(dim, num_experts, slots_per_expert, hidden_dim):
    """Experts one after another."""
    return InALoop(dim, num_experts, slots_per_expert, hidden_dim)


class Flat(nn.Module):
    """All slots along one axis, and matrix products of batches."""

    def __init__(self, dim, num_experts, slots_per_expert, hidden_dim):
        super().__init__()
        shapes = {
            "phi": (dim, num_experts, slots_per_expert),
            "w_in": (num_experts, dim, hidden_dim),
            "w_out": (num_experts, hidden_dim, dim),
        }
        for name, shape in shapes.items():
            self.register_parameter(name, nn.Parameter(torch.randn(shape) * 0.1))
        self.scale = nn.Parameter(torch.ones(1))
        self.b_in = nn.Parameter(torch.zeros(num_experts, hidden_dim))
        self.b_out = nn.Parameter(torch.zeros(num_experts, dim))

    def forward(self, x, mask=None):
        """Return the answers of tokens (b, n, d)."""
        flat = self.phi.flatten(1)
        flat = flat * torch.rsqrt(flat.square().sum(0) + 1e-6)
        logits = self.scale * (x * torch.rsqrt(x.square().sum(-1, keepdim=True) + 1e-6)) @ flat
        into = logits
        if mask is not None:
            into = torch.where(mask[..., None], logits, torch.finfo(logits.dtype).min)
        dispatch, combine = into.softmax(1), logits.softmax(2)
        if mask is not None:
            dispatch, combine = dispatch * mask[..., None], combine * mask[..., None]
        slots = (dispatch.mT @ x).unflatten(1, self.phi.shape[1:])
        rows = slots.transpose(0, 1).flatten(1, 2)
        hidden = gelu(torch.baddbmm(self.b_in[:, None], rows, self.w_in), approximate="tanh")
        answers = torch.baddbmm(self.b_out[:, None], hidden, self.w_out)
        return combine @ answers.unflatten(1, (x.shape[0], -1)).transpose(0, 1).flatten(1, 2)


def flat(dim, num_experts, slots_per_expert, hidden_dim):
    """All slots along one axis."""
    return Flat(dim, num_experts, slots_per_expert, hidden_dim)


def real_tokens_only(dim, num_experts, slots_per_expert, hidden_dim):
    """Examples one at a time, with their padding cut off."""

    class OneByOne(Flat):
        def forward(self, x, mask=None):
            if mask is None:
                return super().forward(x)
            rows = []
            for tokens, real in zip(x, mask, strict=True):
                answer = torch.zeros_like(tokens)
                if real.any():
                    answer = answer.index_put((real.nonzero()[:, 0],), super().forward(tokens[real][None])[0])
                rows.append(answer)
            return torch.stack(rows)

    return OneByOne(dim, num_experts, slots_per_expert, hidden_dim)


VARIANTS = (in_a_loop, flat, real_tokens_only)
