"""Models that are trained on some letters and then tuned on few images of others."""

from collections.abc import Sequence

import torch

from softmoe_edu.data import Images
from softmoe_edu.evidence.claim import Claim, Figures, Finding, Measured, Result, Settings, Verdict
from softmoe_edu.evidence.statistics import ERROR, directions, mean_of, sign_test
from softmoe_edu.evidence.toy import fit, matched_hidden, model_of, task_of
from softmoe_edu.evidence.tuning import RATES, runs_at_best_rate, tuning_runs
from softmoe_edu.seeds import generator_of, own_randomness, set_seed

ROUTERS = ("dense", "tokens choice", "experts choice", "soft")
STEPS, TUNE_STEPS, TUNE_IMAGES, BUDGET, SEEDS = 600, 200, 1000, 64, 10
FIRST = 50
"""Letters that models are trained on; they are tuned on the rest."""


def tuning() -> list[Settings]:
    """Return the runs that choose each model's learning rate, for both trainings."""
    models: list[Settings] = [
        {"task": "letters", "router": r, "budget": BUDGET, "steps": STEPS, "tune_steps": TUNE_STEPS} for r in ROUTERS
    ]
    return tuning_runs(models, 1)


def smoke() -> list[Settings]:
    """Return a run of two and two steps for each router."""
    return [{**each, "steps": 2, "tune_steps": 2} for each in tuning() if each["rate"] == RATES[0]]


def finals(results: Sequence[Result]) -> list[Settings]:
    """Return the runs that count."""
    return runs_at_best_rate(results, SEEDS if all(each.settings["steps"] == STEPS for each in results) else 2)


def measure(settings: Settings, device: str) -> Figures:
    """Train on the first letters, tune on the others with a new head, and train on the others from nothing."""
    train_data, test_data = task_of("letters", bool(settings["tuning"]))
    before, new = (_of(train_data, new) for new in (False, True))
    held, test = (_of(test_data, new) for new in (False, True))
    drawn = torch.randperm(len(new), generator=generator_of(2), device="cpu")
    few = new[drawn[:TUNE_IMAGES]]
    hidden = matched_hidden({key: settings[key] for key in ("task", "router", "budget")})
    short = {**settings, "steps": settings["tune_steps"]}
    with own_randomness(torch.device(device)):
        set_seed(torch.device("cpu"), int(settings["seed"] or 0))
        model = model_of(settings, before, hidden).to(device)
        scratch = model_of(settings, new, hidden).to(device)
    first = fit(model, before, held, settings)
    model.head.reset_parameters()
    tuned = fit(model, few, test, short)
    alone = fit(scratch, few, test, short)
    return {
        "accuracy": tuned.test_accuracy,
        "before": first.test_accuracy,
        "from_nothing": alone.test_accuracy,
    }


def _of(images: Images, new: bool) -> Images:
    """Return the images of one half of the letters, its labels counted from 0."""
    chosen = images[(images.labels >= FIRST) == new]
    classes = images.num_classes - FIRST if new else FIRST
    labels = chosen.labels - FIRST * new
    return Images(chosen.images, labels, num_classes=classes, patch_size=images.patch_size, name=images.name)


def judge(results: Sequence[Result]) -> Finding:
    """Soft MoE must be better than each rival after tuning."""
    counted = [each for each in results if not each.settings["tuning"]]
    by = {(s["router"], s["seed"]): each.figures for each in counted for s in [each.settings]}
    seeds = sorted({seed for _, seed in by}, key=str)
    measured: list[Measured] = []
    for router in ROUTERS:
        mine = [by[router, seed] for seed in seeds]
        for name, key in (
            ("after fine-tuning", "accuracy"),
            ("as many steps from nothing", "from_nothing"),
            ("on the first letters, before", "before"),
        ):
            measured.append(mean_of(f"{router}, {name}", [100 * figures[key] for figures in mine], "%"))
    apart = {
        rival: [by["soft", seed]["accuracy"] - by[rival, seed]["accuracy"] for seed in seeds] for rival in ROUTERS[:-1]
    }
    way = directions(apart)
    won, lost = ([rival for rival in apart if way[rival] == side] for side in (1, -1))
    gains = {router: [by[router, s]["accuracy"] - by[router, s]["from_nothing"] for s in seeds] for router in ROUTERS}
    useful = [router for router, values in gains.items() if sign_test(values) < ERROR and sum(values) > 0]
    parts = {"is better than": won, "is worse than": lost, "cannot be told from": [r for r in apart if way[r] == 0]}
    told = [f"{how} {', '.join(rivals)}" for how, rivals in parts.items() if rivals]
    helped = "every model" if len(useful) == len(gains) else ", ".join(useful) or "no model"
    reason = (
        f"After fine-tuning, Soft MoE {'; it '.join(told)} (sign tests over {len(seeds)} paired seeds, corrected by "
        f"Holm, level {ERROR}). What was learned on other letters helps {helped}, compared with as many steps from "
        "nothing."
    )
    if len(won) == len(apart):
        return Finding(Verdict.REPRODUCED, reason, tuple(measured))
    if won and not lost:
        return Finding(Verdict.DIRECTION, reason, tuple(measured))
    return Finding(Verdict.CONTRADICTED if len(lost) > len(won) else Verdict.NOT_AT_SCALE, reason, tuple(measured))


CLAIM = Claim(
    title="What Soft MoE gains in training survives fine-tuning",
    says="Sparse mixtures of experts are hard to fine-tune; Soft MoE keeps its lead when it is tuned on another task.",
    source="Puigcerver et al. 2024, abstract, section 3 and Table 8 (fine-tuned on ImageNet)",
    did=(
        f"Models of equal cost are trained for {STEPS} steps on {FIRST} letters, get a new head, and are tuned for "
        f"{TUNE_STEPS} steps on {TUNE_IMAGES:,} images of other letters, beside the same {TUNE_STEPS} steps from "
        f"nothing. The test shows these letters in another typeface. One learning rate of {len(RATES)} for both "
        f"trainings is chosen on training data with a seed of its own; then {SEEDS} paired seeds count."
    ),
    runs=tuning,
    smoke=smoke,
    then=finals,
    measure=measure,
    judge=judge,
)
