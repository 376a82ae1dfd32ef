"""One training loop for any image classifier: logged, interruptible, and resumable to the bit.

The recipe is the toy version of the papers': cross entropy, AdamW with clipped gradients, linear warm-up, constant
rate, and linear decay to 0 in the second half.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from softmoe_edu.files import StrPath
from softmoe_edu.seeds import own_randomness
from softmoe_edu.training.arguments import (
    RATES,
    check_arguments,
    check_snapshot_images,
    snapshot_steps,
    whole_numbers,
)
from softmoe_edu.training.auxiliary import Auxiliary
from softmoe_edu.training.batches import ImageData, describe, group_size, read_batch
from softmoe_edu.training.evaluation import device_of
from softmoe_edu.training.history import History
from softmoe_edu.training.identity import identity_of
from softmoe_edu.training.loop import Run
from softmoe_edu.training.resuming import begin
from softmoe_edu.watch import RoutingWatch

FUSED = ("cpu", "cuda", "mps", "xpu")  # devices for which PyTorch has the optimizer in one kernel


def train(
    model: nn.Module,
    train_data: ImageData,
    test_data: ImageData | None = None,
    *,
    steps: int,
    batch_size: int = 64,
    learning_rate: float = 4e-3,
    weight_decay: float = 0.05,
    warmup: float = 0.05,
    clip_norm: float | None = 1.0,
    auxiliary: Auxiliary | None = None,
    seed: int = 0,
    evaluate_every: int | None = None,
    snapshot_at: Sequence[int] = (),
    snapshot_images: Tensor | None = None,
    checkpoint: StrPath | None = None,
    checkpoint_every: int | None = None,
    resume: History | StrPath | bool | None = None,
    progress: bool = True,
    threads: int | None = None,
    watch: RoutingWatch | None = None,
    run: Callable[..., Run] = Run,
) -> History:
    """Train a model of images (b, c, h, w) -> logits (b, classes) in place, and return the history of the run.

    Randomness is a function of the seed and the step: on one CPU two runs are equal bit for bit, evaluations and
    snapshots change nothing, and the global generators are left alone. A model that draws from Python's or NumPy's
    generators, or a data set that does, is outside of this. Recording runs a compiled model uncompiled.

    Ctrl-C or the notebook's stop button lets the step finish and returns the history with `interrupted`; a second
    one raises KeyboardInterrupt at once, without the unfinished step. `resume=history` then continues to the result
    of an uninterrupted run.

    Args:
        model: The model. Gradients that it has from before are dropped.
        train_data: `Images` or any map-style data set of (floating image, whole label), moved batch by batch to where
            the model's parameters are.
        test_data: Is evaluated at the end, and after every `evaluate_every` steps.
        steps: Batches to train on.
        batch_size: Images of every step.
        learning_rate: The peak of `learning_rate_at`.
        weight_decay: Of the kernels, see `parameter_groups`.
        warmup: Fraction of the steps in which the rate rises, at most 0.5.
        clip_norm: Bound on the length of the whole gradient; None for no bound.
        auxiliary: From the step's routings by module name to a scalar that is added to the loss, and logged apart. It
            must have a gradient that reaches a trained parameter; only a constant 0, as in a warm-up, needs
            none.
        seed: Of the order of the images, and of all noise.
        evaluate_every: Steps between evaluations of test_data; None for one at the end.
        snapshot_at: Numbers of steps done after which the routing of snapshot_images is kept; 0 is before training, -1
            the end.
        snapshot_images: (N, c, h, w), by default the first 16 test (else training) images, or as many more as
            examples_per_group asks for.
        checkpoint: A file to which the history is written at the end and on an interruption.
        checkpoint_every: Steps between further writes of that file.
        resume: A history, or the path of a checkpoint, to go on with. True reads the file at checkpoint if it exists,
            else begins. Model, auxiliary function, data and settings must be those that the run began with:
            `identity_of` in training.identity says what makes models and functions the same. Whether the model is
            compiled or parallel does not count. Files of versions that did not note this go on by shapes and settings.
        progress: Whether to show a bar.
        threads: PyTorch's threads for this run; sums of another number of threads differ in the last bits.
        watch: Notes load, drops and entropy of every router on the way; the bar shows them. It changes nothing.
        run: What takes the steps: `Run` in this process, or with many others, see `parallel.training.run_on`.

    Returns:
        The figures of every step and evaluation, the snapshots, and what is needed to go on.

    Raises:
        ValueError, TypeError: For settings, data, a model or an auxiliary loss that do not fit.
        FileExistsError: When the checkpoint would replace another run's. Other kinds of OSError say why it cannot be
            written.
        NotFiniteError: When the loss or a gradient is not finite. The model is as it was before the step.
            Whatever is raised during the run carries the history up to then as `.history`.
    """
    settings: dict[str, Any] = {
        "steps": steps,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "weight_decay": weight_decay,
        "warmup": warmup,
        "clip_norm": clip_norm,
        "auxiliary": auxiliary is not None,
        "seed": seed,
        "evaluate_every": evaluate_every,
    }
    settings |= whole_numbers(settings, checkpoint_every=checkpoint_every, threads=threads)
    checkpoint_every, threads = settings.pop("checkpoint_every"), settings.pop("threads")
    check_arguments(settings, train_data, test_data, auxiliary, checkpoint, checkpoint_every)
    settings |= {name: float(settings[name]) for name in RATES if settings[name] is not None}
    settings["snapshot_at"] = snapshot_steps(snapshot_at, settings["steps"])
    threads_before = torch.get_num_threads()
    # A notebook may run it where gradients, or even autograd, are switched off.
    with own_randomness(device_of(model)), torch.inference_mode(False), torch.enable_grad():
        try:
            torch.set_num_threads(threads or threads_before)
            settings |= {"train_data": describe(train_data), "test_data": describe(test_data)}
            if snapshot_images is not None:
                check_snapshot_images(snapshot_images, group_size(model))
            elif settings["snapshot_at"]:
                data, group = train_data if test_data is None else test_data, group_size(model)
                wanted = math.ceil(16 / group) * group
                snapshot_images, _ = read_batch(data, torch.arange(min(wanted, len(data)), device="cpu"))
            fused = device_of(model).type in FUSED
            optimizer = torch.optim.AdamW(parameter_groups(model, weight_decay), fused=fused)
            identity = identity_of(model, auxiliary)
            history = begin(model, optimizer, settings, identity, checkpoint, resume)
            run(
                model,
                optimizer,
                history,
                train_data,
                test_data,
                auxiliary=auxiliary,
                snapshot_images=snapshot_images,
                checkpoint=checkpoint,
                checkpoint_every=checkpoint_every,
                watch=watch,
            ).go(progress)
        finally:
            torch.set_num_threads(threads_before)
    return history


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    """Group the parameters for AdamW: kernels decay, the rest does not.

    A kernel has two or more axes, and is not a router's phi, a learned `position` or a bias (b_in, b_out, ...).
    The official Soft MoE code decays kernels and leaves phi alone, too. Parameters that need no gradient are left out.

    Args:
        model: The model.
        weight_decay: Of the kernels.

    Returns:
        Groups as torch.optim takes them.

    Raises:
        ValueError: If no parameter needs a gradient.
    """
    groups: dict[bool, list[nn.Parameter]] = {True: [], False: []}
    for name, parameter in model.named_parameters():
        last = name.rpartition(".")[2]
        kernel = parameter.ndim >= 2 and last not in ("phi", "position") and not last.startswith("b_")
        if parameter.requires_grad:
            groups[kernel].append(parameter)
    if not any(groups.values()):
        raise ValueError("model must have a parameter that needs a gradient, got none: set requires_grad")
    return [
        {"params": parameters, "weight_decay": float(weight_decay) if kernel else 0.0}
        for kernel, parameters in groups.items()
        if parameters
    ]
