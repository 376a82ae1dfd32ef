"""A made-up record of many kinds of settings and figures, for what is drawn of records."""

import math

from softmoe_edu.evidence import Record, Result

ROUTERS = ("dense", "sparse", "soft")
TASKS = ("digits", "letters")
EXPERTS = (2, 4, 16)
STEPS = 60
SEEDS = 5


def measured(task: str, router: str, experts: int, seed: int) -> dict:
    """Figures that say by their digits whose they are."""
    size = TASKS.index(task) + 0.1 * ROUTERS.index(router) + 0.01 * experts + 0.0001 * (seed % 7) ** 2
    return {
        "accuracy": size,
        "macs": 1000 * experts,
        "dropped": None if router == "dense" else 0.5 / experts,
        "curve": [round(size * share / 4, 6) for share in range(1, 5)],
        "name": "not a number",
        "bins": [seed, 2 * seed, 3 * seed],
    }


def run(task: str, router: str, experts: int, seed: int, rate: float, tuning: bool, steps: int = STEPS) -> Result:
    """One run with all its settings."""
    settings = {"task": task, "router": router, "experts": experts, "steps": steps, "rate": rate, "seed": seed}
    return Result({**settings, "tuning": tuning}, measured(task, router, experts, seed), 1.5 + seed % 7)


def made_record(claim: str = "accuracy") -> Record:
    """Two tasks, three routers and three numbers of experts: runs of tuning at two rates, then those that count."""
    cells = [(task, router, experts) for task in TASKS for router in ROUTERS for experts in EXPERTS]
    tried = [run(*cell, 1000 + seed, rate, True) for cell in cells for rate in (0.1, 0.2) for seed in range(2)]
    counted = [run(*cell, seed, (0.1, 0.2)[i % 2], False) for i, cell in enumerate(cells) for seed in range(SEEDS)]
    return Record(claim, False, {"torch": "9"}, (*tried, *counted))


def mean(task: str, router: str, experts: int) -> float:
    """The mean accuracy of a cell that counts."""
    return math.fsum(measured(task, router, experts, seed)["accuracy"] for seed in range(SEEDS)) / SEEDS


def large_record(claim: str, routers: int, seeds: int, points: int) -> Record:
    """Runs of so many routers and seeds, each with a curve of so many numbers of four digits."""
    runs = [(router, seed) for router in range(routers) for seed in range(seeds)]
    results = [
        Result(
            {"router": f"router {router}", "seed": seed, "steps": 1000},
            {"curve": [round(0.1 + abs(math.sin(router + seed / 7 + at)) / 2, 4) for at in range(points)]},
            1.0,
        )
        for router, seed in runs
    ]
    return Record(claim, False, {}, tuple(results))
