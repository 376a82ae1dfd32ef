"""The clinic of lesson 04: a layer with experts choice that trains, but does not fill its slots as it should."""

import torch
from torch import Tensor

from softmoe_edu.experts import Experts
from softmoe_edu.moe import MoE
from softmoe_edu.routers.experts_choice import ExpertsChoiceRouter, assign_experts
from softmoe_edu.routing import SparseRouting
from softmoe_edu.shapes import Gates, Mask, SlotTokens
from softmoe_edu.teaching.clinic.case import Clinic
from softmoe_edu.teaching.draw import Draw

DIM, EXPERTS, HIDDEN = 8, 5, 12


class PatientRouter(ExpertsChoiceRouter):
    """Experts choice with capacity factor 1, with the patient's faults."""

    def __init__(self, ids: frozenset[str]) -> None:
        super().__init__(DIM, EXPERTS)
        self._ids = ids

    def decide(self, logits: Gates, mask: Mask | None = None) -> SparseRouting:
        """Decide as the router should, except for the patient's faults."""
        n = logits.shape[1]
        gates = logits.softmax(1 if "over-tokens" in self._ids else -1)
        if "softmax-twice" in self._ids:
            gates = gates.softmax(-1)
        wanted = -gates if "worst-tokens" in self._ids else gates
        if "each-token-once" in self._ids:
            token = _in_turn(wanted, self.capacity(n))
        else:
            token, _ = assign_experts(wanted, self.capacity(n))
        gate = gates.mT.gather(-1, token)
        if "gates-divided" in self._ids:
            gate = gate / gate.sum(-1, keepdim=True)
        return SparseRouting(token, gate, n, logits, gates, mask=mask)


def _in_turn(wanted: Gates, capacity: int) -> SlotTokens:
    """Let one expert after the other take tokens that none before it has taken."""
    taken, found = torch.zeros_like(wanted[..., 0], dtype=torch.bool), []
    for expert in range(wanted.shape[2]):
        left = wanted[..., expert].detach().masked_fill(taken, -torch.inf)
        found.append(left.topk(capacity).indices)
        taken = taken.scatter(1, found[-1], True)
    return torch.stack(found, 1)


class PatientLayer(MoE):
    """An MoE layer (b, n, 8) -> (b, n, 8) of 5 experts."""

    def __init__(self, ids: frozenset[str]) -> None:
        super().__init__(PatientRouter(ids), Experts(DIM, EXPERTS, HIDDEN))
        self._ids = ids

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return each token's answer."""
        rows = x.flatten(0, 1)[None] if "whole-batch" in self._ids else x
        return self.router(rows, mask).through(rows, self.experts).view_as(x)


# Not "over-tokens" with "softmax-twice": after the second softmax the first one's sums are gone.
PATIENTS = (
    ("softmax-twice", "whole-batch"),
    ("over-tokens",),
    ("each-token-once", "gates-divided"),
    ("worst-tokens", "whole-batch"),
    ("softmax-twice", "each-token-once"),
    ("over-tokens", "gates-divided"),
    ("worst-tokens", "softmax-twice"),
    ("each-token-once",),
)


def make(draw: Draw) -> tuple[PatientLayer, tuple[str, ...]]:
    """Return a layer and what is wrong with it; the same draw gives the same layer."""
    ids = PATIENTS[int(len(PATIENTS) * draw.uniform(1))]
    layer = PatientLayer(frozenset(ids))
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(draw.normal(*parameter.shape) / max(1, parameter.shape[-2]) ** 0.5)
    return layer, ids


CLINIC = Clinic(
    lesson="04",
    complaint="A layer for tokens of 8 numbers with 5 experts: softmax over experts, then each expert takes the "
    "tokens with the largest gates, capacity factor 1, each example alone; an answer is multiplied by the gate. That "
    "is the specification. The layer trains, the loss falls, every shape is right, and every expert is exactly full. "
    "But it does worse than it should.",
    make=make,
    suspects={
        "over-tokens": "the softmax runs over tokens and not over experts",
        "softmax-twice": "the softmax is taken twice",
        "worst-tokens": "experts take the tokens with the smallest gates",
        "each-token-once": "what one expert has taken, the next ones cannot take",
        "gates-divided": "the gates of an expert's slots are divided by their sum",
        "whole-batch": "all examples of the batch share the slots",
        "slots-empty": "some slots are empty",
    },
    findings={
        "over-tokens": "routing.gates.sum(1) is 1 for every expert, and routing.gates.sum(-1) is not 1.",
        "softmax-twice": "routing.gates is not routing.logits.softmax(-1), but the softmax of it: no gate is far from "
        "1/5. In a widely used library, two functions in a row each took a softmax (transformers, pull request 45111).",
        "worst-tokens": "the gates at routing.token are the smallest of each column, not the largest.",
        "each-token-once": "metrics.experts_per_token(routing) is 1 for every token: no token has two experts or none.",
        "gates-divided": "routing.gate.sum(-1) is 1 for every expert, and larger than the gates of its tokens.",
        "whole-batch": "routing.sizes shows one group for the whole batch, and an example's answer changes with the "
        "others of its batch.",
        "slots-empty": "routing.token would hold -1.",
    },
    instruments={
        "routing.sizes": "groups, tokens of a group, experts, slots of an expert",
        "metrics.experts_per_token(routing)": "how many experts took each token (groups, tokens)",
        "routing.logits": "the scores (groups, tokens, experts)",
        "routing.gates": "the gates (groups, tokens, experts), from which the experts chose",
        "routing.token": "the token in each slot (groups, experts, slots)",
        "routing.gate": "the number by which the answer of each slot is multiplied (groups, experts, slots)",
        "routing.gates.mT.sort(-1).values": "each expert's column of gates, from the smallest to the largest",
        "patient.layer(x[:1]) - y[:1]": "whether an example's answer changes without the others",
    },
)
