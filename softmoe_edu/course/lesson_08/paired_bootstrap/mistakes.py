"""Mistakes in the interval of a mean difference."""

from softmoe_edu.teaching.exercise import mistake, mistakes_in


def _ends(means, low=0.025, high=0.975):
    return means.quantile(low).item(), means.quantile(high).item()


@mistake(
    does="breaks the pairs: resamples a and b apart",
    belief="Two models are two samples.",
    refuted="a[i] and b[i] share a seed, and its luck cancels in the difference; resampled apart it stays in",
    seen="a bootstrap of two independent groups",
)
def pairs_broken(a, b, draws):
    """Other rows for b."""
    return (a - b).mean().item(), *_ends(a[draws].mean(1) - b[draws.roll(1, 0)].mean(1))


@mistake(
    does="subtracts the ends of two intervals, one for each model",
    belief="The interval of a difference is the difference of the intervals.",
    refuted="the ends of a and of b are from different resamples: what varies together cancels only inside a pair",
    seen="two intervals in a table, compared by eye",
)
def ends_subtracted(a, b, draws):
    """low(a) - low(b)."""
    mine, other = _ends(a[draws].mean(1)), _ends(b[draws].mean(1))
    return (a - b).mean().item(), mine[0] - other[0], mine[1] - other[1]


@mistake(
    does="takes the worst case of two intervals: low of a less high of b",
    belief="Two models differ if their intervals do not overlap.",
    refuted="that is far too wide: pairs that differ by 2 in every seed would not count as different",
    seen="“the error bars overlap”",
)
def intervals_apart(a, b, draws):
    """low(a) - high(b)."""
    mine, other = _ends(a[draws].mean(1)), _ends(b[draws].mean(1))
    return (a - b).mean().item(), mine[0] - other[1], mine[1] - other[0]


@mistake(
    does="subtracts the other way round",
    belief="b - a is the difference.",
    refuted="the task asks for a - b: above 0 where a is better",
    seen="new - old, with the arguments exchanged",
)
def other_way_round(a, b, draws):
    """Take a from b."""
    return (b - a).mean().item(), *_ends((b - a)[draws].mean(1))


@mistake(
    does="takes quantiles of the single differences, not of their means",
    belief="An interval holds 95 % of the runs.",
    refuted="the question is where the *mean* lies; means of s seeds scatter less than single seeds",
    seen="quantile over the flattened resamples",
)
def of_single_seeds(a, b, draws):
    """No mean over a resample."""
    return (a - b).mean().item(), *_ends((a - b)[draws].flatten())


@mistake(
    does="averages over the resamples in place of the pairs of one",
    belief="mean() over either axis gives resampled means.",
    refuted="a resample is a row of draws: its mean runs along the row; columns give s numbers near the mean",
    seen="mean(0)",
)
def wrong_axis(a, b, draws):
    """mean(0)."""
    return (a - b).mean().item(), *_ends((a - b)[draws].mean(0))


@mistake(
    does="cuts 5 % off each end, an interval at 90 %",
    belief="95 % lies between the quantiles 0.05 and 0.95.",
    refuted="that leaves out 5 % twice: an interval at 95 % leaves out 2.5 % at each end",
    seen="quantile(0.05), quantile(0.95)",
)
def five_at_each_end(a, b, draws):
    """0.05 and 0.95."""
    return (a - b).mean().item(), *_ends((a - b)[draws].mean(1), 0.05, 0.95)


@mistake(
    does="returns the smallest and the largest resampled mean",
    belief="The interval is where the means went.",
    refuted="the range grows with the number of resamples; quantiles settle",
    seen="means.min(), means.max()",
)
def the_range(a, b, draws):
    """min, max."""
    means = (a - b)[draws].mean(1)
    return (a - b).mean().item(), means.min().item(), means.max().item()


@mistake(
    does="takes two standard deviations of the resampled means around the mean",
    belief="95 % are two standard deviations.",
    refuted="only for a normal curve; quantiles need no such shape, and the task asks for them",
    seen="mean ± 1.96 · std",
)
def normal_curve(a, b, draws):
    """Two standard deviations."""
    mean, std = (a - b).mean(), (a - b)[draws].mean(1).std()
    return mean.item(), (mean - 1.96 * std).item(), (mean + 1.96 * std).item()


@mistake(
    does="returns the mean of the resampled means, in place of the mean of the differences",
    belief="The bootstrap estimates the mean.",
    refuted="the mean is known: it is that of the pairs that were run; resamples say how far it might be off",
    seen="means.mean()",
)
def mean_of_resamples(a, b, draws):
    """means.mean()."""
    means = (a - b)[draws].mean(1)
    return means.mean().item(), *_ends(means)


@mistake(
    does="returns the median of the differences in place of the mean",
    belief="The middle is the middle.",
    refuted="the task asks for the mean and its interval; the median is another question",
    seen="torch.median",
)
def median_in_the_middle(a, b, draws):
    """The middle difference."""
    return (a - b).median().item(), *_ends((a - b)[draws].mean(1))


@mistake(
    does="sorts both results first, and so makes pairs of its own",
    belief="Sorted results are easier to compare.",
    refuted="a pair is a seed: sorted, the luckiest run of a stands beside the luckiest of b",
    seen="sorted(a), sorted(b)",
)
def sorted_first(a, b, draws):
    """sort() of both."""
    apart = a.sort().values - b.sort().values
    return apart.mean().item(), *_ends(apart[draws].mean(1))


@mistake(
    does="gives the ends relative to the mean",
    belief="An interval is ± something.",
    refuted="low and high are values of the difference itself: with 5 more for every a, both are 5 higher",
    seen="mean ± ... in tables",
)
def relative_to_the_mean(a, b, draws):
    """Subtract the mean."""
    means, mean = (a - b)[draws].mean(1), (a - b).mean().item()
    low, high = _ends(means)
    return mean, low - mean, high - mean


MISTAKES = mistakes_in(globals())
