"""Mistakes beside the weights of a Soft MoE layer: what is mixed, who computes, what comes back."""

import torch

from softmoe_edu.teaching.exercise import mistake
from softmoe_edu.teaching.exercises.soft_moe_weights import answers_of, apply, over_slots, scores


def cosines(x, phi):
    """Give the cosines of tokens and slot vectors, (b, n, e, p)."""
    return scores(torch.nn.functional.normalize(x, dim=-1), torch.nn.functional.normalize(phi, dim=0))


@mistake(
    "slot-order",
    "M10",
    does="gives slot number j to expert j mod e, while phi and the weights count the slots expert by expert",
    belief="Slots are dealt to experts round-robin.",
    refuted="Section 2.1: slot i belongs to expert ⌊i/p⌋ (the caption of Figure 2 says otherwise)",
    seen="a reshape to (p, e)",
)
def slot_order_pn(x, phi, experts):
    """Slots regrouped as (p, e)."""
    logits = scores(x, phi)
    b, _, e, p = logits.shape
    slots = torch.einsum("bnep,bnd->bepd", logits.softmax(1), x)
    dealt = slots.flatten(1, 2).unflatten(1, (p, e)).transpose(1, 2)
    answers = answers_of(dealt, experts).transpose(1, 2).reshape(b, e, p, -1)
    return torch.einsum("bnep,bepd->bnd", over_slots(logits), answers)


@mistake(
    "one-expert-for-all",
    "",
    does="runs the first expert on every slot",
    belief="The experts differ by their slots alone.",
    refuted="Section 2.1: each expert processes its own p slots",
    seen="an index that is left out of a loop",
)
def one_expert_for_all(x, phi, experts):
    """experts[0] everywhere."""
    logits = scores(x, phi)
    return apply(x, logits.softmax(1), over_slots(logits), [experts[0]] * len(experts))


@mistake(
    "mixes-normalised-tokens",
    "M34",
    does="divides the tokens by their length and mixes these into the slots",
    belief="The layer normalises the tokens that it mixes.",
    refuted="Algorithm 2 normalises for the logits alone; the slots mix the tokens as they came",
    seen="bwconrad/soft-moe and lucidrains/soft-moe-pytorch",
)
def mixes_normalised_tokens(x, phi, experts):
    """Normalised tokens in the slots."""
    logits = scores(x, phi)
    return apply(torch.nn.functional.normalize(x, dim=-1), logits.softmax(1), over_slots(logits), experts)


@mistake(
    "normalises-tokens-first",
    "M34",
    does="divides the tokens by their length before anything else, for the scores and for the slots",
    belief="A layer begins by normalising its tokens.",
    refuted="Algorithm 1 takes the tokens as they are; Algorithm 2 normalises them for the logits alone, and the slots "
    "mix the tokens as they came",
    seen="x = F.normalize(x) as the first line",
)
def normalises_tokens_first(x, phi, experts):
    """Normalised tokens for everything."""
    x = torch.nn.functional.normalize(x, dim=-1)
    logits = scores(x, phi)
    return apply(x, logits.softmax(1), over_slots(logits), experts)


@mistake(
    "cosine-scores",
    "M34",
    does="divides tokens and slot vectors by their length for the scores, which makes cosines of them",
    belief="A score is the cosine of token and slot vector.",
    refuted="Algorithm 1 takes the scores x · phi as they are; Algorithm 2 takes cosines, times a learned scale",
    seen="Algorithm 2 without its scale",
)
def cosine_scores(x, phi, experts):
    """Cosines for scores, tokens as they came in the slots."""
    logits = cosines(x, phi)
    return apply(x, logits.softmax(1), over_slots(logits), experts)


@mistake(
    "cosine-scores-and-normalised-tokens",
    "M34",
    does="divides tokens and slot vectors by their length for the scores, and mixes the divided tokens into the slots",
    belief="What is normalised once stays normalised.",
    refuted="Algorithm 2 normalises for the logits alone; the slots mix the tokens as they came",
    seen="x = F.normalize(x) and phi = F.normalize(phi, dim=0) as the first lines",
)
def cosine_scores_and_normalised_tokens(x, phi, experts):
    """Cosines for scores, normalised tokens in the slots."""
    logits = cosines(x, phi)
    return apply(torch.nn.functional.normalize(x, dim=-1), logits.softmax(1), over_slots(logits), experts)


@mistake(
    "adds-residual",
    "",
    does="adds the tokens to their answers",
    belief="The residual connection is part of the layer.",
    refuted="Algorithm 1 returns the combined slots; the block adds the residual",
    seen="layers that were cut out of a block",
)
def adds_residual(x, phi, experts):
    """The answer plus x."""
    logits = scores(x, phi)
    return x + apply(x, logits.softmax(1), over_slots(logits), experts)


@mistake(
    "detached-dispatch",
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
    "detached-combine",
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
    "batch-is-one-group",
    "M42",
    does="routes all tokens of the batch as one group",
    belief="(b, n, d) may be flattened to (b n, d), as for an MLP.",
    refuted="Section 2.2: routing is per sequence, so that an example's result is its own",
    seen="flatten before the router",
)
def group_is_whole_batch(x, phi, experts):
    """All examples merged."""
    merged = x.flatten(0, 1)[None]
    logits = scores(merged, phi)
    return apply(merged, logits.softmax(1), over_slots(logits), experts).view_as(x)


@mistake(
    "dense-moe",
    "M06",
    does="runs every expert on every token and averages the answers: a dense mixture, at n x e rows",
    belief="Soft MoE is a dense mixture with softmax gates.",
    refuted="Figure 1 and Algorithm 1: experts see e x p slots, which are mixes of tokens, and no token itself",
    seen="several write-ups",
)
def dense_moe(x, phi, experts):
    """Gates times experts of tokens."""
    gates = over_slots(scores(x, phi)).sum(-1)
    return sum(gates[..., i, None] * f(x) for i, f in enumerate(experts))


@mistake(
    "float32-only",
    "",
    does="turns everything into float32",
    belief="Everything is float32.",
    refuted="a layer keeps the dtype of its input, or bfloat16 and float64 models break",
    seen=".float() on the way",
)
def hardcoded_float32(x, phi, experts):
    """float() at the beginning."""
    x, logits = x.float(), scores(x.float(), phi.float())
    return apply(x, logits.softmax(1), over_slots(logits), experts)


@mistake(
    "in-place",
    "",
    does="writes the normalised tokens into its input",
    belief="x is mine to change.",
    refuted="the block adds x to the answer afterwards: an input belongs to the caller",
    seen="x /= x.norm(...)",
)
def inplace_modifies_input(x, phi, experts):
    """X changed on the way."""
    with torch.no_grad():
        x /= x.norm(dim=-1, keepdim=True).clamp(min=1e-12)
    logits = scores(x, phi)
    return apply(x, logits.softmax(1), over_slots(logits), experts)


MISTAKES = (
    slot_order_pn,
    one_expert_for_all,
    mixes_normalised_tokens,
    normalises_tokens_first,
    cosine_scores,
    cosine_scores_and_normalised_tokens,
    adds_residual,
    detached_dispatch,
    detached_combine,
    group_is_whole_batch,
    dense_moe,
    hardcoded_float32,
    inplace_modifies_input,
)
