"""The patient of lesson 06: a Soft MoE layer that is wrong while the tests of its author are green."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from softmoe_edu.course.lesson_06.soft_moe_layer import mistakes
from softmoe_edu.teaching.clinic.case import Clinic
from softmoe_edu.teaching.draw import Draw

DIM, NUM_EXPERTS, SLOTS, HIDDEN, SCALE = 32, 4, 3, 64, 6.0

WEIGHTS = {
    "dispatch-over-batch": "the dispatch softmax runs over the examples of the batch",
    "batch-is-one-group": "the tokens of all examples share the slots, as one long sequence",
    "dispatch-softmax-twice": "dispatch is the softmax of a softmax",
}
PADDING = {
    "ignores-mask": "the mask is not used",
    "zeroes-padding": "padding is set to zeros, and then routed like any token",
    "mask-after-softmax": "padding's weights are removed after the softmax, so that slots lose a part",
}
BESIDE = {
    "mixes-normalised-tokens": "the slots mix tokens that were divided by their length",
    "bank-reshaped": "experts compute slots of other experts, because axes were reshaped and not exchanged",
    "scale-is-a-buffer": "the scale is not trained",
}
CASES = (
    *((one,) for one in (*WEIGHTS, *PADDING, *BESIDE)),
    *((one, other) for one in WEIGHTS for other in BESIDE),
    *((one, other) for one in PADDING for other in BESIDE),
)


class Layer(mistakes.Layer):
    """A layer that shows its steps: `weights(x, mask)`, `slots(x, mask)` and `compute(slots)`."""

    def __init__(self, ids: Sequence[str]):
        super().__init__(DIM, NUM_EXPERTS, SLOTS, HIDDEN)
        self._ids = frozenset(ids)
        nn.init.constant_(self.scale, SCALE)
        if "scale-is-a-buffer" in self._ids:
            scale = self.scale.detach()
            del self.scale
            self.register_buffer("scale", scale)

    def weights(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return dispatch and combine weights, (b, n, e, p) each, of tokens (b, n, d)."""
        real = torch.ones(x.shape[:2], dtype=torch.bool, device=x.device) if mask is None else mask
        if "zeroes-padding" in self._ids:
            x = x * real[..., None]
        logits = self.score(x)
        combine = self.combine(logits, real)
        if self._ids & {"ignores-mask", "zeroes-padding"}:
            real = torch.ones_like(real)
        if "mask-after-softmax" in self._ids:
            return logits.softmax(1) * real[:, :, None, None], combine
        if "batch-is-one-group" in self._ids:
            return self.dispatch(logits.flatten(0, 1)[None], real.flatten()[None]).view_as(logits), combine
        if "dispatch-over-batch" in self._ids:
            return mistakes.OverBatch.dispatch(self, logits, real), combine
        dispatch = self.dispatch(logits, real)
        if "dispatch-softmax-twice" in self._ids:
            dispatch = self.dispatch(dispatch, real)
        return dispatch, combine

    def slots(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return what the slots hold, (b, e, p, d)."""
        dispatch, read = self.weights(x, mask)[0], x
        if "mixes-normalised-tokens" in self._ids:
            read = mistakes.unit(x, -1)
        if "batch-is-one-group" in self._ids:
            return torch.einsum("bnep,bnd->epd", dispatch, read).expand(len(x), -1, -1, -1)
        return torch.einsum("bnep,bnd->bepd", dispatch, read)

    def compute(self, slots: Tensor) -> Tensor:
        """Return the experts' answers to slots (b, e, p, d)."""
        return mistakes.Reshaped.compute(self, slots) if "bank-reshaped" in self._ids else super().compute(slots)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the answers to tokens (b, n, d)."""
        return torch.einsum("bnep,bepd->bnd", self.weights(x, mask)[1], self.compute(self.slots(x, mask)))


def build(ids: Sequence[str], draw: Draw) -> Layer:
    """Build a layer that is wrong in these ways and no other."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(draw.integers(0, 2**31, 1)))
        return Layer(ids)


def make(draw: Draw) -> tuple[Layer, Sequence[str]]:
    """Choose a case and build it."""
    # With this key the first patient has its dispatch softmax over the batch, a fault seen in published code.
    ids = CASES[int(draw.sub("which 32").integers(0, len(CASES), 1))]
    return build(ids, draw), ids


CLINIC = Clinic(
    lesson="06",
    complaint="A colleague wrote this layer (dim 32, 4 experts of 3 slots) and tests for it. All tests pass, and the "
    "layer trains. What it computes is not what you wrote.",
    make=make,
    suspects={
        **WEIGHTS,
        **PADDING,
        **BESIDE,
        "combine-per-expert": "combine is a softmax within each expert",
        "drops-tokens": "some real tokens have weight 0 in every slot",
        "noisy": "noise is added to the scores, in evaluation too",
    },
    findings={
        "dispatch-over-batch": "with one example alone every dispatch weight is 1, and the sums over tokens are not 1.",
        "batch-is-one-group": "dispatch summed over an example's tokens is below 1, and 1 over those of all examples.",
        "dispatch-softmax-twice": "all sums are right, but dispatch is not the softmax of layer.score(X) over tokens.",
        "ignores-mask": "dispatch is the same with the mask and without it, and not 0 at padding.",
        "zeroes-padding": "dispatch at padding is not 0, but what a score of 0 gives; the mask does change it.",
        "mask-after-softmax": "dispatch is 0 at padding, and its sums over tokens are below 1 with a mask.",
        "mixes-normalised-tokens": "layer.slots(X) is not dispatch times X, but dispatch times X / |X|.",
        "bank-reshaped": "the answers to the same slots change when other examples stand beside them.",
        "scale-is-a-buffer": "named_parameters() lists no scale.",
    },
    instruments={
        "together[0].sum(1)": "dispatch weights summed over the tokens of each slot",
        "together[0][:1] - alone[0]": "whether an example's dispatch weights change with the others",
        "together[0] - layer.score(X).softmax(1)": "whether dispatch is the softmax of the scores over tokens",
        "padded[0][~mask]": "dispatch weights at padding",
        "padded[0].sum(1)": "their sums over tokens, beside padding",
        "padded[0] - together[0]": "what the mask changes",
        "layer.slots(X) - torch.einsum('bnep,bnd->bepd', together[0], X)": "whether slots mix the tokens as they came",
        "layer.compute(S)[:1] - layer.compute(S[:1])": "whether an example's answers depend on other examples' slots",
        "[name for name, _ in layer.named_parameters()]": "what is trained",
    },
)
