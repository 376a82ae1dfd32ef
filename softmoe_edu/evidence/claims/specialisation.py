"""Do experts specialise by kinds of token that nobody told them of, more than chance and than random routers do?"""

import copy
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from softmoe_edu import metrics
from softmoe_edu.data import Images
from softmoe_edu.evidence.claim import Claim, Figures, Finding, Measured, Result, Settings, Verdict
from softmoe_edu.evidence.statistics import ERROR, directions, mean_of
from softmoe_edu.evidence.toy import EXPERTS, GROUP, figures_of, matched_hidden, model_of, train_one
from softmoe_edu.moe import MoE
from softmoe_edu.seeds import generator_of, own_randomness, set_seed
from softmoe_edu.training import take_snapshot

TASKS, ROUTERS = ("letters", "languages"), ("tokens choice", "experts choice", "soft")
BUDGET, STEPS, RATE, SEEDS, TESTED, SHUFFLES = 64, 600, 4e-3, 8, 1000, 99
MODELS = ("trained", "untrained", "redrawn")


def runs(
    seeds: int = SEEDS,
    steps: int = STEPS,
    tested: int = TESTED,
    shuffles: int = SHUFFLES,
    tasks: Sequence[str] = TASKS,
) -> list[Settings]:
    """Return a run for each seed, task and router."""
    same: Settings = {"budget": BUDGET, "steps": steps, "rate": RATE, "tuning": False}
    return [
        {**same, "task": task, "router": router, "tested": tested, "shuffles": shuffles, "seed": seed}
        for seed, task, router in product(range(seeds), tasks, ROUTERS)
    ]


def measure(settings: Settings, device: str) -> Figures:
    """Train one model; ask of it, of itself before training, and of itself with new routers, what experts tell."""
    run, seed = train_one(settings, device), int(settings["seed"] or 0)
    tested = min(int(settings["tested"] or 1), len(run.test_data)) // GROUP * GROUP
    order = torch.randperm(len(run.test_data), generator=generator_of(2), device="cpu")[:tested]
    # Neighbours compete for slots: in an order of its own, the test cannot hand experts one kind a group.
    part = run.test_data[order]
    redrawn = copy.deepcopy(run.model)
    with own_randomness(torch.device(device)):
        set_seed(torch.device("cpu"), seed)
        untrained = model_of(settings, run.train_data, matched_hidden(settings))
        set_seed(torch.device("cpu"), 2000 + seed)
        redraw(redrawn.cpu())
    figures = dict(figures_of(run))
    for name, model in zip(MODELS, (run.model, untrained, redrawn), strict=True):
        found = told(model.to(device), part, int(settings["shuffles"] or 1))
        figures |= {f"{key}_{name}": [round(v, 5) for v in values] for key, values in found._asdict().items()}
    return figures


def redraw(model: nn.Module) -> None:
    """Draw the routers' parameters anew, each as large as it was in all; everything else stays trained."""
    for module in model.modules():
        if isinstance(module, MoE):
            router: Any = module.router
            sizes = [parameter.detach().norm() for parameter in router.parameters()]
            router.reset_parameters()
            with torch.no_grad():
                for parameter, size in zip(router.parameters(), sizes, strict=True):
                    parameter *= size / parameter.norm()


class Told(NamedTuple):
    """What each layer's experts tell of an image's kind, as a share of what there is to know (its entropy).

    Attributes:
        told: mutual information of expert and kind.
        images: its mean where kinds are dealt anew to whole images.
        classes: its mean where kinds are dealt anew to whole classes, which keeps the images of a class together.
        chance_images: how often a deal to images tells as much.
        chance_classes: how often a deal to classes tells as much.
    """

    told: list[float]
    images: list[float]
    classes: list[float]
    chance_images: list[float]
    chance_classes: list[float]


def told(model: nn.Module, part: Images, shuffles: int) -> Told:
    """Measure what a model's experts tell of the kinds of images."""
    kinds, counted = kinds_of(part)
    layers = []
    for routing in take_snapshot(model, part.images).values():
        share = routing.combine.sum(-1).reshape(len(part), part.num_tokens, -1).double()
        share = share / share.sum(-1, keepdim=True).clamp(min=1e-30)  # a dropped token has no expert and stays 0
        layers.append(layer_told((share * counted[..., None]).sum(1), kinds, part.labels, shuffles))
    return Told(*(list(column) for column in zip(*layers, strict=True)))


def kinds_of(part: Images) -> tuple[Tensor, Tensor]:
    """Return each image's kind, from 0, the commonest of its tokens, and which of its tokens are of that kind.

    Where kinds are scripts of characters, 0 is what is no letter, and counts nowhere.
    """
    assert part.kinds is not None
    kinds = part.kinds - 1 if part.name.startswith("languages") else part.kinds
    votes = F.one_hot(kinds.clamp(min=0)) * (kinds >= 0)[..., None]
    kind = votes.sum(1).argmax(1)
    return kind, (kinds == kind[:, None]).double()


def layer_told(weight: Tensor, kinds: Tensor, classes: Tensor, shuffles: int) -> tuple[float, ...]:
    """Return the fields of `Told` for one layer.

    Args:
        weight: (N, e), how much of each image's tokens each expert answered.
        kinds: (N,) of the images, from 0.
        classes: (N,) of the images, from 0.
        shuffles: how many times kinds are dealt anew.
    """
    generator = generator_of(3)
    by_class = F.one_hot(classes).double()
    class_weight, present = by_class.mT @ weight, by_class.sum(0) > 0
    class_kind = (by_class.mT @ F.one_hot(kinds).double()).argmax(1)

    def dealt(kind: Tensor, of: Tensor) -> list[float]:
        found = []
        for _ in range(shuffles):
            order = torch.randperm(len(kind), generator=generator, device="cpu")
            found.append(information(of, kind[order]))
        return found

    true, true_classes = information(weight, kinds), information(class_weight[present], class_kind[present])
    images, groups = dealt(kinds, weight), dealt(class_kind[present], class_weight[present])
    chances = [_chance(images, true), _chance(groups, true_classes)]
    return true, sum(images) / shuffles, sum(groups) / shuffles, *chances


def _chance(dealt: Sequence[float], true: float) -> float:
    """Return the p-value of a permutation test, in which the true deal counts as one of all."""
    return (1 + sum(each >= true for each in dealt)) / (1 + len(dealt))


def information(weight: Tensor, kinds: Tensor) -> float:
    """Compute the mutual information of expert and kind over the entropy of the kind.

    Args:
        weight: (N, e), how much of each image or class each expert answered.
        kinds: (N,), from 0.
    """
    return float(metrics.information(F.one_hot(kinds).double().mT @ weight))


def judge(results: Sequence[Result]) -> Finding:
    """Trained experts must tell more of kinds than chance does, than before training, and than new routers do."""
    by = {(str(r.settings["task"]), str(r.settings["router"]), r.settings["seed"]): r.figures for r in results}
    seeds = sorted({seed for *_, seed in by}, key=str)
    places = list(dict.fromkeys((task, router) for task, router, _ in by))

    def of(place: tuple[str, str], column: str) -> list[float]:
        """Return one figure for each seed: the mean of the layers, in percent."""
        layers = [by[*place, seed][column] for seed in seeds]
        return [100 * sum(each) / len(each) for each in layers]

    found = {
        (place, model): _less(of(place, f"told_{model}"), of(place, f"images_{model}"))
        for place in places
        for model in MODELS
    }
    measured: list[Measured] = []
    for place in places:
        named = f"{place[0]}, {place[1]}: told of the script"
        measured.append(mean_of(f"{named}, beyond chance, by trained experts", found[place, "trained"], "%"))
        measured.append(mean_of(f"{named}, beyond chance, before training", found[place, "untrained"], "%"))
        measured.append(mean_of(f"{named}, beyond chance, with new routers", found[place, "redrawn"], "%"))
        measured.append(mean_of(f"{named} by chance, dealt to images", of(place, "images_trained"), "%"))
        measured.append(mean_of(f"{named} by chance, dealt to classes", of(place, "classes_trained"), "%"))

    learned = directions({place: _less(found[place, "trained"], found[place, "untrained"]) for place in places})
    owned = directions({place: _less(found[place, "trained"], found[place, "redrawn"]) for place in places})
    images, classes, before = (
        [chance < ERROR for each in by.values() for chance in each[column]]
        for column in ("chance_images_trained", "chance_classes_trained", "chance_images_untrained")
    )
    reason = (
        f"In {sum(images)} of {len(images)} layers of trained models, the experts of a token tell more of its script "
        f"than chance allows (scripts shuffled among the images, p < {ERROR}). Alone that proves little: in "
        f"{sum(before)} of {len(before)} layers they do so before training, since a random router, too, sends similar "
        f"tokens to the same experts. Training {_ways(learned, 'raises what they tell', 'lowers what they tell')}. "
        f"Where only the routers of trained models are replaced by new random ones, experts "
        f"{_ways(owned, 'tell less', 'tell more')}; that difference belongs to the trained routers, and what is left "
        f"comes from the tokens, which training has set apart. In the harder test, with scripts shuffled among whole "
        f"letters or languages, experts tell more than chance allows in {sum(classes)} of {len(classes)} layers (sign "
        f"tests over {len(seeds)} paired seeds, each question corrected by Holm, level {ERROR})."
    )
    ways = [*learned.values(), *owned.values()]
    if not all(images) or not any(way == 1 for way in learned.values()):
        lost = -1 in learned.values()
        return Finding(Verdict.CONTRADICTED if lost else Verdict.NOT_AT_SCALE, reason, tuple(measured))
    return Finding(Verdict.REPRODUCED if set(ways) == {1} else Verdict.DIRECTION, reason, tuple(measured))


def _ways(ways: Mapping[tuple[str, str], int], more: str, less: str) -> str:
    """Say where which way was found, such as "tell less in 1 of 6 comparisons (soft on letters)"."""
    parts = []
    for way, said in ((1, more), (-1, less)):
        where = [f"{router} on {task}" for (task, router), each in ways.items() if each == way]
        if where or way == 1:
            named = f" ({', '.join(where)})" if 0 < len(where) < len(ways) else ""
            parts.append(f"{said} in {len(where)} of {len(ways)} comparisons{named}")
    return " and ".join(parts)


def _less(one: Sequence[float], other: Sequence[float]) -> list[float]:
    return [a - b for a, b in zip(one, other, strict=True)]


CLAIM = Claim(
    title="Experts specialise by kinds that nobody told them of",
    says=(
        "Trained routers come to send tokens of different kinds to different experts: in deep layers, an expert is "
        "chosen for few classes."
    ),
    source="Riquelme et al. 2021, section 5, Figure 7; Puigcerver et al. 2024, appendix H",
    did=(
        f"ViTs with {EXPERTS} experts are trained on letters and on names of countries for {STEPS} steps, {SEEDS} "
        "seeds each. No label is the script (Latin, Greek, Cyrillic, ...). On test images, what a token's experts tell "
        "of its script is their mutual information, as a share of the script's entropy; an expert counts as much as it "
        "contributes to the token's answer. The same is asked before training, of the trained model with new random "
        f"routers as large as the trained ones, and {SHUFFLES} times with scripts dealt anew: to whole images, and to "
        "whole letters or languages."
    ),
    runs=runs,
    smoke=lambda: runs(2, 2, 64, 9, TASKS[1:]),
    measure=measure,
    judge=judge,
)
