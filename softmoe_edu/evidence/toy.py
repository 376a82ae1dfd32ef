"""The models that the claims train: one small ViT for every task and router, all of the same cost."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from softmoe_edu import data
from softmoe_edu.cost import cost_of
from softmoe_edu.data import Images
from softmoe_edu.evidence.claim import Figures, Settings
from softmoe_edu.experts import Experts
from softmoe_edu.losses import importance_loss
from softmoe_edu.moe import MoE
from softmoe_edu.routers.registry import build
from softmoe_edu.routing import Routing
from softmoe_edu.seeds import generator_of, own_randomness, set_seed
from softmoe_edu.training import train
from softmoe_edu.vit import ViT

TASKS: dict[str, Callable[[], tuple[Images, Images]]] = {
    "scripts": data.scripts,
    "letters": data.letters,
    "languages": data.languages,
}
DIM, DEPTH, HEADS, MOE_LAYERS, EXPERTS, GROUP = 32, 3, 2, (1, 2), 16, 8
MATCHED = 0.01
"""How far the cost of two models that are compared may be apart, as a share."""


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
    """Return a task's data; for tuning, a tenth of the training data stands in for the test, which is not touched."""
    train_data, test_data = TASKS[name]()
    if not validation:
        return train_data, test_data
    order = torch.randperm(len(train_data), generator=generator_of(1), device="cpu")
    held = len(order) // 10
    return train_data[order[held:]], train_data[order[:held]]


def model_of(router: str, part: Images, hidden: int, *, experts: int = EXPERTS) -> ViT:
    """Build the ViT of a task with this router and this hidden width, drawn from the global generator."""
    layer = LAYERS[router]

    def moe(dim: int) -> nn.Module:
        assert layer is not None
        routed = build(layer.router, dim, experts, dict(layer.settings))
        return MoE(routed, Experts(dim, experts, hidden), examples_per_group=layer.group)

    c, side, _ = part.images.shape[1:]
    return ViT(
        image_size=side,
        patch_size=part.patch_size,
        channels=c,
        num_classes=part.num_classes,
        dim=DIM,
        depth=DEPTH,
        num_heads=HEADS,
        hidden_dim=hidden,
        moe_layers=() if layer is None else MOE_LAYERS,
        moe=None if layer is None else moe,
    )


@functools.cache
def matched_hidden(router: str, task: str, budget: int, experts: int = EXPERTS) -> tuple[int, int]:
    """Find the hidden width with which a model costs as much as the dense one with `budget`, and count its MACs.

    Args:
        router: a key of LAYERS.
        task: a key of TASKS.
        budget: hidden width of the dense model that sets the cost.
        experts: number of experts.

    Returns:
        (hidden width, MACs per image).

    Raises:
        ValueError: no width comes within 1 %.
    """
    part, _ = task_of(task, False)
    wanted = cost_of(_on_meta("dense", part, budget, experts)).macs
    low, high = 1, 8 * budget
    while low < high:
        middle = (low + high) // 2
        if cost_of(_on_meta(router, part, middle, experts)).macs < wanted:
            low = middle + 1
        else:
            high = middle
    near = {h: cost_of(_on_meta(router, part, h, experts)).macs for h in (max(1, low - 1), low)}
    hidden = min(near, key=lambda h: abs(near[h] - wanted))
    if abs(near[hidden] / wanted - 1) > MATCHED:
        raise ValueError(
            f"{router} on {task} must cost within {MATCHED:.0%} of {wanted:,} MACs, got {near[hidden]:,} with hidden "
            f"width {hidden}: raise the budget, which leaves the routing a smaller share"
        )
    return hidden, int(near[hidden])


def trained(settings: Settings, device: str) -> Figures:
    """Train one model and evaluate it once, at the end.

    Args:
        settings: task, router, budget, steps, rate, seed, and whether this run tunes the rate.
        device: where.

    Returns:
        Accuracy and loss on the test data (for tuning, on the held-out part of the training data), MACs per image,
        parameters, the share of tokens dropped in the test, and the accuracy of every twentieth of the training.
    """
    task, router, seed = str(settings["task"]), str(settings["router"]), int(settings["seed"] or 0)
    steps, experts = int(settings["steps"] or 1), int(settings.get("experts") or EXPERTS)
    train_data, test_data = task_of(task, bool(settings["tuning"]))
    hidden, macs = matched_hidden(router, task, int(settings["budget"] or 1), experts)
    with own_randomness(torch.device(device)):
        set_seed(torch.device("cpu"), seed)
        model = model_of(router, train_data, hidden, experts=experts).to(device)
    layer = LAYERS[router]
    history = train(
        model,
        train_data,
        test_data,
        steps=steps,
        learning_rate=float(settings["rate"] or 0),
        auxiliary=_balanced(layer.balance) if layer and layer.balance else None,
        seed=seed,
        progress=False,
    )
    parts = max(1, steps // 20)
    learned = history.columns["accuracy"][: steps - steps % parts].reshape(-1, parts).mean(1)
    dropped = history.tests_log["dropped"][-1]
    return {
        "accuracy": history.test_accuracy,
        "loss": history.tests_log["loss"][-1],
        "macs": macs,
        "parameters": sum(each.numel() for each in model.parameters()),
        "dropped": None if dropped != dropped else dropped,
        "curve": [round(float(each), 4) for each in learned],
    }


def _balanced(weight: float) -> Callable[[Mapping[str, Routing]], Tensor]:
    def loss(routings: Mapping[str, Routing]) -> Tensor:
        losses = [importance_loss(each.gates) for each in routings.values() if each.gates is not None]
        return weight * torch.stack(losses).mean()

    return loss


def _on_meta(router: str, part: Images, hidden: int, experts: int) -> ViT:
    with torch.device("meta"):
        return model_of(router, part, hidden, experts=experts)
