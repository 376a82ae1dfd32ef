"""The clinic of lesson 03: layers whose balance loss is computed and added, and does not balance them."""

import torch
from torch import Tensor

from softmoe_edu.experts import Experts
from softmoe_edu.moe import MoE
from softmoe_edu.routers.tokens_choice import TokensChoiceRouter, assign_tokens
from softmoe_edu.routing import SparseRouting
from softmoe_edu.shapes import Gates, Mask
from softmoe_edu.teaching.clinic.case import Clinic
from softmoe_edu.teaching.draw import Draw

DIM, EXPERTS, HIDDEN = 8, 5, 12
CONSTANT = ("sums-multiplied", "softmax-over-tokens", "counts-every-expert")
"""What makes the loss 1 in every step."""


class PatientRouter(TokensChoiceRouter):
    """Tokens choice with one expert per token, no capacity, a bias on the choice, and the patient's faults."""

    bias: Tensor

    def __init__(self, ids: frozenset[str]) -> None:
        super().__init__(DIM, EXPERTS, capacity_factor=None)
        self.register_buffer("bias", torch.zeros(EXPERTS))
        self._ids = ids

    def decide(self, logits: Gates, mask: Mask | None = None) -> SparseRouting:
        """Choose by gate plus bias, and weigh by the gate, except for the patient's faults."""
        gates = logits.softmax(-1)
        biased = gates + self.bias
        chosen = biased.argmax(-1, keepdim=True)
        weight = (biased if "bias-in-the-gate" in self._ids else gates).gather(-1, chosen)
        token, gate = assign_tokens(chosen, weight, EXPERTS, None, mask=mask)
        return SparseRouting(token, gate, logits.shape[1], logits, gates, mask=mask, dropless=True)


class PatientLayer(MoE):
    """An MoE layer (b, n, 8) -> (b, n, 8) of 5 experts that computes its own balance loss."""

    def __init__(self, ids: frozenset[str]) -> None:
        super().__init__(PatientRouter(ids), Experts(DIM, EXPERTS, HIDDEN))
        self._ids = ids

    def shares(self, routing: SparseRouting) -> tuple[Tensor, Tensor]:
        """Return f, the share of tokens of each expert, and P, its mean gate: (b, 5) each."""
        gates, logits, mask = routing.gates, routing.logits, routing.mask
        assert gates is not None and logits is not None
        if mask is None or "padding-counted" in self._ids:
            mask = torch.ones(gates.shape[:2], dtype=torch.bool, device=gates.device)
        real = mask[..., None].to(gates.dtype)
        tokens = real.sum(1).clamp(min=1)
        chosen = torch.nn.functional.one_hot((gates + self.router.bias).argmax(-1), EXPERTS).to(gates.dtype)
        if "counts-every-expert" in self._ids:
            chosen = (gates > 0).to(gates.dtype)
        if "softmax-over-tokens" in self._ids:
            over = logits.masked_fill(~mask[..., None], -torch.inf).softmax(1)
            gates = over * tokens[..., None] / EXPERTS
        if "gates-cut-off" in self._ids:
            gates = gates.detach()
        counts = (chosen * real).sum(1)
        return counts / counts.sum(-1, keepdim=True).clamp(min=1), (gates * real).sum(1) / tokens

    def auxiliary(self, routing: SparseRouting) -> Tensor:
        """Return the balance loss."""
        share, gate = self.shares(routing)
        if "sums-multiplied" in self._ids:
            return (share.sum(-1) * gate.sum(-1)).mean()
        return EXPERTS * (share * gate).sum(-1).mean()


# Not two of CONSTANT together: the second would not show in the loss.
PATIENTS = (
    ("sums-multiplied",),
    ("softmax-over-tokens", "bias-in-the-gate"),
    ("counts-every-expert", "padding-counted"),
    ("gates-cut-off", "bias-in-the-gate"),
    ("sums-multiplied", "bias-in-the-gate"),
    ("softmax-over-tokens",),
    ("counts-every-expert", "bias-in-the-gate"),
    ("gates-cut-off", "padding-counted"),
)


def make(draw: Draw) -> tuple[PatientLayer, tuple[str, ...]]:
    """Return a layer and what is wrong with it; the same draw gives the same layer."""
    ids = PATIENTS[int(len(PATIENTS) * draw.uniform(1))]
    layer = PatientLayer(frozenset(ids))
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(draw.normal(*parameter.shape) / max(1, parameter.shape[-2]) ** 0.5)
        layer.router.bias.copy_(0.1 * torch.tensor([2.0, -1.0, 1.0, -2.0, 0.0]))
    return layer, ids


CLINIC = Clinic(
    lesson="03",
    complaint="A layer for tokens of 8 numbers with 5 experts, one expert per token, no capacity. A token goes where "
    "gate plus bias is largest, and the answer is multiplied by the gate alone. Its balance loss is 5 · Σ f · P over "
    "real tokens, averaged over examples. That is the specification. The loss is added with a weight of 0.1, as in "
    "section 7. The model trains, but its experts stay as unevenly loaded as they were.",
    make=make,
    suspects={
        "sums-multiplied": "the sum of the shares is multiplied by the sum of the mean gates",
        "softmax-over-tokens": "the gates in the loss are a softmax over tokens instead of experts",
        "counts-every-expert": "a token counts for every expert for which its gate is above 0",
        "gates-cut-off": "the mean gates are detached",
        "padding-counted": "padding counts in the loss",
        "bias-in-the-gate": "the bias, meant for the choice alone, is added to the gate that multiplies the answer",
        "factor-missing": "the factor 5 is missing in the loss",
    },
    findings={
        "sums-multiplied": "f and P of patient.layer.shares(routing) are right, and 5 · Σ f · P is not what "
        "auxiliary returns: it returns 1 for every input, since both sums are 1. A "
        "broadcast followed by a mean does that.",
        "softmax-over-tokens": "P is 1/5 for every expert and every input, so the loss is 5 · Σ f / 5 = 1, and its "
        "gradient is 0.",
        "counts-every-expert": "f is 1/5 for every expert and every input: a softmax has no zeros. So the loss is "
        "Σ P = 1, and its gradient is 0.",
        "gates-cut-off": "the loss changes with the input, but its gradient at the router is 0, and "
        "patient.layer.auxiliary(routing).requires_grad is False.",
        "padding-counted": "f or P changes when the numbers in the padding do.",
        "bias-in-the-gate": "routing.combine differs from the gates at the chosen experts, by as much as router.bias. "
        "The same fault was found in the code of a course, which trained well in spite of it (deepspeed-course, pull "
        "request 26).",
        "factor-missing": "where all gates are equal, the loss is 1; without the factor it would be 1/5.",
    },
    instruments={
        "patient.layer.auxiliary(routing)": "the balance loss; try it on other tokens",
        "patient.layer.shares(routing)": "f and P as the layer computes them, one row for each example",
        "routing.gates": "each token's gates: a softmax over the five experts",
        "routing.dispatch.sum(-1)": "which expert each token went to",
        "routing.combine.sum(-1)": "the number by which the expert's answer is multiplied",
        "patient.layer.router.bias": "the bias that is added to the gates for the choice",
        "patient.layer.shares(patient.layer.router(torch.where(mask[..., None], x, x + 1), mask))": "f and P with "
        "other numbers in the padding",
        "torch.autograd.grad(patient.layer.auxiliary(routing) + 0 * y.sum(), patient.layer.router.w_gate, "
        "retain_graph=True)": "the gradient of the balance loss at the router's matrix (0 * y.sum() adds nothing, but "
        "lets autograd run where the loss itself has no gradient)",
    },
)
