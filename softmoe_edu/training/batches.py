"""Which images a training step sees, and how they are read: a function of the seed and the step alone.

A run that is resumed therefore needs no stored position, and evaluating or taking snapshots changes nothing.
"""

import math
import operator
from functools import lru_cache
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from softmoe_edu.data import Images
from softmoe_edu.seeds import generator_of, stream_seed


@runtime_checkable
class ImageData(Protocol):
    """A map-style data set of (floating image (c, h, w), whole label): a torch.utils.data.Dataset with a length."""

    def __len__(self) -> int:
        """Count the images."""

    def __getitem__(self, index: int, /) -> Any:
        """Return an image and its label."""


ORDER, STEP, LOOK = range(3)  # what a random stream is for


def batch_indices(size: int, batch_size: int, seed: int, step: int) -> Tensor:
    """Return the images of a step (from 0) as (batch_size,) indices below size.

    Every pass over the data is in another random order; what is left of a pass when a full batch no longer fits
    sits out that pass.
    """
    passed, place = divmod(step, size // batch_size)
    return _order(size, seed, passed)[place * batch_size : (place + 1) * batch_size]


@lru_cache(maxsize=4)
def _order(size: int, seed: int, passed: int) -> Tensor:
    return torch.randperm(size, generator=generator_of(stream_seed(seed, ORDER, passed)), device="cpu")


def check_dataset(name: str, data: ImageData) -> None:
    """Raise an error that says what to do unless data is a map-style data set with at least one image."""
    if not hasattr(data, "__getitem__") or not hasattr(data, "__len__"):
        hint = "give it __getitem__ and __len__"
        if isinstance(data, DataLoader):
            hint = "pass its .dataset"
        raise TypeError(f"{name} must be a map-style data set of (image, label), got {type(data).__name__}: {hint}")
    if len(data) == 0:
        raise ValueError(f"{name} must hold at least one image, got none")


def read_batch(data: ImageData, index: Tensor) -> tuple[Tensor, Tensor]:
    """Read some images and their labels.

    Args:
        data: `Images`, or a map-style data set of (floating image (c, h, w), whole label).
        index: (b,) indices, on the CPU.

    Returns:
        Images (b, c, h, w) and labels (b,) int64, on the device where the data is.

    Raises:
        TypeError, ValueError: Unless every item is such a pair and all images have one shape.
    """
    if isinstance(data, Images) and type(data).__getitem__ is Images.__getitem__:
        return data.images[index], data.labels[index]
    items = [data[i] for i in index.tolist()]
    for item in items:
        if not isinstance(item, tuple | list) or len(item) != 2:
            raise TypeError(f"an item of the data must be (image, label), got {type(item).__name__}: return a pair")
        if not isinstance(item[0], Tensor):
            raise TypeError(
                f"an image of the data must be a tensor, got {type(item[0]).__name__}: "
                "convert it in the data set, for example with torchvision.transforms.ToTensor"
            )
    shapes = {tuple(image.shape) for image, _ in items}
    if len(shapes) > 1:
        raise ValueError(f"images must have one shape, got {', '.join(map(str, sorted(shapes)))}: crop or resize them")
    images = torch.stack([image for image, _ in items])
    if not images.is_floating_point():
        raise TypeError(f"images must be floating point, got {images.dtype}: convert with image.float() / 255")
    labels = [whole_label(label) for _, label in items]
    return images, torch.tensor(labels, dtype=torch.int64, device=images.device)


def whole_label(label: Any) -> int:
    """Return a label as Python's whole number.

    Raises:
        TypeError: If the label is not one number, or not a whole one, such as a one-hot vector or a float.
        ValueError: If no class can have the number.
    """
    expected = "a label of the data must be one whole number, the number of a class"
    if shape := (len(label),) if isinstance(label, list | tuple) else tuple(getattr(label, "shape", ())):
        hint = "the argmax of a one-hot label is its number" if math.prod(shape) > 1 else "take the number out of it"
        raise TypeError(f"{expected}, got shape {shape}: {hint}")
    try:
        # A float, text and None have no index, and a bool of NumPy has none either.
        number = int(label) if "bool" in str(getattr(label, "dtype", "")) else operator.index(label)
    except TypeError:
        got = str(getattr(label, "dtype", type(label).__name__))
        raise TypeError(
            f"{expected}, got {label!r} ({got}): return int(label), for example, from the data set"
        ) from None
    if not -(2**63) <= number < 2**63:
        raise ValueError(f"{expected}, got {number}: classes are counted from 0")
    return number


def describe(data: ImageData | None) -> str | None:
    """Describe in one line what tells one data set from another: size, shape of an image, first labels."""
    if data is None:
        return None
    images, labels = read_batch(data, torch.arange(min(12, len(data)), device="cpu"))
    return f"{len(data)} images {tuple(images.shape[1:])} with labels {' '.join(map(str, labels.tolist()))} ..."


def group_size(model: nn.Module) -> int:
    """Return the number that a batch of this model must divide by: its layers' examples_per_group together."""
    return math.lcm(*(getattr(module, "examples_per_group", 1) for module in model.modules()))
