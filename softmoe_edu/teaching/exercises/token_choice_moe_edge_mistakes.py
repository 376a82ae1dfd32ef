"""Mistakes in the sparse layer that show only in large, far apart or equal scores."""

import torch

from softmoe_edu.teaching.exercise import mistake
from softmoe_edu.teaching.exercises.token_choice_moe_mistakes import usual


@mistake(
    "unstable",
    "",
    does="takes exp of the scores as they are, which overflows",
    belief="softmax(z) is exp(z) / sum(exp(z)), also on a computer.",
    refuted="in float64 exp(710) is infinite, in float32 exp(89); subtract a token's largest score first",
    seen="softmax written by hand",
)
def unstable(x, w_router, experts, k):
    """Exp without the maximum."""
    powers = (x @ w_router).exp()
    return usual(x, *(powers / powers.sum(-1, keepdim=True)).topk(k), experts)


@mistake(
    "one-maximum",
    "",
    does="subtracts one largest score for all tokens, so that a token with far lower ones has only exp(...) = 0 left, "
    "and divides 0 by 0",
    belief="Subtracting a maximum makes every softmax safe.",
    refuted="in float64 exp(-746) is 0, in float32 exp(-104): each token subtracts the largest of its own scores",
    seen="logits.max() without an axis",
)
def one_maximum(x, w_router, experts, k):
    """The maximum of the whole tensor."""
    logits = x @ w_router
    powers = (logits - logits.max()).exp()
    return usual(x, *(powers / powers.sum(-1, keepdim=True)).topk(k), experts)


@mistake(
    "same-expert-again",
    "",
    does="sets the gate of the expert just chosen to 0 and looks for the largest again: where the others' gates are 0 "
    "too, it finds the same expert and adds its answer twice",
    belief="A gate of 0 is out of the race.",
    refuted="in floating point the gates of others can be 0 as well; mark what is chosen by minus infinity",
    seen="argmax in a loop",
)
def same_expert_again(x, w_router, experts, k):
    """0 as a mark."""
    gates, found = (x @ w_router).softmax(-1), []
    left = gates.detach().clone()
    for _ in range(k):
        found.append(left.argmax(-1, keepdim=True))
        left = left.scatter(-1, found[-1], 0.0)
    choice = torch.cat(found, -1)
    return usual(x, gates.gather(-1, choice), choice, experts)


@mistake(
    "all-above-the-kth",
    "",
    does="runs every expert whose gate is at least the k-th largest, which are more than k where gates are equal",
    belief="gates >= the k-th largest gate picks k experts.",
    refuted="a token of zeros scores the same everywhere, and all its gates are the k-th largest; topk's indices are "
    "always k",
    seen="a threshold from topk(k).values[..., -1]",
)
def all_above_the_kth(x, w_router, experts, k):
    """A threshold in place of indices."""
    gates = (x @ w_router).softmax(-1)
    kept = gates >= gates.topk(k).values[..., -1:]
    choice = torch.arange(len(experts), device=x.device).where(kept, -1)
    return usual(x, gates, choice, experts)


@mistake(
    "zeros-are-padding",
    "",
    does="leaves tokens out that are zero",
    belief="A row of zeros is padding.",
    refuted="an expert with a bias answers a token of zeros too; which tokens are padding is not to be guessed from "
    "their numbers",
    seen="(x != 0).any(-1) as a mask",
)
def zeros_are_padding(x, w_router, experts, k):
    """A guessed mask."""
    gates, choice = (x @ w_router).softmax(-1).topk(k)
    return usual(x, gates, choice.where((x != 0).any(-1, keepdim=True), -1), experts)


MISTAKES = (
    unstable,
    one_maximum,
    same_expert_again,
    all_above_the_kth,
    zeros_are_padding,
)
