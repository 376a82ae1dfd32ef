"""One training step of the lessons' Vision Transformer."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.case import OURS, Case, Comparison, Work, Works
from softmoe_edu import Experts, MoE, SoftRouter
from softmoe_edu.vit import Mlp, ViT

DIM, HIDDEN, SIDE = 32, 64, 4
TOKENS = SLOTS = SIDE * SIDE


def soft(dim: int) -> nn.Module:
    """One slot for each token, one expert for each slot."""
    return MoE(SoftRouter(dim, SLOTS, scale_init=8.0), Experts(dim, SLOTS, HIDDEN))


def equal_dense(dim: int) -> nn.Module:
    """An MLP with the multiply-adds of `soft`, routing included."""
    products = SLOTS * 2 * dim * HIDDEN + 3 * TOKENS * SLOTS * dim
    return Mlp(dim, products // (TOKENS * 2 * dim))


def step(works: Works, moe: Callable[[int], nn.Module]) -> Work:
    """Forward, cross entropy, backward, clipping and AdamW."""
    model = ViT(image_size=2 * SIDE, dim=DIM, hidden_dim=HIDDEN, moe_layers=(1, 2), moe=moe).to(works.device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.05)
    images, labels = works.x.detach(), torch.arange(len(works.x), device=works.device) % 10

    def run() -> Tensor:
        loss = F.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss.detach()

    return Work(run, module=model)


def steps(quick: bool, device: str) -> list[Case]:
    """Soft MoE in the last two of three blocks, against dense at equal multiply-adds and against the plain ViT."""
    b = 4 if quick else 64
    dense, plain = "dense, equal multiply-adds", "dense, same hidden width"
    return [
        Case(
            "model",
            f"ViT, {TOKENS} tokens, dim {DIM}, 3 blocks, 2 of them with {SLOTS} experts x 1, batch {b}",
            (b, 1, 2 * SIDE, 2 * SIDE),
            {
                OURS: lambda works: step(works, soft),
                dense: lambda works: step(works, equal_dense),
                plain: lambda works: step(works, lambda dim: Mlp(dim, HIDDEN)),
            },
            [Comparison(OURS, dense, {"step": ("<=", 1.5)}), Comparison(OURS, plain)],
            passes=("step",),
        )
    ]
