"""The patient of lesson 05: a Soft MoE layer that trains, with one or two mistakes in its weights or elsewhere."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from softmoe_edu.course.lesson_05.combine_weights import mistakes as combines
from softmoe_edu.course.lesson_05.combine_weights.exercise import combine_weights
from softmoe_edu.course.lesson_05.dispatch_weights import mistakes as dispatches
from softmoe_edu.course.lesson_05.dispatch_weights.exercise import dispatch_weights
from softmoe_edu.experts import Experts
from softmoe_edu.routing import SoftRouting
from softmoe_edu.teaching.clinic.case import Clinic
from softmoe_edu.teaching.draw import Draw
from softmoe_edu.teaching.exercise import Mistake

DIM, NUM_EXPERTS, SLOTS, HIDDEN = 32, 4, 3, 64

Weigh = Callable[[Tensor], Tensor]


class Router(nn.Module):
    """Scores of tokens and slots, and two ways to turn them into weights."""

    def __init__(self, phi: Tensor, dispatch: Weigh, combine: Weigh):
        super().__init__()
        self.phi = nn.Parameter(phi)
        self._weigh = dispatch, combine

    def forward(self, x: Tensor, mask: Tensor | None = None) -> SoftRouting:
        """Route tokens (b, n, d)."""
        logits = (x @ self.phi.flatten(1)).unflatten(-1, self.phi.shape[1:])
        dispatch, combine = (weigh(logits) for weigh in self._weigh)
        return SoftRouting(dispatch, combine, logits=logits)


class Layer(nn.Module):
    """A layer for `ViT(dim=32)`: `router` returns a SoftRouting, `experts` maps slots (b, e, p, d) to answers."""

    def __init__(self, router: Router, read: Weigh, deal: Callable[[nn.Module, Tensor], Tensor]):
        super().__init__()
        self.router = router
        self.experts = Experts(DIM, NUM_EXPERTS, HIDDEN)
        self._read, self._deal = read, deal

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the answers to tokens (b, n, d)."""
        routing = self.router(x)
        return routing.to_tokens(self._deal(self.experts, routing.to_slots(self._read(x))))


def as_they_are(x: Tensor) -> Tensor:
    """Return the tokens unchanged."""
    return x


def of_length_one(x: Tensor) -> Tensor:
    """Return the tokens divided by their length."""
    return nn.functional.normalize(x, dim=-1)


def to_its_expert(experts: nn.Module, slots: Tensor) -> Tensor:
    """Send slot (i, j) to expert i."""
    return experts(slots)


def round_robin(experts: nn.Module, slots: Tensor) -> Tensor:
    """Send slot number s to expert s mod e."""
    b, e, p, d = slots.shape
    dealt = slots.reshape(b, p, e, d).transpose(1, 2)
    return experts(dealt).transpose(1, 2).reshape(b, e, p, d)


def _by_name(kind: str, mistakes: Sequence[Mistake]) -> dict[str, Mistake]:
    return {f"{kind}-{mistake.id}": mistake for mistake in mistakes}


DISPATCH = _by_name(
    "dispatch",
    (
        dispatches.over_slots,
        dispatches.over_batch,
        dispatches.over_everything,
        dispatches.both_sums,
        dispatches.batch_is_one_group,
    ),
)
COMBINE = _by_name(
    "combine", (combines.over_tokens, combines.per_expert, combines.experts_only, combines.equal_experts)
)
BESIDE = {
    "slots-round-robin": "slot number s is computed by expert s mod e instead of the expert that the weights name",
    "mixes-normalised-tokens": "the slots mix tokens that were divided by their length",
}
CASES = (
    *((one,) for one in (*DISPATCH, *COMBINE, *BESIDE)),
    *((one, other) for one in DISPATCH for other in COMBINE),
    *((one, other) for one in (*DISPATCH, *COMBINE) for other in BESIDE),
)


def build(ids: Sequence[str], draw: Draw) -> Layer:
    """Build a layer that is wrong in these ways and no other."""
    weigh = [dispatch_weights, combine_weights]
    for i, known in enumerate((DISPATCH, COMBINE)):
        weigh[i] = next((known[id].function for id in ids if id in known), weigh[i])
    read = of_length_one if "mixes-normalised-tokens" in ids else as_they_are
    deal = round_robin if "slots-round-robin" in ids else to_its_expert
    phi = draw.sub(dtype=torch.float32).normal(DIM, NUM_EXPERTS, SLOTS) * 2 / DIM**0.5
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(draw.integers(0, 2**31, 1)))
        return Layer(Router(phi, *weigh), read, deal)


def make(draw: Draw) -> tuple[Layer, Sequence[str]]:
    """Choose a case and build it."""
    # With this key the first patient has both softmax axes swapped, a fault seen in published code.
    ids = CASES[int(draw.sub("what illness").integers(0, len(CASES), 1))]
    return build(ids, draw), ids


CLINIC = Clinic(
    lesson="05",
    complaint="A colleague wrote this Soft MoE layer (dim 32, 4 experts with 3 slots each). In a ViT it trains, the "
    "loss falls, and the tests of shapes pass. What it computes is not Algorithm 1.",
    make=make,
    suspects={
        **{id: f"dispatch {mistake.does}" for id, mistake in DISPATCH.items()},
        **{id: f"combine {mistake.does}" for id, mistake in COMBINE.items()},
        **BESIDE,
        "two-matrices": "dispatch and combine each have their own learned parameters",
        "drops-tokens": "some tokens have weight 0 in every slot",
        "noisy": "noise is added to the scores, in evaluation too",
    },
    findings={
        "dispatch-over-slots": "routing.dispatch is the softmax of its logits over slots; sums over tokens are not 1.",
        "dispatch-over-batch": "with one image alone every dispatch weight is 1; a second image changes the weights.",
        "dispatch-over-everything": "all dispatch weights of an image sum to 1, so its slots share one token's worth.",
        "dispatch-both-sums": "dispatch summed over slots is 1 for each token, but it is no softmax over slots either.",
        "dispatch-batch-is-one-group": "dispatch summed over the tokens of an image is below 1; over all, it is 1.",
        "combine-over-tokens": "routing.combine summed over slots is not 1; summed over tokens it is.",
        "combine-per-expert": "routing.combine summed over all slots is 4, the number of experts: 1 for each of them.",
        "combine-experts-only": "routing.combine summed over all slots is 3, the slots of an expert.",
        "combine-equal-experts": "all sums are 1, but each expert has weight 1/4 in every answer, whatever the scores.",
        "slots-round-robin": "layer(x) is not routing.through(x, layer.experts), though all weights may be right.",
        "mixes-normalised-tokens": "layer(x) is not routing.through(x, layer.experts), but that of tokens of length 1.",
    },
    instruments={
        "together.dispatch.sum(1)": "dispatch weights summed over the tokens of each slot",
        "together.combine.sum((2, 3))": "combine weights summed over the slots of each token",
        "together.dispatch.sum((2, 3))": "what each token gives to all slots together",
        "together.logits": "the scores; their softmax over any axes is one line away",
        "together.dispatch[:1] - alone.dispatch": "whether an image's weights change with the other images",
        "patient.layer(X) - together.through(X, patient.layer.experts)": "whether the layer does what its weights say",
        "[name for name, _ in patient.layer.router.named_parameters()]": "what the router learns",
    },
)
