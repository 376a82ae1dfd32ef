"""What a right `coverage_histogram` does: inputs and properties of its own."""

import torch

from softmoe_edu.teaching.check.properties import as_defined, brief, by_hand, changed
from softmoe_edu.teaching.exercise import Finding, Property


def case(b, n, e, capacity, empty=0.0, among=0):
    """Return a function that draws slots in which no expert has a token twice.

    empty: the share of slots without a token. among: how many of the tokens, from the first on, are ever taken; 0 for
    all of them.
    """

    def make(draw):
        among_n = among or n
        while True:
            token_idx = torch.stack(
                [torch.stack([draw.permutation(among_n)[:capacity] for _ in range(e)]) for _ in range(b)]
            )
            free = draw.uniform(b, e, capacity) < empty
            token_idx = token_idx.masked_fill(free.to(token_idx.device), -1)
            if not empty or bool((token_idx < 0).any()):
                return token_idx, n

    return make


def all_alike(draw):
    """Return four experts that all take the same two of five tokens."""
    return draw.tensor([[[1, 3], [3, 1], [1, 3], [3, 1]]]).long(), 5


def crowded(draw):
    """Return two experts that take the same tokens in one example and different ones in the other."""
    return draw.tensor([[[0, 1, 2], [0, 1, 2]], [[0, 1, 2], [3, 4, 5]]]).long(), 6


def empty(draw):
    """Return slots of which none holds a token."""
    return draw.tensor([[[-1, -1], [-1, -1], [-1, -1]]] * 2).long(), 4


def adds_up(answer, draw):
    """Require that all tokens are counted, and all slots that hold one."""
    for number, (b, n, e, capacity, share) in enumerate(((3, 7, 5, 2, 0.0), (2, 8, 4, 3, 0.4))):
        args = case(b, n, e, capacity, share)(draw.sub(number))
        counts = answer(*args).tolist()
        given = f"{b} examples of {n} tokens, {e} experts of {capacity} slots"
        if sum(counts) != b * n:
            should = "every token of every example is counted once, also those without an expert"
            return Finding(should, given, f"{b} · {n} = {b * n} tokens", f"{counts}, together {brief(sum(counts))}")
        filled = int((args[0] >= 0).sum())
        if (held := sum(j * count for j, count in enumerate(counts))) != filled:
            should = "a token that j experts took fills j slots: the sum of j times count is the number of filled slots"
            return Finding(should, f"{given}, {filled} of them filled", f"{filled}", f"{brief(held)}, from {counts}")
    return None


def more_experts(args, draw):
    """Return the slots with one more expert, which is empty."""
    token_idx, tokens = args
    nothing = torch.full_like(token_idx[:, :1], -1)
    return (torch.cat([token_idx, nothing], 1), tokens), None


def more_tokens(args, draw):
    """Return the same slots of examples with three more tokens, that no expert takes."""
    token_idx, tokens = args
    return (token_idx, tokens + 3), len(token_idx)


def with_free(before, words):
    """Return the counts with three more tokens without an expert in each example."""
    counts = before.clone()
    counts[0] += 3 * words[0]
    return counts


def hand(draw):
    """Return the slots of the example of section 3."""
    return draw.tensor([[[0, 2], [3, 1], [4, 2]]]).long(), 6


def hand_empty(draw):
    """Return two examples, with empty slots."""
    return draw.tensor([[[0, -1], [0, 2]], [[-1, -1], [1, 0]]]).long(), 3


PROPERTIES = (
    by_hand(
        hand,
        "token 5 has no expert, tokens 0, 1, 3 and 4 have one, token 2 has two, none has three",
        "token_idx [[[0, 2], [3, 1], [4, 2]]] of 6 tokens",
    ),
    Property("all tokens, all slots", adds_up),
    changed(
        "tokens that no expert takes are counted under 0",
        case(2, 7, 4, 2),
        more_tokens,
        with_free,
        name="more tokens",
    ),
    by_hand(
        hand_empty,
        "-1 is an empty slot and no token; token 0 of one example is not token 0 of the other",
        "token_idx [[[0, -1], [0, 2]], [[-1, -1], [1, 0]]] of 3 tokens",
        name="empty slots",
    ),
    by_hand(all_alike, "a token may have all experts", "four experts, all with tokens 1 and 3 of 5", name="all alike"),
    changed(
        "one more expert, that takes nothing, adds a count of 0 at the end and changes no other",
        case(2, 7, 4, 2),
        more_experts,
        lambda before, words: torch.cat([before, torch.zeros_like(before[:1])]),
        name="an idle expert",
    ),
    as_defined(
        "entry j counts the tokens, over all examples, that exactly j experts took",
        case(3, 7, 5, 2),
        case(2, 11, 3, 4),
        case(2, 8, 4, 3, empty=0.4),
        case(2, 9, 4, 2, among=5),
        case(1, 1, 3, 1),
        crowded,
        empty,
        repeats=2,
        show_output=True,
    ),
)
