"""What a Soft MoE layer costs depends on its slots and not on its experts: in MACs, and in time."""

import statistics as plain
import time
from collections.abc import Callable, Sequence

import torch
from torch.func import functional_call

from softmoe_edu.cost import cost_of
from softmoe_edu.evidence.claim import Claim, Figures, Finding, Measured, Result, Settings, Verdict
from softmoe_edu.evidence.statistics import mean_of
from softmoe_edu.experts import Experts
from softmoe_edu.moe import MoE
from softmoe_edu.routers import SoftRouter
from softmoe_edu.seeds import generator_of

BATCH, TOKENS, DIM, HIDDEN, SLOTS = 4, 1024, 128, 512, 4096
REPEATS = 8
PAPER = 1.15
"""How far the paper's training step at most exceeds that with 32 experts, from 2 to 4,096 experts (Figure 23)."""


def runs(repeats: int = REPEATS, slots: int = SLOTS) -> list[Settings]:
    """Return a run for each number of experts that divides the slots, again and again in turn."""
    experts = [2**i for i in range(slots.bit_length()) if 2**i <= slots]
    return [{"experts": e, "slots": slots, "repeat": r} for r in range(repeats) for e in experts]


def measure(settings: Settings, device: str) -> Figures:
    """Time the forward pass of one layer and its parts, each the median of five calls.

    The parts are routing alone, with slots in place of answers; the experts alone; the experts once more, every one of
    them with the first one's weights, which stay in the cache; and the reading of all weights, as a sum.
    """
    experts, slots = int(settings["experts"] or 1), int(settings["slots"] or 1)
    layer = MoE(SoftRouter(DIM, experts, slots // experts), Experts(DIM, experts, HIDDEN)).to(device).eval()
    x = torch.randn(BATCH, TOKENS, DIM, generator=generator_of(0)).to(device)
    rows = torch.randn(BATCH, experts, slots // experts, DIM, generator=generator_of(1)).to(device)
    weights = dict(layer.experts.named_parameters())
    near = {name: each[:1].expand_as(each) for name, each in weights.items()}
    cost = cost_of(layer, TOKENS)
    with torch.no_grad():
        return {
            "macs": cost.macs,
            "weight_bytes": sum(each.numel() * each.element_size() for each in weights.values()),
            "seconds": _median(lambda: layer(x), device),
            "routing_seconds": _median(lambda: layer.router(x).through(x, lambda given: given), device),
            "experts_seconds": _median(lambda: layer.experts(rows), device),
            "cached_seconds": _median(lambda: functional_call(layer.experts, near, (rows,)), device),
            "read_seconds": _median(lambda: [each.sum() for each in weights.values()], device),
        }


def judge(results: Sequence[Result]) -> Finding:
    """MACs must be equal; the time may exceed that with one expert by what the paper's does."""
    most = max(_experts(each) for each in results)
    macs = {each.figures["macs"] for each in results}
    by = {(_experts(each), int(each.settings["repeat"] or 0)): each.figures for each in results}
    repeats = sorted({repeat for _, repeat in by})
    many, one = [by[most, r] for r in repeats], [by[1, r] for r in repeats]
    slots = int(results[0].settings["slots"] or 1)

    def added(name: str, part: Callable[[Figures], float]) -> Measured:
        shares = [(part(m) - part(o)) / o["seconds"] for m, o in zip(many, one, strict=True)]
        return mean_of(f"{name}, over the time with 1 expert", shares)

    ratio = mean_of(
        f"time with {most:,} experts over time with 1",
        [m["seconds"] / o["seconds"] for m, o in zip(many, one, strict=True)],
    )
    routing = added("more time for routing", lambda each: each["routing_seconds"])
    products = added("more time for the experts", lambda each: each["experts_seconds"])
    rows = added(
        "of it, what stays when all have one expert's weights, in the cache", lambda each: each["cached_seconds"]
    )
    memory = added(
        "of it, what comes with weights from memory", lambda each: each["experts_seconds"] - each["cached_seconds"]
    )
    read = added("time to read all weights once and do nothing else", lambda each: each["read_seconds"])
    measured = (
        Measured("different numbers of MACs", len(macs)),
        ratio,
        routing,
        products,
        rows,
        memory,
        read,
        Measured(f"weights of {most:,} experts", many[0]["weight_bytes"] / 2**20, unit="MiB"),
    )
    if len(macs) > 1:
        return Finding(Verdict.CONTRADICTED, "The number of MACs changes with the number of experts.", measured)
    assert ratio.low is not None and ratio.high is not None
    if ratio.high <= PAPER:
        return Finding(Verdict.REPRODUCED, "MACs are equal, and so is the time, to what the paper shows.", measured)
    return Finding(
        Verdict.DIRECTION,
        f"MACs are exactly equal. The time is not: with {most:,} experts it is {ratio.value:.2f} times that with 1. "
        f"Measured in parts, as shares of the time with 1 expert, routing adds {routing.value:.2f} and the experts "
        f"{products.value:.2f}. Of the latter {rows.value:.2f} remain when all experts have the same weights, which "
        f"stay in the cache: an expert is given {BATCH * slots // most} rows here, and products of so few run at a "
        f"lower rate. The other {memory.value:.2f} are the weights' way from memory; reading them and doing nothing "
        f"else adds {read.value:.2f}. A batch of the paper's has thousands of times as many rows for each expert, and "
        "both shares shrink with their number.",
        measured,
    )


def _experts(result: Result) -> int:
    return int(result.settings["experts"] or 0)


def _median(call: object, device: str) -> float:
    assert callable(call)
    call()
    took = []
    for _ in range(5):
        if device.startswith("cuda"):
            torch.cuda.synchronize(device)
        began = time.perf_counter()
        call()
        if device.startswith("cuda"):
            torch.cuda.synchronize(device)
        took.append(time.perf_counter() - began)
    return plain.median(took)


CLAIM = Claim(
    title="Cost depends on slots, not on experts",
    says="With the number of slots fixed, the cost of a Soft MoE layer does not depend on the number of experts.",
    source="Puigcerver et al. 2024, sections 2.2 and 2.3, Figure 23",
    did=(
        f"A layer of {SLOTS:,} slots (width {DIM}, hidden width {HIDDEN}) answers {BATCH} sequences of {TOKENS:,} "
        f"tokens with 1, 2, 4, ... and {SLOTS:,} experts, in turn, {REPEATS} times, on one thread."
    ),
    runs=runs,
    smoke=lambda: runs(2, 16),
    measure=measure,
    judge=judge,
    least_seeds=0,
    timed=True,
)
