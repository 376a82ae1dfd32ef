"""The clinic of lesson 11: a layer that was to be Soft MoE by prefixes, with one fault or two."""

import torch
from torch import Tensor, nn

from softmoe_edu.course.lesson_11.causal import over_slots, scores_of
from softmoe_edu.teaching.clinic.case import Clinic
from softmoe_edu.teaching.draw import Draw

DIM, EXPERTS, SLOTS, HIDDEN = 8, 3, 2, 12


class PatientLayer(nn.Module):
    """Soft MoE by prefixes for tokens (b, n, 8) with the patient's faults."""

    def __init__(self, ids: frozenset[str]) -> None:
        super().__init__()
        self.phi = nn.Parameter(torch.empty(DIM, EXPERTS, SLOTS))
        parts = (nn.Sequential(nn.Linear(DIM, HIDDEN), nn.GELU(), nn.Linear(HIDDEN, DIM)) for _ in range(EXPERTS))
        self.experts = nn.ModuleList(parts)
        self._ids = ids

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the answers to tokens (b, n, 8)."""
        seen = x
        if "length-of-text" in self._ids:
            seen = seen / seen.square().mean((1, 2), keepdim=True).sqrt()
        if "examples-compared" in self._ids:
            seen = 2 * seen - seen.mean(0, keepdim=True)
        scores = scores_of(seen, self.phi)
        slots = torch.einsum("bijep,bjd->biepd", self._dispatch(scores), x)
        answers = torch.stack([expert(slots[:, :, i]) for i, expert in enumerate(self.experts)], 2)
        return torch.einsum("biep,biepd->bid", self._combine(scores), answers)

    def __repr__(self) -> str:
        return "PatientLayer()"

    def _dispatch(self, scores: Tensor) -> Tensor:
        """Return a weight for each position, token and slot (b, n, n, e, p)."""
        n = scores.shape[1]
        each = scores[:, None].expand(-1, n, -1, -1, -1)
        if "mask-on-combine" in self._ids:
            return each.softmax(2)
        shift = ("one-ahead" in self._ids) - ("one-behind" in self._ids)
        keep = torch.ones(n, n, dtype=torch.bool, device=scores.device).tril(shift)[:, :, None, None]
        if "mask-after-softmax" in self._ids:
            return each.softmax(2) * keep
        return each.masked_fill(~keep, -torch.inf).softmax(2).nan_to_num(0)

    def _combine(self, scores: Tensor) -> Tensor:
        if "mask-on-combine" not in self._ids:
            return over_slots(scores)
        early = torch.ones(scores.shape[1], EXPERTS * SLOTS, dtype=torch.bool, device=scores.device).tril()
        return over_slots(scores.masked_fill(~early.view(scores.shape[1:]), -torch.inf))


PATIENTS = (
    ("mask-after-softmax",),
    ("one-behind",),
    ("examples-compared",),
    ("length-of-text",),
    ("mask-on-combine",),
    ("one-ahead", "examples-compared"),
    ("one-behind", "examples-compared"),
    ("mask-after-softmax", "examples-compared"),
    ("one-ahead",),
)


def make(draw: Draw) -> tuple[PatientLayer, tuple[str, ...]]:
    """Return a layer (b, n, 8) -> (b, n, 8) and its faults; the same draw gives the same layer."""
    ids = PATIENTS[int(draw.sub("which").integers(0, len(PATIENTS), 1))]
    return build(ids, draw), ids


def build(ids: tuple[str, ...], draw: Draw) -> PatientLayer:
    """Build a layer with these faults and no other."""
    layer = PatientLayer(frozenset(ids))
    with torch.no_grad():
        for name, parameter in layer.named_parameters():
            scale = 1.0 if name == "phi" or name.endswith("bias") else parameter.shape[-1] ** -0.5
            parameter.copy_(draw.sub(name).normal(*parameter.shape) * scale / (2 if name == "phi" else 1))
    return layer.eval()


CLINIC = Clinic(
    lesson="11",
    complaint="A layer of a language model for tokens of 8 numbers: 3 experts of 2 slots each, Soft MoE by prefixes. "
    "Its specification: answer i is the last answer of Soft MoE on tokens 0 to i, each example by itself. In training "
    "its loss falls fast. It has one fault or two.",
    make=make,
    suspects={
        "mask-after-softmax": "dispatch weights of later tokens are set to 0 after a softmax over the whole text",
        "one-ahead": "the slots of position i hold token i + 1, too",
        "one-behind": "the slots of position i hold the tokens before i, without token i",
        "mask-on-combine": "slots hold the whole text, and a mask lets token i read the first i + 1 slots",
        "length-of-text": "for the scores, tokens are divided by their typical size in the whole text",
        "examples-compared": "for the scores, tokens are compared with those of the other examples",
        "one-expert-only": "all slots go to one expert",
        "noisy": "the same tokens get another answer in a second call",
    },
    findings={
        "mask-after-softmax": "every later token moves every output, and only the last row is that of full Soft MoE: "
        "later tokens still count in the sum that the softmax divides by.",
        "one-ahead": "one diagonal too many: output i moves with token i + 1, and with no later one.",
        "one-behind": "it leaks nothing; but its last row is not that of full Soft MoE, whose slots hold the last "
        "token.",
        "mask-on-combine": "every later token moves every output, and from row 5 on the rows are those of full Soft "
        "MoE: there are 6 slots, so from there on nothing is masked.",
        "length-of-text": "every later token moves every output, and no row is that of full Soft MoE.",
        "examples-compared": "batch_effect is above 0. With a single example it does not show.",
    },
    instruments={
        "leak_matrix(patient.layer, x).int()": "which outputs (rows) move with which tokens (columns)",
        "rows_apart(patient.layer(x), soft)": "for each row, how far it is from that of full Soft MoE",
        "rows_apart(patient.layer(x[:, :4]), patient.layer(x)[:, :4])": "whether answers change while a text grows",
        "batch_effect(patient.layer, x, others)": "the share of tokens that change with the rest of the batch",
        "rows_apart(patient.layer(x), patient.layer(x))": "whether two calls agree",
    },
)
