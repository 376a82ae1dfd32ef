"""Right answers to `expert_bank` in other styles."""

import math

import torch
from torch.nn.functional import gelu


def in_a_loop(slots, w_in, b_in, w_out, b_out):
    """One expert after another."""
    answers = []
    for i in range(slots.shape[1]):
        hidden = gelu(slots[:, i] @ w_in[i] + b_in[i], approximate="tanh")
        answers.append(hidden @ w_out[i] + b_out[i])
    return torch.stack(answers, 1)


def by_broadcasting(slots, w_in, b_in, w_out, b_out):
    """The product of (b, e, p, d) and (e, d, f) is taken expert by expert."""
    hidden = gelu(slots @ w_in + b_in.unsqueeze(1), approximate="tanh")
    return hidden @ w_out + b_out.unsqueeze(1)


def by_bmm(slots, w_in, b_in, w_out, b_out):
    """Experts first, so that `bmm` sees one matrix of rows for each of them."""
    b, e, p, d = slots.shape
    rows = slots.permute(1, 0, 2, 3).reshape(e, b * p, d)
    hidden = gelu(torch.bmm(rows, w_in) + b_in[:, None], approximate="tanh")
    answers = torch.bmm(hidden, w_out) + b_out[:, None]
    return answers.reshape(e, b, p, d).permute(1, 0, 2, 3)


def written_out(slots, w_in, b_in, w_out, b_out):
    """GELU by its formula, and the axes by einsum."""
    z = torch.einsum("bepd,edf->ebpf", slots, w_in) + b_in[:, None, None]
    hidden = z / 2 * (1 + torch.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)))
    return (torch.einsum("ebpf,efd->ebpd", hidden, w_out) + b_out[:, None, None]).transpose(0, 1)


VARIANTS = (in_a_loop, by_broadcasting, by_bmm, written_out)
