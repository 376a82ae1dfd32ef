"""Scores of a batch as what a widget can route in the browser: checked, and sampled where they are too many."""

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
