"""A few arrays that the authors' own code computed: tokens, parameters, logits and answers of two small layers.

google-research/vmoe at 942a78b, run in float32 on random numbers; the tests hold many more such arrays.
"""

from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

FILE = Path(__file__).with_name("official.npz")
PLAIN, SHORT = "soft_01", "soft_08_tiny_norm"
"""Two layers: one of ordinary tokens and scale 1, and one of tokens about 0.001 long and scale 10."""


@cache
def _arrays() -> dict[str, np.ndarray]:
    with np.load(FILE) as arrays:
        return {name: arrays[name] for name in arrays.files}


def official(case: str) -> dict[str, Tensor]:
    """Return a case's arrays by the names of the official code: inputs, mu (our phi), scale, logits, and so on.

    Raises:
        KeyError: There is no such case.
    """
    found = {name: array for name, array in _arrays().items() if name.startswith(f"{case}/")}
    if not found:
        raise KeyError(f"no official arrays are called {case!r}: there are {PLAIN!r} and {SHORT!r}")
    return {name.partition("/")[2]: torch.from_numpy(array.copy()) for name, array in found.items()}
