"""What a right `token_importance` does."""

import torch

from softmoe_edu.teaching.check.properties import as_defined, brief, by_hand, changed, close, each_of
from softmoe_edu.teaching.exercise import Finding, Property


def case(b, n, e, p, scale=3.0):
    """Return a function that draws dispatch weights of these sizes."""
    return lambda draw: ((scale * draw.normal(b, n, e, p)).softmax(1),)


def hand(draw):
    """Return four tokens in two slots, with importance 5/2, 1/4, 1 and 1/4."""
    weights = [[0.875, 0.375], [0.125, 0], [0, 0.5], [0, 0.125]]
    return (draw.tensor(weights)[None, :, :, None],)


def at_two(draw):
    """Return four tokens in two slots, with importance exactly 2, 2, 0 and 0."""
    weights = [[1, 0], [0, 1], [0, 0], [0, 0]]
    return (draw.tensor(weights)[None, :, None, :],)


def _show(args, output):
    importance, much, little = output
    return f"importance {brief(importance[0])}; much {brief(much)}, little {brief(little)}"


def _mean_is_one(answer, draw):
    for sizes in ((3, 7, 5, 2), (2, 12, 3, 1)):
        importance, _, _ = answer(*case(*sizes)(draw))
        means = importance.mean(1)
        if not close(means, torch.ones_like(means)):
            b, n, e, p = sizes
            return Finding(
                "1 is the mean: the e · p slots hold one token's worth each, shared by n tokens",
                f"{b} examples, {n} tokens, {e} experts of {p} slots",
                "mean importance 1 in each example",
                f"means {brief(means)}",
            )
    return None


def _slots_shuffled(args, draw):
    (dispatch,) = args
    order = draw.permutation(dispatch[0, 0].numel())
    return (dispatch.flatten(2)[..., order].view_as(dispatch),), None


def _tokens_shuffled(args, draw):
    (dispatch,) = args
    order = draw.permutation(dispatch.shape[1])
    return (dispatch[:, order],), order


DEFINITION = "importance is the sum of a token's weights over all slots, times n / (e p)"

PROPERTIES = (
    by_hand(
        hand,
        "token 0 gives 1.25 in all, times 4 tokens / 2 slots: 2.5; 1 of 4 is over 2, and 2 of 4 are 0.25 or less",
        "4 tokens; weights in slot 0 [.875, .125, 0, 0], in slot 1 [.375, 0, .5, .125]",
        show=_show,
    ),
    Property("the mean is 1", _mean_is_one),
    changed(
        "in which expert or slot a weight stands changes nothing",
        case(3, 7, 5, 2),
        _slots_shuffled,
        lambda before, words: before,
        name="slots in another order",
    ),
    changed(
        "the tokens in another order have their importance in that order, and the same shares",
        case(3, 7, 5, 2),
        _tokens_shuffled,
        lambda before, words: (before[0][:, words[0]], *before[1:]),
        name="tokens in another order",
    ),
    as_defined(DEFINITION, case(3, 7, 5, 2), case(4, 30, 3, 2, scale=4.0), case(2, 6, 4, 1), repeats=2),
    each_of(
        "few tokens, few slots",
        *(
            as_defined(DEFINITION, case(*sizes), repeats=1)
            for sizes in ((2, 1, 3, 2), (1, 9, 1, 1), (2, 5, 1, 4), (1, 2, 6, 1))
        ),
    ),
    by_hand(
        at_two,
        "exactly 2 is not over 2",
        "4 tokens in 2 slots: tokens 0 and 1 fill a slot each, importance 2, 2, 0, 0",
        show=_show,
        name="at the limit",
    ),
)
