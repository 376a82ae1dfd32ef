"""Soft MoE: every slot is a mix of all tokens, every token gets a mix of all slots.

Source: Puigcerver et al., From Sparse to Soft Mixtures of Experts (2308.00951), Algorithms 1 and 2, as coded in
google-research/vmoe projects/soft_moe/router.py. Their m tokens and n experts are our n and e.
"""

from typing import Any

import torch
from torch import Tensor, nn

from softmoe_edu.routers.router import Router, add_noise, check_noise, lecun_normal_, widen
from softmoe_edu.routers.soft_attention import AttentionRouting, slot_queries, uses_attention
from softmoe_edu.routers.weights import soft_weights
from softmoe_edu.routing import Routing, SoftRouting
from softmoe_edu.shapes import Logits, Mask, check_at_least, check_choice, check_number


def l2_normalize(x: Tensor, axis: int, *, as_printed: bool = False) -> Tensor:
    """Divide x by its length along an axis; a zero vector stays zero.

    The official code uses x * rsqrt(|x|^2 + 1e-6). The paper's Algorithm 2 prints x / (|x| + 1e-6): for |x| = 0.001
    it gives length 0.999, the code 0.707.

    Args:
        x: any tensor.
        axis: the axis along which lengths become 1.
        as_printed: whether to follow the paper's Algorithm 2 rather than the official code.

    Returns:
        A tensor of the shape of x.
    """
    squares = x.square().sum(axis, keepdim=True)
    # sqrt has an infinite slope at 0, so zero vectors take a constant there.
    if as_printed:
        return x / (torch.where(squares > 0, squares, 1.0).sqrt() + 1e-6)
    return x * (squares + 1e-6).rsqrt()


class SlotLogits(Router):
    """Own the slots' parameters phi (d, e, p) and the scale (1,), and score tokens and slots.

    Args:
        dim: width d of a token.
        num_experts: number e of experts.
        slots_per_expert: number p of slots of an expert.
        scale_init: what the learned scale of the logits starts from.
        normalize: True for the official code's normalisation, "as printed" for the paper's Algorithm 2 (they differ
            for very short vectors, see `l2_normalize`), False for the plain product of Algorithm 1.
        noise_std: standard deviation of Gaussian noise on the logits, in training only; not divided by e.

    Raises:
        TypeError: a size is no whole number, or scale_init or noise_std no number.
        ValueError: an argument is out of range.
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
        self.slots_per_expert = check_at_least("slots_per_expert", slots_per_expert)
        if normalize not in (True, False, "as printed"):
            raise ValueError(f"normalize must be True, False or 'as printed', got {normalize!r}")
        self.scale_init = check_number("scale_init", scale_init)
        self.normalize = normalize
        self.noise_std = check_noise(noise_std)
        self.phi = nn.Parameter(torch.empty(self.dim, self.num_experts, self.slots_per_expert))
        # One axis, not none: fully_shard takes no scalar parameters.
        self.scale = nn.Parameter(torch.empty(1))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Reinitialise the parameters as the constructor does."""
        # The official initialiser takes the experts for the fan-in and d for the receptive field.
        lecun_normal_(self.phi, self.dim * self.num_experts)
        nn.init.constant_(self.scale, self.scale_init)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        """Load a scale without an axis too, as the official code and earlier versions keep it."""
        scale = state_dict.get(f"{prefix}scale")
        if isinstance(scale, Tensor) and scale.ndim == 0:
            state_dict[f"{prefix}scale"] = scale[None]
        super()._load_from_state_dict(state_dict, prefix, *rest)

    @property
    def noisy(self) -> bool:
        """Return whether noise is added now: only in training."""
        return self.training and self.noise_std > 0

    def directions(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the factors of the logits: tokens (b, n, d) and phi (d, e, p), normalised, phi times the scale."""
        phi = widen(self.phi)
        if self.normalize:
            as_printed = self.normalize == "as printed"
            x = l2_normalize(x, -1, as_printed=as_printed)
            phi = l2_normalize(phi, 0, as_printed=as_printed)
        return x, phi * widen(self.scale)

    def score(self, x: Tensor) -> Logits:
        """Compute scale times the cosine of every token and slot, so |logit| <= |scale| when normalised."""
        x, phi = self.directions(x)
        return (x @ phi.flatten(1)).unflatten(-1, phi.shape[1:])

    def in_use(self, logits: Logits) -> Logits:
        """Add the noise of training to logits."""
        return add_noise(logits, self.noise_std) if self.noisy else logits

    def score_per(self) -> str:
        """Return "slot": logits are (b, n, e, p)."""
        return "slot"

    def is_sparse(self) -> bool:
        """Return False: a slot holds a mixture."""
        return False

    def capacity(self, tokens: int) -> int:
        """Return the slots of an expert, the same for every number of tokens."""
        return self.slots_per_expert

    def score_macs(self, tokens: int) -> int:
        """Count the MACs of the products of tokens and slots."""
        return tokens * self.phi.numel()

    def extra_repr(self) -> str:
        """Show the sizes where the module is printed."""
        return f"{super().extra_repr()}, slots_per_expert={self.slots_per_expert}, normalize={self.normalize}"


class SoftRouter(SlotLogits):
    """Dispatch by softmax over tokens, combine by softmax over slots, both of the same logits.

    Args:
        dim: width d of a token.
        num_experts: number e of experts.
        slots_per_expert: number p of slots of an expert.
        form: "weights" builds both (b, n, e, p) tensors; "attention" computes the same layer without them, see
            `soft_attention`, but has first derivatives only: forward-mode derivatives (jvp, jacfwd) and derivatives of
            gradients need "weights"; "auto" takes attention from 2^20 weights per group on, unless noise is added to
            the logits.
        **keywords: as in `SlotLogits`.
    """

    def __init__(self, dim: int, num_experts: int, slots_per_expert: int = 1, *, form: str = "auto", **keywords: Any):
        super().__init__(dim, num_experts, slots_per_expert, **keywords)
        check_choice("form", form, ("auto", "weights", "attention"))
        self.form = form

    def route(self, x: Tensor, mask: Tensor | None) -> Routing:
        """Decide for checked tokens; slots are later filled from the tokens as they are, not normalised."""
        slots, form = self.num_experts * self.slots_per_expert, self.form
        if type(self).score is not SlotLogits.score or type(self).decide is not SoftRouter.decide:
            if form == "attention":
                name = type(self).__name__
                raise ValueError(f'form="attention" leaves out the logits that {name} reads: use form="weights"')
            form = "weights"
        if uses_attention(form, x.shape[1], slots, self.noisy):
            tokens, phi = self.directions(x)
            return AttentionRouting(tokens, slot_queries(phi, x.shape[0]), self.num_experts, mask)
        return super().route(x, mask)

    def decide(self, logits: Logits, mask: Mask | None = None) -> SoftRouting:
        """Read one logit tensor twice, see `soft_weights`; the decision's `logits` are those with noise.

        Args:
            logits: what `score` returns, or any scores of that shape; padding may hold anything.
            mask: (b, n), True for real tokens; None when all are real.
        """
        logits = self.in_use(logits)
        return SoftRouting(*soft_weights(logits, mask), logits=logits, mask=mask)
