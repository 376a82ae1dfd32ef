"""Runs of `train` on many ranks: what each rank does, and which runs the tests compare."""

import contextlib
import io
import os
import signal
from pathlib import Path

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.utils.data import Dataset

from softmoe_edu import Experts, ExpertsChoiceRouter, MoE, SoftRouter, TokensChoiceRouter, ViT
from softmoe_edu.data import Images
from softmoe_edu.parallel import train as command
from softmoe_edu.parallel.training import run_on
from softmoe_edu.training import NotFiniteError, train

STEPS, BATCH, STOP = 6, 18, 3
DESCRIBED = 12
"""Images that `train` reads before the first step, to describe the data."""

LAYERS = {
    "dense": None,
    "soft": lambda dim: MoE(SoftRouter(dim, 4, 3, scale_init=4.0), Experts(dim, 4, 9)),
    "tokens choice": lambda dim: MoE(
        TokensChoiceRouter(dim, 4, 2, capacity_factor=0.7), Experts(dim, 4, 9), examples_per_group=2
    ),
    "experts choice": lambda dim: MoE(ExpertsChoiceRouter(dim, 4), Experts(dim, 4, 9), examples_per_group=3),
}


class Signalled(Dataset):
    """Images, one of which, when it is read, asks this process to stop as Ctrl-C does."""

    def __init__(self, images, reads):
        self.images, self.reads = images, reads

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        self.reads -= 1
        if self.reads == 0:
            os.kill(os.getpid(), signal.SIGINT)
        return self.images[index]


def images(size, seed):
    """Images (1, 8, 8) in float64 whose label, 0 to 5, can be learned."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(6, (size,), generator=generator)
    noise = torch.randn(size, 1, 8, 8, generator=generator, dtype=torch.float64)
    return Images(noise + labels[:, None, None, None] / 2, labels, num_classes=6, patch_size=2)


def made(layer):
    """A ViT in float64, the same in every process."""
    torch.manual_seed(2)
    moe = LAYERS[layer]
    model = ViT(num_classes=6, dim=10, hidden_dim=11, moe_layers=(1, 2) if moe else (), moe=moe).double()
    nn.init.normal_(model.head.weight)
    return model


def run(layer, data=None, **more):
    """Train for some steps; the gradient is clipped in each, and test images do not divide into batches."""
    settings = {"steps": STEPS, "batch_size": BATCH, "clip_norm": 0.5, "evaluate_every": 4, "progress": False}
    settings["auxiliary"] = command.Balance(0.1) if layer == "tokens choice" else None
    model = made(layer)
    data = images(50, 0) if data is None else data
    history = train(model, data, images(25, 1), **settings | more)
    return model, history


def left(model, history):
    """What a run leaves that can be compared: figures without seconds, parameters and the state of the optimizer."""
    rows = {name: values for name, values in history.steps_log.items() if name != "seconds"}
    kept = history.state.get("optimizer", {"state": {}})
    return {
        "rows": rows,
        "tests": history.tests_log,
        "parameters": model.state_dict(),
        "moments": {i: values["exp_avg"] for i, values in kept["state"].items()},
        "groups": kept.get("param_groups"),
        "interrupted": history.interrupted,
    }


def on_two(folder):
    """Two ranks: whole runs; one that rank 1 is asked to stop, whose checkpoint the next ranks take up; mistakes."""
    mesh = init_device_mesh("cpu", (2,))
    found = {layer: left(*run(layer, run=run_on(mesh))) for layer in LAYERS}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    reads = DESCRIBED + (STOP - 1) * BATCH // 2 + 1 if dist.get_rank() == 1 else 0
    # Ranks name different files only here, so that it shows who writes.
    data, path = Signalled(images(50, 0), reads), folder.parent / ("shared.pt", "of_rank_1.pt")[dist.get_rank()]
    stopped = run("soft", data, run=run_on(mesh), checkpoint=path)
    found["stopped"] = left(*stopped) | {"kinds": {type(each).__name__ for each in stopped[0].modules()}}
    found["errors"] = errors(mesh)
    found["seeds"] = seeds(run=run_on(mesh))
    found["page"] = page()
    return found


def seeds(**more):
    """The seeds of the noise in each step."""
    seen = []

    def note(routings):
        seen.append(torch.initial_seed())
        return torch.zeros(())

    run("soft", auxiliary=note, **more)
    return seen


def page():
    """What the program on the page of the documentation prints on this rank."""
    text = (Path(__file__).parents[2] / "docs" / "parallel.md").read_text(encoding="utf-8")
    program = text.partition("```python\n")[2].partition("```")[0]
    begun = 'dist.init_process_group("gloo")\n'  # which this rank has done
    assert begun in program
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(program.replace(begun, ""), {})
    return printed.getvalue()


def on_four(folder):
    """Four ranks: whole runs, of which one goes on with what two have left."""
    mesh = init_device_mesh("cpu", (4,))
    found = {layer: left(*run(layer, run=run_on(mesh))) for layer in LAYERS}
    shared = folder.parent / "shared.pt"
    found["resumed"] = left(*run("soft", images(50, 0), run=run_on(mesh), resume=shared))
    return found


def errors(mesh):
    """What a run on ranks raises for each mistake."""
    broken = images(50, 0)
    broken.images[:] = torch.where(torch.arange(50)[:, None, None, None] == 7, torch.inf, broken.images)
    attempts = {
        "few": lambda: run("experts choice", run=run_on(mesh), batch_size=3),
        "groups": lambda: run("experts choice", run=run_on(mesh), batch_size=7),
        "snapshots": lambda: run("soft", run=run_on(mesh), snapshot_at=(0,)),
        "not finite": lambda: run("dense", broken, run=run_on(mesh)),
    }
    found = {}
    for what, attempt in attempts.items():
        try:
            attempt()
        except (ValueError, NotFiniteError) as error:
            found[what] = f"{type(error).__name__}: {error}"
    return found
