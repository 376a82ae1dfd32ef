"""Mistakes in the z-loss."""

import torch

from softmoe_edu.teaching.exercise import mistake, mistakes_in

ST_MOE = "ST-MoE, Eq. 5: the mean over tokens of (log Σ exp(score))²"


@mistake(
    "M39",
    does="adds up log(1 + exp(score))² over experts",
    belief="log Σ exp is a sum of softplus.",
    refuted=ST_MOE + "; there is one logarithm per token, around the sum over experts",
    seen="softplus, log(1 + e^x), mistaken for logsumexp",
)
def softplus_squared(logits):
    """Σ log²(1 + e^x)."""
    return torch.nn.functional.softplus(logits).square().sum(-1).mean()


@mistake(
    "M39",
    does="takes the log-sum-exp of the gates instead of the scores",
    belief="A router's losses are taken of its probabilities.",
    refuted="adding 5 to all scores changes no gate, but it is what the loss is meant to prevent",
    seen="a function that is given gates",
)
def of_the_gates(logits):
    """Softmax first."""
    return logits.softmax(-1).logsumexp(-1).square().mean()


@mistake(
    does="takes the mean of the squared scores",
    belief="Keeping scores small is a squared norm.",
    refuted=ST_MOE + "; one very negative score costs nothing, because it changes nothing in the softmax",
    seen="weight decay on activations",
)
def scores_squared(logits):
    """Mean of x²."""
    return logits.square().mean()


@mistake(
    does="does not square: a loss that grows without end as scores fall",
    belief="The log-sum-exp is the loss.",
    refuted=ST_MOE + "; without the square, gradient descent sends the scores to minus infinity",
    seen="a forgotten ** 2",
)
def not_squared(logits):
    """Mean of lse."""
    return logits.logsumexp(-1).mean()


@mistake(
    does="squares the mean instead of averaging the squares",
    belief="The order of mean and square does not matter.",
    refuted="tokens at 3 and -3 have a mean of 0, and a mean square of 9",
    seen="parentheses",
)
def mean_first(logits):
    """(Mean of lse)²."""
    return logits.logsumexp(-1).mean().square()


@mistake(
    does="adds up over tokens instead of taking their mean",
    belief="A loss is a sum.",
    refuted="its weight would mean something else for every batch size",
    seen=".sum()",
)
def sum_over_tokens(logits):
    """A sum."""
    return logits.logsumexp(-1).square().sum()


@mistake(
    does="sums over tokens inside the logarithm, instead of over experts",
    belief="Axis 1 is the axis of experts.",
    refuted="the axes are groups, tokens, experts: a softmax of gates runs over the last one",
    seen="dim=1 from code without a batch",
)
def over_tokens(logits):
    """Lse over dim 1."""
    return logits.logsumexp(1).square().mean()


@mistake(
    does="squares the largest score of each token",
    belief="The log-sum-exp is the maximum.",
    refuted="it is a little more: log 2 more if two scores are equal",
    seen="an approximation taken for the definition",
)
def largest_score(logits):
    """max²."""
    return logits.amax(-1).square().mean()


@mistake(
    does="subtracts the largest score for safety and does not add it again",
    belief="Subtracting the maximum changes nothing.",
    refuted="in a softmax it cancels; in a log-sum-exp it has to be added again, or the loss cannot see large scores",
    seen="a stable softmax copied into the loss",
)
def maximum_not_added(logits):
    """lse(x - max)."""
    return (logits - logits.amax(-1, keepdim=True)).logsumexp(-1).square().mean()


@mistake(
    does="uses log2, or divides by log 2: bits in place of nats",
    belief="A logarithm is a logarithm.",
    refuted="the logarithm that undoes exp is the natural one",
    seen="entropy in bits",
)
def in_bits(logits):
    """log2."""
    return (logits.logsumexp(-1) / torch.log(torch.tensor(2.0, dtype=logits.dtype))).square().mean()


@mistake(
    does="overflows: exp of a large score is inf, and so is the loss",
    belief="log and exp cancel.",
    refuted="the number exp(1000) is inf before log sees it; torch.logsumexp subtracts the maximum first",
    seen="logits.exp().sum(-1).log()",
)
def overflowing(logits):
    """log(exp.sum)."""
    return logits.exp().sum(-1).log().square().mean()


MISTAKES = mistakes_in(globals())
