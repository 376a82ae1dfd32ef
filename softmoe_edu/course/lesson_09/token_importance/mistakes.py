"""Mistakes in the importance of tokens: each counts something, runs, and is not what Appendix G counts."""

from softmoe_edu.teaching.exercise import mistake, mistakes_in

SUMMED = "Appendix G: a token's dispatch weights are summed over all slots of all experts"
SCALED = "with fewer slots than tokens the sums are below 1 on average; times n / (e p), 1 is the mean"


def shares(importance):
    """Return the shares of tokens over 2 and at 0.25 or less."""
    return (importance > 2).float().mean().item(), (importance <= 0.25).float().mean().item()


def scaled(dispatch):
    """Return the importance as it should be."""
    _, n, e, p = dispatch.shape
    return dispatch.sum((2, 3)) * n / (e * p)


@mistake(
    does="leaves the sums as they are, so that their mean is e p / n",
    belief="The sum over slots has mean 1.",
    refuted=SCALED,
    seen="thresholds of the paper taken over for other numbers of slots",
)
def not_scaled(dispatch):
    """The plain sum."""
    importance = dispatch.sum((2, 3))
    return importance, *shares(importance)


@mistake(
    does="takes the mean over slots and does not multiply by the tokens",
    belief="An average needs no scale.",
    refuted=SCALED,
    seen="mean in place of sum",
)
def plain_mean(dispatch):
    """Mean over slots."""
    importance = dispatch.mean((2, 3))
    return importance, *shares(importance)


@mistake(
    does="divides the sums by the number of experts only: the mean is 1 with one slot each, and not otherwise",
    belief="An expert is a slot.",
    refuted=SCALED,
    seen="n / e in place of n / (e p)",
)
def scaled_by_experts(dispatch):
    """Times n / e."""
    importance = dispatch.sum((2, 3)) * dispatch.shape[1] / dispatch.shape[2]
    return importance, *shares(importance)


@mistake(
    does="takes a token's largest weight instead of the sum over slots",
    belief="A token counts where it counts most.",
    refuted=SUMMED,
    seen="the figure of a slot's leading tokens",
)
def largest_weight(dispatch):
    """Maximum over slots."""
    _, n, _, _ = dispatch.shape
    importance = dispatch.amax((2, 3)) * n
    return importance, *shares(importance)


@mistake(
    does="divides by the largest importance of the example, so that 1 is the leading token",
    belief="Importance is relative to the most important token.",
    refuted="the limits 2 and 0.25 are multiples of the mean, which is 1",
    seen="scaling for a heat map",
)
def over_the_largest(dispatch):
    """Over the maximum."""
    importance = scaled(dispatch)
    importance = importance / importance.amax(1, keepdim=True)
    return importance, *shares(importance)


@mistake(
    does="makes a token's shares sum to 1 over the tokens of an example",
    belief="Importance is a share of the whole.",
    refuted="shares have mean 1/n; the limits 2 and 0.25 are multiples of the mean, which is 1",
    seen="division by the sum",
)
def as_shares(dispatch):
    """Over the sum."""
    given = dispatch.sum((2, 3))
    importance = given / given.sum(1, keepdim=True)
    return importance, *shares(importance)


@mistake(
    does="counts 2 itself as over 2",
    belief="Over 2 and from 2 on are the same.",
    refuted="Appendix G counts tokens whose weights add up to more than 2",
    seen=">= in place of >",
)
def from_two_on(dispatch):
    """Not strict."""
    importance = scaled(dispatch)
    return importance, (importance >= 2).float().mean().item(), shares(importance)[1]


@mistake(
    does="leaves out tokens with exactly 0.25",
    belief="At most 0.25 is below 0.25.",
    refuted="Appendix G counts tokens with 0.25 or less",
    seen="< in place of <=",
)
def below_a_quarter(dispatch):
    """Strict."""
    importance = scaled(dispatch)
    return importance, shares(importance)[0], (importance < 0.25).float().mean().item()


@mistake(
    does="returns how many tokens there are, instead of their share",
    belief="A count is a share.",
    refuted="a share is a count over all tokens of all examples",
    seen="sum in place of mean",
)
def counts(dispatch):
    """Numbers of tokens."""
    importance = scaled(dispatch)
    return importance, float((importance > 2).sum()), float((importance <= 0.25).sum())


@mistake(
    does="returns percent instead of shares",
    belief="A share is given in percent.",
    refuted="the task asks for shares from 0 to 1",
    seen="100 * mean",
)
def in_percent(dispatch):
    """Times 100."""
    importance = scaled(dispatch)
    return importance, *(100 * share for share in shares(importance))


@mistake(
    does="returns the two shares in the other order",
    belief="Small before large.",
    refuted="the result is (importance, much, little)",
    seen="results in the order of their size",
)
def shares_swapped(dispatch):
    """Little, much."""
    importance = scaled(dispatch)
    return importance, *shares(importance)[::-1]


@mistake(
    "M30",
    does="divides each token's weights by their sum first, so that every token counts alike",
    belief="Nothing is dropped, so every token counts 1.",
    refuted="Appendix G: what a token gives to all slots together is free, from nearly 0 to several slots",
    seen="dispatch mistaken for combine",
)
def all_alike(dispatch):
    """Importance 1 for everybody."""
    given = dispatch / dispatch.sum((2, 3), keepdim=True)
    importance = given.sum((2, 3))
    return importance, *shares(importance)


@mistake(
    does="sums over the tokens of each slot, which is always 1",
    belief="The first axis after the batch is summed.",
    refuted=SUMMED,
    seen="sum(1)",
)
def over_tokens(dispatch):
    """Loads of slots."""
    importance = dispatch.sum(1).flatten(1)
    return importance, *shares(importance)


@mistake(
    does="averages the importance over the examples of the batch, so that all examples get the same",
    belief="Importance belongs to a position.",
    refuted="each example is routed alone, and has importances of its own: (b, n)",
    seen="a mean over the batch, kept as an axis",
)
def mean_of_the_batch(dispatch):
    """One row, repeated."""
    importance = scaled(dispatch)
    return importance.mean(0, keepdim=True).expand_as(importance), *shares(importance)


@mistake(
    does="returns the importance in float32, whatever the dtype of the weights",
    belief="Everything is float32.",
    refuted="a measurement keeps the dtype of what it measures",
    seen=".float()",
    form=True,
)
def in_float32(dispatch):
    """The right numbers in float32."""
    importance = scaled(dispatch)
    return importance.float(), *shares(importance)


MISTAKES = mistakes_in(globals())
