"""Soft MoE drops nothing and loads every expert alike; what still differs is how much tokens and experts count."""

from collections.abc import Sequence
from itertools import product

import torch

from softmoe_edu.evidence.claim import Claim, Figures, Finding, Measured, Result, Settings, Verdict
from softmoe_edu.evidence.statistics import mean_of
from softmoe_edu.evidence.toy import EXPERTS, GROUP, figures_of, matched_hidden, model_of, train_one
from softmoe_edu.metrics import dropped_fraction, expert_importance, expert_load, slot_usage, token_contribution
from softmoe_edu.routing import Routing
from softmoe_edu.seeds import own_randomness, set_seed
from softmoe_edu.training import take_snapshot

TASK, BUDGET, STEPS, RATE, SEEDS, TESTED = "letters", 64, 600, 4e-3, 8, 1000
ROUTERS = ("soft", "tokens choice", "experts choice")
MUCH, LITTLE, HELD = 2.0, 0.25, 0.9
PAPER = {"much": (2, 5), "little": (15, 20), "importance": (3, 14)}
"""Appendix G: percent of tokens over MUCH, percent at LITTLE or under, most over least important expert."""
SHARES = ("dropped", "much", "little")
EXACT = 1e-4
"""What rounding in float32 may add to a load."""


def runs(seeds: int = SEEDS, steps: int = STEPS, task: str = TASK) -> list[Settings]:
    """Return a run for each seed and router."""
    same: Settings = {"task": task, "budget": BUDGET, "steps": steps, "rate": RATE, "tuning": False}
    return [{**same, "router": router, "seed": seed} for seed, router in product(range(seeds), ROUTERS)]


def measure(settings: Settings, device: str) -> Figures:
    """Train one model, and take what its layers do with test images, before training too."""
    run = train_one(settings, device)
    part = run.test_data[: min(TESTED, len(run.test_data)) // GROUP * GROUP]
    with own_randomness(torch.device(device)):
        set_seed(torch.device("cpu"), int(settings["seed"] or 0))
        untrained = model_of(settings, run.train_data, matched_hidden(settings)).to(device)
    figures = dict(figures_of(run))
    for when, model in (("trained", run.model), ("untrained", untrained)):
        rows = [balance(routing) for routing in take_snapshot(model, part.images).values()]
        figures |= {f"{name}_{when}": [row[name] for row in rows] for name in rows[0]}
    return figures


def balance(routing: Routing) -> dict[str, float | None]:
    """Say how alike a layer treats tokens and experts.

    Returns:
        Share of tokens dropped; load of the busiest and of the idlest expert over the mean, mean over groups; shares of
        tokens that count over MUCH and at most LITTLE, where 1 is the mean; importance of the leading expert over that
        of the least (None where the least has none) and over the mean; tokens that hold HELD of a slot.
    """
    load, importance = expert_load(routing), expert_importance(routing).sum(0)
    _, n, e, p = routing.sizes
    counts = token_contribution(routing) * n / (e * p)
    most, least = float(importance.max()), float(importance.min())
    figures = {
        "dropped": dropped_fraction(routing),
        "busiest": (load.amax(1) / load.mean(1)).mean(),
        "idlest": (load.amin(1) / load.mean(1)).mean(),
        "much": (counts > MUCH).double().mean(),
        "little": (counts <= LITTLE).double().mean(),
        "leading": most / importance.mean(),
        "tokens_a_slot": slot_usage(routing, HELD).double().mean(),
    }
    return {"importance": most / least if least else None} | {name: round(float(v), 7) for name, v in figures.items()}


def judge(results: Sequence[Result]) -> Finding:
    """Soft must drop nothing and load all alike, exactly, and tokens and experts must differ as much as the paper's."""
    by = {(str(each.settings["router"]), each.settings["seed"]): each.figures for each in results}
    seeds = sorted({seed for _, seed in by}, key=str)

    def of(router: str, name: str, when: str = "trained") -> list[float]:
        """Return one figure for each seed, the mean of the layers; shares in percent."""
        layers = [by[router, seed][f"{name}_{when}"] for seed in seeds]
        return [(100 if name in SHARES else 1) * sum(each) / len(each) for each in layers]

    measured: list[Measured] = []
    for router in ROUTERS:
        measured.append(mean_of(f"{router}: dropped tokens", of(router, "dropped"), "%"))
        measured.append(mean_of(f"{router}: load of the busiest expert over the mean", of(router, "busiest")))
        measured.append(mean_of(f"{router}: load of the idlest expert over the mean", of(router, "idlest")))
        measured.append(mean_of(f"{router}: tokens that count over {MUCH:g}", of(router, "much"), "%"))
        measured.append(mean_of(f"{router}: tokens that count {LITTLE:g} or less", of(router, "little"), "%"))
        measured.append(mean_of(f"{router}: importance of the leading expert over the mean", of(router, "leading")))
    ratio = "soft: importance of the leading expert over the least"
    spread = {name: mean_of(ratio, of("soft", name)) for name in PAPER}
    before = {name: mean_of(f"{ratio}, before training", of("soft", name, "untrained")) for name in PAPER}
    measured += [spread["importance"], before["importance"]]
    measured.append(mean_of(f"soft: tokens that hold {HELD:.0%} of a slot", of("soft", "tokens_a_slot")))

    soft = [by["soft", seed] for seed in seeds]
    drops = any(value for each in soft for value in each["dropped_trained"])
    uneven = max(abs(load - 1) for each in soft for end in ("busiest", "idlest") for load in each[f"{end}_trained"])
    if drops or uneven > EXACT:
        told = f"A Soft MoE layer dropped tokens, or loaded an expert by {uneven:.2g} times more or less than the mean."
        return Finding(Verdict.CONTRADICTED, told, tuple(measured))
    alike = {
        key: low <= (spread[key].high or 0) and (spread[key].low or 0) <= high for key, (low, high) in PAPER.items()
    }

    def beside(name: str) -> str:
        unit = " %" if name in SHARES else " times"
        low, high = PAPER[name]
        return f"(before training {before[name].value:.3g}{unit}; in the paper {low} to {high}{unit})"

    layers = sum(len(each["dropped_trained"]) for each in soft)
    told = (
        f"In all {layers} Soft MoE layers no token is dropped and the loads of experts differ by rounding alone, since "
        f"the weights of each slot add up to 1; tokens choice drops {_mean(of(ROUTERS[1], 'dropped')):.3g} % and "
        f"experts choice {_mean(of(ROUTERS[2], 'dropped')):.3g} %. Yet not all count alike: "
        f"{spread['much'].value:.3g} % of tokens count over {MUCH:g} {beside('much')}, {spread['little'].value:.3g} % "
        f"count {LITTLE:g} or less {beside('little')}, and the most important expert contributes "
        f"{spread['importance'].value:.3g} times as much as the least {beside('importance')}."
    )
    return Finding(Verdict.REPRODUCED if all(alike.values()) else Verdict.DIRECTION, told, tuple(measured))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


CLAIM = Claim(
    title="Soft MoE drops no token and leaves no expert idle",
    says=(
        "Soft MoE has neither dropped tokens nor unbalanced experts. Still, tokens and experts do not count alike: "
        f"{PAPER['much'][0]} to {PAPER['much'][1]} % of tokens contribute over {MUCH:g} to the slots, "
        f"{PAPER['little'][0]} to {PAPER['little'][1]} % contribute {LITTLE:g} or less, and the most important expert "
        f"of a layer contributes {PAPER['importance'][0]} to {PAPER['importance'][1]} times as much as the least."
    ),
    source="Puigcerver et al. 2024, section 2.2, appendix G",
    did=(
        f"ViTs of the same cost with {EXPERTS} experts and as many slots as tokens are trained on letters for {STEPS} "
        f"steps, {SEEDS} seeds each. On {TESTED:,} test images, a token counts by its dispatch weights summed over all "
        "slots (1 on average), and an expert by its combine weights summed over all tokens; for sparse routers the "
        "first is how many slots a token has, and the second the sum of gates. Figures are means of two layers."
    ),
    runs=runs,
    smoke=lambda: runs(2, 2, "languages"),
    measure=measure,
    judge=judge,
)
