"""The two softmaxes of Soft MoE: the whole of Algorithm 1 that is not a matrix product.

Source: Puigcerver et al., From Sparse to Soft Mixtures of Experts (2308.00951), equations 1 and 2.
"""

import torch

from softmoe_edu.shapes import Logits, Mask, Weights


def dispatch_weights(logits: Logits, mask: Mask | None = None) -> Weights:
    """Softmax over tokens: for every slot the weights sum to 1 over n (equation 1).

    Padding gets weight 0; in a group that is all padding every weight is 0.
    """
    if mask is None:
        return logits.softmax(1)
    real = mask[:, :, None, None]
    # The lowest finite number instead of -inf keeps a group that is all padding free of NaN, gradients included.
    return logits.masked_fill(~real, torch.finfo(logits.dtype).min).softmax(1) * real


def combine_weights(logits: Logits, mask: Mask | None = None) -> Weights:
    """Softmax over all slots of all experts: for every token the weights sum to 1 over (e, p) (equation 2).

    Padding gets weight 0, so that its output is exactly 0.
    """
    weights = logits.flatten(2).softmax(-1).view_as(logits)
    return weights if mask is None else weights * mask[:, :, None, None]


def soft_weights(logits: Logits, mask: Mask | None = None) -> tuple[Weights, Weights]:
    """Read one logit tensor twice: over tokens to fill slots, over slots to answer tokens (Algorithm 1)."""
    return dispatch_weights(logits, mask), combine_weights(logits, mask)
