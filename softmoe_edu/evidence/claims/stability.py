"""Loss spikes and runs that learn nothing, over seeds and learning rates."""

import math
from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from softmoe_edu.evidence.claim import Claim, Figures, Finding, Measured, Result, Settings, Verdict
from softmoe_edu.evidence.statistics import ERROR, directions, mean_of
from softmoe_edu.evidence.toy import figures_of, train_one

ROUTERS = ("dense", "tokens choice", "experts choice", "soft")
SPARSE = ("tokens choice", "experts choice")
RATES, STEPS, SEEDS, BUDGET = (8e-3, 3.2e-2), 300, 10, 64
WINDOW, SPIKE = 25, 0.5
"""A spike: the loss of a batch lies this many nats above the median of so many batches before it, or is not finite."""


def runs(seeds: int = SEEDS, steps: int = STEPS) -> list[Settings]:
    """Return a run for each router, rate and seed."""
    return [
        {"task": "scripts", "router": r, "budget": BUDGET, "steps": steps, "rate": rate, "seed": s, "tuning": False}
        for r, rate, s in product(ROUTERS, RATES, range(seeds))
    ]


def measure(settings: Settings, device: str) -> Figures:
    """Train one model and count what went wrong."""
    run = train_one(settings, device)
    losses = [float(each) for each in run.history.columns["loss"]]
    chance = 1 / run.test_data.num_classes
    return {
        **figures_of(run),
        "spikes": spikes(losses),
        "largest_jump": largest_jump(losses),
        "learned_nothing": run.history.test_accuracy < 1.5 * chance,
    }


def spikes(losses: Sequence[float]) -> int:
    """Count the spikes among losses: those of consecutive steps count once."""
    high = [not math.isfinite(loss) or jump > SPIKE for loss, jump in zip(losses[WINDOW:], _jumps(losses), strict=True)]
    return sum(now and not before for before, now in zip([False, *high], high, strict=False))


def largest_jump(losses: Sequence[float]) -> float | None:
    """Return the largest jump above the median of the batches before, in nats; None where a run is too short."""
    return max((jump for jump in _jumps(losses) if math.isfinite(jump)), default=None)


def _jumps(losses: Sequence[float]) -> list[float]:
    return [loss - float(np.median(losses[i : i + WINDOW])) for i, loss in enumerate(losses[WINDOW:])]


def judge(results: Sequence[Result]) -> Finding:
    """Soft MoE must have fewer spikes and failed runs than the sparse routers."""
    by = {(s["router"], s["rate"], s["seed"]): each.figures for each in results for s in [each.settings]}
    seeds = sorted({seed for *_, seed in by}, key=str)
    rates = sorted({float(rate or 0) for _, rate, _ in by})

    def wrong(router: str, seed: Any) -> int:
        return sum(by[router, rate, seed]["spikes"] + by[router, rate, seed]["learned_nothing"] for rate in rates)

    measured: list[Measured] = []
    for rate, router in product(rates, ROUTERS):
        mine = [by[router, rate, seed] for seed in seeds]
        measured.append(mean_of(f"rate {rate:g}, {router}: spikes in a run", [f["spikes"] for f in mine]))
        failed = [100.0 * f["learned_nothing"] for f in mine]
        measured.append(mean_of(f"rate {rate:g}, {router}: runs that learn nothing", failed, "%"))
        measured.append(mean_of(f"rate {rate:g}, {router}: accuracy", [100 * f["accuracy"] for f in mine], "%"))
    apart = {rival: [wrong(rival, seed) - wrong("soft", seed) for seed in seeds] for rival in SPARSE}
    way = directions(apart)
    steadier, worse = ([rival for rival in SPARSE if way[rival] == side] for side in (1, -1))
    every = sum(each.figures["spikes"] for each in results)
    jumps = [each.figures["largest_jump"] for each in results if each.figures["largest_jump"] is not None]
    reason = f"In {len(results)} runs there were {every} spikes of more than {SPIKE} nats"
    if jumps:
        reason += f", and the largest jump of a batch's loss was {max(jumps):.2f} nats"
    fewer = f"fewer spikes and failed runs than {' and '.join(steadier)}"
    no_fewer = "no fewer spikes and failed runs than the sparse routers, as far as these seeds tell"
    reason += (
        f". Soft MoE had {fewer if steadier else no_fewer}"
        + (f", and more than {' and '.join(worse)}" if worse else "")
        + f" (sign tests over {len(seeds)} paired seeds, corrected by Holm, level {ERROR}). Gradients are clipped to a "
        "length of 1 here, as in the paper, and the models have three blocks; instability is known from models with "
        "many more."
    )
    if len(steadier) == len(SPARSE):
        return Finding(Verdict.REPRODUCED, reason, tuple(measured))
    if worse:
        return Finding(Verdict.CONTRADICTED, reason, tuple(measured))
    return Finding(Verdict.DIRECTION if steadier else Verdict.NOT_AT_SCALE, reason, tuple(measured))


CLAIM = Claim(
    title="Sparse routers make training unstable, Soft MoE does not",
    says="Sparse mixtures of experts suffer from unstable training, which Soft MoE is free of.",
    source="Puigcerver et al. 2024, abstract and section 1",
    did=(
        f"Models of equal cost are trained for {STEPS} steps on digits in scripts at the learning rates "
        f"{' and '.join(f'{rate:g}' for rate in RATES)}, both above those at which they are most accurate, with "
        f"{SEEDS} seeds. Counted are spikes (a batch's loss is over {SPIKE} nats above the median of the {WINDOW} "
        "before it, or not finite) and runs that learn nothing (test accuracy under 1.5 times chance)."
    ),
    runs=runs,
    smoke=lambda: [each for each in runs(2, 2) if each["rate"] == RATES[0]],
    measure=measure,
    judge=judge,
)
