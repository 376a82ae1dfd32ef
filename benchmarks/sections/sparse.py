"""Tokens Choice and Experts Choice, with a capacity and without."""

from functools import partial

from torch import nn

from benchmarks import floors, peers
from benchmarks.case import OURS, Case, Comparison, Work, Works
from softmoe_edu import Experts, ExpertsChoiceRouter, MoE, TokensChoiceRouter
from softmoe_edu.vit import Mlp

FACTOR = 1.25
DIM, HIDDEN = 384, 1536
WITHIN_QUARTER = {"forward": ("<=", 1.25), "training": ("<=", 1.25)}
WITHIN_FIFTH = {"forward": ("<=", 1.20), "training": ("<=", 1.20)}
FASTER = {"forward": (">=", 1.0), "training": (">=", 1.0)}


def tokens_choice(works: Works, e: int, k: int, hidden: int, factor: float | None) -> Work:
    """Build the package's Tokens Choice layer."""
    dim = works.x.shape[-1]
    return works.module(MoE(TokensChoiceRouter(dim, e, k, capacity_factor=factor), Experts(dim, e, hidden)))


def experts_choice(works: Works, e: int, k: int, hidden: int) -> Work:
    """Build the package's Experts Choice layer, with as many slots as top-k Tokens Choice has."""
    dim = works.x.shape[-1]
    return works.module(MoE(ExpertsChoiceRouter(dim, e, capacity_factor=k * FACTOR), Experts(dim, e, hidden)))


def one_hot(works: Works, form: type[nn.Module]) -> Work:
    """Build the same layer in one-hot form."""
    return works.module(form(works[OURS].module))


def capacity_rows(works: Works) -> Work:
    """The experts' products on the rows that the layer's capacity gives."""
    return floors.experts_alone(works, works[OURS].module.router.capacity(works.x.shape[1]))


def dense(works: Works, k: int, hidden: int) -> Work:
    """An MLP of the same active multiply-adds."""
    return works.module(Mlp(works.x.shape[-1], k * hidden))


def capacity(quick: bool, device: str) -> list[Case]:
    """Both routers in one group of all tokens."""
    shapes = [(1568, 8, 2), (1568, 32, 1), (1568, 128, 1), (8192, 8, 1), (8192, 32, 1), (8192, 32, 2), (8192, 128, 1)]
    dim, hidden = (16, 32) if quick else (DIM, HIDDEN)
    found = []
    for n, e, k in [(32, 4, 1)] if quick else shapes:
        times = 5.0 if n == 8192 else 2.5
        common = {"expert products": capacity_rows, "dense MLP": partial(dense, k=k, hidden=hidden)}
        against = [Comparison(OURS, "expert products", WITHIN_QUARTER), Comparison(OURS, "dense MLP")]
        slow = Comparison("one-hot", OURS, {"forward": (">=", times), "training": (">=", times)})
        shape = f"{n} tokens, dim {dim}, {e} experts, top-{k}"
        tokens = {
            OURS: partial(tokens_choice, e=e, k=k, hidden=hidden, factor=FACTOR),
            **common,
            "one-hot": partial(one_hot, form=floors.OneHotTokensChoice),
            "mixture-of-experts": partial(peers.mixture_of_experts, e=e, k=k, hidden=hidden, factor=FACTOR),
            "st-moe-pytorch": partial(peers.st_moe, e=e, k=k, hidden=hidden, factor=FACTOR),
        }
        others = [Comparison(name, OURS, FASTER) for name in ("mixture-of-experts", "st-moe-pytorch")]
        experts = {
            OURS: partial(experts_choice, e=e, k=k, hidden=hidden),
            **common,
            "one-hot": partial(one_hot, form=floors.OneHotExpertsChoice),
        }
        found.append(Case("capacity", f"Tokens Choice, {shape}", (1, n, dim), tokens, [*against, slow, *others]))
        found.append(Case("capacity", f"Experts Choice, {shape}", (1, n, dim), experts, [*against, slow]))
    return found


def dropless(quick: bool, device: str) -> list[Case]:
    """Every token reaches the experts that it chose."""
    shapes = [(1568, 8, 2), (8192, 32, 1), (1568, 128, 1)]
    dim, hidden = (16, 48) if quick else (DIM, HIDDEN)
    found = []
    for n, e, k in [(32, 4, 2)] if quick else shapes:
        near = WITHIN_FIFTH if (e, k) == (8, 2) else {}
        found.append(
            Case(
                "dropless",
                f"{n} tokens, dim {dim}, {e} experts, top-{k}",
                (1, n, dim),
                {
                    OURS: partial(tokens_choice, e=e, k=k, hidden=hidden, factor=None),
                    "dense MLP": partial(dense, k=k, hidden=hidden),
                    "transformers Mixtral": partial(peers.mixtral, e=e, k=k, hidden=hidden),
                },
                [
                    Comparison(OURS, "dense MLP", near),
                    Comparison("transformers Mixtral", OURS, {"training": FASTER["training"]}),
                ],
            )
        )
    return found
