"""What only a GPU can answer: the paper's layers in large batches, and what PyTorch's attention leaves to gain."""

from functools import partial

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from benchmarks import floors
from benchmarks.case import OURS, Case, Comparison, Work, Works
from benchmarks.sections.soft import ours
from softmoe_edu.routers.soft_attention import attend
from softmoe_edu.routers.weights import soft_weights

FLOORS_RATE = 0.6  # the layer shall run at this share of the rate of its own products
PAPERS_CLAIM = 1.02  # 128 experts of H/14 cost 2 % more than one MLP (section 3.4: 8.8 against 8.6 ms per image)
BACKENDS = {
    "attention, flash": SDPBackend.FLASH_ATTENTION,
    "attention, cuDNN": SDPBackend.CUDNN_ATTENTION,
    "attention, memory-efficient": SDPBackend.EFFICIENT_ATTENTION,
    "attention, math": SDPBackend.MATH,
}


def layers(quick: bool, device: str) -> list[Case]:
    """Layers of S/16, B/16 and H/14 in bfloat16, and the routing of long sequences alone."""
    if quick:
        return [_against_products(9, 16, 4, 2, 2), _experts_for_free(9, 16, 4, 8, 2), _attention(12, 16, 8, 1)]
    if device != "cuda":
        return []
    found = [_against_products(196, dim, 128, 1, b) for dim in (384, 768) for b in (128, 256)]
    found += [_experts_for_free(256, 1280, 128, 256, b) for b in (32, 128)]
    return found + [_attention(4096, dim, 4096, 8) for dim in (384, 768, 1280)]


def _against_products(n: int, dim: int, e: int, p: int, b: int) -> Case:
    """Compare the layer with all its products."""
    most = ("<=", 1 / FLOORS_RATE)
    return Case(
        "gpu",
        f"{n} tokens, dim {dim}, {e} experts x {p}, batch {b}, bf16",
        (b, n, dim),
        {
            OURS: partial(ours, e=e, p=p, hidden=4 * dim),
            "all products": partial(floors.all_products, slots_per_expert=p),
        },
        [Comparison(OURS, "all products", {"forward": most, "training": most})],
        dtype=torch.bfloat16,
    )


def _experts_for_free(n: int, dim: int, e: int, slots: int, b: int) -> Case:
    """Compare many experts with one that has as many slots."""
    many = f"{e} experts"
    return Case(
        "gpu",
        f"{n} tokens, dim {dim}, {slots} slots, batch {b}, bf16",
        (b, n, dim),
        {
            many: partial(ours, e=e, p=slots // e, hidden=4 * dim),
            "1 expert": partial(ours, e=1, p=slots, hidden=4 * dim),
        },
        [Comparison(many, "1 expert", {"forward": ("<=", PAPERS_CLAIM)})],
        dtype=torch.bfloat16,
    )


def _attention(n: int, dim: int, slots: int, b: int) -> Case:
    """Compare dispatch and combine without weights, by each of PyTorch's kernels, with their products.

    A kernel of our own has the same four products to compute: it can gain no more than the ratio that stands here.
    """
    kernels = {name: partial(_without_weights, slots=slots, backend=one) for name, one in BACKENDS.items()}
    return Case(
        "gpu",
        f"dispatch and combine alone, {n} tokens x {slots} slots, dim {dim}, batch {b}, bf16",
        (b, n, dim),
        {
            **kernels,
            "attention's products": partial(_products, slots=slots),
            "with weights": partial(_with_weights, slots=slots),
        },
        [Comparison(name, "attention's products") for name in (*kernels, "with weights")],
        dtype=torch.bfloat16,
    )


def _without_weights(works: Works, slots: int, backend: SDPBackend) -> Work:
    """Two attentions; the filled slots stand for the experts' answers."""
    x, phi = works.x, works.tensor(works.x.shape[0], slots, works.x.shape[-1])

    def run() -> Tensor:
        with sdpa_kernel(backend):
            return attend(x, phi, attend(phi, x, x))

    return Work(run, (x, phi))


def _products(works: Works, slots: int) -> Work:
    """The four products of these attentions: logits twice, because nothing keeps them."""
    x, phi = works.x, works.tensor(works.x.shape[0], slots, works.x.shape[-1])
    return Work(lambda: (x @ phi.mT) @ ((phi @ x.mT) @ x), (x, phi))


def _with_weights(works: Works, slots: int) -> Work:
    """The same through (batch, tokens, slots) weights, with a float32 softmax."""
    x, phi = works.x, works.tensor(works.x.shape[0], slots, works.x.shape[-1])

    def run() -> Tensor:
        dispatch, combine = (one[..., 0].to(x.dtype) for one in soft_weights((x @ phi.mT).float()[..., None]))
        return combine @ (dispatch.mT @ x)

    return Work(run, (x, phi))
