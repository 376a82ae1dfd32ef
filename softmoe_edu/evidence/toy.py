"""The models that the claims train: one small ViT for every task and router, all of the same cost."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from softmoe_edu import data
from softmoe_edu.cost import cost_of
from softmoe_edu.data import Images
from softmoe_edu.evidence.claim import Figures, Settings
from softmoe_edu.experts import Experts
from softmoe_edu.losses import importance_loss
from softmoe_edu.moe import MoE
from softmoe_edu.routers.registry import build, settings_taken
from softmoe_edu.routing import Routing, record
from softmoe_edu.seeds import generator_of, own_randomness, set_seed
from softmoe_edu.training import History, train
from softmoe_edu.vit import ViT

TASKS: dict[str, Callable[[], tuple[Images, Images]]] = {
    "scripts": data.scripts,
    "scripts, shuffled": functools.partial(data.scripts, shuffled=True),
    "letters": data.letters,
    "languages": data.languages,
}
DIM, DEPTH, HEADS, MOE_LAYERS, EXPERTS, GROUP = 32, 3, 2, (1, 2), 16, 8
MATCHED = 0.01
"""How far the cost of two models that are compared may be apart, as a share."""
_OF_THE_RUN = ("steps", "rate", "seed", "tuning", "balance")
"""Settings that change a run but not its model's cost."""


@dataclass(frozen=True)
class Layer:
    """What stands in place of the MLP of the last blocks: a router by name with its settings.

    Attributes:
        router: a name in ROUTERS.
        settings: what its constructor takes beside the sizes.
        group: examples that compete for the same slots.
        balance: the weight of the importance loss that sparse routers are trained with.
    """

    router: str
    settings: Mapping[str, object]
    group: int = 1
    balance: float = 0.0


LAYERS: dict[str, Layer | None] = {
    "dense": None,
    "soft": Layer("soft", {"slots_per_expert": 1, "scale_init": 8.0}),
    "tokens choice": Layer("tokens choice", {"noise_std": 1.0, "priority": "gate"}, GROUP, 0.01),
    "experts choice": Layer("experts choice", {"noise_std": 1.0}, GROUP),
    "soft / uniform": Layer("soft / uniform", {"slots_per_expert": 1, "scale_init": 8.0}),
    "uniform / soft": Layer("uniform / soft", {"slots_per_expert": 1, "scale_init": 8.0}),
    "uniform": Layer("uniform", {"slots_per_expert": 1}),
    "identity": Layer("identity", {"slots_per_expert": 1}),
}


@functools.lru_cache(maxsize=2)
def task_of(name: str, validation: bool) -> tuple[Images, Images]:
    """Return a task's data; for tuning, a tenth of the training data stands in for the test, which is not touched.

    The test is in random order: some tasks give theirs class by class, and sparse routers, whose examples compete in
    groups, would be tested in other company than they were trained in.
    """
    train_data, test_data = TASKS[name]()
    if not validation:
        mixed = torch.randperm(len(test_data), generator=generator_of(2), device="cpu")
        return train_data, test_data[mixed]
    order = torch.randperm(len(train_data), generator=generator_of(1), device="cpu")
    held = len(order) // 10
    return train_data[order[held:]], train_data[order[:held]]


def layer_of(settings: Settings) -> Layer | None:
    """Return the layer that a run asks for; a setting that its router or `Layer` takes replaces that of LAYERS."""
    layer = LAYERS[str(settings["router"])]
    if layer is None:
        return None
    own = {key: settings[key] for key in settings_taken(layer.router) if key in settings}
    group, balance = settings.get("group", layer.group), settings.get("balance", layer.balance)
    return replace(layer, settings={**layer.settings, **own}, group=int(group or 1), balance=float(balance or 0))


def model_of(settings: Settings, part: Images, hidden: int) -> ViT:
    """Build the ViT that a run asks for, drawn from the global generator.

    Args:
        settings: see `train_one`.
        part: data, for the sizes of images and patches and the number of classes.
        hidden: hidden width of the MLPs, and of the experts where the run names no expert_hidden.
    """
    layer, experts = layer_of(settings), int(settings.get("experts") or EXPERTS)
    expert_hidden = int(settings.get("expert_hidden") or hidden)

    def moe(dim: int) -> nn.Module:
        assert layer is not None
        routed = build(layer.router, dim, experts, layer.settings)
        return MoE(routed, Experts(dim, experts, expert_hidden), examples_per_group=layer.group)

    c, side, _ = part.images.shape[1:]
    return ViT(
        image_size=side,
        patch_size=part.patch_size,
        channels=c,
        num_classes=part.num_classes,
        dim=int(settings.get("dim") or DIM),
        depth=DEPTH,
        num_heads=HEADS,
        hidden_dim=hidden,
        moe_layers=() if layer is None else MOE_LAYERS,
        moe=None if layer is None else moe,
    )


def macs_of(settings: Settings, hidden: int) -> int:
    """Count the MACs per image of the model that a run asks for, with this hidden width."""
    with torch.device("meta"):
        model = model_of(settings, task_of(str(settings["task"]), False)[0], hidden)
    return int(cost_of(model).macs)


def matched_hidden(settings: Settings) -> int:
    """Find the hidden width with which a model costs as much as the dense one whose hidden width is the budget.

    Args:
        settings: see `train_one`.

    Raises:
        ValueError: no width comes within 1 %.
    """
    return _matched_hidden(frozenset((key, settings[key]) for key in settings if key not in _OF_THE_RUN))


@functools.cache
def _matched_hidden(kept: frozenset[tuple[str, str | int | float | bool | None]]) -> int:
    settings = dict(kept)
    budget = int(settings["budget"] or 1)
    wanted = macs_of({**settings, "router": "dense"}, budget)
    low, high = 1, 8 * budget
    while low < high:
        middle = (low + high) // 2
        if macs_of(settings, middle) < wanted:
            low = middle + 1
        else:
            high = middle
    near = {h: macs_of(settings, h) for h in (max(1, low - 1), low)}
    hidden = min(near, key=lambda h: abs(near[h] - wanted))
    if abs(near[hidden] / wanted - 1) > MATCHED:
        raise ValueError(
            f"{settings['router']} on {settings['task']} must cost within {MATCHED:.0%} of {wanted:,} MACs, got "
            f"{near[hidden]:,} with hidden width {hidden}: raise the budget, which leaves the routing a smaller share"
        )
    return hidden


@dataclass(frozen=True)
class Trained:
    """A model after its run, with what it was trained and tested on."""

    model: ViT
    history: History
    train_data: Images
    test_data: Images
    macs: int


def train_one(settings: Settings, device: str, progress: bool = False) -> Trained:
    """Train one model and evaluate it once, at the end.

    Args:
        settings: task and router (keys of TASKS and LAYERS), steps, rate, seed, and tuning: whether this run chooses
            the rate, so that a part of the training data stands in for the test. Then either budget, the hidden width
            of the dense model whose cost is matched, or hidden, the width itself. There may be experts, expert_hidden,
            dim, group, balance, and whatever the router's constructor takes, such as slots_per_expert.
        device: where.
        progress: whether to show a bar.
    """
    train_data, test_data = task_of(str(settings["task"]), bool(settings["tuning"]))
    hidden = int(settings["hidden"] or 1) if "hidden" in settings else matched_hidden(settings)
    with own_randomness(torch.device(device)):
        set_seed(torch.device("cpu"), int(settings["seed"] or 0))
        model = model_of(settings, train_data, hidden).to(device)
    history = fit(model, train_data, test_data, settings, progress)
    check_slots(model, test_data.images[:GROUP].to(device))
    return Trained(model, history, train_data, test_data, macs_of(settings, hidden))


def fit(model: ViT, train_data: Images, test_data: Images, settings: Settings, progress: bool = False) -> History:
    """Train a model with a run's router, steps, rate and seed, and evaluate it once, at the end."""
    layer = layer_of(settings)
    return train(
        model,
        train_data,
        test_data,
        steps=int(settings["steps"] or 1),
        learning_rate=float(settings["rate"] or 0),
        auxiliary=balanced(layer.balance) if layer and layer.balance else None,
        seed=int(settings["seed"] or 0),
        progress=progress,
    )


def check_slots(model: ViT, images: Tensor) -> None:
    """Refuse a router that puts more than one token's worth into a slot, as a wrong axis of a softmax does.

    Accuracy does not tell: a model learns with such a layer as well as with a right one.

    Raises:
        ValueError: a slot gets more, and so what was trained is not what it is called.
    """
    with torch.no_grad(), record(model.eval()) as routings:
        model(images)
    for name, routing in routings.items():
        most = float(routing.slot_load().max())
        if most > 1 + 1e-4:
            raise ValueError(
                f"a slot holds at most one token's worth, and a slot of {name} got {most:.2f}: no verdict can rest on "
                "this router; see that dispatch is a softmax over tokens"
            )


def trained(settings: Settings, device: str) -> Figures:
    """Train one model, and return what `figures_of` says of it."""
    return figures_of(train_one(settings, device))


def figures_of(run: Trained) -> Figures:
    """Return what every run of a model records.

    Returns:
        Accuracy and loss on the test data (for tuning, on the held-out part of the training data), MACs per image,
        parameters, the share of tokens dropped in the test, and the accuracy of every twentieth of the training.
    """
    history = run.history
    learned = history.columns["accuracy"]
    parts = max(1, len(learned) // 20)
    means = learned[: len(learned) - len(learned) % parts].reshape(-1, parts).mean(1)
    dropped = history.tests_log["dropped"][-1]
    return {
        "accuracy": history.test_accuracy,
        "loss": history.tests_log["loss"][-1],
        "macs": run.macs,
        "parameters": sum(each.numel() for each in run.model.parameters()),
        "dropped": None if dropped != dropped else dropped,
        "curve": [round(float(each), 4) for each in means],
    }


def balanced(weight: float) -> Callable[[Mapping[str, Routing]], Tensor]:
    """Return the auxiliary loss of the sparse routers here: their layers' mean importance loss, times a weight."""

    def loss(routings: Mapping[str, Routing]) -> Tensor:
        losses = [importance_loss(each.gates) for each in routings.values() if each.gates is not None]
        return weight * torch.stack(losses).mean()

    return loss
