"""The clinic of lesson 10: a sparse layer on two devices that is not the layer on one."""

import torch
from torch import Tensor, nn

from softmoe_edu.teaching.clinic.case import Clinic
from softmoe_edu.teaching.draw import Draw

DEVICES, SEQUENCES, TOKENS, DIM, EXPERTS = 2, 4, 12, 6, 4


class PatientLayer(nn.Module):
    """A layer (4, n, 6) -> (4, n, 6) of 4 experts on two devices, played by one process; each token has one expert.

    Device 0 has sequences 0 and 1 and experts 0 and 1, device 1 the others. An expert is one matrix. Answers are
    computed in float64.
    """

    def __init__(self, ids: frozenset[str]) -> None:
        super().__init__()
        self._ids = ids
        self.w_gate = nn.Parameter(torch.zeros(DIM, EXPERTS))
        self.weight = nn.Parameter(torch.zeros(EXPERTS, DIM, DIM))
        self._moved = torch.zeros(EXPERTS, DIM, DIM, dtype=torch.float64)  # by how much slopes() moves the experts

    def forward(self, x: Tensor) -> Tensor:
        """Compute the layer on both devices."""
        return torch.cat([self._combined(part, device) for device, part in enumerate(x.double().chunk(DEVICES))])

    def alone(self, x: Tensor) -> Tensor:
        """Compute the layer on one device, as it was specified, with the same parameters."""
        gate, chosen = (x.double() @ self.w_gate.double()).softmax(-1).max(-1)
        return gate[..., None] * torch.einsum("bnd,bnde->bne", x.double(), self.weight.double()[chosen])

    def rows_between(self, x: Tensor) -> Tensor:
        """Return how many tokens want to go from device i to device j, (2, 2)."""
        chosen = (x.double() @ self.w_gate.double()).argmax(-1) // (EXPERTS // DEVICES)
        return torch.stack([part.flatten().bincount(minlength=DEVICES) for part in chosen.chunk(DEVICES)])

    def slopes(self, x: Tensor, what: str) -> tuple[float, float]:
        """Return how fast the sum of this layer's squared answers changes as `what` does: by backward(), and measured.

        what: "tokens" or "weight". All their numbers are moved a little, in a fixed random direction.
        """
        rows, still, near = x.double().detach(), torch.zeros(EXPERTS, DIM, DIM, dtype=torch.float64), 1e-6

        def squared(shift: Tensor) -> Tensor:
            self._moved = shift if what == "weight" else still
            try:
                return self(rows + shift if what == "tokens" else rows).square().sum()
            finally:
                self._moved = still

        like = rows if what == "tokens" else still
        direction = torch.randn(like.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        leaf = torch.zeros_like(like).requires_grad_()
        (slope,) = torch.autograd.grad(squared(leaf), leaf)
        with torch.no_grad():
            measured = (squared(near * direction) - squared(-near * direction)) / (2 * near)
        return (slope * direction).sum().item(), measured.item()

    def _combined(self, x: Tensor, device: int) -> Tensor:
        rows = x.flatten(0, 1)
        gate, chosen = (rows @ self.w_gate.double()).softmax(-1).max(-1)
        order = chosen.argsort(stable=True)
        sent = (gate[:, None] * rows if "gate-twice" in self._ids else rows)[order]
        answers = torch.zeros_like(sent)
        for target in range(DEVICES):
            going = torch.nonzero(chosen[order] // (EXPERTS // DEVICES) == target).flatten()
            if "even-splits" in self._ids:
                going = going[: len(rows) // DEVICES]
            there = sent[going]
            if "no-way-back" in self._ids and target != device:
                there = there.detach()
            expert = self._expert_of(chosen[order][going], device)
            answers = answers.index_copy(0, going, torch.einsum("rd,rde->re", there, self._weights()[expert]))
        back = answers if "left-in-sent-order" in self._ids else answers[order.argsort()]
        return (gate[:, None] * back).view_as(x)

    def _expert_of(self, expert: Tensor, source: int) -> Tensor:
        # Blocks come in the order (device, expert); reading them as (expert, device) gives the first device's rows to
        # the first expert and the second one's to the second.
        return expert // 2 * 2 + source if "blocks-misread" in self._ids else expert

    def _weights(self) -> Tensor:
        weight = self.weight.double() + self._moved
        if "gradients-averaged" in self._ids:
            return weight / DEVICES + (weight * (1 - 1 / DEVICES)).detach()
        return weight


PATIENTS = (
    ("gradients-averaged",),
    ("gate-twice", "no-way-back"),
    ("no-way-back",),
    ("blocks-misread", "gradients-averaged"),
    ("left-in-sent-order",),
    ("blocks-misread",),
    ("even-splits", "gradients-averaged"),
    ("even-splits",),
)


def make(draw: Draw) -> tuple[PatientLayer, tuple[str, ...]]:
    """Return a layer and what is wrong with it; the same draw gives the same layer."""
    ids = PATIENTS[int(draw.integers(0, len(PATIENTS), 1))]
    layer = PatientLayer(frozenset(ids))
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(draw.normal(*parameter.shape))
        layer.w_gate[:, 0] += 0.8  # one expert is busier than the others
    return layer, ids


CLINIC = Clinic(
    lesson="10",
    complaint="A sparse layer was moved from one device to two, with the same parameters: each device keeps half of "
    "the sequences and half of the experts, and rows are exchanged as in section 6. It should return what it returned "
    "before, and learn as before. It runs, the loss falls, and on two devices the model is a little worse.",
    make=make,
    suspects={
        "gradients-averaged": "the experts' gradients are divided by the number of devices",
        "no-way-back": "no gradient comes back from rows that were sent to the other device",
        "even-splits": "each device sends equally many rows to every device; rows that are left over get no answer",
        "left-in-sent-order": "answers keep the order in which the rows were sent",
        "blocks-misread": "a device treats the rows it received as sorted by expert, but they are sorted by device",
        "gate-twice": "rows are multiplied by their gate before the expert, and again after it",
        "experts-everywhere": "every device computes all experts, and the answers are added up",
    },
    findings={
        "gradients-averaged": 'outputs may be right, and in slopes(x, "weight") backward() says half of what is '
        "measured. Data parallelism averages gradients over devices; an expert's gradient is already the sum over all "
        "tokens that it received, so experts must not be wrapped in DistributedDataParallel.",
        "no-way-back": 'in slopes(x, "tokens") the two numbers differ: the rows went out by a call that autograd does '
        "not know, such as torch.distributed.all_to_all_single by itself.",
        "even-splits": "some rows of the answer are exactly 0: as many as rows_between shows above an even share.",
        "left-in-sent-order": "the tokens of a device get each other's answers. Sort a device's tokens by their expert "
        "before the layer, and all of them are right.",
        "blocks-misread": "tokens of device 0 are right where they chose the first expert of a device, and those of "
        "device 1 where they chose the second.",
        "gate-twice": "each row of the answer is the right one times its gate, also where the expert is on the "
        "token's own device.",
        "experts-everywhere": "answers would be twice as large as on one device, for every token.",
    },
    instruments={
        "patient.layer(x)": "the answers of the layer on two devices",
        "patient.layer.alone(x)": "what they should be",
        "(patient.layer(x) / patient.layer.alone(x))[:, :, 0]": "how they compare, one number for each token",
        "(x @ patient.layer.w_gate).argmax(-1)": "which expert each token chose",
        "(x @ patient.layer.w_gate).softmax(-1).max(-1).values": "its gate",
        "patient.layer.rows_between(x)": "how many tokens want to go from device i (down) to device j (across)",
        'patient.layer.slopes(x, "weight")': "how the squared answers change with the experts: by backward(), measured",
        'patient.layer.slopes(x, "tokens")': "the same for the tokens",
    },
)
