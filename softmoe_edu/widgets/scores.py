"""Scores of a batch as what a widget can route in the browser: checked, sampled where too many, or of more experts."""

import torch
from torch import Tensor

from softmoe_edu.widgets.packing import MOST_BYTES

MOST_CELLS = 256 * 1024
"""Scores of one image that a browser routes and draws without delay."""


def check_scores(logits: object) -> None:
    """Raise an error unless logits are finite floats (batch, tokens, experts) with or without slots."""
    expected = "logits must be (batch, tokens, experts) or (batch, tokens, experts, slots)"
    if not isinstance(logits, Tensor):
        raise TypeError(f"{expected} in a torch.Tensor, got {type(logits).__name__}: convert with torch.as_tensor")
    shape = tuple(logits.shape)
    if logits.ndim not in (3, 4):
        hint = "add a batch axis with logits[None]" if logits.ndim == 2 else "give the scores of one layer"
        raise ValueError(f"{expected}, got {shape}: {hint}")
    if not logits.is_floating_point():
        raise TypeError(f"logits must be floating point, got {logits.dtype}: convert with logits.float()")
    if 0 in shape:
        raise ValueError(
            f"logits must hold at least one image, token, expert and slot, got {shape}: skip what is empty"
        )
    bad = (~logits.detach().isfinite().flatten(2).all(-1)).nonzero()
    if len(bad):
        image, token = bad[0].tolist()
        raise ValueError(
            f"logits must be finite, got NaN or infinity in {len(bad)} of {shape[0] * shape[1]} tokens, first in "
            f"image {image}, token {token}: look at what made them, often too high a learning rate"
        )


def drawn_tokens(images: int, tokens: int, cells: int) -> list[int]:
    """Return the tokens of each image that are sent: all, or evenly spaced ones where they would be too many cells.

    Raises:
        ValueError: not even the cells of one token can be sent.
    """
    most = min(MOST_CELLS // cells, MOST_BYTES // (4 * images * cells))
    if most < 1:
        raise ValueError(
            f"logits must have at most {MOST_CELLS:,} slots for a token and {MOST_BYTES // 2**20} MiB in all, got "
            f"{cells:,} slots for each token of {images} images: give fewer experts, slots or images"
        )
    drawn = min(tokens, most)
    return [i * tokens // drawn for i in range(drawn)]


def most_experts(tokens: int, experts: int, slots: int) -> int:
    """Return how many experts a view may use: twice those that were scored, where that can be drawn without delay."""
    return 2 * experts if 2 * tokens * experts * slots <= MOST_CELLS else experts


def more_experts(logits: Tensor, num_experts: int) -> Tensor:
    """Return logits as RouterExplorer routes them when it uses more experts than were scored.

    Nobody trained the further experts. Expert e + j has the scores of expert j, dealt anew to the tokens of each image:
    mean and spread are those of real scores, and no two experts prefer the same tokens. The browser deals them alike
    (`dealtOf` in js/arithmetic/facts.js), which needs a generator that both can compute.

    Args:
        logits: (batch, tokens, experts) or (batch, tokens, experts, slots).
        num_experts: up to twice the experts of the logits; fewer are the first ones.
    """
    images, tokens, experts = logits.shape[:3]
    if not 1 <= num_experts <= 2 * experts:
        raise ValueError(f"num_experts must be from 1 to {2 * experts}, twice the experts scored, got {num_experts}")
    further = []
    for j in range(num_experts - experts):
        order = [dealt(image, experts + j, tokens) for image in range(images)]
        rows = torch.tensor(order, device=logits.device)
        further.append(torch.stack([logits[image, row, j] for image, row in enumerate(rows)]))
    return torch.cat([logits[:, :, :num_experts], *(each[:, :, None] for each in further)], 2)


def dealt(image: int, expert: int, tokens: int) -> list[int]:
    """Return the tokens of an image in the order in which an expert that was not scored reads them.

    A Fisher-Yates shuffle by mulberry32, seeded by image and expert.
    """
    state = image * 65536 + expert
    order = list(range(tokens))
    for i in range(tokens - 1, 0, -1):
        state = (state + 0x6D2B79F5) % 2**32
        x = (state ^ state >> 15) * (state | 1) % 2**32
        x ^= (x + (x ^ x >> 7) * (x | 61)) % 2**32
        j = (x ^ x >> 14) * (i + 1) >> 32
        order[i], order[j] = order[j], order[i]
    return order
