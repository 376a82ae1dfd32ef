"""Soft MoE is differentiable everywhere; sparse routers jump where a choice changes."""

from collections.abc import Sequence
from itertools import product

import torch

from softmoe_edu.evidence.claim import Claim, Figures, Finding, Result, Settings, Verdict
from softmoe_edu.evidence.statistics import mean_of
from softmoe_edu.experts import Experts
from softmoe_edu.moe import MoE
from softmoe_edu.routers.registry import build
from softmoe_edu.seeds import generator_of, own_randomness, set_seed

TOKENS, DIM, EXPERTS, HIDDEN, SLOTS = 11, 6, 4, 5, 3
ROUTERS = ("soft", "tokens choice", "experts choice")
COARSE, FINE = 256, 4096


def runs(seeds: int = 8) -> list[Settings]:
    """Return a run for each router and seed."""
    return [{"router": router, "seed": seed} for router, seed in product(ROUTERS, range(seeds))]


def measure(settings: Settings, device: str) -> Figures:
    """Walk from one batch of tokens to another in steps of two sizes, and check the gradient against differences."""
    seed = int(settings["seed"] or 0)
    generator = generator_of(seed)
    with own_randomness(torch.device("cpu")):
        set_seed(torch.device("cpu"), seed)
        router = build(str(settings["router"]), DIM, EXPERTS, {"slots_per_expert": SLOTS})
        layer = MoE(router, Experts(DIM, EXPERTS, HIDDEN)).double().eval()
    start, end = torch.randn(2, TOKENS, DIM, generator=generator, dtype=torch.float64)
    figures: dict[str, float | bool] = {}
    with torch.no_grad():
        for name, steps in (("coarse", COARSE), ("fine", FINE)):
            path = torch.lerp(start, end, torch.linspace(0, 1, steps + 1, dtype=torch.float64)[:, None, None])
            answers = torch.cat([layer(part) for part in path.split(512)])
            whole = (answers[1:] - answers[:-1]).flatten(1).norm(dim=1).sum()
            figures[name] = float((answers[1:] - answers[:-1]).flatten(1).norm(dim=1).max() / whole)
    figures["gradcheck"] = torch.autograd.gradcheck(layer, (start[None].requires_grad_(),), raise_exception=False)
    return figures


def judge(results: Sequence[Result]) -> Finding:
    """A smooth path's largest step shrinks as its steps do; a jump stays as large as it is."""
    shrink: dict[str, list[float]] = {router: [] for router in ROUTERS}
    for each in results:
        shrink[str(each.settings["router"])].append(each.figures["fine"] / each.figures["coarse"])
    expected = COARSE / FINE
    measured = tuple(
        mean_of(f"{router}: largest step at {FINE:,} steps over that at {COARSE}", values)
        for router, values in shrink.items()
    )
    smooth = max(shrink["soft"]) < 2 * expected
    jumps = all(min(shrink[router]) > 4 * expected for router in ROUTERS[1:])
    checked = all(each.figures["gradcheck"] for each in results)
    if smooth and jumps and checked:
        reason = (
            f"With steps {FINE // COARSE} times as small the largest step of Soft MoE's answer becomes as many times "
            "smaller, as on any smooth path; that of the sparse routers does not, because the answer jumps where a "
            "token or an expert changes its choice. Between jumps all of them have the gradient that differences give."
        )
        return Finding(Verdict.REPRODUCED, reason, measured)
    return Finding(
        Verdict.CONTRADICTED,
        "Soft MoE's largest step does not shrink as its steps do, or a sparse router's does, or a gradient is wrong.",
        measured,
    )


CLAIM = Claim(
    title="Soft MoE is differentiable, sparse routers jump",
    says="All operations of Soft MoE are continuous and differentiable; a sparse router's discrete choices are not.",
    source="Puigcerver et al. 2024, section 2.2",
    did=(
        f"{TOKENS} tokens move on a straight line from one random place to another, in {COARSE} and in {FINE:,} steps; "
        "the largest step of the layer's answer is compared. Gradients are checked against differences in float64."
    ),
    runs=runs,
    smoke=lambda: runs(2),
    measure=measure,
    judge=judge,
)
