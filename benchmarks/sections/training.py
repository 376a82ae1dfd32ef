"""The training step of the claims' models: inside `train`, written out as a bare loop, and that loop compiled."""

import itertools
from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.case import OURS, Case, Comparison, Work, Works
from softmoe_edu.data import Images
from softmoe_edu.evidence import toy
from softmoe_edu.routers import Router
from softmoe_edu.routing import Routing
from softmoe_edu.training.auxiliary import Auxiliary
from softmoe_edu.training.guard import Interruption
from softmoe_edu.training.history import History
from softmoe_edu.training.identity import identity_of
from softmoe_edu.training.loop import Run, learning_rate_at
from softmoe_edu.training.recipe import parameter_groups

ROUTERS = ("dense", "soft", "tokens choice", "experts choice")
BARE, COMPILED = "bare loop", "bare loop, compiled"
STEPS, RATE, DECAY, CLIP, SEED = 10**9, 1e-3, 0.05, 1.0, 0


def parts(works: Works, router: str, budget: int) -> tuple[nn.Module, Images, Auxiliary | None, torch.optim.AdamW]:
    """Build what every contender trains: equal parameters, the same data, the claims' auxiliary loss, fused AdamW."""
    settings = {"task": "scripts", "router": router, "budget": budget}
    data, layer = toy.task_of("scripts", False)[0], toy.layer_of(settings)
    torch.manual_seed(SEED)
    model = toy.model_of(settings, data, toy.matched_hidden(settings)).to(works.device)
    auxiliary = toy.balanced(layer.balance) if layer and layer.balance else None
    return model, data, auxiliary, torch.optim.AdamW(parameter_groups(model, DECAY), fused=True)


def ours(works: Works, router: str, budget: int) -> Work:
    """The loop inside `train`: what is due next, which is always a step."""
    model, data, auxiliary, optimizer = parts(works, router, budget)
    settings = {"steps": STEPS, "batch_size": len(works.x), "learning_rate": RATE, "warmup": 0.0, "clip_norm": CLIP}
    settings |= {"seed": SEED, "evaluate_every": None, "snapshot_at": []}
    history = History(settings, state={"identity": {"began": identity_of(model, auxiliary)}})
    run = Run(
        model,
        optimizer,
        history,
        data,
        None,
        auxiliary=auxiliary,
        snapshot_images=None,
        checkpoint=None,
        checkpoint_every=None,
    )
    run.interruption = Interruption()
    return Work(lambda: run.next_action()(), module=model)


def bare(works: Works, router: str, budget: int, backend: str | None = None) -> Work:
    """The same step as a learner writes it, from the batch to the loss and accuracy that are logged.

    Args:
        works: the case's contenders.
        router: a key of `toy.LAYERS`.
        budget: see `toy.train_one`.
        backend: of torch.compile, for forward pass and losses with their backward; None leaves them eager.
    """
    model, data, auxiliary, optimizer = parts(works, router, budget)
    b, parameters = len(works.x), list(model.parameters())
    order, step, log = torch.randperm(len(data)), itertools.count(), []

    def forward(images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        logits = model(images)
        loss = F.cross_entropy(logits, labels)
        return logits, loss, loss if auxiliary is None else loss + auxiliary(seen)

    seen = _routings(model) if auxiliary else {}
    losses: Callable[..., tuple[Tensor, Tensor, Tensor]] = forward
    if backend:
        losses = torch.compile(forward, backend=backend)

    def run() -> None:
        done = next(step)
        place = done * b % (len(data) - b)
        index = order[place : place + b]
        images, labels = data.images[index].to(works.device), data.labels[index].to(works.device)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate_at(done, STEPS, RATE, 0.0)
        logits, loss, total = losses(images, labels)
        optimizer.zero_grad()
        total.backward()
        nn.utils.clip_grad_norm_(parameters, CLIP)
        optimizer.step()
        log.append((loss.item(), (logits.argmax(1) == labels).float().mean().item()))

    return Work(run, module=model)


def _routings(model: nn.Module) -> dict[str, Routing]:
    """Return a dictionary that holds what each router decided last."""
    seen: dict[str, Routing] = {}
    for name, module in model.named_modules():
        if isinstance(module, Router):
            module.register_forward_hook(lambda module, args, output, name=name: seen.__setitem__(name, output))
    return seen


def steps(quick: bool, device: str) -> list[Case]:
    """`train` against the bare loop, and the bare loop against itself compiled, for each router of the claims."""
    # Compiling takes up to half a minute for each model, and a C++ compiler.
    budget, b = (32, 8) if quick else (64, 64)
    compiled = () if quick else ROUTERS
    return [
        Case(
            "train",
            f"scripts, {router}, batch {b}",
            (b, 1, 8, 8),
            {
                OURS: partial(ours, router=router, budget=budget),
                BARE: partial(bare, router=router, budget=budget),
            }
            | (
                {COMPILED: partial(bare, router=router, budget=budget, backend="inductor")}
                if router in compiled
                else {}
            ),
            [Comparison(OURS, BARE, {"step": ("<=", 1.10)})]
            + [Comparison(BARE, COMPILED, {"step": (">=", 1.5)})] * (router in compiled),
            passes=("step",),
        )
        for router in ROUTERS
    ]
