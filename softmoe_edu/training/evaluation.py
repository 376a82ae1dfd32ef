"""Look at a model without changing it: loss, accuracy and routing in eval mode."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from softmoe_edu.metrics import dropped_fraction
from softmoe_edu.modes import evaluated
from softmoe_edu.routing import Routing, record
from softmoe_edu.seeds import own_randomness, set_seed, stream_seed
from softmoe_edu.shapes import check_at_least
from softmoe_edu.training.batches import LOOK, ImageData, check_dataset, group_size, read_batch


class Evaluation(NamedTuple):
    """What a model does on some data.

    Attributes:
        loss: Cross entropy in nats.
        accuracy: From 0 to 1.
        dropped: Fraction of tokens dropped; NaN without a router.
    """

    loss: float
    accuracy: float
    dropped: float


def evaluate(model: nn.Module, data: ImageData, batch_size: int = 256, *, seed: int = 0) -> Evaluation:
    """Compute the model's loss and accuracy on all of data, in eval mode and without gradients.

    Layers that route several examples together (examples_per_group) need batches that divide: batch_size is
    rounded to a multiple, and a last batch that does not divide is filled up with the first images again, which
    then take part in the routing but are not counted.

    Args:
        model: Images (b, c, h, w) -> logits (b, classes), on any device.
        data: `Images` or any map-style data set of (floating image, whole label).
        batch_size: Images that are answered at once.
        seed: For a model that is random even in eval mode.

    Returns:
        Loss, accuracy and fraction of dropped tokens.

    Raises:
        TypeError: If images or labels are of another kind or dtype than the model takes.
        ValueError: If data is empty or has labels that the model lacks.
    """
    check_dataset("data", data)
    batch_size = check_at_least("batch_size", batch_size)
    device, group, size = device_of(model), group_size(model), len(data)
    batch_size = max(group, batch_size // group * group)
    sums = [0.0, 0.0, 0.0]
    with looking(model, stream_seed(seed, LOOK)):
        for start in range(0, size, batch_size):
            real = min(batch_size, size - start)
            index = torch.arange(start, start + real + -real % group, device="cpu") % size
            images, labels = read_batch(data, index)
            with record(model) as routings:
                logits = classify(model, images)
            check_logits(logits, labels)
            logits, labels = logits[:real], labels[:real].to(device)
            figures = (F.cross_entropy(logits, labels), accuracy(logits, labels), mean_drop(routings, device))
            # One look at the device per batch; the sums are Python's, since not every device knows float64.
            values = torch.stack([figure.float() for figure in figures]).tolist()
            sums = [total + real * value for total, value in zip(sums, values, strict=True)]
    return Evaluation(*(total / size for total in sums))


def take_snapshot(model: nn.Module, images: Tensor, *, seed: int = 0) -> dict[str, Routing]:
    """Route images in eval mode and return the decisions by module name, copied to the CPU.

    Args:
        model: The model, on any device.
        images: (N, c, h, w), with N a multiple of the examples in a group.
        seed: For a model that is random even in eval mode.

    Returns:
        {module name: Routing} without a graph.
    """
    with looking(model, stream_seed(seed, LOOK)), record(model) as routings:
        classify(model, images)
    return {name: r.map(lambda t: t.detach().to("cpu", copy=True)) for name, r in routings.items()}


def classify(model: nn.Module, images: Tensor) -> Tensor:
    """Move images to the model and return what it answers.

    Raises:
        TypeError: If the model cannot take images of their dtype, but takes them in the dtype of its parameters.
    """
    device = device_of(model)
    try:
        return model(images.to(device, non_blocking=True))
    except (RuntimeError, TypeError):
        own = next((p.dtype for p in model.parameters() if p.is_floating_point()), images.dtype)
        if own == images.dtype or not _takes(model, images.to(own).to(device)):
            raise
        raise TypeError(
            f"images must have the dtype of the model's parameters, {own}, got {images.dtype}: convert the model with "
            f"model.to({images.dtype}), or the images with images.to({own})"
        ) from None


def _takes(model: nn.Module, images: Tensor) -> bool:
    """Return whether the model answers these images without an error."""
    try:
        with torch.no_grad():
            model(images)
    except Exception:  # whatever it is, the dtype was not all that was wrong
        return False
    return True


@contextmanager
def looking(model: nn.Module, seed: int) -> Iterator[None]:
    """Use eval mode, no gradients and a seed inside; restore each module's mode and the global generators after it."""
    device = device_of(model)
    with evaluated(model), own_randomness(device), torch.no_grad():
        set_seed(device, seed)
        yield


def device_of(model: nn.Module) -> torch.device:
    """Return the device of the model's first parameter.

    Raises:
        ValueError: If it has none.
    """
    for parameter in model.parameters():
        return parameter.device
    raise ValueError(f"model must have parameters, got {type(model).__name__} without any")


def check_logits(logits: Tensor, labels: Tensor) -> None:
    """Raise an error unless logits are floating (b, classes) and have a class for each of labels (b,).

    On a GPU a label that is too large would otherwise end the process's use of the device.
    """
    if not isinstance(logits, Tensor) or not logits.is_floating_point():
        got = logits.dtype if isinstance(logits, Tensor) else type(logits).__name__
        raise TypeError(
            f"model must return one floating-point tensor of logits, got {got}: "
            "wrap it in a module whose forward returns the logits alone"
        )
    if logits.ndim != 2 or len(logits) != len(labels):
        raise ValueError(
            f"model must return logits (batch, classes) with batch={len(labels)}, got {tuple(logits.shape)}: "
            "pool the tokens and end in a linear layer"
        )
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= logits.shape[1]:
        raise ValueError(
            f"labels must be from 0 to {logits.shape[1] - 1}, the model's classes, got {low if low < 0 else high}: "
            "build the model with num_classes of the data"
        )


def accuracy(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the fraction of right answers, a scalar."""
    return (logits.max(1).indices == labels).float().mean()  # faster than argmax on a CPU


def mean_drop(routings: dict[str, Routing], device: torch.device) -> Tensor:
    """Return the fraction of tokens dropped, mean over layers, a scalar; NaN without a routing."""
    if not routings:
        return torch.tensor(float("nan"), dtype=torch.float32, device=device)
    with torch.no_grad():
        return torch.stack([dropped_fraction(routing).float() for routing in routings.values()]).mean()
