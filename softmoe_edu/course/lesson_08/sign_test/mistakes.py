"""Mistakes in the sign test."""

import math

from softmoe_edu.teaching.exercise import mistake, mistakes_in


def _signs(differences):
    return int((differences > 0).sum()), int((differences < 0).sum())


def _tail(n, k):
    return sum(math.comb(n, i) for i in range(k, n + 1)) / 2**n


@mistake(
    does="counts one direction only",
    belief="I expected my model to win, so only wins count.",
    refuted="before the runs nobody knew which would win; had it lost every time, that would have been reported too",
    seen="alternative='greater' chosen after the results",
)
def one_sided(differences):
    """The tail of the larger side."""
    up, down = _signs(differences)
    return _tail(up + down, max(up, down))


@mistake(
    does="counts how likely as many wins or more are, in the direction that was hoped for",
    belief="The first model is the better one.",
    refuted="a model that loses every time gets p = 1 and passes for “no difference”: count both directions",
    seen="a one-sided test of a - b > 0",
)
def wins_only(differences):
    """P(wins >= up)."""
    up, down = _signs(differences)
    return _tail(up + down, up)


@mistake(
    does="doubles the tail of the wins, and so calls every loss chance",
    belief="Two-sided is twice one-sided.",
    refuted="twice the tail of the more frequent sign: for a model that loses, that is the tail of the losses",
    seen="min(1, 2 * P(wins or more))",
)
def doubled_wins(differences):
    """2 P(wins >= up), at most 1."""
    up, down = _signs(differences)
    return min(1.0, 2 * _tail(up + down, up))


@mistake(
    does="takes the chance of exactly these signs, without the more extreme ones",
    belief="How likely is what I saw?",
    refuted="every single outcome of many seeds is unlikely; p counts this one and all that are more one-sided",
    seen="binom.pmf in place of its tail",
)
def exactly_these(differences):
    """2 P(wins = up)."""
    up, down = _signs(differences)
    return min(1.0, 2 * math.comb(up + down, up) / 2 ** (up + down))


@mistake(
    does="counts only what is more extreme than what was seen",
    belief="At least as extreme means beyond it.",
    refuted="what was seen counts too: with 5 of 5 nothing is beyond, and p would be 0",
    seen="1 - cdf(k) in place of 1 - cdf(k - 1)",
)
def without_itself(differences):
    """2 P(wins > most)."""
    up, down = _signs(differences)
    return min(1.0, 2 * _tail(up + down, max(up, down) + 1)) if up + down else 1.0


@mistake(
    does="returns more than 1 where as many go up as down",
    belief="Two-sided is twice one-sided.",
    refuted="both tails hold the middle, which is then counted twice: no probability is above 1",
    seen="2 * tail without min",
)
def above_one(differences):
    """2 * tail."""
    up, down = _signs(differences)
    return 2 * _tail(up + down, max(up, down))


@mistake(
    does="counts a difference of 0 as a seed that speaks for nobody",
    belief="Every seed is one of the pairs.",
    refuted="a coin has two sides: a 0 is neither, and the exact test leaves it out",
    seen="n = len(differences)",
)
def zeros_as_pairs(differences):
    """Zeros among the pairs."""
    up, down = _signs(differences)
    return min(1.0, 2 * _tail(len(differences), max(up, down)))


@mistake(
    does="counts a difference of 0 as a loss",
    belief="Not better is worse.",
    refuted="a 0 is neither a win nor a loss, and is left out",
    seen="(differences > 0).sum() of len(differences)",
)
def zeros_as_losses(differences):
    """Whatever is not above 0."""
    up = int((differences > 0).sum())
    down = len(differences) - up
    return min(1.0, 2 * _tail(up + down, max(up, down)))


@mistake(
    does="counts a difference of 0 as a win",
    belief="Not worse is at least as good.",
    refuted="a 0 is neither a win nor a loss, and is left out",
    seen="(differences >= 0).sum()",
)
def zeros_as_wins(differences):
    """>= 0."""
    down = int((differences < 0).sum())
    up = len(differences) - down
    return min(1.0, 2 * _tail(up + down, max(up, down)))


@mistake(
    does="uses the normal curve in place of the coins",
    belief="For several seeds the normal curve is good enough.",
    refuted="with 5 or 12 seeds it is not: 5 of 5 would give 0.025 in place of 2/32, on the other side of 0.05",
    seen="z = (wins - n/2) / (√n / 2)",
)
def normal_curve(differences):
    """The normal curve's tails."""
    up, down = _signs(differences)
    n = up + down
    return math.erfc(abs(up - n / 2) / (math.sqrt(n) / 2) / math.sqrt(2)) if n else 1.0


@mistake(
    does="returns the share of the more frequent sign",
    belief="80 % of the seeds agree, so I am 80 % sure.",
    refuted="4 of 5 and 80 of 100 are the same share and not the same evidence",
    seen="“wins on 80 % of the seeds”",
)
def share_of_wins(differences):
    """A share."""
    up, down = _signs(differences)
    return max(up, down) / (up + down) if up + down else 1.0


@mistake(
    does="returns 1 minus the p-value",
    belief="p is how sure I may be.",
    refuted="p is how easily chance does this: small means hard to explain by chance",
    seen="confidence = 1 - p",
)
def turned_round(differences):
    """1 - p."""
    up, down = _signs(differences)
    return 1 - min(1.0, 2 * _tail(up + down, max(up, down)))


@mistake(
    does="tests the sizes (a t-test), not the signs",
    belief="A test of paired differences is the t-test.",
    refuted="the t-test takes the differences to be normal; one seed that fails altogether moves it, and no sign",
    seen="stats.ttest_rel",
)
def t_test(differences):
    """ttest_1samp."""
    from scipy import stats

    values = differences.detach().cpu().double().numpy()
    if len(values) < 2 or values.std() == 0:
        return 1.0
    return float(stats.ttest_1samp(values, 0.0).pvalue)


@mistake(
    does="weighs the signs by rank (Wilcoxon's test)",
    belief="Larger differences should count for more.",
    refuted="that is another test, which takes the differences to be symmetric; the sign test needs no such thing",
    seen="stats.wilcoxon",
)
def wilcoxon(differences):
    """stats.wilcoxon."""
    from scipy import stats

    values = differences.detach().cpu().double().numpy()
    values = values[values != 0]
    return float(stats.wilcoxon(values).pvalue) if len(values) else 1.0


MISTAKES = mistakes_in(globals())
