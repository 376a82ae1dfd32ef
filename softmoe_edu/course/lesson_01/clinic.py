"""The clinic of lesson 01: a sparse layer that trains, but whose router does not do what was specified."""

import torch

from softmoe_edu.experts import Experts
from softmoe_edu.moe import MoE
from softmoe_edu.routers.router import add_noise
from softmoe_edu.routers.tokens_choice import TokensChoiceRouter, assign_tokens, choose_experts
from softmoe_edu.routing import SparseRouting
from softmoe_edu.shapes import Gates, Mask
from softmoe_edu.teaching.clinic.case import Clinic
from softmoe_edu.teaching.draw import Draw

DIM, EXPERTS, HIDDEN, TOP_K, NOISE = 8, 5, 12, 2, 1.5


class PatientRouter(TokensChoiceRouter):
    """Tokens choice with two experts per token, no capacity, and the patient's faults."""

    def __init__(self, ids: frozenset[str]) -> None:
        super().__init__(DIM, EXPERTS, TOP_K, capacity_factor=None, noise_std=NOISE)
        self._ids = ids

    def decide(self, logits: Gates, mask: Mask | None = None) -> SparseRouting:
        """Decide as the router should, except for the patient's faults."""
        shaken = self.training or "noise-in-evaluation" in self._ids
        noisy = add_noise(logits, self.noise_std / EXPERTS) if shaken else None
        used = logits if noisy is None else noisy
        count = 1 if "one-choice" in self._ids else TOP_K
        sign = -1 if "worst-experts" in self._ids else 1
        experts, _ = choose_experts(sign * used, count)
        gates = used.softmax(-1)
        chosen = gates.gather(-1, experts)
        if "gates-sum-to-one" in self._ids:
            chosen = chosen / chosen.sum(-1, keepdim=True)
        if "no-gradient" in self._ids:
            chosen = chosen.detach()
        token, gate = assign_tokens(experts, chosen, EXPERTS, None, mask=mask)
        return SparseRouting(token, gate, logits.shape[1], logits, gates, noisy, mask, dropless=True)


# Not "gates-sum-to-one" with "one-choice": a single gate of 1 is "no-gradient" under another name.
PATIENTS = (
    ("noise-in-evaluation", "worst-experts"),
    ("no-gradient",),
    ("noise-in-evaluation", "one-choice"),
    ("gates-sum-to-one", "no-gradient"),
    ("noise-in-evaluation", "no-gradient"),
    ("worst-experts", "gates-sum-to-one"),
    ("noise-in-evaluation", "gates-sum-to-one"),
    ("one-choice", "no-gradient"),
)


def make(draw: Draw) -> tuple[MoE, tuple[str, ...]]:
    """Return a layer (b, n, 8) -> (b, n, 8) in evaluation mode and its faults; the same draw gives the same layer."""
    ids = PATIENTS[int(len(PATIENTS) * draw.uniform(1))]
    layer = MoE(PatientRouter(frozenset(ids)), Experts(DIM, EXPERTS, HIDDEN)).eval()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(draw.normal(*parameter.shape) / max(1, parameter.shape[-2]) ** 0.5)
    return layer, ids


CLINIC = Clinic(
    lesson="01",
    complaint="The specification: a layer for tokens of 8 numbers with 5 experts, two experts for each token and no "
    "limit on the tokens of an expert; gates by softmax over all experts, not divided again; noise on the scores in "
    "training only. What was built trains, its loss falls, and every shape is right. In use it disappoints.",
    make=make,
    suspects={
        "noise-in-evaluation": "noise is added to the scores in evaluation mode too",
        "gates-sum-to-one": "the gates of a token's experts are divided by their sum",
        "no-gradient": "no gradient reaches the router",
        "one-choice": "every token gets the answer of one expert only",
        "worst-experts": "tokens choose the experts with the lowest scores",
        "others-matter": "a token's answer depends on the other tokens",
    },
    findings={
        "noise-in-evaluation": "two calls on the same tokens differ, by more than rounding. In training that is "
        "intended; a single call shows nothing. Published code did the same.",
        "gates-sum-to-one": "routing.combine.sum((2, 3)) is 1 for every token; softmax over all five experts leaves "
        "a share to the three that were not chosen.",
        "no-gradient": "after layer(x).sum().backward(), layer.router.w_gate.grad is None or 0. The loss falls all the "
        "same, because the experts learn.",
        "one-choice": "metrics.experts_per_token(routing) is 1, but should be 2.",
        "worst-experts": "routing.logits at the chosen experts are below the others.",
        "others-matter": "without noise, layer(x[:, :1]) equals layer(x)[:, :1].",
    },
    instruments={
        "patient.layer(x)": "the layer's answers; call it twice, or on other tokens",
        "routing.logits": "the scores, as they came from the tokens (batch, token, expert)",
        "routing.gates": "the softmax over all five experts",
        "routing.combine.sum((2, 3))": "a token's weights, summed over all slots",
        "routing.dispatch.sum(-1)": "which experts each token went to",
        "metrics.experts_per_token(routing)": "how many experts answered each token",
        "torch.autograd.grad(y.sum(), patient.layer.router.w_gate, allow_unused=True)": "the gradient that reaches the "
        "router, (None,) where there is none",
    },
)
