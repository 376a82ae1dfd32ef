"""What needs the paper's own data and years of computing: how many, on this machine."""

import statistics as plain
import time
from collections.abc import Sequence

import torch

from softmoe_edu.evidence.claim import Claim, Figures, Finding, Measured, Result, Settings, Verdict
from softmoe_edu.evidence.statistics import mean_of
from softmoe_edu.paper import published
from softmoe_edu.seeds import generator_of

SIDE, REPEATS = 1024, 8
YEAR = 365.25 * 24 * 3600
UNITS_PER_EXAFLOP = 2
"""The tables' training exaFLOP count a multiplication with its addition once, machines are rated by both."""


def runs(repeats: int = REPEATS, side: int = SIDE) -> list[Settings]:
    """Return the same measurement again and again."""
    return [{"side": side, "repeat": repeat} for repeat in range(repeats)]


def measure(settings: Settings, device: str) -> Figures:
    """Time a product of two square matrices, the median of five, and return the rate."""
    side = int(settings["side"] or 1)
    a, b = (torch.randn(side, side, generator=generator_of(seed)).to(device) for seed in (0, 1))
    a @ b
    took = []
    for _ in range(5):
        if device.startswith("cuda"):
            torch.cuda.synchronize(device)
        began = time.perf_counter()
        c = a @ b
        if device.startswith("cuda"):
            torch.cuda.synchronize(device)
        took.append(time.perf_counter() - began)
        del c
    return {"gflop_per_second": 2 * side**3 / plain.median(took) / 1e9}


def judge(results: Sequence[Result]) -> Finding:
    """Nothing is tested: say how long the paper's runs would take at the measured rate, if nothing else took time."""
    rates = [each.figures["gflop_per_second"] for each in results]
    runs_of_the_paper = [float(row["train_exaflop"] or 0) for row in published("table9")]
    longest = max(float(row["train_exaflop"] or 0) for row in published("table8"))

    def years(name: str, exaflop: float) -> Measured:
        return mean_of(name, [UNITS_PER_EXAFLOP * exaflop * 1e9 / rate / YEAR for rate in rates], "years")

    measured = (
        mean_of("products of matrices on one thread", rates, "GFLOP/s"),
        years("the cheapest of the paper's runs (Table 9)", min(runs_of_the_paper)),
        years(f"all {len(runs_of_the_paper)} runs of Table 9", sum(runs_of_the_paper)),
        years("the longest run of Table 8", longest),
    )
    return Finding(
        Verdict.UNTESTABLE,
        "The data are Google's own (JFT-4B and WebLI), and even with them and with nothing but products of matrices "
        "to compute, the runs would take as many years as the figures say. The lessons quote these results as the "
        "paper's, with their tables, and claim nothing of their own about them.",
        measured,
    )


CLAIM = Claim(
    title="At the paper's scale: better than ViTs, faster, and useful for text and images",
    says=(
        "Trained on billions of images, Soft MoE beats ViTs and sparse models of the same cost, a Soft MoE B/16 "
        "comes near a ViT H/14 that costs many times as much per image, the advantage stays in contrastive learning "
        "with text, and experts are of most use in the last layers."
    ),
    source="Puigcerver et al. 2024, sections 3 and 4, Tables 1, 3 to 6, 8 and 9",
    did=f"The rate of this machine is measured with products of {SIDE:,} x {SIDE:,} matrices, {REPEATS} times.",
    runs=runs,
    smoke=lambda: runs(2, 64),
    measure=measure,
    judge=judge,
    least_seeds=0,
    timed=True,
)
