"""Mistakes in a Soft MoE layer: each a whole layer that runs, trains, and is not Soft MoE."""

import math

import torch

from softmoe_edu.teaching.exercise import mistake, mistakes_in

ALGORITHM = (
    "Algorithm 1 takes D = softmax(logits, axis=0), over tokens, and C = softmax(logits, axis=(1, 2)), over slots"
)


EQ1 = "Eq. 1: D[i, j] = exp(x_i · phi_j) / sum over tokens i' of exp(x_i' · phi_j)"


EQ2 = "Eq. 2: C[i, j] = exp(x_i · phi_j) / sum over slots j' of exp(x_i · phi_j')"


def scores(x, phi):
    """Return the logits, (b, n, e, p)."""
    return torch.einsum("bnd,dep->bnep", x, phi)


def over_slots(logits):
    """Return the softmax over all slots of all experts."""
    return logits.flatten(2).softmax(-1).view_as(logits)


def answers_of(slots, experts):
    """Run each expert on its slots (b, e, p, d)."""
    return torch.stack([f(slots[:, i]) for i, f in enumerate(experts)], 1)


def apply(x, dispatch, combine, experts):
    """Fill the slots, run the experts and combine their answers."""
    slots = torch.einsum("bnep,bnd->bepd", dispatch, x)
    return torch.einsum("bnep,bepd->bnd", combine, answers_of(slots, experts))


@mistake(
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
    "M05",
    does="takes both softmaxes over slots",
    belief="One softmax of the logits serves dispatch and combine.",
    refuted=EQ1,
    seen="a common first draft",
)
def both_over_slots(x, phi, experts):
    """The combine weights used twice."""
    weights = over_slots(scores(x, phi))
    return apply(x, weights, weights, experts)


@mistake(
    "M05",
    does="takes both softmaxes over tokens",
    belief="One softmax of the logits serves dispatch and combine.",
    refuted=EQ2,
    seen="a common first draft",
)
def both_over_tokens(x, phi, experts):
    """The dispatch weights used twice."""
    weights = scores(x, phi).softmax(1)
    return apply(x, weights, weights, experts)


@mistake(
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
    "M03",
    does="takes the combine softmax over experts, separately for each slot number",
    belief="Softmax over experts is what a router does.",
    refuted=EQ2,
    seen="a softmax over axis 2 of (b, n, e, p)",
)
def combine_over_experts_only(x, phi, experts):
    """Softmax over e only."""
    logits = scores(x, phi)
    return apply(x, logits.softmax(1), logits.softmax(2), experts)


@mistake(
    "M05",
    does="takes the dispatch softmax over tokens and slots together",
    belief="All weights of an example sum to 1.",
    refuted=EQ1,
    seen="logits.flatten(1).softmax(-1)",
)
def dispatch_joint(x, phi, experts):
    """One softmax over n, e and p."""
    logits = scores(x, phi)
    return apply(x, logits.flatten(1).softmax(-1).view_as(logits), over_slots(logits), experts)


@mistake(
    does="uses the scores themselves as weights",
    belief="The scores are the weights.",
    refuted=ALGORITHM,
    seen="a line left out",
)
def no_softmax(x, phi, experts):
    """Raw logits."""
    logits = scores(x, phi)
    return apply(x, logits, logits, experts)


@mistake(
    "M08",
    does="answers each token from its best slot alone",
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
    "M01",
    same_as="both-over-tokens",
    does="combines answers with the dispatch weights",
    belief="What D mixed into slots, D brings back.",
    refuted=EQ2,
    seen="the wrong variable in the last line",
)
def combine_uses_dispatch(x, phi, experts):
    """D in place of C."""
    dispatch = scores(x, phi).softmax(1)
    slots = torch.einsum("bnep,bnd->bepd", dispatch, x)
    return torch.einsum("bnep,bepd->bnd", dispatch, answers_of(slots, experts))


@mistake(
    does="divides the scores by the square root of d",
    belief="Scores are scaled as in attention.",
    refuted="Algorithm 1 takes the scores as they are; Algorithm 2 normalises them and learns a scale",
    seen="habit from attention",
)
def sqrt_d(x, phi, experts):
    """Scores as in attention."""
    logits = scores(x, phi) / math.sqrt(x.shape[-1])
    return apply(x, logits.softmax(1), over_slots(logits), experts)


@mistake(
    does="takes exp of the scores as they are, which overflows",
    belief="softmax(z) is exp(z) / sum(exp(z)), on a computer too.",
    refuted="in float64 exp(710) is infinite, in float32 exp(89); subtract the largest score of each sum first",
    seen="softmax written by hand",
)
def unstable_softmax(x, phi, experts):
    """Exp without the maximum."""
    weights = scores(x, phi).exp()
    return apply(x, weights / weights.sum(1, keepdim=True), weights / weights.sum((2, 3), keepdim=True), experts)


@mistake(
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


def cosines(x, phi):
    """Return the cosines of tokens and slot vectors, (b, n, e, p)."""
    return scores(torch.nn.functional.normalize(x, dim=-1), torch.nn.functional.normalize(phi, dim=0))


@mistake(
    "M10",
    does="sends slot number j to expert j mod e, while phi and the weights count the slots expert by expert",
    belief="Slots are dealt to experts round-robin.",
    refuted="Section 2.1: slot i belongs to expert ⌊i/p⌋ (the caption of Figure 2 says otherwise)",
    seen="a reshape to (p, e)",
)
def slot_order(x, phi, experts):
    """Slots regrouped as (p, e)."""
    logits = scores(x, phi)
    b, _, e, p = logits.shape
    slots = torch.einsum("bnep,bnd->bepd", logits.softmax(1), x)
    dealt = slots.flatten(1, 2).unflatten(1, (p, e)).transpose(1, 2)
    answers = answers_of(dealt, experts).transpose(1, 2).reshape(b, e, p, -1)
    return torch.einsum("bnep,bepd->bnd", over_slots(logits), answers)


@mistake(
    does="runs the first expert on every slot",
    belief="The experts differ only in their slots.",
    refuted="Section 2.1: each expert processes its own p slots",
    seen="an index left out of a loop",
)
def one_expert_for_all(x, phi, experts):
    """experts[0] everywhere."""
    logits = scores(x, phi)
    return apply(x, logits.softmax(1), over_slots(logits), [experts[0]] * len(experts))


@mistake(
    "M34",
    does="divides the tokens by their length and mixes the divided tokens into the slots",
    belief="The layer normalises the tokens that it mixes.",
    refuted="Algorithm 2 normalises only for the logits; the slots mix the tokens as they came",
    seen="bwconrad/soft-moe and lucidrains/soft-moe-pytorch",
)
def mixes_normalised_tokens(x, phi, experts):
    """Normalised tokens in the slots."""
    logits = scores(x, phi)
    return apply(torch.nn.functional.normalize(x, dim=-1), logits.softmax(1), over_slots(logits), experts)


@mistake(
    "M34",
    does="divides the tokens by their length before anything else, for the scores and for the slots",
    belief="A layer begins by normalising its tokens.",
    refuted="Algorithm 1 takes the tokens as they are; Algorithm 2 normalises them only for the logits, and the slots "
    "mix the tokens as they came",
    seen="x = F.normalize(x) as the first line",
)
def normalises_tokens_first(x, phi, experts):
    """Normalised tokens for everything."""
    x = torch.nn.functional.normalize(x, dim=-1)
    logits = scores(x, phi)
    return apply(x, logits.softmax(1), over_slots(logits), experts)


@mistake(
    "M34",
    does="divides tokens and slot vectors by their length for the scores, which turns them into cosines",
    belief="A score is the cosine of token and slot vector.",
    refuted="Algorithm 1 takes the scores x · phi as they are; Algorithm 2 takes cosines, times a learned scale",
    seen="Algorithm 2 without its scale",
)
def cosine_scores(x, phi, experts):
    """Cosines for scores, tokens as they came in the slots."""
    logits = cosines(x, phi)
    return apply(x, logits.softmax(1), over_slots(logits), experts)


@mistake(
    "M34",
    does="divides tokens and slot vectors by their length for the scores, and mixes the divided tokens into the slots",
    belief="What is normalised once stays normalised.",
    refuted="Algorithm 2 normalises only for the logits; the slots mix the tokens as they came",
    seen="x = F.normalize(x) and phi = F.normalize(phi, dim=0) as the first lines",
)
def cosine_scores_and_normalised_tokens(x, phi, experts):
    """Cosines for scores, normalised tokens in the slots."""
    logits = cosines(x, phi)
    return apply(torch.nn.functional.normalize(x, dim=-1), logits.softmax(1), over_slots(logits), experts)


@mistake(
    does="adds the tokens to their answers",
    belief="The residual connection is part of the layer.",
    refuted="Algorithm 1 returns the combined slots; the block adds the residual",
    seen="layers cut out of a block",
)
def adds_residual(x, phi, experts):
    """The answer plus x."""
    logits = scores(x, phi)
    return x + apply(x, logits.softmax(1), over_slots(logits), experts)


@mistake(
    "M22",
    does="lets no gradient through the dispatch weights",
    belief="Dispatch is a decision, and decisions have no gradient.",
    refuted="Section 2.2: all operations are continuous and fully differentiable",
    seen="habit from top-k",
)
def detached_dispatch(x, phi, experts):
    """D.detach()."""
    logits = scores(x, phi)
    return apply(x, logits.softmax(1).detach(), over_slots(logits), experts)


@mistake(
    "M22",
    does="lets no gradient through the combine weights",
    belief="Only one of the two softmaxes needs to learn.",
    refuted="Section 2.2: all operations are continuous and fully differentiable",
    seen="habit from top-k",
)
def detached_combine(x, phi, experts):
    """C.detach()."""
    logits = scores(x, phi)
    return apply(x, logits.softmax(1), over_slots(logits).detach(), experts)


@mistake(
    "M42",
    does="routes all tokens of the batch as one group",
    belief="(b, n, d) may be flattened to (b n, d), as for an MLP.",
    refuted="Section 2.2: routing is per sequence, so an example's result depends on that example alone",
    seen="flatten before the router",
)
def batch_is_one_group(x, phi, experts):
    """All examples merged."""
    merged = x.flatten(0, 1)[None]
    logits = scores(merged, phi)
    return apply(merged, logits.softmax(1), over_slots(logits), experts).view_as(x)


@mistake(
    "M06",
    does="runs every expert on every token and averages the answers: a dense mixture, which computes n x e rows",
    belief="Soft MoE is a dense mixture with softmax gates.",
    refuted="Figure 1 and Algorithm 1: experts see e x p slots, which are mixes of tokens, never a token itself",
    seen="habit from dense mixtures, where every expert sees every token",
)
def dense_moe(x, phi, experts):
    """Gates times experts of tokens."""
    gates = over_slots(scores(x, phi)).sum(-1)
    return sum(gates[..., i, None] * f(x) for i, f in enumerate(experts))


@mistake(
    does="turns everything into float32",
    belief="Everything is float32.",
    refuted="a layer keeps the dtype of its input, or bfloat16 and float64 models break",
    seen=".float() on the way",
    form=True,
)
def float32_only(x, phi, experts):
    """float() at the beginning."""
    x, logits = x.float(), scores(x.float(), phi.float())
    return apply(x, logits.softmax(1), over_slots(logits), experts)


@mistake(
    does="writes the normalised tokens into its input",
    belief="x is mine to change.",
    refuted="the block adds x to the answer afterwards: an input belongs to the caller",
    seen="x /= x.norm(...)",
)
def in_place(x, phi, experts):
    """X changed on the way."""
    with torch.no_grad():
        x /= x.norm(dim=-1, keepdim=True).clamp(min=1e-12)
    logits = scores(x, phi)
    return apply(x, logits.softmax(1), over_slots(logits), experts)


FLAT = "the second softmax takes weights between 0 and 1 for scores, which leaves nearly equal weights"


@mistake(
    does="takes the softmax of the softmax for dispatch",
    belief="Twice normalised does no harm.",
    refuted=FLAT,
    seen="dispatch_weights(...) of what is already a softmax",
)
def dispatch_softmax_twice(x, phi, experts):
    """Softmax over tokens, twice."""
    logits = scores(x, phi)
    return apply(x, logits.softmax(1).softmax(1), over_slots(logits), experts)


@mistake(
    does="takes the softmax of the softmax for combine",
    belief="Twice normalised does no harm.",
    refuted=FLAT,
    seen="combine_weights(...) of what is already a softmax",
)
def combine_softmax_twice(x, phi, experts):
    """Softmax over slots, twice."""
    logits = scores(x, phi)
    return apply(x, logits.softmax(1), over_slots(over_slots(logits)), experts)


@mistake(
    does="takes the softmax of the softmax for dispatch and for combine",
    belief="Twice normalised does no harm.",
    refuted=FLAT,
    seen="a softmax in the router and another one in the layer",
)
def both_softmax_twice(x, phi, experts):
    """Both, twice."""
    logits = scores(x, phi)
    return apply(x, logits.softmax(1).softmax(1), over_slots(over_slots(logits)), experts)


@mistake(
    "M04",
    does="takes the combine softmax of the dispatch weights, instead of the scores",
    belief="Combine begins where dispatch ended.",
    refuted=EQ2,
    seen="logits = logits.softmax(1), a name used again",
)
def combine_of_dispatch(x, phi, experts):
    """Softmax over slots of the softmax over tokens."""
    dispatch = scores(x, phi).softmax(1)
    return apply(x, dispatch, over_slots(dispatch), experts)


@mistake(
    "M06",
    does="runs every expert on all slots, and adds up their answers",
    belief="Every expert sees everything.",
    refuted="Section 2.1: each expert processes its own p slots",
    seen="sum(expert(slots) for expert in experts)",
)
def all_slots_to_all(x, phi, experts):
    """All answers to each slot, added up."""
    logits = scores(x, phi)
    slots = torch.einsum("bnep,bnd->bepd", logits.softmax(1), x)
    return torch.einsum("bnep,bepd->bnd", over_slots(logits), sum(f(slots) for f in experts))


@mistake(
    "M06",
    does="runs every expert on all slots, and averages their answers",
    belief="Every expert sees everything.",
    refuted="Section 2.1: each expert processes its own p slots",
    seen="torch.stack([expert(slots) for expert in experts]).mean(0)",
)
def all_slots_to_all_averaged(x, phi, experts):
    """All answers to each slot, averaged."""
    logits = scores(x, phi)
    slots = torch.einsum("bnep,bnd->bepd", logits.softmax(1), x)
    answers = torch.stack([f(slots) for f in experts]).mean(0)
    return torch.einsum("bnep,bepd->bnd", over_slots(logits), answers)


MISTAKES = mistakes_in(globals())
