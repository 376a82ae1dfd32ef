"""Peak memory: Soft MoE with and without its weights, and the sparse routers against their one-hot form."""

from functools import partial

from benchmarks import floors
from benchmarks.case import OURS, Case, Comparison
from benchmarks.sections.soft import BARE, PLAIN, contenders, ours
from benchmarks.sections.sparse import DIM, FACTOR, HIDDEN, experts_choice, one_hot, tokens_choice

FOUR_TIMES = {"forward": (">=", 4.0), "training": (">=", 4.0)}


def peaks(quick: bool, device: str) -> list[Case]:
    """Soft MoE counts over its experts alone, in matrices of tokens x slots; the sparse routers as a ratio.

    The goal of the form without weights is a fifth of the plain form's number, the row below it.
    """
    n, e, p, dim, hidden = (64, 8, 8, 16, 32) if quick else (4096, 64, 64, DIM, HIDDEN)
    every = contenders(1, e, p, hidden)
    names = ("soft-moe-pytorch, no offload", "soft-mixture-of-experts")
    over = partial(Comparison, against="experts alone", measure="extra", unit=4 * n * e * p)
    found = [
        Case(
            "memory",
            f"Soft MoE, {n} tokens, dim {dim}, {e} experts x {p}, batch 1; over the experts alone, "
            f"in {n} x {e * p} matrices",
            (1, n, dim),
            {
                PLAIN: partial(ours, e=e, p=p, hidden=hidden, form="weights"),
                BARE: partial(ours, e=e, p=p, hidden=hidden, form="attention"),
                "experts alone": partial(floors.experts_alone, rows=p, name=PLAIN),
                **{name: every[name] for name in names},
            },
            [over(BARE), over(PLAIN), *map(over, names)],
            passes=("training",),
        )
    ]
    n, e, dim, hidden = (64, 4, 16, 32) if quick else (8192, 32, DIM, HIDDEN)
    sparse = {
        "Tokens Choice": (partial(tokens_choice, k=1, factor=FACTOR), floors.OneHotTokensChoice),
        "Experts Choice": (partial(experts_choice, k=1), floors.OneHotExpertsChoice),
    }
    for name, (make, form) in sparse.items():
        found.append(
            Case(
                "memory",
                f"{name}, {n} tokens, dim {dim}, {e} experts, top-1",
                (1, n, dim),
                {OURS: partial(make, e=e, hidden=hidden), "one-hot": partial(one_hot, form=form)},
                [Comparison("one-hot", OURS, FOUR_TIMES, measure="peak")],
            )
        )
    return found
