"""Tokens that trained sparse routers drop: with more experts, with more capacity, and by whose turn comes first."""

from collections.abc import Sequence
from itertools import product
from typing import Any

from softmoe_edu.capacity import capacity_for
from softmoe_edu.evidence.claim import Claim, Figures, Finding, Measured, Result, Settings, Verdict
from softmoe_edu.evidence.statistics import ERROR, directions, mean_of
from softmoe_edu.evidence.toy import GROUP, LAYERS, figures_of, train_one
from softmoe_edu.metrics import expected_drop_fraction
from softmoe_edu.moe import MoE
from softmoe_edu.paper import published
from softmoe_edu.training import evaluate

TASK, BUDGET, STEPS, RATE, SEEDS, TESTED = "letters", 64, 600, 4e-3, 8, 1000
ROUTERS, EXPERTS = ("tokens choice", "experts choice"), (4, 16, 32)
TRAINED, SLACK = 1.0, 1.125
FACTORS = (0.5, TRAINED, SLACK, 1.25, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 32.0)
"""Capacity factors of the test; as many as there are experts give every expert a slot for every token."""
TURNED = (0.5, TRAINED, 2.0)
"""Factors at which tokens choice is tested with the other priority too."""
OTHER = {"gate": "position", "position": "gate"}
LITTLE = 0.01
ESSAY = (2, 8)
"""How many times the capacity it is said to take until little is dropped."""


def runs(
    seeds: int = SEEDS, steps: int = STEPS, experts: Sequence[int] = EXPERTS, tested: int = TESTED
) -> list[Settings]:
    """Return a run of each router with each number of experts, and of tokens choice without batch priority."""
    models: list[Settings] = [{"router": "tokens choice", "experts": e, "priority": "gate"} for e in experts]
    models += [{"router": "experts choice", "experts": e} for e in experts]
    models.append({"router": "tokens choice", "experts": max(experts), "priority": "position"})
    same: Settings = {"task": TASK, "budget": BUDGET, "steps": steps, "rate": RATE, "tuning": False, "tested": tested}
    return [{**same, **model, "seed": seed} for seed, model in product(range(seeds), models)]


def measure(settings: Settings, device: str) -> Figures:
    """Train one model at capacity factor 1, and test it at many."""
    run = train_one(settings, device)
    part, experts = run.test_data[: int(settings["tested"] or 1)], int(settings["experts"] or 1)
    routers: list[Any] = [module.router for module in run.model.modules() if isinstance(module, MoE)]

    def tested(ending: str, factors: Sequence[float]) -> dict[str, list[float]]:
        found = []
        for factor in factors:
            for router in routers:
                router.capacity_factor = factor
            found.append(evaluate(run.model, part))
        return {
            f"factors{ending}": list(factors),
            f"dropped{ending}": [round(each.dropped, 5) for each in found],
            f"accuracy{ending}": [round(each.accuracy, 5) for each in found],
        }

    figures = {**figures_of(run), "tokens": GROUP * part.num_tokens}
    figures |= tested("_at", [factor for factor in FACTORS if factor <= experts])
    if "priority" in settings:
        for router in routers:
            router.priority = OTHER[str(settings["priority"])]
        figures |= tested("_turned", TURNED)
    return figures


def judge(results: Sequence[Result]) -> Finding:
    """More experts must drop more, batch priority must help, and the capacity that it takes must be what is said."""
    plain = {each.settings["seed"]: each.figures for each in results if each.settings.get("priority") == "position"}
    by = {
        (str(each.settings["router"]), int(each.settings["experts"] or 0), each.settings["seed"]): each.figures
        for each in results
        if each.settings.get("priority") != "position"
    }
    seeds, counts = sorted(plain, key=str), sorted({e for _, e, _ in by})
    few, most = counts[0], counts[-1]
    tokens = next(iter(plain.values()))["tokens"]
    blind = {e: 100 * expected_drop_fraction(tokens, e, capacity_for(tokens, e)) for e in counts}

    def of(router: str, e: int, column: str, factor: float, ending: str = "_at") -> list[float]:
        return [_read(by[router, e, seed], column, factor, ending) for seed in seeds]

    drops = {key: of(*key, "dropped", TRAINED) for key in product(ROUTERS, counts)}
    needs = {key: [_needed(by[*key, seed]) for seed in seeds] for key in product(ROUTERS, counts)}
    by_gate = {factor: of("tokens choice", most, "accuracy", factor) for factor in TURNED}
    by_place = {factor: of("tokens choice", most, "accuracy", factor, "_turned") for factor in TURNED}
    without = [_read(plain[seed], "accuracy", TRAINED) for seed in seeds]
    served = {factor: _less(by_gate[factor], by_place[factor]) for factor in TURNED}
    gained = _less(by_gate[TRAINED], without)
    grown = {router: _less(drops[router, most], drops[router, few]) for router in ROUTERS}

    name = f"tokens choice, {most} experts"
    measured = [mean_of(f"{r}, {e} experts: dropped", values, "%") for (r, e), values in drops.items()]
    measured += [Measured(f"a random choice of {e} experts: dropped", blind[e], unit="%") for e in counts]
    some = counts[1]
    slack = {router: of(router, some, "dropped", SLACK) for router in ROUTERS}
    measured += [mean_of(f"{r}, {some} experts: dropped with {SLACK} times the slots", slack[r], "%") for r in ROUTERS]
    measured += [
        mean_of(f"{r}, {e} experts: times the slots for less than {LITTLE:.0%}", values)
        for (r, e), values in needs.items()
    ]
    measured.append(mean_of(f"{name}: accuracy gained when trained and tested with batch priority", gained, "points"))
    measured += [
        mean_of(f"{name}: accuracy gained when only tested with it, {factor:g} times the slots", values, "points")
        for factor, values in served.items()
    ]

    way = directions({**grown, "gained": gained, "served": served[TRAINED]})
    need = {(r, e): _mean(values) for (r, e), values in needs.items() if e > few}
    outside = [f"{r} with {e} experts" for (r, e), mean in need.items() if not ESSAY[0] <= mean <= ESSAY[1]]
    verbs = {1: "grows", 0: "cannot be told to change", -1: "shrinks"}
    helps = {1: "raises", 0: "is not shown to change", -1: "lowers"}
    told = (
        f"From {few} to {most} experts the share of dropped tokens {verbs[way[ROUTERS[0]]]} in tokens choice and "
        f"{verbs[way[ROUTERS[1]]]} in experts choice; with a random choice it would grow from {blind[few]:.0f} % to "
        f"{blind[most]:.0f} %, since fewer tokens for each expert vary more. Training with batch priority "
        f"{helps[way['gained']]} accuracy, and serving a trained model by gate {helps[way['served']]} it (sign tests "
        f"over {len(seeds)} paired seeds, corrected by Holm, level {ERROR}). With more than {few} experts it takes "
        f"{min(need.values()):.3g} to {max(need.values()):.3g} times the slots until less than {LITTLE:.0%} is dropped"
    )
    told += f", which is not {ESSAY[0]} to {ESSAY[1]} for {' and '.join(outside)}." if outside else "."
    if -1 in (way[router] for router in ROUTERS):
        verdict = Verdict.CONTRADICTED
    elif set(way.values()) == {1} and not outside:
        verdict = Verdict.REPRODUCED
    else:
        verdict = Verdict.DIRECTION if 1 in (way[router] for router in ROUTERS) else Verdict.NOT_AT_SCALE
    return Finding(verdict, told, tuple(measured))


def _read(figures: Figures, column: str, factor: float, ending: str = "_at") -> float:
    """Return what was measured at a capacity factor, in percent."""
    return 100 * float(figures[f"{column}{ending}"][figures[f"factors{ending}"].index(factor)])


def _needed(figures: Figures) -> float:
    """Return the smallest capacity factor of the test that drops little; the largest one drops nothing."""
    found = zip(figures["factors_at"], figures["dropped_at"], strict=True)
    return float(next(factor for factor, dropped in found if dropped < LITTLE))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _less(one: Sequence[float], other: Sequence[float]) -> list[float]:
    return [a - b for a, b in zip(one, other, strict=True)]


def _balance() -> float:
    """Return the weight of the loss that keeps tokens choice balanced."""
    layer = LAYERS[ROUTERS[0]]
    return layer.balance if layer else 0.0


def _paper() -> str:
    """Say what Table 7 gains by batch priority with one choice of each token."""
    rows = [row for row in published("table7") if row["top_k"] == 1]
    score = {(row["experts"], row["batch_priority"]): float(row["imagenet_10shot"] or 0) for row in rows}
    gains = {e: score[e, "yes"] - score[e, "no"] for e in dict.fromkeys(row["experts"] for row in rows)}
    return " and ".join(f"{gain:.1f} points with {e} experts" for e, gain in gains.items())


CLAIM = Claim(
    title="Sparse routers drop more tokens with more experts; batch priority helps",
    says=(
        "In tokens choice and in experts choice, the share of dropped tokens grows with the number of experts, and "
        f"slack capacity reduces it: {SLACK} times the slots to around 5 %, and an essay says that {ESSAY[0]} to "
        f"{ESSAY[1]} times are laid out to drop hardly any. Batch priority, which serves tokens by their largest gate, "
        f"improves quality (ImageNet 10-shot by {_paper()})."
    ),
    source="Puigcerver et al. 2024, appendix B, Table 7",
    did=(
        f"ViTs with {', '.join(map(str, EXPERTS[:-1]))} and {EXPERTS[-1]} experts in two of three blocks, groups of "
        f"{GROUP} images, are trained on letters for {STEPS:,} steps with as many slots as tokens, {SEEDS} seeds each, "
        f"all at the same learning rate, tokens choice with an importance loss of weight {_balance():g}. Each is then "
        f"tested with {FACTORS[0]:g} to {FACTORS[-1]:g} times the slots ({TESTED:,} images). Tokens choice with "
        f"{EXPERTS[-1]} experts is also trained by position, and tested both ways."
    ),
    runs=runs,
    smoke=lambda: runs(2, 2, (2, 4), 64),
    measure=measure,
    judge=judge,
)
