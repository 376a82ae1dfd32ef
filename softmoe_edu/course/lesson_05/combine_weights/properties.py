"""What a right `combine_weights` does."""

import torch

from softmoe_edu.course.lesson_05.dispatch_weights.properties import case, examples_apart
from softmoe_edu.teaching.check.gradient import gradients
from softmoe_edu.teaching.check.properties import (
    as_defined,
    brief,
    by_hand,
    changed,
    close,
    each_of,
    finite,
    span_of_sums,
)
from softmoe_edu.teaching.draw import Draw
from softmoe_edu.teaching.exercise import Finding, Property


def far_tokens(draw: Draw) -> tuple:
    """Draw scores that are 1000 higher for every other token."""
    logits = draw.normal(2, 5, 4, 3)
    logits[:, ::2] += 1000
    return (logits,)


def hand(draw: Draw) -> tuple:
    """Return scores of two tokens with two experts of two slots: the weights are twelfths and sixths."""
    powers = [[[[1, 2], [3, 6]], [[2, 1], [1, 2]]]]
    return (draw.tensor(powers).log(),)


def _show(args, output):
    rows = output[0].flatten(1)
    return f"weights of token 0 {brief(rows[0])}, of token 1 {brief(rows[1])}; sums over slots {brief(rows.sum(1))}"


def _are_averages(answer, draw):
    logits = 2 * draw.normal(3, 7, 4, 2)
    got = answer(logits)
    if got.min() < -1e-6:
        return Finding("no weight is below 0: exp is positive", "3 examples, 7 tokens, 8 slots", got=brief(got.min()))
    sums = got.sum((2, 3))
    if close(sums, torch.ones_like(sums)):
        return None
    return Finding(
        "every answer is an average of slots: a token's weights sum to 1 over all slots of all experts (Eq. 2)",
        "3 examples, 7 tokens, 4 experts x 2 slots",
        "every sum over slots 1",
        f"sums over slots {span_of_sums(sums)}",
    )


def _token_raised(args, draw):
    (logits,) = args
    return (logits + 3 * draw.normal(*logits.shape[:2], 1, 1),), None


def _slots_shuffled(args, draw):
    (logits,) = args
    order = draw.permutation(logits[0, 0].numel())
    return (logits.flatten(2)[..., order].view_as(logits),), order


def _shuffled(before, words):
    return before.flatten(2)[..., words[0]].view_as(before)


PROPERTIES = (
    by_hand(
        hand,
        "every weight is its exp(score) over the sum of its row, the token's, across both experts",
        "exp(scores) of token 0 with slots of expert 0 [1, 2] and of expert 1 [3, 6]; of token 1 [2, 1] and [1, 2]",
        show=_show,
    ),
    Property("answers are averages", _are_averages),
    examples_apart("an example's weights do not change with the other examples of the batch"),
    changed(
        "a number added to all scores of one token changes nothing: only slots are compared, not tokens",
        case(3, 7, 4, 2),
        _token_raised,
        lambda before, words: before,
        name="tokens apart",
    ),
    changed(
        "if slots of any experts swap their scores, their weights are swapped too: all slots are alike",
        case(3, 7, 4, 2),
        _slots_shuffled,
        _shuffled,
        name="slots alike",
    ),
    gradients("the scores get a gradient", case(2, 4, 3, 2), ("logits",)),
    as_defined(
        "weights are exp(score) / sum over all slots of exp(score), whatever the sizes",
        case(3, 7, 4, 2),
        case(1, 6, 3, 1),
        case(2, 1, 2, 3),
        case(2, 5, 1, 4),
        case(2, 3, 1, 1),
    ),
    each_of(
        "large scores",
        *(
            finite("scores of a few thousand give finite weights: subtract each token's largest score first", make)
            for make in (case(2, 5, 4, 3, scale=1000.0), far_tokens)
        ),
    ),
)
