"""The arguments of `train`, checked before the first step."""

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from softmoe_edu.files import StrPath, why_not_written
from softmoe_edu.shapes import check_at_least
from softmoe_edu.training.auxiliary import Auxiliary
from softmoe_edu.training.batches import ImageData, check_dataset

RATES = ("learning_rate", "weight_decay", "warmup", "clip_norm")


def whole_numbers(settings: dict[str, Any], **more: int | None) -> dict[str, int | None]:
    """Return the settings that count something as Python's own integers, which every checkpoint can hold."""
    numbers = {
        "steps": check_at_least("steps", settings["steps"]),
        "batch_size": check_at_least("batch_size", settings["batch_size"]),
        "seed": check_at_least("seed", settings["seed"], 0),
    }
    optional = {"evaluate_every": settings["evaluate_every"], **more}
    return numbers | {name: None if value is None else check_at_least(name, value) for name, value in optional.items()}


def check_arguments(
    settings: dict[str, Any],
    train_data: ImageData,
    test_data: ImageData | None,
    auxiliary: Auxiliary | None,
    checkpoint: StrPath | None,
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
        raise FileNotFoundError(f"checkpoint must be in a folder that exists, got {str(path)!r}: make the folder first")
    if path.is_dir():
        raise IsADirectoryError(f"checkpoint must name a file, got the folder {str(path)!r}: add a name such as run.pt")
    if reason := why_not_written(Path(os.path.realpath(path)).parent):
        raise PermissionError(
            f"checkpoint must be in a folder that can be written, got {str(path)!r} ({reason}): name another folder"
        )


def check_snapshot_images(images: Tensor, group: int) -> None:
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


def snapshot_steps(snapshot_at: Sequence[int], steps: int) -> tuple[int, ...]:
    """Return snapshot_at in order, negative numbers counted from the end."""
    if not hasattr(snapshot_at, "__len__") or getattr(snapshot_at, "ndim", 1) == 0:
        raise TypeError(f"snapshot_at must be a sequence of steps, got {snapshot_at}: write ({snapshot_at},)")
    numbers = [check_at_least("snapshot_at", step, -steps - 1) for step in snapshot_at]
    for step in numbers:
        if step > steps:
            raise ValueError(f"snapshot_at must be at most the {steps} steps of the run, got {step}: -1 is the end")
    return tuple(sorted({step + (step < 0) * (steps + 1) for step in numbers}))
