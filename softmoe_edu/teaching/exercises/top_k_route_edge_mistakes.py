"""Mistakes in choosing k experts that show only in large, far apart or equal scores."""

import torch

from softmoe_edu.teaching.exercise import mistake


@mistake(
    "unstable",
    "",
    does="takes exp of the scores as they are, which overflows",
    belief="softmax(z) is exp(z) / sum(exp(z)), also on a computer.",
    refuted="in float64 exp(710) is infinite, in float32 exp(89); subtract a token's largest score first",
    seen="softmax written by hand",
)
def unstable(logits, k):
    """Exp without the maximum."""
    powers = logits.exp()
    return (powers / powers.sum(-1, keepdim=True)).topk(k)


@mistake(
    "one-maximum",
    "",
    does="subtracts one largest score for all tokens, so that a token with far lower ones has only exp(...) = 0 left, "
    "and divides 0 by 0",
    belief="Subtracting a maximum makes every softmax safe.",
    refuted="in float64 exp(-746) is 0, in float32 exp(-104): each token subtracts the largest of its own scores",
    seen="logits.max() without an axis",
)
def one_maximum(logits, k):
    """The maximum of the whole tensor."""
    powers = (logits - logits.max()).exp()
    return (powers / powers.sum(-1, keepdim=True)).topk(k)


@mistake(
    "minus-the-mean",
    "",
    does="subtracts the mean of a token's scores before exp, which does not keep one high score from overflowing",
    belief="Subtracting anything of about the right size makes a softmax safe.",
    refuted="only with the largest score subtracted is every exp at most 1; with [1000, 0, -5, 3] the mean leaves 750",
    seen="standardised scores",
)
def minus_the_mean(logits, k):
    """The mean for the maximum."""
    powers = (logits - logits.mean(-1, keepdim=True)).exp()
    return (powers / powers.sum(-1, keepdim=True)).topk(k)


@mistake(
    "same-expert-again",
    "",
    does="sets the gate of the expert just chosen to 0 and looks for the largest again: where the others' gates are 0 "
    "too, it finds the same expert",
    belief="A gate of 0 is out of the race.",
    refuted="in floating point the gates of others can be 0 as well; mark what is chosen by minus infinity",
    seen="argmax in a loop",
)
def same_expert_again(logits, k):
    """0 as a mark."""
    gates, found = logits.softmax(-1), []
    left = gates.detach().clone()
    for _ in range(k):
        found.append(left.argmax(-1, keepdim=True))
        left = left.scatter(-1, found[-1], 0.0)
    indices = torch.cat(found, -1)
    return gates.gather(-1, indices), indices


MISTAKES = (
    unstable,
    one_maximum,
    minus_the_mean,
    same_expert_again,
)
