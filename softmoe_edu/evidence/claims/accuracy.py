"""Soft MoE against sparse routers and a dense model that cost the same, on three tasks and at two budgets."""

from collections.abc import Sequence
from itertools import product

from softmoe_edu.evidence.claim import Claim, Figures, Finding, Measured, Result, Settings, Verdict
from softmoe_edu.evidence.statistics import ERROR, directions, mean_of
from softmoe_edu.evidence.toy import EXPERTS, MATCHED, trained
from softmoe_edu.evidence.tuning import RATES, runs_at_best_rate, tuning_runs

TASKS = ("scripts", "letters", "languages")
ROUTERS = ("dense", "tokens choice", "experts choice", "soft")
BUDGETS, STEPS = (64, 128), 1000
SEEDS, TUNING_SEEDS = 12, 2


def tuning() -> list[Settings]:
    """Return the runs that choose each model's learning rate."""
    models: list[Settings] = [
        {"task": task, "router": router, "budget": budget, "steps": STEPS}
        for task, budget, router in product(TASKS, BUDGETS, ROUTERS)
    ]
    return tuning_runs(models, TUNING_SEEDS)


def smoke() -> list[Settings]:
    """Return runs of two steps on one task, one for each router."""
    one = [each for each in tuning() if (each["task"], each["budget"]) == ("languages", BUDGETS[0])]
    return [{**each, "steps": 2} for each in one if (each["rate"], each["seed"]) == (RATES[0], 1000)]


def finals(results: Sequence[Result]) -> list[Settings]:
    """Return the runs that count."""
    return runs_at_best_rate(results, SEEDS if all(each.settings["steps"] == STEPS for each in results) else 2)


def measure(settings: Settings, device: str) -> Figures:
    """Train one model and test it."""
    return trained(settings, device)


def judge(results: Sequence[Result]) -> Finding:
    """Soft must win against each rival on each task and budget, by signs over paired seeds, corrected for all tests."""
    counted = [each for each in results if not each.settings["tuning"]]
    score = {
        (s["task"], s["budget"], s["router"], s["seed"]): 100 * each.figures["accuracy"]
        for each in counted
        for s in [each.settings]
    }
    seeds = sorted({seed for *_, seed in score}, key=str)
    places = _places(counted)
    apart = {
        (task, budget, rival): [score[task, budget, "soft", s] - score[task, budget, rival, s] for s in seeds]
        for task, budget in places
        for rival in ROUTERS[:-1]
    }
    measured: list[Measured] = []
    for task, budget in places:
        for router in ROUTERS:
            values = [score[task, budget, router, s] for s in seeds]
            measured.append(mean_of(f"{task}, budget {budget}: {router}", values, "%"))
    unequal = _unequal(counted)
    if unequal:
        return Finding(Verdict.NOT_AT_SCALE, f"No comparison: {unequal}.", tuple(measured))
    way = directions(apart)
    won, lost = ([key for key in apart if way[key] == side] for side in (1, -1))
    told = (
        f"Of {len(apart)} comparisons Soft MoE wins {len(won)} and loses {len(lost)} (sign tests over {len(seeds)} "
        f"paired seeds, corrected by Holm, level {ERROR}); the others cannot be told from chance."
    )
    if lost:
        told += f" It loses to {'; '.join(f'{rival} on {task} at {budget}' for task, budget, rival in lost)}."
    if len(won) == len(apart):
        return Finding(Verdict.REPRODUCED, told, tuple(measured))
    if won and not lost:
        return Finding(Verdict.DIRECTION, told, tuple(measured))
    return Finding(Verdict.CONTRADICTED if len(lost) > len(won) else Verdict.NOT_AT_SCALE, told, tuple(measured))


def _places(results: Sequence[Result]) -> list[tuple[str, int]]:
    """Return the tasks and budgets of results, each once."""
    return list(dict.fromkeys((str(each.settings["task"]), int(each.settings["budget"] or 0)) for each in results))


def _unequal(results: Sequence[Result]) -> str:
    """Say which models that are compared do not cost the same; "" where all do."""
    for task, budget in _places(results):
        macs = {
            str(each.settings["router"]): each.figures["macs"]
            for each in results
            if (each.settings["task"], each.settings["budget"]) == (task, budget)
        }
        if max(macs.values()) / min(macs.values()) - 1 > 2 * MATCHED:
            return f"on {task} at budget {budget} the models cost {macs} MACs per image"
    return ""


CLAIM = Claim(
    title="Soft MoE beats sparse and dense models of the same cost",
    says="At the same cost, Soft MoE reaches a better quality than tokens choice, experts choice and dense models.",
    source="Puigcerver et al. 2024, section 3.3, Figure 3, Table 9",
    did=(
        f"Small ViTs with {EXPERTS} experts in two of three blocks, all within {MATCHED:.0%} of the dense model's "
        f"MACs, are trained for {STEPS:,} steps on digits in scripts, on letters and on languages, at {len(BUDGETS)} "
        f"budgets. Each has its learning rate chosen from {len(RATES)} on training data alone, with {TUNING_SEEDS} "
        f"seeds; then {SEEDS} other seeds, the same for all, are trained and tested once."
    ),
    runs=tuning,
    smoke=smoke,
    then=finals,
    measure=measure,
    judge=judge,
)
