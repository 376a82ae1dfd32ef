"""The digits: one handwritten digit an image, and the split that every task of digits is made from."""

from functools import cache

import numpy as np
import torch
from torch import Tensor

from softmoe_edu.data.images import Images
from softmoe_edu.shapes import check_at_least

NUM_TEST_DIGITS = 500


def digits(seed: int = 0) -> tuple[Images, Images]:
    """Return 1,297 training and 500 test digits (1, 8, 8) in [0, 1]: 16 tokens of 4 pixels, chance 10 %.

    The split is stratified: each digit has the same share in both parts.

    Args:
        seed: of the split.

    Returns:
        (train, test).
    """
    train, test = (
        Images(images[:, None], labels, num_classes=10, patch_size=2, name="digits")
        for images, labels in split_digits(seed)
    )
    return train, test


def split_digits(seed: int) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Return ((training digits, labels), (test digits, labels)), stratified, in random order."""
    seed = check_at_least("seed", seed, 0)
    from sklearn.model_selection import train_test_split

    digit, label = _digits()
    parts = train_test_split(range(len(label)), test_size=NUM_TEST_DIGITS, stratify=label, random_state=seed)
    train, test = ((torch.from_numpy(digit[index]), torch.from_numpy(label[index])) for index in parts)
    return train, test


@cache
def _digits() -> tuple[np.ndarray, np.ndarray]:
    """Read the digits (N, 8, 8) in [0, 1] and their labels: arrays, since a tensor would keep a device and a mode."""
    from sklearn.datasets import load_digits

    digit, label = load_digits(return_X_y=True)
    return (digit.reshape(-1, 8, 8) / 16).astype(np.float32), label.astype(np.int64)
