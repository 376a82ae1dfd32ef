"""Does experts choice reach the level of tokens choice in half the steps, and in half the seconds?"""

import time
from collections.abc import Sequence

import numpy as np
import torch

from softmoe_edu.evidence.claim import Claim, Figures, Finding, Result, Settings, Verdict
from softmoe_edu.evidence.statistics import ERROR, directions, mean_of
from softmoe_edu.evidence.toy import EXPERTS, GROUP, MATCHED, figures_of, matched_hidden, task_of, train_one
from softmoe_edu.evidence.tuning import RATES, runs_at_best_rate, tuning_runs
from softmoe_edu.metrics import experts_per_token
from softmoe_edu.training import take_snapshot

TASK, BUDGET, STEPS, SEEDS, TUNING_SEEDS, TESTED = "letters", 64, 600, 8, 2, 1000
EACH = 2
"""Experts of a token: in tokens choice exactly, in experts choice on average; both have as many slots."""
MODELS: tuple[Settings, ...] = (
    {"router": "experts choice", "capacity_factor": float(EACH)},
    {"router": "tokens choice", "top_k": EACH},
)
POINTS, SMOOTH = 40, 50
"""Points of a curve, and the steps that each is the mean of."""
FASTER = 2.0
SERVED = {"no expert": (0, 0), "1": (1, 1), "2": (2, 2), "3 or 4": (3, 4), "more": (5, EXPERTS)}
"""Tokens by how many experts took them."""
TOLD = {1: "", 0: " (which may be chance)", -1: ""}


def tuning(
    steps: int = STEPS, seeds: int = TUNING_SEEDS, rates: Sequence[float] = RATES, task: str = TASK
) -> list[Settings]:
    """Return the runs that choose each model's learning rate."""
    return tuning_runs([{"task": task, "budget": BUDGET, "steps": steps, **model} for model in MODELS], seeds, rates)


def finals(results: Sequence[Result]) -> list[Settings]:
    """Return the runs that count."""
    return runs_at_best_rate(results, SEEDS if all(each.settings["steps"] == STEPS for each in results) else 2)


def measure(settings: Settings, device: str) -> Figures:
    """Train one model; take its loss over the steps, its CPU time, and how many experts took each token."""
    task_of(str(settings["task"]), bool(settings["tuning"]))  # so that the clock below does not count reading it
    matched_hidden(settings)
    began = time.process_time()
    run = train_one(settings, device)
    seconds = time.process_time() - began
    part = run.test_data[: min(TESTED, len(run.test_data)) // GROUP * GROUP]
    taken = torch.cat([experts_per_token(each).flatten() for each in take_snapshot(run.model, part.images).values()])
    steps, curve = smoothed(run.history.steps_log["loss"])
    return {
        **figures_of(run),
        "curve_steps": steps,
        "loss_curve": curve,
        "cpu_seconds": round(seconds, 3),
        "served": [round(float(((taken >= low) & (taken <= high)).float().mean()), 5) for low, high in SERVED.values()],
    }


def smoothed(losses: Sequence[float]) -> tuple[list[int], list[float]]:
    """Return points of a curve: numbers of steps, evenly spaced to the end, and the mean loss of the steps before."""
    values = np.asarray(losses, dtype=float)
    steps = sorted({max(1, round(len(values) * (i + 1) / POINTS)) for i in range(POINTS)})
    return steps, [round(float(values[max(0, step - SMOOTH) : step].mean()), 5) for step in steps]


def speed(one: Figures, other: Figures, share: float) -> float:
    """Compute how many times fewer steps one run takes than another to get where the worse of both is.

    Args:
        one: figures of the run that may be faster: the answer is over 1 where it is.
        other: figures of the run beside it.
        share: where they are compared, as a share of all steps: 1 at the end.
    """
    at = min(len(one["curve_steps"]) - 1, round(share * len(one["curve_steps"])) - 1)
    if one["loss_curve"][at] > other["loss_curve"][at]:
        return 1 / speed(other, one, share)
    pairs = zip(one["curve_steps"], one["loss_curve"], strict=True)
    return float(one["curve_steps"][at] / next(step for step, loss in pairs if loss <= other["loss_curve"][at]))


def judge(results: Sequence[Result]) -> Finding:
    """Experts choice must get to the final loss of tokens choice in half the steps and half the CPU time."""
    counted = [each for each in results if not each.settings["tuning"]]
    by = {(str(each.settings["router"]), each.settings["seed"]): each.figures for each in counted}
    experts, tokens = (str(model["router"]) for model in MODELS)
    seeds = sorted({seed for _, seed in by}, key=str)
    pairs = [(by[experts, seed], by[tokens, seed]) for seed in seeds]
    end, half = ([speed(one, other, share) for one, other in pairs] for share in (1.0, 0.5))
    slower = [one["cpu_seconds"] / other["cpu_seconds"] for one, other in pairs]
    clock = [times / cost for times, cost in zip(end, slower, strict=True)]
    better = [100 * (one["accuracy"] - other["accuracy"]) for one, other in pairs]
    measured = [
        mean_of("times fewer steps to the other's final loss", end),
        mean_of("times fewer steps to the other's loss at half time, before the learning rate falls", half),
        mean_of("times less CPU time to the other's final loss", clock),
        mean_of("CPU time of a run, experts choice over tokens choice", slower),
        mean_of("accuracy, experts choice over tokens choice", better, "points"),
    ]
    shares = {name: [100 * one["served"][i] for one, _ in pairs] for i, name in enumerate(SERVED)}
    measured += [mean_of(f"experts choice: tokens of {name}", values, "%") for name, values in shares.items()]
    lost = [100 * other["served"][0] for _, other in pairs]
    measured.append(mean_of("tokens choice: tokens of no expert", lost, "%"))
    macs = [each.figures["macs"] for each in counted]
    if max(macs) / min(macs) - 1 > 2 * MATCHED:
        told = f"No comparison: the models cost {min(macs):,} and {max(macs):,} MACs per image."
        return Finding(Verdict.NOT_AT_SCALE, told, tuple(measured))
    compared = {"final loss": end, "loss at half time": half, "final loss, in CPU time": clock}
    ways = directions({name: [times - 1 for times in values] for name, values in compared.items()})
    means = {name: sum(values) / len(values) for name, values in compared.items()}
    parts = [f"the {name} {means[name]:.3g} times as fast{TOLD[way]}" for name, way in ways.items()]
    rates = [next(r.settings["rate"] for r in counted if r.settings["router"] == each) for each in (experts, tokens)]
    many = _mean(shares["3 or 4"]) + _mean(shares["more"])
    told = (
        f"Experts choice reaches {', '.join(parts[:-1])} and {parts[-1]} as tokens choice (sign tests over "
        f"{len(seeds)} paired seeds, corrected by Holm, level {ERROR}; learning rates {rates[0]:g} and {rates[1]:g}). "
        f"It leaves {_mean(shares['no expert']):.3g} % of tokens without an expert, where tokens choice leaves "
        f"{_mean(lost):.3g} %, and gives {many:.3g} % three or more."
    )
    if -1 in ways.values():
        verdict = Verdict.CONTRADICTED
    elif set(ways.values()) == {1} and min(means["final loss"], means["final loss, in CPU time"]) >= FASTER:
        verdict = Verdict.REPRODUCED
    else:
        verdict = Verdict.DIRECTION if ways["final loss"] == 1 else Verdict.NOT_AT_SCALE
    return Finding(verdict, told, tuple(measured))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


CLAIM = Claim(
    title="Experts choice converges more than twice as fast as tokens choice",
    says=(
        "Experts choice reaches the quality of tokens choice with two experts a token in less than half the steps and "
        "less than half the time; it gives 23 % of tokens three or four experts, and about 3 % more than four."
    ),
    source="Zhou et al. 2022, sections 3.1 and 4.5",
    did=(
        f"ViTs of the same cost with {EXPERTS} experts are trained on letters for {STEPS} steps: tokens choice with "
        f"{EACH} experts a token and batch priority, experts choice with as many slots, both over groups of {GROUP} "
        f"images. Each has its learning rate chosen from {len(RATES)} on training data alone, with {TUNING_SEEDS} "
        f"seeds; then {SEEDS} others. For each pair of runs: how many times fewer steps the one with the lower loss "
        f"takes to the loss with which the other ends (means of {SMOOTH} steps). Times are the process's CPU time, "
        "with one thread."
    ),
    runs=tuning,
    smoke=lambda: tuning(4, 1, RATES[:1], "languages"),
    then=finals,
    measure=measure,
    judge=judge,
)
