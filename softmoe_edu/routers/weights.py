"""The two softmaxes of Soft MoE: the whole of Algorithm 1 that is not a matrix product.

Source: Puigcerver et al., From Sparse to Soft Mixtures of Experts (2308.00951), equations 1 and 2.
"""

import torch
from torch import Tensor

from softmoe_edu.shapes import Logits, Mask, Weights, without_padding


def dispatch_weights(logits: Logits, mask: Mask | None = None) -> Weights:
    """Compute the softmax over tokens: for every slot the weights sum to 1 over n (equation 1).

    Args:
        logits: scores (b, n, e, p) of tokens and slots; padding may hold anything.
        mask: (b, n), True for real tokens; None when all are real.

    Returns:
        Weights (b, n, e, p), exactly 0 at padding; in a group that is all padding every weight is 0.
    """
    return _over_tokens(_lowest_at_padding(logits, mask), mask)


def combine_weights(logits: Logits, mask: Mask | None = None) -> Weights:
    """Compute the softmax over all slots of all experts: for every token the weights sum to 1 (equation 2).

    Args:
        logits: scores (b, n, e, p) of tokens and slots; padding may hold anything.
        mask: (b, n), True for real tokens; None when all are real.

    Returns:
        Weights (b, n, e, p), exactly 0 at padding.
    """
    return _over_slots(_lowest_at_padding(logits, mask), mask)


def soft_weights(logits: Logits, mask: Mask | None = None) -> tuple[Weights, Weights]:
    """Read one logit tensor twice: over tokens to fill slots, over slots to answer tokens (Algorithm 1).

    Args:
        logits: scores (b, n, e, p) of tokens and slots; padding may hold anything.
        mask: (b, n), True for real tokens; None when all are real.

    Returns:
        `dispatch_weights` and `combine_weights`.
    """
    logits = _lowest_at_padding(logits, mask)
    return _over_tokens(logits, mask), _over_slots(logits, mask)


def _lowest_at_padding(logits: Tensor, mask: Tensor | None) -> Tensor:
    """Let padding score lowest; the lowest finite number, unlike -inf, leaves a group of padding alone without NaN."""
    if mask is None:
        return logits
    return logits.masked_fill(~mask[:, :, None, None], torch.finfo(logits.dtype).min)


def _over_tokens(logits: Tensor, mask: Tensor | None) -> Tensor:
    return without_padding(logits.softmax(1), mask)


def _over_slots(logits: Tensor, mask: Tensor | None) -> Tensor:
    return without_padding(logits.flatten(2).softmax(-1).view_as(logits), mask)
