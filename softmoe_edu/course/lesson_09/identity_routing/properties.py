"""What a right `identity_routing` does."""

import torch

from softmoe_edu.teaching.check.properties import as_defined, brief, by_hand, close, each_of
from softmoe_edu.teaching.exercise import Finding, Property

WIDTH = 3  # entries of a token that a report lists


def sizes(tokens, experts, slots):
    """Return a function that gives these sizes, whatever is drawn."""
    return lambda draw: (tokens, experts, slots)


def _places(weights):
    """Write where the tokens are, as [expert, slot] of each."""
    words = []
    for token, row in enumerate(weights):
        found = row.nonzero().tolist()
        ones = bool((row[row != 0] == 1).all())
        if len(found) <= WIDTH and ones:
            words.append(f"{token} in {' '.join(map(str, found)) or 'no slot'}")
        else:
            words.append(f"{token} has {len(found)} weights, sum {brief(row.sum().item(), 2)}")
    return "; ".join(words)


def _dispatch_and_combine(args, output):
    dispatch, combine = output
    return f"dispatch: token {_places(dispatch)}" + ("" if close(dispatch, combine) else "; combine differs")


def _a_slot_of_its_own(answer, draw):
    for args in ((7, 3, 4), (12, 4, 3)):
        dispatch, _ = answer(*args)
        tokens, experts, slots = args
        given = f"{tokens} tokens, {experts} experts of {slots} slots"
        each, held = dispatch.sum((1, 2)), dispatch.sum(0)
        if not close(each, torch.ones_like(each)):
            should = "every token is in one slot, with weight 1"
            return Finding(should, given, "every token's sum over slots 1", f"sums {brief(each, 2)}")
        if held.max() > 1 + 1e-6:
            should = "no slot holds two tokens: nothing is mixed"
            return Finding(should, given, "at most 1 in a slot", f"up to {brief(held.max().item(), 2)}")
    return None


def _back_the_same_way(answer, draw):
    dispatch, combine = answer(7, 3, 4)
    if close(dispatch, combine):
        return None
    return Finding(
        "a token is answered by the slot that it is in, with weight 1: combine is equal to dispatch",
        "7 tokens, 3 experts of 4 slots",
        f"token 0 answered by {_places(dispatch[:1])[5:]}",
        f"combine of token 0: {brief(combine[0].flatten(), 2)}",
    )


DEFINITION = "token t is alone in slot t // experts of expert t % experts; an empty slot holds nothing"

PROPERTIES = (
    by_hand(
        sizes(5, 3, 2),
        "tokens 0, 1, 2 go to experts 0, 1, 2 in the first round, and 3, 4 to experts 0, 1 in the second",
        "5 tokens, 3 experts of 2 slots",
        show=_dispatch_and_combine,
    ),
    Property("a slot of its own", _a_slot_of_its_own),
    Property("back the same way", _back_the_same_way),
    as_defined(DEFINITION, sizes(12, 4, 3), sizes(7, 3, 4), sizes(8, 4, 2), sizes(9, 2, 5), repeats=1),
    each_of(
        "few tokens, few experts",
        *(
            as_defined(DEFINITION, sizes(*each), repeats=1)
            for each in ((2, 5, 1), (5, 5, 1), (4, 1, 4), (1, 1, 1), (3, 7, 2))
        ),
    ),
)
