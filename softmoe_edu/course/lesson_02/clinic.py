"""The clinic of lesson 02: a layer with a finite buffer that trains, but does not return what it should."""

import torch
from torch import Tensor

from softmoe_edu import metrics
from softmoe_edu.experts import Experts
from softmoe_edu.moe import MoE
from softmoe_edu.routers.tokens_choice import TokensChoiceRouter, assign_tokens, choose_experts
from softmoe_edu.routing import SparseRouting
from softmoe_edu.shapes import Gates, Mask
from softmoe_edu.teaching.clinic.case import Clinic
from softmoe_edu.teaching.draw import Draw

DIM, EXPERTS, HIDDEN = 8, 5, 12


class PatientRouter(TokensChoiceRouter):
    """Tokens choice with one expert per token and capacity factor 1, with the patient's faults."""

    def __init__(self, ids: frozenset[str]) -> None:
        super().__init__(DIM, EXPERTS)
        self._ids = ids

    def decide(self, logits: Gates, mask: Mask | None = None) -> SparseRouting:
        """Decide as the router should, except for the patient's faults."""
        n = logits.shape[1]
        gates = logits.softmax(-1)
        experts, chosen = choose_experts(logits, 1, "top_k_then_softmax" if "gates-are-one" in self._ids else "vmoe")
        capacity = max(1, n // EXPERTS) if "rounded-down" in self._ids else self.capacity(n)
        score = torch.arange(n, device=logits.device).expand(len(logits), n) if "last-come-first" in self._ids else None
        token, gate = assign_tokens(experts, chosen, EXPERTS, capacity, score=score, mask=mask)
        return SparseRouting(token, gate, n, logits, gates, mask=mask)


class PatientLayer(MoE):
    """An MoE layer (b, n, 8) -> (b, n, 8) of 5 experts."""

    def __init__(self, ids: frozenset[str]) -> None:
        super().__init__(PatientRouter(ids), Experts(DIM, EXPERTS, HIDDEN))
        self._ids = ids

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return each token's answer."""
        if "whole-batch" in self._ids:
            return self._returned(x.flatten(0, 1)[None], None).view_as(x)
        return self._returned(x, mask)

    def _returned(self, x: Tensor, mask: Tensor | None) -> Tensor:
        routing = self.router(x, mask)
        answers = routing.through(x, self.experts)
        if "returned-times-p" not in self._ids:
            return answers
        gate = routing.gates.amax(-1) * metrics.dropped(routing)
        return answers + gate[..., None] * x


# Not "rounded-down" with "whole-batch": the tokens of a batch often divide evenly, and nothing would show.
PATIENTS = (
    ("gates-are-one", "last-come-first"),
    ("gates-are-one", "whole-batch"),
    ("rounded-down", "returned-times-p"),
    ("returned-times-p", "whole-batch"),
    ("gates-are-one", "rounded-down"),
    ("returned-times-p", "last-come-first"),
    ("returned-times-p",),
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
    lesson="02",
    complaint="The specification: a layer for tokens of 8 numbers with 5 experts, one expert for each token, capacity "
    'factor 1 rounded up, priority "position", each example routed alone. What was built trains, its loss falls, and '
    "every shape is right. In a block x + layer(x) it is worse than it should be.",
    make=make,
    suspects={
        "returned-times-p": "a dropped token is returned by the layer, times its gate",
        "last-come-first": "when an expert is full, the last tokens are kept and the first are dropped",
        "rounded-down": "the capacity is rounded down",
        "whole-batch": "all examples of the batch share the buffers",
        "gates-are-one": "the gates of all kept tokens are 1, so the router gets no gradient",
        "sequence-shorter": "dropped tokens are missing from the output",
    },
    findings={
        "returned-times-p": "where metrics.dropped(routing) is True, layer(x) should be 0, but is a multiple of x; the "
        "block then returns 1 + p times the token. Widely used code did the same, and its tests passed.",
        "last-come-first": "metrics.dropped_per_position(routing) falls from left to right, but should rise.",
        "rounded-down": "routing.sizes shows 3 slots per expert for 16 tokens on 5 experts; 16 / 5 rounded up is 4.",
        "whole-batch": "routing.sizes shows one group for the whole batch, and an example's answer changes with the "
        "others of its batch.",
        "gates-are-one": "routing.gate holds only 0 and 1, and the gradient of router.w_gate is 0.",
        "sequence-shorter": "the output has as many rows as the input.",
    },
    instruments={
        "routing.sizes": "groups, tokens of a group, experts, slots of an expert",
        "metrics.dropped_per_position(routing)": "how often each position is dropped, from first to last",
        "y[metrics.dropped(routing).view(y.shape[:2])]": "what the layer answers to dropped tokens",
        "routing.gate": "the weights of the slots that were filled",
        "routing.gates": "each token's gates for all experts",
        "patient.layer(x[:1]) - y[:1]": "whether an example's answer changes without the others",
        "torch.autograd.grad(y.sum(), patient.layer.router.w_gate, allow_unused=True)": "the gradient that reaches the "
        "router, (None,) where there is none",
    },
)
