"""The clinic of lesson 07: a Soft MoE layer that lacks one or two properties, and has all the others."""

import torch
from torch import Tensor, nn

from softmoe_edu.experts import Experts
from softmoe_edu.teaching.clinic.case import Clinic
from softmoe_edu.teaching.draw import Draw

DIM, EXPERTS, SLOTS, HIDDEN, MOST_TOKENS, HEARD = 8, 3, 2, 12, 32, 3


class Router(nn.Module):
    """What the scores are made of: a vector for each slot, and one for each place, which a healthy layer ignores."""

    def __init__(self) -> None:
        super().__init__()
        self.phi = nn.Parameter(torch.empty(DIM, EXPERTS * SLOTS))
        self.places = nn.Parameter(torch.empty(MOST_TOKENS, EXPERTS * SLOTS))


class PatientLayer(nn.Module):
    """Soft MoE for tokens (b, n, 8) with the patient's faults."""

    def __init__(self, ids: frozenset[str]) -> None:
        super().__init__()
        self.router, self.experts = Router(), Experts(DIM, EXPERTS, HIDDEN)
        self._ids = ids

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the answers to tokens (b, n, 8)."""
        scores = x @ self.router.phi
        if "knows-places" in self._ids:
            scores = scores + self.router.places[: x.shape[1]]
        shape = x.shape
        if "batch-shares-slots" in self._ids:
            x, scores = x.flatten(0, 1)[None], scores.flatten(0, 1)[None]
        dispatch, combine = scores.softmax(1), scores.softmax(2)
        if "listens-to-few" in self._ids:
            combine = combine * (combine >= combine.topk(HEARD).values[..., -1:])
        if "gradient-cut" in self._ids:
            dispatch = dispatch.detach()
        return (combine @ self._answers(x, dispatch)).reshape(shape)

    def _answers(self, x: Tensor, dispatch: Tensor) -> Tensor:
        """Return the answers of all slots (b, e p, d)."""
        if "computes-tokens" not in self._ids:
            return self.experts((dispatch.mT @ x).unflatten(1, (EXPERTS, SLOTS))).flatten(1, 2)
        every = self.experts(x[:, None].expand(-1, EXPERTS, -1, -1))  # each expert on each token
        weights = dispatch.mT.unflatten(1, (EXPERTS, SLOTS))
        return (weights @ every).flatten(1, 2)


PATIENTS = (
    ("listens-to-few",),
    ("knows-places",),
    ("gradient-cut",),
    ("batch-shares-slots",),
    ("computes-tokens",),
    ("knows-places", "gradient-cut"),
    ("listens-to-few", "batch-shares-slots"),
    ("computes-tokens", "knows-places"),
    ("gradient-cut", "computes-tokens"),
    ("batch-shares-slots", "knows-places"),
)


def make(draw: Draw) -> tuple[PatientLayer, tuple[str, ...]]:
    """Return a layer (b, n, 8) -> (b, n, 8) and its faults; the same draw gives the same layer."""
    # With this key the first seven patients have different faults.
    ids = PATIENTS[int(draw.sub("which 140").integers(0, len(PATIENTS), 1))]
    return build(ids, draw), ids


def build(ids: tuple[str, ...], draw: Draw) -> PatientLayer:
    """Build a layer that lacks these properties and no other."""
    layer = PatientLayer(frozenset(ids))
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(draw.normal(*parameter.shape) / max(1, parameter.shape[-2] / 2) ** 0.5)
        layer.router.places.mul_(4)
    return layer.eval()


CLINIC = Clinic(
    lesson="07",
    complaint="A Soft MoE layer for tokens of 8 numbers: 3 experts of 2 slots each. It was meant to have the "
    "properties of this lesson. It trains, its shapes are right, and its weights look like weights. It lacks one of "
    "the properties, or two.",
    make=make,
    suspects={
        "knows-places": "a token's answer depends on where it stands in its example",
        "batch-shares-slots": "all examples of the batch share the slots",
        "listens-to-few": "only a token's largest combine weights count, so that its answer jumps where they change",
        "gradient-cut": "part of the gradient is missing",
        "computes-tokens": "every expert computes every token, and slots are mixed from the answers",
        "drops-tokens": "some tokens get the answer 0",
        "noisy": "the same tokens get another answer in a second call",
    },
    findings={
        "knows-places": "is_permutation_equivariant says False. Every other property is as it should be.",
        "batch-shares-slots": "batch_effect is 1: every token changes with the company. Alone, an example looks "
        "healthy.",
        "listens-to-few": "with ten times the steps the largest step does not become a tenth. gradcheck says True: "
        "between its jumps the layer is smooth.",
        "gradient-cut": "gradcheck says False, and nothing else shows it: the answers are those of a healthy layer.",
        "computes-tokens": "the experts compute tokens times experts rows: 18 for 6 tokens, though there are 6 slots; "
        "with twice the tokens, 36.",
    },
    instruments={
        "is_permutation_equivariant(patient.layer, x)": "whether the answers follow the order of the tokens",
        "[smoothness_probe(patient.layer, x, way, steps) for steps in (100, 1000)]": "the largest step of a walk, "
        "and of the same walk in steps a tenth as long",
        "torch.autograd.gradcheck(patient.layer, (x.clone().requires_grad_(),), raise_exception=False)": "whether the "
        "gradient is that of differences, at x",
        "batch_effect(patient.layer, x, others)": "the share of tokens that change with the rest of the batch",
        "rows(patient.layer, x)": "how many rows all experts together compute",
        "(patient.layer(x) - patient.layer(x)).abs().max()": "whether two calls agree",
        "influence(patient.layer, x)": "how far output i moves when token j changes",
    },
)
