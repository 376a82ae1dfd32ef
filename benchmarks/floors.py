"""Floors and reference forms: what a layer cannot do without, and how it is written down first.

A floor has the layer's own expert parameters and its matrix products with their backward, and nothing else: no
normalisation, softmax, bias, GELU, sorting or check.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.case import OURS, Work, Works

TEXT = {
    "experts alone": "the experts' two batched products on ready rows (experts, batch x slots, dim)",
    "all products": (
        "logits, dispatch, the experts' two products, combine, in one chain where raw logits stand for both weights, "
        "with the copies between example-major and expert-major rows"
    ),
    "expert products": "the experts' two batched products on ready rows (experts, capacity, dim), padding included",
    "GELU alone": "the tanh GELU of the experts' hidden numbers, which no floor holds and every such layer computes",
    "reading the weights": "one sum over the experts' two weight tensors",
    "attention's products": "the four products of two attentions, logits computed twice as no kernel keeps them",
    "bare loop": (
        "the same training step written out: batch, losses, backward pass, clipping, fused AdamW, loss and accuracy "
        "logged; compiled, forward pass and losses with their backward are torch.compile's"
    ),
    "dense MLP": "one MLP with top_k x hidden_dim: as many multiply-adds as the chosen experts, without routing",
    "one-hot": "the same routing through (tokens, experts, capacity) tensors and einsum, as GShard writes it",
}


def experts_alone(works: Works, rows: int, name: str = OURS) -> Work:
    """The experts' two products on `rows` rows each."""
    w_in, w_out = _weights(works, name)
    x = works.tensor(len(w_in), rows, w_in.shape[1])
    return Work(lambda: torch.bmm(torch.bmm(x, w_in), w_out), (x, w_in, w_out))


def all_products(works: Works, slots_per_expert: int, name: str = OURS) -> Work:
    """Every matrix product of Soft MoE."""
    w_in, w_out = _weights(works, name)
    x, b, e, p = works.x, works.x.shape[0], len(w_in), slots_per_expert
    phi = works.tensor(x.shape[-1], e * p)

    def run() -> Tensor:
        logits = x @ phi
        rows = (logits.mT @ x).unflatten(1, (e, p)).transpose(0, 1).flatten(1, 2)
        answers = torch.bmm(torch.bmm(rows, w_in), w_out)
        return logits @ answers.unflatten(1, (b, p)).transpose(0, 1).flatten(1, 2)

    return Work(run, (x, phi, w_in, w_out))


def gelu(works: Works, rows: int, name: str = OURS) -> Work:
    """The activation of `rows` rows for each expert."""
    w_in, _ = _weights(works, name)
    hidden = works.tensor(len(w_in), rows, w_in.shape[2])
    return Work(lambda: F.gelu(hidden, approximate="tanh"), (hidden,))


def reading(works: Works, name: str) -> Work:
    """Read the experts' weights once."""
    w_in, w_out = _weights(works, name)
    return Work(lambda: w_in.sum() + w_out.sum(), (w_in, w_out))


def _weights(works: Works, name: str) -> tuple[Tensor, Tensor]:
    experts = works[name].module.experts
    return experts.w_in, experts.w_out


class OneHotTokensChoice(nn.Module):
    """Tokens Choice of one group, through one-hot tensors; shares a layer's parameters and gives its result."""

    def __init__(self, layer: nn.Module):
        super().__init__()
        self.router, self.experts = layer.router, layer.experts

    def forward(self, x: Tensor) -> Tensor:
        """Answer tokens (1, n, d)."""
        n, e, k = x.shape[1], self.router.num_experts, self.router.top_k
        capacity = self.router.capacity(n)
        gates, experts = (x[0] @ self.router.w_gate).softmax(-1).topk(k)
        chosen = F.one_hot(experts.mT.flatten(), e)  # all first choices, then all second ones
        place = ((chosen.cumsum(0) - 1) * chosen).sum(-1)
        slot = F.one_hot(place.clamp(max=capacity), capacity + 1)[:, :capacity]
        chosen, slot = (one.to(x.dtype).unflatten(0, (k, n)) for one in (chosen, slot))
        combine = torch.einsum("kne,knc->nec", chosen * gates.mT[..., None], slot)
        dispatch = combine.bool().to(x.dtype)
        answers = self.experts(torch.einsum("nec,nd->ecd", dispatch, x[0])[None])[0]
        return torch.einsum("nec,ecd->nd", combine, answers)[None]


class OneHotExpertsChoice(nn.Module):
    """Experts Choice of one group, through one-hot tensors; shares a layer's parameters and gives its result."""

    def __init__(self, layer: nn.Module):
        super().__init__()
        self.router, self.experts = layer.router, layer.experts

    def forward(self, x: Tensor) -> Tensor:
        """Answer tokens (1, n, d)."""
        n = x.shape[1]
        gates, tokens = (x[0] @ self.router.w_gate).softmax(-1).mT.topk(self.router.capacity(n))
        dispatch = F.one_hot(tokens, n).to(x.dtype)
        answers = self.experts(torch.einsum("ecn,nd->ecd", dispatch, x[0])[None])[0]
        return torch.einsum("ecn,ecd->nd", dispatch * gates[..., None], answers)[None]
