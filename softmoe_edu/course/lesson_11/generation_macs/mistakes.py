"""Mistakes in counting what a text costs."""

from softmoe_edu.teaching.exercise import mistake, mistakes_in


def _counts(tokens, dim, hidden, slots, *, once=1, per_token=3, layers=2, pairs=None, ran=None):
    routing, experts = per_token * slots * dim, layers * slots * dim * hidden
    pairs = tokens * (tokens + 1) // 2 if pairs is None else pairs
    ran = tokens if ran is None else ran
    return tokens * routing + once * experts, pairs * routing + ran * experts, tokens * routing + ran * experts


@mistake(
    "M27",
    does="lets the experts run once for the whole text, also where each token has slots of its own",
    belief="A causal mask is free.",
    refuted="the slots of each prefix hold another mixture: the experts compute all slots for every token",
    seen="experts counted once in all three",
)
def experts_once(tokens, dim, hidden, slots):
    """The belief as a count."""
    return _counts(tokens, dim, hidden, slots, ran=1)


@mistake(
    "M06",
    does="lets the experts run on tokens times slots rows at once",
    belief="Every expert computes every token.",
    refuted="at once, experts compute the slots and nothing else",
    seen="tokens * slots * 2 * dim * hidden",
)
def dense_at_once(tokens, dim, hidden, slots):
    """A dense mixture."""
    return _counts(tokens, dim, hidden, slots, once=tokens)


@mistake(
    does="counts n · n tokens for all prefixes",
    belief="Each of n calls routes n tokens.",
    refuted="the prefixes have 1, 2, ..., n tokens: n (n + 1) / 2 in all",
    seen="tokens ** 2",
)
def square_of_tokens(tokens, dim, hidden, slots):
    """N squared."""
    return _counts(tokens, dim, hidden, slots, pairs=tokens**2)


@mistake(
    does="counts n (n - 1) / 2 tokens for all prefixes",
    belief="The sum of 1 to n is n (n - 1) / 2.",
    refuted="the last prefix is the whole text: 1 + ... + n = n (n + 1) / 2",
    seen="range(tokens)",
)
def one_prefix_short(tokens, dim, hidden, slots):
    """From 0 to n - 1."""
    return _counts(tokens, dim, hidden, slots, pairs=tokens * (tokens - 1) // 2)


@mistake(
    does="leaves the scores out of routing",
    belief="Routing is dispatch and combine.",
    refuted="each token is multiplied with all slots' vectors first: three products in all",
    seen="2 * slots * dim",
)
def without_scores(tokens, dim, hidden, slots):
    """Two products."""
    return _counts(tokens, dim, hidden, slots, per_token=2)


@mistake(
    does="counts one of an expert's two layers",
    belief="An expert is one product.",
    refuted="an expert goes from dim to hidden and back: 2 · dim · hidden for a row",
    seen="slots * dim * hidden",
)
def one_layer(tokens, dim, hidden, slots):
    """Half an expert."""
    return _counts(tokens, dim, hidden, slots, layers=1)


@mistake(
    does="counts two for each multiplication and addition",
    belief="MACs and FLOPs are the same.",
    refuted="one MAC is a multiplication and an addition; FLOPs count both",
    seen="a factor of 2",
)
def flops(tokens, dim, hidden, slots):
    """Twice as many."""
    return _counts(tokens, dim, hidden, slots, per_token=6, layers=4)


@mistake(
    does="routes all prefixes anew where sums are kept",
    belief="Every token needs the whole prefix again.",
    refuted="a slot's sum of tokens and sum of weights can be kept: one token is added, and nothing else",
    seen="running as every_prefix",
)
def nothing_kept(tokens, dim, hidden, slots):
    """The same twice."""
    at_once, every_prefix, _ = _counts(tokens, dim, hidden, slots)
    return at_once, every_prefix, every_prefix


MISTAKES = mistakes_in(globals())
