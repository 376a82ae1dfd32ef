"""Mistakes in the importance loss."""

import torch

from softmoe_edu.teaching.exercise import mistake, mistakes_in

SHAZEER = "Shazeer et al. (2017), Eq. 7: the squared coefficient of variation of the experts' summed gates"


@mistake(
    does="divides the variance by e - 1",
    belief="var() is the variance.",
    refuted="by default, torch's var divides by e - 1, as for a sample; the official code divides by e: correction=0",
    seen="importance.var() with its default",
)
def sample_variance(probs):
    """correction=1."""
    total = probs.sum(1)
    return (total.var(-1) / total.mean(-1).square()).mean()


@mistake(
    does="does not square the coefficient of variation",
    belief="The loss is the coefficient of variation.",
    refuted=SHAZEER + "; its root has an infinite slope at balance",
    seen="std / mean",
)
def not_squared(probs):
    """Std / mean."""
    total = probs.sum(1)
    return (total.std(-1, correction=0) / total.mean(-1)).mean()


@mistake(
    does="takes a root and squares it again: right numbers, but a gradient of NaN at exact balance",
    belief="The square of a root is the number itself.",
    refuted="the slope of a root at 0 is infinite, and autograd multiplies it by 0: NaN. Take the variance itself",
    seen="the official code, (std / mean) ** 2 in JAX; PyTorch's own std avoids it, a sqrt of one's own does not",
)
def root_and_square(probs):
    """(√var / mean)²."""
    total = probs.sum(1)
    return (total.var(-1, correction=0).sqrt() / total.mean(-1)).square().mean()


@mistake(
    does="returns the variance alone",
    belief="Variance measures imbalance.",
    refuted="twice as many tokens would make it four times as large: divide by the squared mean",
    seen="importance.var()",
)
def variance_alone(probs):
    """No division."""
    return probs.sum(1).var(-1, correction=0).mean()


@mistake(
    does="divides by the mean instead of its square",
    belief="Relative means divided by the mean.",
    refuted="a variance is in squared units: it is divided by a squared mean",
    seen="var / mean",
)
def divided_once(probs):
    """Var / mean."""
    total = probs.sum(1)
    return (total.var(-1, correction=0) / total.mean(-1)).mean()


@mistake(
    does="takes the variance of each token's gates: it asks every token to be undecided",
    belief="Even gates are balance.",
    refuted="tokens may well prefer one expert each, as long as they do not all prefer the same: first add over tokens",
    seen="probs.var(-1).mean()",
)
def of_each_token(probs):
    """No sum over tokens."""
    return (probs.var(-1, correction=0) / probs.mean(-1).square()).mean()


@mistake(
    does="takes the variance over tokens instead of over experts",
    belief="Axis 1 is the axis of experts.",
    refuted="the axes are groups, tokens, experts; a token's gates sum to 1, so that there is nothing to compare",
    seen="a sum over the wrong axis",
)
def over_tokens(probs):
    """Sum over experts: 1 for every token."""
    total = probs.sum(2)
    return (total.var(-1, correction=0) / total.mean(-1).square()).mean()


@mistake(
    "M42",
    does="adds up importances over the whole batch",
    belief="The batch is what is balanced.",
    refuted="two groups that prefer different experts are even together, and each is uneven by itself",
    seen="probs.sum((0, 1))",
)
def whole_batch(probs):
    """One group."""
    total = probs.sum((0, 1))
    return total.var(correction=0) / total.mean().square()


@mistake(
    "M20",
    does="counts tokens by their best expert instead of adding gates: there is no gradient",
    belief="Importance is load.",
    refuted="a count has no slope: the router would never hear of the loss",
    seen="argmax and bincount",
)
def of_the_counts(probs):
    """Load in place of importance."""
    counts = torch.nn.functional.one_hot(probs.argmax(-1), probs.shape[-1]).sum(1).to(probs.dtype)
    return (counts.var(-1, correction=0) / counts.mean(-1).square()).mean()


@mistake(
    does="adds the losses of all groups instead of taking their mean",
    belief="Losses add up.",
    refuted="the loss would grow with the number of groups in a batch",
    seen=".sum() at the end",
)
def sum_over_groups(probs):
    """B times the loss."""
    total = probs.sum(1)
    return (total.var(-1, correction=0) / total.mean(-1).square()).sum()


MISTAKES = mistakes_in(globals())
