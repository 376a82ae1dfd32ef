"""Soft MoE: every slot is a mix of all tokens, every token gets a mix of all slots.

Source: Puigcerver et al., From Sparse to Soft Mixtures of Experts (2308.00951), Algorithms 1 and 2, as coded in
google-research/vmoe projects/soft_moe/router.py. Their m tokens and n experts are our n and e.
"""

import torch
from torch import Tensor, nn

from softmoe_edu.routers.router import Router, add_noise, check_noise, lecun_normal_, widen
from softmoe_edu.routing import SoftRouting
from softmoe_edu.shapes import Logits, Mask, Weights, check_at_least


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


def l2_normalize(x: Tensor, axis: int, *, as_printed: bool = False) -> Tensor:
    """Divide x by its length along an axis; a zero vector stays zero.

    The official code uses x * rsqrt(|x|^2 + 1e-6). The paper's Algorithm 2 prints x / (|x| + 1e-6), here with
    `as_printed`: for |x| = 0.001 it gives length 0.999, the code 0.707.
    """
    squares = x.square().sum(axis, keepdim=True)
    # sqrt has an infinite slope at 0, so zero vectors take a constant there.
    length = torch.where(squares > 0, squares, 1.0).sqrt() if as_printed else None
    return x / (length + 1e-6) if as_printed else x * (squares + 1e-6).rsqrt()


class SlotLogits(Router):
    """Own the slots' parameters phi (d, e, p) and the scale, and give the logits of tokens and slots.

    normalize: True for the official code's normalisation, "as printed" for the paper's Algorithm 2 (they differ for
    very short vectors, see `l2_normalize`), False for the plain product of Algorithm 1.
    noise_std: standard deviation of Gaussian noise on the logits, in training only; not divided by e.
    """

    def __init__(
        self,
        dim: int,
        num_experts: int,
        slots_per_expert: int = 1,
        *,
        scale_init: float = 1.0,
        normalize: bool | str = True,
        noise_std: float = 0.0,
    ):
        super().__init__(dim, num_experts)
        check_at_least("slots_per_expert", slots_per_expert)
        if normalize not in (True, False, "as printed"):
            raise ValueError(f"normalize must be True, False or 'as printed', got {normalize!r}")
        self.slots_per_expert = slots_per_expert
        self.normalize = normalize
        self.noise_std = check_noise(noise_std)
        # The official initialiser takes the experts for the fan-in and d for the receptive field.
        self.phi = nn.Parameter(lecun_normal_(torch.empty(dim, num_experts, slots_per_expert), dim * num_experts))
        self.scale = nn.Parameter(torch.tensor(float(scale_init)))

    def slot_logits(self, x: Tensor) -> Logits:
        """Give scale times the cosine of every token and slot, so |logit| <= |scale| when normalised."""
        phi = widen(self.phi)
        if self.normalize:
            as_printed = self.normalize == "as printed"
            x = l2_normalize(x, -1, as_printed=as_printed)
            phi = l2_normalize(phi, 0, as_printed=as_printed)
        logits = (x @ (phi * widen(self.scale)).flatten(1)).unflatten(-1, phi.shape[1:])
        return add_noise(logits, self.noise_std) if self.training and self.noise_std else logits

    def extra_repr(self) -> str:
        """Show the sizes where the module is printed."""
        return f"{super().extra_repr()}, slots_per_expert={self.slots_per_expert}, normalize={self.normalize}"


class SoftRouter(SlotLogits):
    """Dispatch by softmax over tokens, combine by softmax over slots, both of the same logits."""

    def route(self, x: Tensor, mask: Tensor | None) -> SoftRouting:
        """Decide for checked tokens; slots are later filled from the tokens as they are, not normalised."""
        logits = self.slot_logits(x)
        return SoftRouting(*soft_weights(logits, mask), logits=logits, mask=mask)
