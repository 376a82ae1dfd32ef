"""What a Soft MoE layer costs depends on its slots and not on its experts: in MACs, and in time."""

import statistics as plain
import time
from collections.abc import Sequence

import torch

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
    """Time the forward pass of one layer, the median of five calls, beside a copy of as many bytes as its weights."""
    experts, slots = int(settings["experts"] or 1), int(settings["slots"] or 1)
    layer = MoE(SoftRouter(DIM, experts, slots // experts), Experts(DIM, experts, HIDDEN)).to(device).eval()
    x = torch.randn(BATCH, TOKENS, DIM, generator=generator_of(0)).to(device)
    weights = list(layer.experts.parameters())
    cost = cost_of(layer, TOKENS)
    with torch.no_grad():
        return {
            "macs": cost.macs,
            "weight_bytes": sum(each.numel() * each.element_size() for each in weights),
            "seconds": _median(lambda: layer(x), device),
            "read_seconds": _median(lambda: [each.sum() for each in weights], device),
        }


def judge(results: Sequence[Result]) -> Finding:
    """MACs must be equal; the time may exceed that with one expert by what the paper's does."""
    most = max(_experts(each) for each in results)
    macs = {each.figures["macs"] for each in results}
    by = {(_experts(each), int(each.settings["repeat"] or 0)): each.figures for each in results}
    repeats = sorted({repeat for _, repeat in by})
    slower = [by[most, r]["seconds"] / by[1, r]["seconds"] for r in repeats]
    read = [(by[most, r]["read_seconds"] - by[1, r]["read_seconds"]) / by[1, r]["seconds"] for r in repeats]
    size = by[most, repeats[0]]["weight_bytes"]
    ratio = mean_of(f"time with {most:,} experts over time with 1", slower)
    measured = (
        Measured("different numbers of MACs", len(macs)),
        ratio,
        mean_of(f"time to read the weights of {most:,} experts once, over the time with 1 expert", read),
        Measured(f"weights of {most:,} experts", size / 2**20, unit="MiB"),
    )
    if len(macs) > 1:
        return Finding(Verdict.CONTRADICTED, "The number of MACs changes with the number of experts.", measured)
    assert ratio.low is not None and ratio.high is not None
    if ratio.high <= PAPER:
        return Finding(Verdict.REPRODUCED, "MACs are equal, and so is the time, to what the paper shows.", measured)
    return Finding(
        Verdict.DIRECTION,
        "MACs are exactly equal. The time is not: every expert's weights must be read from memory for its few slots, "
        "and the figures say how much of the difference that reading alone takes. A batch of the paper's has thousands "
        "of times as many slots for each expert, which spreads the same reading over more work.",
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
