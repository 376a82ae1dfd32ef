"""Mistakes in counting experts per token: each returns other counts, or fails on inputs that are allowed."""

import torch

from softmoe_edu.teaching.exercise import mistake, mistakes_in


def _taken(token_idx, tokens):
    """Return how many slots hold each token, (b, tokens)."""
    return torch.nn.functional.one_hot(token_idx.flatten(1) + 1, tokens + 1).sum(1)[:, 1:]


def _counts(taken, e):
    return taken.flatten().bincount(minlength=e + 1)


@mistake(
    "M24",
    does="counts the tokens of each expert, not the experts of each token",
    belief="Balance is what a histogram of routing shows.",
    refuted="in experts choice every expert has as many tokens as slots; what varies is how many experts a token has",
    seen="a histogram over the axis of experts",
)
def tokens_of_experts(token_idx, tokens):
    """The load of the experts."""
    load = (token_idx >= 0).sum((0, 2))
    return torch.cat([load, load[:1] * 0])


@mistake(
    does="returns for each token how many experts it has, and not how many tokens have that many",
    belief="The first count is the histogram.",
    refuted="entry j of the result is a number of tokens: count the counts once more",
    seen="bincount called once",
)
def counts_of_tokens(token_idx, tokens):
    """One count of two."""
    return _taken(token_idx, tokens).sum(0)


@mistake(
    "M25",
    does="leaves out the tokens that no expert took: entry 0 is 0",
    belief="Every token is in some slot.",
    refuted="full experts are not full coverage: a token in no slot is a token too, counted under 0",
    seen="unique(return_counts=True) on the slots, which never sees a token that is in none",
)
def no_token_without(token_idx, tokens):
    """Tokens that occur."""
    counts = _counts(_taken(token_idx, tokens), token_idx.shape[1])
    return torch.cat([0 * counts[:1], counts[1:]])


@mistake(
    "M25",
    does="begins with the tokens that one expert took",
    belief="Every token is in some slot.",
    refuted="entry 0 is for tokens that no expert took: there are e + 1 possible counts, from 0 to e",
    seen="a result of length e",
)
def without_zero(token_idx, tokens):
    """E entries."""
    return _counts(_taken(token_idx, tokens), token_idx.shape[1])[1:]


@mistake(
    does="ends before the tokens that all e experts took",
    belief="With e experts there are e counts.",
    refuted="a token may have 0 to e experts: these are e + 1 possible counts",
    seen="range(e)",
)
def without_all(token_idx, tokens):
    """E entries, from 0 on."""
    return _counts(_taken(token_idx, tokens), token_idx.shape[1])[:-1]


@mistake(
    "M25",
    does="counts empty slots under 0, and not the tokens without an expert",
    belief="An empty slot means a token that was not served.",
    refuted="an empty slot and a token in no slot are two things: with full slots a token can still be without one",
    seen="(token_idx < 0).sum() as entry 0",
)
def empty_slots_under_zero(token_idx, tokens):
    """Slots for tokens."""
    counts = _counts(_taken(token_idx, tokens), token_idx.shape[1])
    return torch.cat([(token_idx < 0).sum()[None], counts[1:]])


@mistake(
    "M24",
    does="notes only whether a token was taken, so that no token has two experts",
    belief="A token has one expert or none.",
    refuted="experts choose independently, and several may take the same token",
    seen="taken[example, token] += 1 with repeated indices, which adds only once",
)
def once_at_most(token_idx, tokens):
    """An assignment for a sum."""
    return _counts(_taken(token_idx, tokens).clamp(max=1), token_idx.shape[1])


@mistake(
    "M40",
    does="takes -1 for the last token",
    belief="Every slot holds a token.",
    refuted="-1 marks an empty slot; as a Python index it is the last token, which is then counted too often",
    seen="taken[token] += 1 without a test",
)
def empty_is_last(token_idx, tokens):
    """-1 as an index."""
    return _counts(_taken(token_idx % tokens, tokens), token_idx.shape[1] * token_idx.shape[2])[
        : token_idx.shape[1] + 1
    ]


@mistake(
    "M40",
    does="takes -1 for token 0",
    belief="Every slot holds a token.",
    refuted="-1 marks an empty slot, which no token fills: leave it out instead of clamping it",
    seen="token_idx.clamp(min=0)",
)
def empty_is_first(token_idx, tokens):
    """Clamped."""
    return _counts(_taken(token_idx.clamp(min=0), tokens), token_idx.shape[1] * token_idx.shape[2])[
        : token_idx.shape[1] + 1
    ]


@mistake(
    "M40",
    does="raises where a slot is empty, and is right elsewhere",
    belief="Every slot holds a token.",
    refuted="-1 marks an empty slot: leave it out before you count, since bincount and one_hot take nothing negative",
    seen="bincount of the slots as they are",
)
def fails_on_empty(token_idx, tokens):
    """Negative numbers."""
    return _counts(torch.nn.functional.one_hot(token_idx.flatten(1), tokens).sum(1), token_idx.shape[1])


@mistake(
    "M42",
    does="treats the same number in different examples as the same token",
    belief="A token's number says which token it is.",
    refuted="token 3 of one example and token 3 of another are two tokens: count in each example",
    seen="token_idx.flatten().bincount()",
)
def examples_together(token_idx, tokens):
    """One example of them all."""
    taken = _taken(token_idx, tokens).sum(0)
    counts = taken.bincount(minlength=token_idx.shape[1] + 1)
    return counts[: token_idx.shape[1] + 1]


@mistake(
    does="looks at the first example alone",
    belief="One example is enough.",
    refuted="the counts are over all tokens of all examples",
    seen="token_idx[0]",
)
def first_example(token_idx, tokens):
    """A batch of one."""
    return _counts(_taken(token_idx[:1], tokens), token_idx.shape[1])


@mistake(
    does="returns shares that sum to 1",
    belief="A histogram is a distribution.",
    refuted="the task asks for numbers of tokens",
    seen="a division by the sum",
)
def shares(token_idx, tokens):
    """Divided."""
    counts = _counts(_taken(token_idx, tokens), token_idx.shape[1])
    return counts / counts.sum()


@mistake(
    does="returns as many entries as the largest count needs, not e + 1",
    belief="bincount knows how long it has to be.",
    refuted="results of different batches can only be compared if they have the same length: pass minlength",
    seen="bincount without minlength",
)
def as_long_as_needed(token_idx, tokens):
    """No minlength."""
    return _taken(token_idx, tokens).flatten().bincount()


@mistake(
    "M25",
    does="takes the largest number found in a slot to be the last token",
    belief="The last token is in some slot.",
    refuted="tokens at the end may be in no slot: `tokens` says how many there are",
    seen="one_hot or bincount without a number of classes",
)
def as_many_as_seen(token_idx, tokens):
    """The number of tokens, guessed."""
    seen = max(int(token_idx.max()) + 1, 1)
    return _counts(_taken(token_idx, seen), token_idx.shape[1])


@mistake(
    does="counts the tokens that at least j experts took",
    belief="A token with two experts has one, too.",
    refuted="entry j is for exactly j experts, so that the entries add up to the number of tokens",
    seen=">= in place of ==",
)
def at_least(token_idx, tokens):
    """A cumulative count."""
    return _counts(_taken(token_idx, tokens), token_idx.shape[1]).flip(0).cumsum(0).flip(0)


@mistake(
    does="counts slots and not tokens: j times the number of tokens that j experts took",
    belief="A token with two experts counts twice.",
    refuted="entry j is a number of tokens; each token is in one entry, once",
    seen="counts weighted by the number of experts",
)
def slots_of_tokens(token_idx, tokens):
    """Weighted."""
    counts = _counts(_taken(token_idx, tokens), token_idx.shape[1])
    return counts * torch.arange(len(counts), device=counts.device)


@mistake(
    does="counts tokens from 1, so that token 0 is taken for an empty slot",
    belief="0 means nothing.",
    refuted="tokens are counted from 0; an empty slot holds -1",
    seen="token_idx > 0",
)
def token_zero_left_out(token_idx, tokens):
    """> for >=."""
    return _counts(_taken(token_idx.masked_fill(token_idx == 0, -1), tokens), token_idx.shape[1])


@mistake(
    does="returns the mean counts of an example",
    belief="A batch is averaged.",
    refuted="the counts are added over examples: they sum to b times the number of tokens",
    seen="a mean over the batch, rounded down by //",
)
def mean_of_examples(token_idx, tokens):
    """Divided by b."""
    return _counts(_taken(token_idx, tokens), token_idx.shape[1]) // len(token_idx)


MISTAKES = mistakes_in(globals())
