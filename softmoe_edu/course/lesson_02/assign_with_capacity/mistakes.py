"""Mistakes in assigning choices to the experts' slots."""

import torch

from softmoe_edu.teaching.exercise import mistake, mistakes_in


def queue(indices, weights, priority):
    """Return all (token, choice) pairs in the order in which they are to be served."""
    n, k = indices.shape
    order = weights.amax(1).argsort(descending=True, stable=True).tolist() if priority == "gate" else range(n)
    return [(token, choice) for choice in range(k) for token in order]


def serve(indices, pairs, capacity, buffer_of=lambda expert, choice: expert):
    """Assign slots in the order of the pairs; choices with the same `buffer_of` share the slots 0 to capacity - 1."""
    positions, kept, taken = torch.full_like(indices, -1), torch.zeros_like(indices, dtype=torch.bool), {}
    for token, choice in pairs:
        expert = int(indices[token, choice])
        buffer = buffer_of(expert, choice)
        slot = taken.get(buffer, 0)
        if expert >= 0 and slot < capacity:
            positions[token, choice], kept[token, choice], taken[buffer] = slot, True, slot + 1
    return positions, kept


@mistake(
    "M26b",
    does="serves all choices of a token before the next token",
    belief="A token queues once, with all its choices.",
    refuted="GShard and the official code serve all first choices before any second one, so that no token's "
    "second choice takes the slot of another's first",
    seen="the natural order of two nested loops",
)
def token_by_token(indices, weights, capacity, priority):
    """Tokens outside, choices inside."""
    n, k = indices.shape
    tokens = [token for token, _ in queue(indices, weights, priority)[:n]]
    return serve(indices, [(token, choice) for token in tokens for choice in range(k)], capacity)


@mistake(
    "M17",
    does="serves tokens by position whatever the priority",
    belief="It does not matter who is dropped.",
    refuted='priority "gate" serves the token with the largest weight first; in Table 7 that alone moves V-MoE S/16 '
    "with 32 experts and K = 1 from 64.5 to 68.9 (ImageNet, 10 shots)",
    seen="makeMoE",
)
def priority_unused(indices, weights, capacity, priority):
    """By position."""
    return serve(indices, queue(indices, weights, "position"), capacity)


@mistake(
    "M17",
    does="serves the token with the smallest weight first",
    belief="Sorting puts the best first.",
    refuted="sorting puts the smallest first unless it is told otherwise; batch priority routing starts with the "
    "largest",
    seen="argsort without descending=True",
)
def least_sure_first(indices, weights, capacity, priority):
    """Ascending."""
    return serve(indices, queue(indices, -weights.amax(1, keepdim=True), priority), capacity)


@mistake(
    "M17",
    does="sorts all choices by their own weights, first and second ones together",
    belief="Priority belongs to a choice.",
    refuted="batch priority routing sorts tokens; all first choices still come before any second one",
    seen="weights.flatten().argsort()",
)
def pairs_by_weight(indices, weights, capacity, priority):
    """Each (token, choice) by its weight."""
    pairs = queue(indices, weights, priority)
    if priority == "gate":
        pairs = sorted(pairs, key=lambda pair: -float(weights[pair]))
    return serve(indices, pairs, capacity)


@mistake(
    "M17",
    does="sorts the tokens again in each round, by the weights of that round's choices",
    belief="The token with the largest second gate gets its second choice first.",
    refuted="batch priority routing sorts tokens once: the order of the first choices is that of the second ones",
    seen="weights[:, choice].argsort() inside the loop",
)
def rounds_by_weight(indices, weights, capacity, priority):
    """Each round by its own weights."""
    n, k = indices.shape
    rounds = [queue(indices, weights[:, [j]], priority)[:n] for j in range(k)]
    return serve(indices, [(token, j) for j, tokens in enumerate(rounds) for token, _ in tokens], capacity)


@mistake(
    "M17",
    does="lets later tokens take the slots of earlier ones",
    belief="It does not matter who is dropped.",
    refuted='with priority "position" the first in a queue is served first',
    seen="slots written by index, where the last write stays",
)
def last_come_first(indices, weights, capacity, priority):
    """Each round of choices from the back."""
    n, k = indices.shape
    pairs = queue(indices, weights, priority)
    return serve(indices, [pair for j in range(k) for pair in reversed(pairs[j * n : (j + 1) * n])], capacity)


@mistake(
    "M14",
    does="keeps `capacity` choices of every token",
    belief="Capacity is the number of experts that a token may use.",
    refuted="capacity is the number of slots of one expert, which all tokens of the group share",
    seen="questions to the authors of DeepSeek-V2",
)
def experts_of_a_token(indices, weights, capacity, priority):
    """A limit along the wrong axis."""
    positions, kept = serve(indices, queue(indices, weights, priority), indices.numel())
    return positions, kept & (torch.arange(indices.shape[1], device=indices.device) < capacity)


@mistake(
    "M14",
    does="counts the slots of all experts together",
    belief="Capacity belongs to the layer.",
    refuted="every expert has a buffer of its own",
    seen="one counter outside the loop",
)
def one_buffer(indices, weights, capacity, priority):
    """A single count."""
    return serve(indices, queue(indices, weights, priority), capacity, lambda expert, choice: 0)


@mistake(
    does="gives each expert one slot more than it has",
    belief="A slot number may reach the capacity.",
    refuted="slots are counted from 0, so the last of C slots is C - 1",
    seen="<= in place of <",
)
def one_row_too_many(indices, weights, capacity, priority):
    """<=."""
    return serve(indices, queue(indices, weights, priority), capacity + 1)


@mistake(
    does="starts counting again with the second choices, so that two tokens share a slot",
    belief="Each round of choices starts from scratch.",
    refuted="second choices go behind the first ones of the same expert: a slot holds one token",
    seen="a cumsum for each choice, without adding what came before",
)
def count_starts_again(indices, weights, capacity, priority):
    """A count for each choice."""
    return serve(indices, queue(indices, weights, priority), capacity, lambda expert, choice: (expert, choice))


@mistake(
    "M17",
    does="returns the slots in the order of priority, not of the tokens",
    belief="What was sorted returns to its order by itself.",
    refuted="row t of the result belongs to token t: undo the sort, or write at the token's own index",
    seen="indices[order] without its inverse",
)
def order_not_undone(indices, weights, capacity, priority):
    """Sorted, and left so."""
    positions, kept = serve(indices, queue(indices, weights, priority), capacity)
    order = [token for token, _ in queue(indices, weights, priority)[: len(indices)]]
    return positions[order], kept[order]


@mistake(
    "M16a",
    does="drops every choice of a token as soon as one of them gets no slot",
    belief="A dropped token is gone.",
    refuted="choices are dropped one by one: a token whose first expert is full may still have its second",
    seen="one mask for each token",
)
def all_or_nothing(indices, weights, capacity, priority):
    """kept.all(1)."""
    positions, kept = serve(indices, queue(indices, weights, priority), capacity)
    return positions, kept & kept.all(1, keepdim=True)


@mistake(
    "M40",
    does="lets padding take slots of the last expert",
    belief="Padding does no harm.",
    refuted="-1 means no choice; as a Python index it is the last expert, which then lacks these slots for real tokens",
    seen="count[indices[token, choice]]",
)
def padding_takes_rows(indices, weights, capacity, priority):
    """-1 is the last element of a list."""
    last = int(indices.max())
    positions, kept = serve(indices.where(indices >= 0, last), queue(indices, weights, priority), capacity)
    return positions, kept & (indices >= 0)


@mistake(
    "M40",
    does="keeps padding, as if -1 were one more expert with slots of its own",
    belief="Every row of the input is a token.",
    refuted="-1 means no choice: no expert computes an answer for it, and it must not be kept",
    seen="a test for a free slot alone",
)
def padding_kept(indices, weights, capacity, priority):
    """Slots for expert -1."""
    return serve(indices + 1, queue(indices, weights, priority), capacity)


@mistake(
    "M40",
    does="takes a token for padding as soon as one of its choices is -1",
    belief="A row with -1 in it is padding.",
    refuted="-1 says that this one choice is missing; the token's other choices still count",
    seen="(indices >= 0).all(1) as the mask of tokens",
)
def one_gap_drops_all(indices, weights, capacity, priority):
    """A mask of whole tokens."""
    whole = (indices >= 0).all(1, keepdim=True)
    return serve(indices.where(whole, -1), queue(indices, weights, priority), capacity)


@mistake(
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
    "M17",
    does="gives tokens with equal weights the same position in the queue, so that they get the same slot",
    belief="A token's position in the queue is the number of tokens with a larger weight.",
    refuted="of equal ones either may be first, and one of them is: a slot holds one token",
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
    slots = ahead.sum(1).view(n, k)
    return slots, (slots < capacity) & (indices != -1)


@mistake(
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
    "M40",
    does="raises for a group of padding alone, in which no token chooses an expert, and is right elsewhere",
    raises=True,
    belief="Some token always chooses an expert.",
    refuted="the last group of a batch may be padding alone: nothing is kept, and nothing raises",
    seen="one_hot with as many classes as the largest index says",
)
def padding_alone_raises(indices, weights, capacity, priority):
    """The largest index is -1."""
    if int(indices.max()) < 0:
        raise IndexError("no expert")
    return serve(indices, queue(indices, weights, priority), capacity)


@mistake(
    does="counts the slots of an expert from 1",
    belief="The first arrival gets slot 1.",
    refuted="slots are counted from 0, as everything in Python: the first arrival of an expert gets slot 0",
    seen="a count that is raised before it is written down, or a cumsum without - 1",
)
def counted_from_one(indices, weights, capacity, priority):
    """One too high."""
    positions, kept = serve(indices, queue(indices, weights, priority), capacity)
    return positions.where(~kept, positions + 1), kept


@mistake(
    "M14",
    does="numbers the slots through all experts, one buffer after the other",
    belief="The layer has one long buffer.",
    refuted="a position is a slot of its expert, from 0 to capacity - 1; which expert it is, indices say already",
    seen="expert * capacity + slot, as for a flat buffer",
)
def numbered_through(indices, weights, capacity, priority):
    """Expert after expert."""
    positions, kept = serve(indices, queue(indices, weights, priority), capacity)
    return positions.where(~kept, positions + indices * capacity), kept


MISTAKES = mistakes_in(globals())
