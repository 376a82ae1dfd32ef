"""Auxiliary losses that keep sparse routers balanced: pure functions, one value per call.

Sources: importance and load losses as in google-research/vmoe nn/routing.py (after Shazeer et al., 1701.06538);
load balancing loss of GShard (2006.16668) and Switch Transformer (2101.03961); z-loss of ST-MoE (2202.08906).
Each is taken per group and averaged over groups. A mask (b, n), True for real tokens, leaves padding out.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from softmoe_edu.shapes import Gates, Mask, Scalar, check_at_least, check_mask, check_number, without_padding

# Why a routing may lack what a loss is taken of.
ABSENT = {
    "gates": "Soft MoE has none and needs no loss for balance, and a router of your own gives them to its Routing",
    "logits": "Soft MoE scores slots, and a router without scores needs no loss for balance",
    "noisy_logits": "a router has them while it trains with noise_std over 0",
}


def importance_loss(gates: Gates, mask: Mask | None = None) -> Scalar:
    """Compute the squared coefficient of variation of the experts' summed gates: 0 when all are equally important.

    Args:
        gates: softmax over experts (b, n, e); padding may hold anything.
        mask: (b, n), True for real tokens; None when all are real.

    Returns:
        The mean over groups; a group that is all padding counts as 0.

    Raises:
        TypeError: mask is not boolean.
        ValueError: the scores are None or no (b, n, e), or mask has another shape than the tokens.
    """
    return _squared_variation(_real("gates", gates, mask).sum(1))


def load_balancing_loss(gates: Gates, mask: Mask | None = None) -> Scalar:
    """Compute e times the sum over experts of (fraction of tokens whose first choice it is) x (its mean gate).

    It is 1 when both are uniform. The fraction has no gradient; equal gates count for the lower expert index.

    Args:
        gates: softmax over experts (b, n, e); padding may hold anything.
        mask: (b, n), True for real tokens; None when all are real.

    Returns:
        The mean over groups; a group that is all padding counts as 0.

    Raises:
        TypeError: mask is not boolean.
        ValueError: the scores are None or no (b, n, e), or mask has another shape than the tokens.
    """
    gates = _real("gates", gates, mask)
    e = gates.shape[-1]
    first = F.one_hot(gates.argmax(-1), e).to(gates.dtype)
    fraction, gate = (without_padding(t, mask).sum(1) / _tokens(t, mask) for t in (first, gates))
    return e * (fraction * gate).sum(-1).mean()


def load_loss(logits: Gates, noisy_logits: Gates, *, top_k: int, noise_std: float, mask: Mask | None = None) -> Scalar:
    """Compute the squared coefficient of variation of the experts' smooth load.

    A token's load on an expert is the probability that the expert would be among its top-k if the noise on the
    expert's logit were drawn again.

    Args:
        logits: the router's logits (b, n, e) without noise; padding may hold anything.
        noisy_logits: the same with noise, from which the experts were chosen.
        top_k: experts that each token chooses.
        noise_std: the router's; the noise has deviation noise_std / e.
        mask: (b, n), True for real tokens; None when all are real.

    Returns:
        The mean over groups; a group that is all padding counts as 0.

    Raises:
        TypeError: mask is not boolean, or top_k no whole number.
        ValueError: scores are None or no (b, n, e), mask has another shape than the tokens, top_k is not from 1 to e,
            or noise_std is not over 0: without noise the probability is 0 or 1 and has no gradient.
    """
    logits, noisy_logits = _real("logits", logits, mask), _real("noisy_logits", noisy_logits, mask)
    e = logits.shape[-1]
    top_k = check_at_least("top_k", top_k)
    if top_k > e:
        raise ValueError(f"top_k must be at most the {e} experts of the logits, got {top_k}")
    noise_std = check_number("noise_std", noise_std, 0)
    if noise_std == 0:
        raise ValueError(f"noise_std must be over 0 for the load loss, got {noise_std}: leave the loss out")
    threshold = noisy_logits.topk(top_k).values[..., -1:]
    probability = torch.special.ndtr((logits - threshold) * (e / noise_std))
    return _squared_variation(without_padding(probability, mask).sum(1))


def z_loss(logits: Gates, mask: Mask | None = None) -> Scalar:
    """Compute the mean over tokens of the squared log-sum-exp of the router's logits: it keeps logits small.

    Args:
        logits: the router's logits (b, n, e); padding may hold anything.
        mask: (b, n), True for real tokens; None when all are real.

    Returns:
        The mean over groups of each group's mean; a group that is all padding counts as 0.

    Raises:
        TypeError: mask is not boolean.
        ValueError: the scores are None or no (b, n, e), or mask has another shape than the tokens.
    """
    squares = _real("logits", logits, mask).logsumexp(-1, keepdim=True).square()
    return (without_padding(squares, mask).sum(1) / _tokens(squares, mask)).mean()


def _real(name: str, t: Gates, mask: Mask | None) -> Gates:
    """Check the scores, and zero padding before anything is computed of it: its gradient would be NaN where it is."""
    if t is None or t.ndim != 3:
        got = "None" if t is None else f"shape {tuple(t.shape)}"
        raise ValueError(f"{name} must be the scores of a sparse router (b, n, e), got {got}: {ABSENT[name]}")
    if mask is not None:
        check_mask(mask, tuple(t.shape))
    return without_padding(t, mask)


def _tokens(t: Tensor, mask: Mask | None) -> Tensor | int:
    """Count the real tokens of each group as (b, 1); 1 where there is none, so that nothing is divided by 0."""
    return t.shape[1] if mask is None else mask.sum(1, keepdim=True).clamp(min=1)


def _squared_variation(per_expert: Float[Tensor, "b e"]) -> Scalar:
    # Variance, not squared standard deviation: its gradient at exact balance is 0, where that of the root is NaN.
    variance = per_expert.var(-1, correction=0)
    return (variance / per_expert.mean(-1).square().clamp(min=torch.finfo(per_expert.dtype).tiny)).mean()
