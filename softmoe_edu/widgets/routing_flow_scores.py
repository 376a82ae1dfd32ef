"""The scores that RoutingFlow shows when it is given none: a real digit's patches against patches of other digits."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

DIGIT = 43
"""A seven that is easy to recognise, among scikit-learn's digits."""

SEED = 19
"""Of the slots' vectors. Under it every event of the story happens: a dropped token, an unused slot, and in experts
choice a token that no expert takes and one that two experts take."""


def digit_scores(experts: int = 4, slots: int = 4) -> tuple[Tensor, Tensor]:
    """Compute scores for the 16 patches of a digit, and return them with the digit.

    A token is the vector of one patch: its 2 x 2 pixels and the pixels around them, each standardised over all
    digits. The vector of a slot is such a token of another digit, drawn at random. A score is four times their cosine.

    Args:
        experts: how many experts there are.
        slots: slots of each expert.

    Returns:
        Logits (1, 16, experts, slots) and the image (1, 1, 8, 8), from 0 to 1, on the CPU.
    """
    digits = _digits()
    padded = np.pad(digits, ((0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (4, 4), axis=(1, 2))[:, ::2, ::2]
    tokens = windows.reshape(len(digits), 16, 16)
    tokens = (tokens - tokens.mean((0, 1))) / tokens.std((0, 1))
    tokens = tokens / np.linalg.norm(tokens, axis=-1, keepdims=True)
    # torch's numbers are the same on every machine; a default device of the caller's has no part in them.
    generator = torch.Generator().manual_seed(SEED)
    size = (experts * slots,)
    others = torch.randint(len(digits) - 100, size, generator=generator, device="cpu").numpy() + 100
    places = torch.randint(16, size, generator=generator, device="cpu").numpy()
    # Rounded, so that patches that are alike tie wherever this is computed.
    logits = (4 * tokens[DIGIT] @ tokens[others, places].T).round(4)
    return torch.from_numpy(logits.reshape(1, 16, experts, slots)), torch.from_numpy(digits[None, DIGIT : DIGIT + 1])


def _digits() -> np.ndarray:
    """Return scikit-learn's digits, (1797, 8, 8) from 0 to 1."""
    spec = find_spec("sklearn")
    places = (spec and spec.submodule_search_locations) or []
    for place in places:
        # To import scikit-learn takes longer than all the rest: its file is read without it, where it is found.
        if (file := Path(place, "datasets", "data", "digits.csv.gz")).exists():
            return _images(np.loadtxt(file, delimiter=",", dtype=np.float32)[:, :64])
    from sklearn.datasets import load_digits

    return _images(load_digits(return_X_y=True)[0])


def _images(pixels: np.ndarray) -> np.ndarray:
    return (pixels.reshape(-1, 8, 8) / 16).astype(np.float32)
