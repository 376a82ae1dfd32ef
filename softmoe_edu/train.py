"""One training loop for any image classifier: logged, interruptible, and resumable to the bit.

The recipe is the toy version of the papers': cross entropy, AdamW with clipped gradients, linear warm-up, constant
rate, and linear decay to 0 in the second half.
"""

import copy
import math
import os
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from softmoe_edu.files import why_not_written
from softmoe_edu.names import plain_name
from softmoe_edu.shapes import check_at_least
from softmoe_edu.training.auxiliary import Auxiliary
from softmoe_edu.training.batches import check_dataset, describe, group_size, own_randomness, read_batch
from softmoe_edu.training.checkpoint import load_checkpoint
from softmoe_edu.training.evaluation import device_of
from softmoe_edu.training.history import History
from softmoe_edu.training.identity import Identity, check_same, identity_of
from softmoe_edu.training.loop import Run

FUSED = ("cpu", "cuda", "mps", "xpu")  # devices for which PyTorch has the optimizer in one kernel
RATES = ("learning_rate", "weight_decay", "warmup", "clip_norm")


def train(
    model: nn.Module,
    train_data: Dataset,
    test_data: Dataset | None = None,
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
    checkpoint: str | os.PathLike | None = None,
    checkpoint_every: int | None = None,
    resume: History | str | os.PathLike | bool | None = None,
    progress: bool = True,
    threads: int | None = None,
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
            must have a gradient that reaches a parameter which is trained; only a constant 0, as in a warm-up, needs
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

    Returns:
        The figures of every step and evaluation, the snapshots, and what is needed to go on.

    Raises:
        ValueError, TypeError: For settings, data, a model or an auxiliary loss that do not fit.
        FileExistsError: When the checkpoint would replace another run's. Other kinds of OSError say why it cannot be
            written.
        NotFiniteError: When the loss or a gradient is not finite. The model is as it was before the step.
            Whatever is raised during the run carries the history up to then as `.history`.
    """
    settings = {
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
    settings |= _whole_numbers(settings, checkpoint_every=checkpoint_every, threads=threads)
    checkpoint_every, threads = settings.pop("checkpoint_every"), settings.pop("threads")
    _check(settings, train_data, test_data, auxiliary, checkpoint, checkpoint_every)
    settings |= {name: float(settings[name]) for name in RATES if settings[name] is not None}
    settings["snapshot_at"] = _snapshot_steps(snapshot_at, settings["steps"])
    threads_before = torch.get_num_threads()
    # A notebook may run it where gradients, or even autograd, are switched off.
    with own_randomness(device_of(model)), torch.inference_mode(False), torch.enable_grad():
        try:
            torch.set_num_threads(threads or threads_before)
            settings |= {"train_data": describe(train_data), "test_data": describe(test_data)}
            if snapshot_images is not None:
                _check_snapshot_images(snapshot_images, group_size(model))
            elif settings["snapshot_at"]:
                data, group = train_data if test_data is None else test_data, group_size(model)
                wanted = math.ceil(16 / group) * group
                snapshot_images, _ = read_batch(data, torch.arange(min(wanted, len(data)), device="cpu"))
            fused = device_of(model).type in FUSED
            optimizer = torch.optim.AdamW(parameter_groups(model, weight_decay), fused=fused)
            identity = identity_of(model, auxiliary)
            history = _begin(model, optimizer, settings, identity, checkpoint, resume)
            Run(
                model,
                optimizer,
                history,
                train_data,
                test_data,
                auxiliary=auxiliary,
                snapshot_images=snapshot_images,
                checkpoint=checkpoint,
                checkpoint_every=checkpoint_every,
            ).go(progress)
        finally:
            torch.set_num_threads(threads_before)
    return history


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    """Group the parameters for AdamW: kernels decay, the rest does not.

    A kernel has two or more axes, and is not a router's phi, a learned `position` or a bias (b_in, b_out, ...).
    The official Soft MoE code decays kernels and leaves phi alone, too. Parameters that need no gradient are left out.

    Raises ValueError when no parameter needs a gradient.
    """
    groups = {True: [], False: []}
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


def _begin(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    settings: dict[str, object],
    identity: Identity,
    checkpoint: str | os.PathLike | None,
    resume: History | str | os.PathLike | bool | None,
) -> History:
    """Return a new history, or a copy of the one to resume, with model and optimizer put into its state."""
    if not isinstance(resume, History | str | os.PathLike | bool | None):
        raise TypeError(f"resume must be a History, a path, True or None, got {type(resume).__name__}")
    if resume is True and checkpoint is None:
        raise ValueError("resume=True needs to know the file: pass checkpoint=path")
    there = checkpoint is not None and Path(checkpoint).exists()
    if resume is True and there:
        resume = checkpoint
    if resume is None or isinstance(resume, bool):
        if there:
            raise FileExistsError(
                f"checkpoint {str(checkpoint)!r} already exists, and a new run would replace it: "
                "continue it with resume=True, or name another file"
            )
        return History(settings, state={"identity": {"began": identity}})
    history = resume.copy() if isinstance(resume, History) else load_checkpoint(resume)
    for name, value in settings.items():
        if history.settings.get(name) != value:
            raise ValueError(
                f"a run must be resumed with the settings that it began with, got {name}={value!r}, "
                f"and it began with {history.settings.get(name)!r}: pass that, or start a new run"
            )
    if "model" not in history.state:
        raise ValueError("a history can be resumed when train gave it back, got one without a state: start a new run")
    # Files of earlier versions hold the names of a compiled model, and a router's scale without an axis.
    state = {name.replace("_orig_mod.", ""): value for name, value in history.state["model"].items()}
    own = {plain_name(model, name): (name, value) for name, value in model.state_dict().items()}
    state |= {name: value[None] for name, value in state.items() if _lacks_axis(value, own.get(name, ("", None))[1])}
    for what, of in (("of shape", _shape), ("of dtype", _dtype)):
        for name in dict.fromkeys([*own, *state]):
            ours, theirs = of(own[name][1]) if name in own else None, of(state[name]) if name in state else None
            if ours != theirs:
                raise ValueError(
                    f"a run must be resumed with the model that it began with, got {name} {what} {ours}, "
                    f"and it began with {theirs}: build the model with the same arguments"
                )
    # So do those of versions that kept nothing of the model but its state; from here on it is known.
    known = history.state.setdefault("identity", {"began": identity})
    check_same(identity, list(known.values()))
    model.load_state_dict({own[name][0]: value for name, value in state.items()})
    # The optimizer keeps the tensors that it is given and changes them in place.
    optimizer.load_state_dict(copy.deepcopy(history.state["optimizer"]))
    for parameter, kept in optimizer.state.items():
        moments = [name for name in ("exp_avg", "exp_avg_sq") if _lacks_axis(kept[name], parameter)]
        kept.update({name: kept[name][None] for name in moments})
    return history


def _lacks_axis(old: object, new: object) -> bool:
    """Whether a number was kept that now is a vector of one number."""
    return isinstance(old, Tensor) and isinstance(new, Tensor) and old.ndim == 0 and tuple(new.shape) == (1,)


def _shape(value: object) -> tuple[int, ...] | str:
    return tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__


def _dtype(value: object) -> str:
    return str(value.dtype) if isinstance(value, Tensor) else type(value).__name__


def _whole_numbers(settings: dict[str, object], **more: int | None) -> dict[str, int | None]:
    """Return the settings that count something as Python's own integers, which every checkpoint can hold."""
    numbers = {
        "steps": check_at_least("steps", settings["steps"]),
        "batch_size": check_at_least("batch_size", settings["batch_size"]),
        "seed": check_at_least("seed", settings["seed"], 0),
    }
    optional = {"evaluate_every": settings["evaluate_every"], **more}
    return numbers | {name: None if value is None else check_at_least(name, value) for name, value in optional.items()}


def _check(
    settings: dict[str, object],
    train_data: Dataset,
    test_data: Dataset | None,
    auxiliary: Auxiliary | None,
    checkpoint: str | os.PathLike | None,
    checkpoint_every: int | None,
) -> None:
    """Raise an error that says what to do about the first argument of `train` that cannot be right."""
    check_dataset("train_data", train_data)
    if test_data is not None:
        check_dataset("test_data", test_data)
    if settings["batch_size"] > len(train_data):
        raise ValueError(
            f"batch_size must be at most the {len(train_data)} images of train_data, got {settings['batch_size']}: "
            "every step takes a full batch of different images"
        )
    for name in RATES:
        value = settings[name]
        if name == "clip_norm" and value is None:
            continue
        if isinstance(value, str) or not hasattr(value, "__float__"):
            raise TypeError(f"{name} must be a number, got {value!r} ({type(value).__name__})")
        if not 0 <= value < math.inf:
            raise ValueError(f"{name} must be a finite number of at least 0, got {value!r}")
    if settings["warmup"] > 0.5:
        raise ValueError(f"warmup must be at most 0.5, as the rate falls in the second half, got {settings['warmup']}")
    if auxiliary is not None and not callable(auxiliary):
        raise TypeError(
            f"auxiliary must be a function from routings to a scalar tensor, got {type(auxiliary).__name__}: "
            "pass the function itself, not what it returns"
        )
    if checkpoint_every is not None and checkpoint is None:
        raise ValueError("checkpoint_every needs a file to write to: pass checkpoint=path")
    if checkpoint is not None:
        _check_checkpoint(Path(checkpoint))
    if settings["evaluate_every"] is not None and test_data is None:
        raise ValueError("evaluate_every needs data to evaluate: pass test_data")


def _check_checkpoint(path: Path) -> None:
    """Raise an error that says why a checkpoint could not be written, before any step is taken."""
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"checkpoint must be in a folder that is there, got {str(path)!r}: make the folder first"
        )
    if path.is_dir():
        raise IsADirectoryError(f"checkpoint must name a file, got the folder {str(path)!r}: add a name such as run.pt")
    if reason := why_not_written(Path(os.path.realpath(path)).parent):
        raise PermissionError(
            f"checkpoint must be in a folder that can be written, got {str(path)!r} ({reason}): name another folder"
        )


def _check_snapshot_images(images: Tensor, group: int) -> None:
    """Raise an error that says what is wrong with the images of snapshots, before any step is taken."""
    if not isinstance(images, Tensor) or not images.is_floating_point():
        got = images.dtype if isinstance(images, Tensor) else type(images).__name__
        raise TypeError(
            f"snapshot_images must be a floating-point tensor (N, c, h, w), got {got}: take them from the data, "
            "for example test_data.images[:16]"
        )
    if images.ndim < 2 or not len(images) or len(images) % group:
        raise ValueError(
            f"snapshot_images must be (N, c, h, w) with N a positive multiple of {group}, the examples of a group, "
            f"got {tuple(images.shape)}: take other images"
        )


def _snapshot_steps(snapshot_at: Sequence[int], steps: int) -> tuple[int, ...]:
    """Return snapshot_at in order, negative numbers counted from the end."""
    if not hasattr(snapshot_at, "__len__") or getattr(snapshot_at, "ndim", 1) == 0:
        raise TypeError(f"snapshot_at must be a sequence of steps, got {snapshot_at}: write ({snapshot_at},)")
    numbers = [check_at_least("snapshot_at", step, -steps - 1) for step in snapshot_at]
    for step in numbers:
        if step > steps:
            raise ValueError(f"snapshot_at must be at most the {steps} steps of the run, got {step}: -1 is the end")
    return tuple(sorted({step + (step < 0) * (steps + 1) for step in numbers}))
