"""Mistakes in the weights of a Soft MoE layer: each a whole layer that runs, trains, and is not Soft MoE."""

import math

import torch

from softmoe_edu.teaching.exercise import mistake

ALGORITHM = (
    "Algorithm 1 takes D = softmax(logits, axis=0), over tokens, and C = softmax(logits, axis=(1, 2)), over slots"
)
EQ1 = "Eq. 1: D[i, j] = exp(x_i · phi_j) / sum over tokens i' of exp(x_i' · phi_j)"
EQ2 = "Eq. 2: C[i, j] = exp(x_i · phi_j) / sum over slots j' of exp(x_i · phi_j')"


def scores(x, phi):
    """Give the logits, (b, n, e, p)."""
    return torch.einsum("bnd,dep->bnep", x, phi)


def over_slots(logits):
    """Give the softmax over all slots of all experts."""
    return logits.flatten(2).softmax(-1).view_as(logits)


def answers_of(slots, experts):
    """Run each expert on its slots (b, e, p, d)."""
    return torch.stack([f(slots[:, i]) for i, f in enumerate(experts)], 1)


def apply(x, dispatch, combine, experts):
    """Fill slots, compute, answer."""
    slots = torch.einsum("bnep,bnd->bepd", dispatch, x)
    return torch.einsum("bnep,bepd->bnd", combine, answers_of(slots, experts))


@mistake(
    "swapped-axes",
    "M01",
    does="takes dispatch by the softmax over slots and combine by the softmax over tokens: the two axes are swapped",
    belief="Each token's dispatch weights sum to 1.",
    refuted=ALGORITHM,
    seen="Ekoda/SoftMoE, src/model.py",
)
def swapped_axes(x, phi, experts):
    """Both softmaxes over the other's axis."""
    logits = scores(x, phi)
    return apply(x, over_slots(logits), logits.softmax(1), experts)


@mistake(
    "dispatch-over-batch",
    "M02",
    does="takes the dispatch softmax over the batch",
    belief="axis=0 of Algorithm 1 is axis 0 of my batched tensor.",
    refuted="Algorithm 1 is written for one example: its axis 0 is the tokens",
    seen="fkodom/soft-mixture-of-experts, before its pull request 1",
)
def dispatch_over_batch(x, phi, experts):
    """Softmax over axis 0."""
    logits = scores(x, phi)
    return apply(x, logits.softmax(0), over_slots(logits), experts)


@mistake(
    "both-over-slots",
    "M05",
    does="takes both softmaxes over slots",
    belief="One softmax of the logits serves dispatch and combine.",
    refuted=EQ1,
    seen="a first draft of many",
)
def both_over_slots(x, phi, experts):
    """The combine weights used twice."""
    weights = over_slots(scores(x, phi))
    return apply(x, weights, weights, experts)


@mistake(
    "both-over-tokens",
    "M05",
    does="takes both softmaxes over tokens",
    belief="One softmax of the logits serves dispatch and combine.",
    refuted=EQ2,
    seen="a first draft of many",
)
def both_over_tokens(x, phi, experts):
    """The dispatch weights used twice."""
    weights = scores(x, phi).softmax(1)
    return apply(x, weights, weights, experts)


@mistake(
    "combine-per-expert",
    "M03",
    does="takes the combine softmax over each expert's slots alone, so that a token's weights sum to e",
    belief="Combine is normalised inside each expert.",
    refuted=EQ2,
    seen="a softmax over the last axis of (b, n, e, p)",
)
def combine_per_expert(x, phi, experts):
    """Softmax over p only."""
    logits = scores(x, phi)
    return apply(x, logits.softmax(1), logits.softmax(-1), experts)


@mistake(
    "combine-over-experts-only",
    "M03",
    does="takes the combine softmax over experts, for each slot number apart",
    belief="Softmax over experts is what a router does.",
    refuted=EQ2,
    seen="a softmax over axis 2 of (b, n, e, p)",
)
def combine_over_experts_only(x, phi, experts):
    """Softmax over e only."""
    logits = scores(x, phi)
    return apply(x, logits.softmax(1), logits.softmax(2), experts)


@mistake(
    "dispatch-joint",
    "M05",
    does="takes the dispatch softmax over tokens and slots together",
    belief="All weights of an example sum to 1.",
    refuted=EQ1,
    seen="logits.flatten(1).softmax(-1)",
)
def dispatch_joint_all(x, phi, experts):
    """One softmax over n, e and p."""
    logits = scores(x, phi)
    return apply(x, logits.flatten(1).softmax(-1).view_as(logits), over_slots(logits), experts)


@mistake(
    "no-softmax",
    "",
    does="uses the scores themselves as weights",
    belief="The scores are the weights.",
    refuted=ALGORITHM,
    seen="a line that is left out",
)
def no_softmax(x, phi, experts):
    """Raw logits."""
    logits = scores(x, phi)
    return apply(x, logits, logits, experts)


@mistake(
    "hard-combine",
    "M08",
    does="answers each token with its best slot alone",
    belief="Soft MoE sends each token to few experts.",
    refuted="Section 2.2: every output token depends on all slots",
    seen="habit from sparse routers",
)
def hard_combine(x, phi, experts):
    """One-hot combine weights."""
    logits = scores(x, phi)
    best = torch.nn.functional.one_hot(logits.flatten(2).argmax(-1), logits[0, 0].numel())
    return apply(x, logits.softmax(1), best.to(x.dtype).view_as(logits), experts)


@mistake(
    "combine-uses-dispatch",
    "M01",
    same_as="both-over-tokens",
    does="answers tokens with the dispatch weights",
    belief="What went in by D comes back by D.",
    refuted=EQ2,
    seen="the wrong variable in the last line",
)
def combine_uses_dispatch(x, phi, experts):
    """D in place of C."""
    dispatch = scores(x, phi).softmax(1)
    slots = torch.einsum("bnep,bnd->bepd", dispatch, x)
    return torch.einsum("bnep,bepd->bnd", dispatch, answers_of(slots, experts))


@mistake(
    "sqrt-d",
    "",
    does="divides the scores by the square root of d",
    belief="Scores are scaled as in attention.",
    refuted="Algorithm 1 takes the scores as they are; Algorithm 2 normalises them and learns a scale",
    seen="habit from attention",
)
def sqrt_d_temperature(x, phi, experts):
    """Scores as in attention."""
    logits = scores(x, phi) / math.sqrt(x.shape[-1])
    return apply(x, logits.softmax(1), over_slots(logits), experts)


@mistake(
    "unstable-softmax",
    "",
    does="takes exp of the scores as they are, which overflows",
    belief="softmax(z) is exp(z) / sum(exp(z)), also on a computer.",
    refuted="in float64 exp(710) is infinite, in float32 exp(89); subtract the largest score of each sum first",
    seen="softmax written by hand",
)
def unstable_softmax(x, phi, experts):
    """Exp without the maximum."""
    weights = scores(x, phi).exp()
    return apply(x, weights / weights.sum(1, keepdim=True), weights / weights.sum((2, 3), keepdim=True), experts)


@mistake(
    "one-maximum",
    "",
    does="subtracts one largest score for the whole batch before exp, so that a slot far below it divides 0 by 0",
    belief="Any number may be subtracted before exp.",
    refuted="on paper any number may be subtracted; on a computer each slot needs its own largest score, and each "
    "token its own",
    seen="logits - logits.max()",
)
def one_maximum(x, phi, experts):
    """Take exp without each sum's own maximum."""
    logits = scores(x, phi)
    weights = (logits - logits.max()).exp()
    return apply(x, weights / weights.sum(1, keepdim=True), weights / weights.sum((2, 3), keepdim=True), experts)


MISTAKES = (
    swapped_axes,
    dispatch_over_batch,
    both_over_slots,
    both_over_tokens,
    combine_per_expert,
    combine_over_experts_only,
    dispatch_joint_all,
    no_softmax,
    hard_combine,
    combine_uses_dispatch,
    sqrt_d_temperature,
    unstable_softmax,
    one_maximum,
)
