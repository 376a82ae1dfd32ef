"""Soft MoE: against its floors and its peers, at toy size, and with its slots over more and more experts."""

from collections.abc import Callable
from functools import partial

import torch

from benchmarks import floors, peers
from benchmarks.case import OURS, Case, Comparison, Work, Works
from softmoe_edu import Experts, MoE, SoftRouter

WITHIN_TENTH = {"forward": ("<=", 1.10), "training": ("<=", 1.10)}
PLAIN, BARE = f"{OURS}, plain", f"{OURS}, without weights"


def ours(works: Works, e: int, p: int, hidden: int, form: str = "auto") -> Work:
    """Build the package's layer."""
    dim = works.x.shape[-1]
    return works.module(MoE(SoftRouter(dim, e, p, form=form), Experts(dim, e, hidden)))


def contenders(b: int, e: int, p: int, hidden: int) -> dict[str, Callable[[Works], Work]]:
    """Return the layer, its two floors and its peers."""
    return {
        OURS: partial(ours, e=e, p=p, hidden=hidden),
        "experts alone": partial(floors.experts_alone, rows=b * p),
        "all products": partial(floors.all_products, slots_per_expert=p),
        "GELU alone": partial(floors.gelu, rows=b * p),
        "soft-moe-pytorch": partial(peers.soft_moe_pytorch, e=e, p=p, hidden=hidden, offload=True),
        "soft-moe-pytorch, no offload": partial(peers.soft_moe_pytorch, e=e, p=p, hidden=hidden, offload=False),
        "soft-mixture-of-experts": partial(peers.soft_mixture_of_experts, e=e, p=p, hidden=hidden),
    }


def case(section: str, n: int, dim: int, hidden: int, e: int, p: int, b: int, goals: dict, dtype: torch.dtype) -> Case:
    """Compare the layer with everything; `goals` go by the contender's name."""
    all_of_them = contenders(b, e, p, hidden)
    return Case(
        section,
        f"{n} tokens, dim {dim}, {e} experts x {p}, batch {b}{', bf16' if dtype == torch.bfloat16 else ''}",
        (b, n, dim),
        all_of_them,
        [
            Comparison(OURS, name, goals.get(name, {}))
            if name in ("experts alone", "all products")
            else Comparison(name, OURS, goals.get(name, {}))
            for name in list(all_of_them)[1:]
        ],
        dtype=dtype,
    )


def layer(quick: bool, device: str) -> list[Case]:
    """Layers of S/16 and B/16, one with several slots per expert, and one with as many slots as tokens."""
    if quick:
        return [case("soft", 9, 16, 32, 4, 2, 2, {}, torch.float32)]
    faster = {"forward": (">=", 1.25), "training": (">=", 1.5)}
    found = []
    for dtype in _dtypes(device):
        for dim in (384, 768):
            for b in (1, 8, 32):
                goals = {"all products": WITHIN_TENTH}
                if b == 32:
                    goals |= {"soft-moe-pytorch, no offload": faster, "soft-mixture-of-experts": faster}
                    goals["soft-moe-pytorch"] = {"forward": (">=", 2.0), "training": (">=", 2.0)}
                found.append(case("soft", 196, dim, 4 * dim, 128, 1, b, goals, dtype))
        found.append(case("soft", 196, 384, 1536, 16, 8, 8, {"all products": WITHIN_TENTH}, dtype))
        found.append(_wide(dtype))
    return found


def _wide(dtype: torch.dtype) -> Case:
    """4,096 tokens and slots, forward alone: on some CPUs one training step of the peer takes half a minute."""
    sizes = {"e": 64, "p": 64, "hidden": 1536}
    name = "soft-moe-pytorch, no offload"
    every = contenders(1, **sizes)
    return Case(
        "soft",
        f"4096 tokens, dim 384, 64 experts x 64, batch 1{', bf16' if dtype == torch.bfloat16 else ''}",
        (1, 4096, 384),
        {PLAIN: partial(ours, form="weights", **sizes), **{one: every[one] for one in (OURS, "all products", name)}},
        [
            Comparison(OURS, "all products"),
            Comparison(OURS, PLAIN, {"forward": ("<=", 1.1)}),
            Comparison(name, OURS, {"forward": (">=", 10.0)}),
        ],
        passes=("forward",),
        dtype=dtype,
    )


def toy(quick: bool, device: str) -> list[Case]:
    """The lessons' layer, where the cost is that of starting operations."""
    # No goal for soft-mixture-of-experts, whose experts are one linear layer each: it computes another function.
    four_times = {"forward": (">=", 4.0), "training": (">=", 4.0)}
    wanted = {"soft-moe-pytorch": four_times, "soft-moe-pytorch, no offload": four_times}
    if quick:
        return [case("toy", 4, 8, 16, 4, 1, 2, {}, torch.float32)]
    return [case("toy", 16, 32, 64, 16, 1, b, wanted, torch.float32) for b in (1, 64)]


def slots(quick: bool, device: str) -> list[Case]:
    """The same slots over more experts, against one expert, against their floors and against reading the weights."""
    total, dim, n = (8, 16, 9) if quick else (128, 384, 196)
    counts = (2, 4) if quick else (4, 16, 64, 128)
    found = []
    for dtype in _dtypes(device):
        for b in (2,) if quick else (1, 8, 32):
            parts: dict[str, Callable[[Works], Work]] = {
                _experts(1): partial(ours, e=1, p=total, hidden=4 * dim),
                "GELU alone": partial(floors.gelu, rows=b * total, name=_experts(1)),
            }
            comparisons = []
            for e in counts:
                one, floor = _experts(e), f"all products of {e}"
                parts[one] = partial(ours, e=e, p=total // e, hidden=4 * dim)
                parts[floor] = partial(floors.all_products, slots_per_expert=total // e, name=one)
                comparisons += [Comparison(one, _experts(1)), Comparison(one, floor, WITHIN_TENTH)]
                comparisons.append(Comparison("GELU alone", one))
            if b == 1:
                parts["reading the weights"] = partial(floors.reading, name=one)
                comparisons.append(Comparison(one, "reading the weights", passes=("forward",)))
            words = ", bf16" if dtype == torch.bfloat16 else ""
            found.append(
                Case(
                    "slots",
                    f"{n} tokens, dim {dim}, {total} slots, batch {b}{words}",
                    (b, n, dim),
                    parts,
                    comparisons,
                    dtype=dtype,
                )
            )
    return found


def _experts(count: int) -> str:
    return "1 expert" if count == 1 else f"{count} experts"


def _dtypes(device: str) -> tuple[torch.dtype, ...]:
    """Both on CUDA; on a CPU float32."""
    return (torch.float32, torch.bfloat16) if device == "cuda" else (torch.float32,)
