"""Routings with known sizes and numbers, and what a browser makes of the bytes that a lens sends."""

import numpy as np
import torch
from torch import Tensor

from softmoe_edu.routing import SoftRouting, SparseRouting

# Two groups of two images of four tokens; two experts of three slots. Token 7 of group 0 is padding.
TOKEN = torch.tensor([[[0, 5, -1], [4, 2, 1]], [[7, 6, 5], [0, -1, -1]]])
GATE = torch.tensor([[[0.5, 0.25, 0.0], [0.75, 1.0, 0.125]], [[0.5, 0.5, 0.5], [1.0, 0.0, 0.0]]])


def sparse() -> SparseRouting:
    """The routing that TOKEN and GATE write down."""
    mask = torch.ones(2, 8, dtype=torch.bool)
    mask[0, 7] = False
    return SparseRouting(TOKEN, GATE, 8, mask=mask)


def soft(images: int = 4, tokens: int = 4) -> SoftRouting:
    """A seeded soft routing with two experts of three slots."""
    logits = torch.randn(images, tokens, 2, 3, generator=torch.Generator().manual_seed(0))
    return SoftRouting(logits.softmax(1), logits.flatten(2).softmax(2).view_as(logits))


def pictures(count: int = 4, height: int = 6, width: int = 6) -> Tensor:
    """Grey ramps from -2 to 3."""
    return torch.linspace(-2, 3, count * height * width).view(count, 1, height, width)


def weights_of(entry: dict, view: str, image: int) -> np.ndarray:
    """The tokens-by-slots map of an image, unpacked as the browser does it."""
    size = entry["tokens"] * entry["experts"] * entry["slots"]
    values = np.frombuffer(entry[view], np.float32)
    if "counts" not in entry:
        return values[image * size : (image + 1) * size].reshape(entry["tokens"], -1)
    counts, index = np.frombuffer(entry["counts"], np.int32), np.frombuffer(entry["index"], np.int32)
    first = counts[:image].sum()
    own = slice(first, first + counts[image])
    whole = np.zeros(size, np.float32)
    whole[index[own]] = values[own]
    return whole.reshape(entry["tokens"], -1)


def seven(images: int = 3, seed: int = 0) -> SoftRouting:
    """A seeded soft routing of seven tokens with four experts of two slots, and its logits."""
    logits = torch.randn(images, 7, 4, 2, generator=torch.Generator().manual_seed(seed))
    return SoftRouting(*both(logits), logits=logits)


def both(logits: Tensor) -> tuple[Tensor, Tensor]:
    """Dispatch and combine of logits, as they should be."""
    return logits.softmax(1), logits.flatten(2).softmax(2).view_as(logits)
