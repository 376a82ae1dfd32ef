"""The same tuning for every model: a small grid of learning rates on held-out training data, then other seeds."""

from collections.abc import Sequence
from itertools import product

from softmoe_edu.evidence.claim import Result, Settings

RATES = (1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2)
_OF_ONE_RUN = ("rate", "seed", "tuning")


def tuning_runs(models: Sequence[Settings], seeds: int, rates: Sequence[float] = RATES) -> list[Settings]:
    """Return the runs that choose each model's learning rate.

    They are tested on a part of the training data, with seeds (from 1000) that no run that counts has.

    Args:
        models: settings without rate, seed and tuning.
        seeds: runs of each model at each rate.
        rates: learning rates to choose from.
    """
    return [
        {**model, "rate": rate, "seed": 1000 + seed, "tuning": True}
        for model, rate, seed in product(models, rates, range(seeds))
    ]


def runs_at_best_rate(results: Sequence[Result], seeds: int) -> list[Settings]:
    """Return the runs that count: each model at the rate with which it was most accurate on average in tuning.

    Args:
        results: of all runs of `tuning_runs`.
        seeds: runs of each model, with seeds 0, 1, ..., the same for all so that they are paired.
    """
    found: list[Settings] = []
    for model in models_of(results):
        by_rate: dict[float, list[float]] = {}
        for each in results:
            if model_asked(each.settings) == model:
                by_rate.setdefault(float(each.settings["rate"] or 0), []).append(each.figures["accuracy"])
        best = max(by_rate, key=lambda rate: sum(by_rate[rate]) / len(by_rate[rate]))
        found += [{**model, "rate": best, "seed": seed, "tuning": False} for seed in range(seeds)]
    return found


def at_an_end(results: Sequence[Result]) -> tuple[int, int]:
    """Return how many tuned models count at the lowest or highest rate of their grid, and how many there are.

    Such a model might be better at a rate that was not tried.
    """
    tuned = [each for each in results if each.settings.get("tuning")]
    grids = [
        (model, {float(r.settings["rate"] or 0) for r in tuned if model_asked(r.settings) == model})
        for model in models_of(tuned)
    ]
    chosen = {
        str(model_asked(each.settings)): float(each.settings["rate"] or 0)
        for each in results
        if each.settings.get("tuning") is False
    }
    ends = [chosen[str(model)] in (min(grid), max(grid)) for model, grid in grids if str(model) in chosen]
    return sum(ends), len(ends)


def models_of(results: Sequence[Result]) -> list[dict[str, str | int | float | bool | None]]:
    """Return the models that results are of, each once, in their order: settings without rate, seed and tuning."""
    found: list[dict[str, str | int | float | bool | None]] = []
    for each in results:
        if (model := model_asked(each.settings)) not in found:
            found.append(model)
    return found


def model_asked(settings: Settings) -> dict[str, str | int | float | bool | None]:
    """Return settings without rate, seed and tuning."""
    return {key: value for key, value in settings.items() if key not in _OF_ONE_RUN}
