"""More mistakes in giving choices their rows: in padding, in equal weights, in what is not sorted."""

import torch

from softmoe_edu.teaching.exercise import mistake
from softmoe_edu.teaching.exercises.assign_mistakes import queue, serve


@mistake(
    "padding-takes-rows",
    "M40",
    does="lets padding take rows of the last expert",
    belief="Padding does no harm.",
    refuted="-1 asks for no expert; as a Python index it is the last one, whose rows real tokens then miss",
    seen="count[indices[token, choice]]",
)
def padding_takes_rows(indices, weights, capacity, priority):
    """-1 is the last element of a list."""
    last = int(indices.max())
    positions, kept = serve(indices.where(indices >= 0, last), queue(indices, weights, priority), capacity)
    return positions, kept & (indices >= 0)


@mistake(
    "padding-kept",
    "M40",
    does="keeps padding, as if -1 were one more expert with rows of its own",
    belief="Every row of the input is a token.",
    refuted="-1 asks for no expert: nothing computes an answer for it, and it must not be kept",
    seen="a test for room alone",
)
def padding_kept(indices, weights, capacity, priority):
    """Rows for expert -1."""
    return serve(indices + 1, queue(indices, weights, priority), capacity)


@mistake(
    "one-gap-drops-all",
    "M40",
    does="takes a token for padding as soon as one of its choices is -1",
    belief="A row with -1 in it is padding.",
    refuted="-1 says that this choice asks for no expert; the token's other choices ask for theirs",
    seen="(indices >= 0).all(1) as the mask of tokens",
)
def one_gap_drops_all(indices, weights, capacity, priority):
    """A mask of whole tokens."""
    whole = (indices >= 0).all(1, keepdim=True)
    return serve(indices.where(whole, -1), queue(indices, weights, priority), capacity)


@mistake(
    "always-by-gate",
    "M17",
    does="serves tokens by their weights whatever the priority",
    belief="Batch priority routing is how tokens are served.",
    refuted='priority "position" serves tokens in their order, as GShard and Switch do: the priority is an argument',
    seen="sorting outside of any if",
)
def always_by_gate(indices, weights, capacity, priority):
    """By weight."""
    return serve(indices, queue(indices, weights, "gate"), capacity)


@mistake(
    "equal-ranks",
    "M17",
    does="gives tokens with equal weights the same place in the queue, so that they get the same row",
    belief="A token's place is the number of tokens with a larger weight.",
    refuted="of equal ones either may be first, and one of them is: a row holds one token",
    seen="a rank by comparison, without a rule for ties",
)
def equal_ranks(indices, weights, capacity, priority):
    """Counts those ahead; equal ones are not ahead of each other."""
    n, k = indices.shape
    rank = torch.arange(n, device=indices.device)
    if priority == "gate":
        rank = (weights.amax(1)[None] > weights.amax(1)[:, None]).sum(1)
    turn = (torch.arange(k, device=indices.device) * n + rank[:, None]).flatten()
    flat = indices.flatten()
    ahead = (turn[None] < turn[:, None]) & (flat[None] == flat[:, None])
    rows = ahead.sum(1).view(n, k)
    return rows, (rows < capacity) & (indices != -1)


@mistake(
    "one-of-equals",
    "M17",
    does="serves one of several tokens with equal weights, and the others not at all",
    belief="A weight tells which token it belongs to.",
    refuted="two tokens may have the same weight: sort the tokens by their weights, not the weights",
    seen="a dict from weight to token, or list.index of a sorted weight",
)
def one_of_equals(indices, weights, capacity, priority):
    """A look-up by weight."""
    pairs = queue(indices, weights, priority)
    if priority == "gate":
        token_of = {weight: token for token, weight in enumerate(weights.amax(1).tolist())}
        pairs = [(token, choice) for token, choice in pairs if token in token_of.values()]
    return serve(indices, pairs, capacity)


@mistake(
    "padding-alone-raises",
    "M40",
    does="raises for a group of padding alone, in which nobody chooses an expert, and is right elsewhere",
    belief="Somebody always chooses an expert.",
    refuted="the last group of a batch may be padding alone: nothing is kept, and nothing raises",
    seen="one_hot with as many classes as the largest index says",
)
def padding_alone_raises(indices, weights, capacity, priority):
    """The largest index is -1."""
    if int(indices.max()) < 0:
        raise IndexError("no expert")
    return serve(indices, queue(indices, weights, priority), capacity)


MISTAKES = (
    padding_takes_rows,
    padding_kept,
    one_gap_drops_all,
    always_by_gate,
    equal_ranks,
    one_of_equals,
    padding_alone_raises,
)
