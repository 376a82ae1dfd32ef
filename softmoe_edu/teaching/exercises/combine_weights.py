"""Exercise: the weights by which the slots of a Soft MoE layer answer the tokens (lesson 05)."""

import torch

from softmoe_edu.routers import weights
from softmoe_edu.teaching.draw import Draw
from softmoe_edu.teaching.exercise import Exercise, Finding, Hint, Property
from softmoe_edu.teaching.exercises import combine_weights_mistakes
from softmoe_edu.teaching.exercises.dispatch_weights import case, examples_apart
from softmoe_edu.teaching.gradient import gradients
from softmoe_edu.teaching.properties import as_defined, brief, by_hand, changed, close, each_of, finite, span


def combine_weights(logits):
    """Turn scores into combine weights: by these the slots' answers are mixed into tokens (Eq. 2 of the paper).

    logits: the score of each token with each slot, (b, n, e, p): b examples, n tokens, e experts, p slots of each.
    Returns the weights, of the same shape and dtype. Every token's answer is an average of all slots of all experts.
    A gradient must flow through, so use torch.
    """
    return logits.flatten(2).softmax(dim=-1).view_as(logits)


def in_loops(logits):
    """One token after the other."""
    rows = []
    for example in logits:
        for scores in example:
            powers = torch.exp(scores - scores.max())
            rows.append(powers / powers.sum())
    return torch.stack(rows).reshape(logits.shape)


def by_logsumexp(logits):
    """Softmax by its logarithm, over two axes at once."""
    return (logits - logits.logsumexp(dim=(2, 3), keepdim=True)).exp()


def in_two_stages(logits):
    """First the expert, by the logarithm of its slots' powers, then the slot inside it."""
    expert = logits.logsumexp(3, keepdim=True).softmax(2)
    return expert * logits.softmax(3)


def by_powers(logits):
    """Exp without the row's maximum, divided by its sum, in float64."""
    scores = logits.double()
    powers = (scores - scores.amax((2, 3), keepdim=True).detach()).exp()
    return torch.einsum("bnep,bn->bnep", powers, 1 / powers.sum((2, 3))).to(logits.dtype)


def far_tokens(draw: Draw) -> tuple:
    """Give scores of which every other token's are 1000 higher."""
    logits = draw.normal(2, 5, 4, 3)
    logits[:, ::2] += 1000
    return (logits,)


def hand(draw: Draw) -> tuple:
    """Two tokens, two experts of two slots: the weights are twelfths and sixths."""
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
        f"sums over slots {span(sums)}",
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


EXERCISE = Exercise(
    id="combine-weights",
    lesson="05",
    order=2,
    title="Combine: which slots answer a token",
    answer=combine_weights,
    probe=case(3, 7, 4, 2),
    probes=(case(2, 5, 4, 3, scale=1000.0),),
    properties=(
        by_hand(
            hand,
            "every weight is its exp(score) over the sum of its own row, that of the token, across both experts",
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
            "scores that change places between slots of any experts take their weights along: all slots are alike",
            case(3, 7, 4, 2),
            _slots_shuffled,
            _shuffled,
            name="slots alike",
        ),
        gradients("the scores take a gradient", case(2, 4, 3, 2), ("logits",)),
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
                finite("scores of some thousands give finite weights: subtract each token's largest score first", make)
                for make in (case(2, 5, 4, 3, scale=1000.0), far_tokens)
            ),
        ),
    ),
    hints=(
        Hint(
            "On paper you divided by row sums. How many numbers stand in a row, that is, how many slots compete for a "
            "token? They fill two axes of the tensor.",
            "def combine_weights(logits):\n"
            "    b, n, e, p = logits.shape  # examples, tokens, experts, slots of each\n"
            "    print('a token hears', e * p, 'slots')\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "A softmax takes one axis. Make one axis of experts and slots first, and two of it again at the end.",
            "def combine_weights(logits):\n"
            "    flat = logits.flatten(2)\n"
            "    print(tuple(logits.shape), tuple(flat.shape), tuple(flat.view_as(logits).shape))\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "An answer, in one way of several.",
            "def combine_weights(logits):\n    return torch.exp(logits - logits.logsumexp((2, 3), keepdim=True))",
        ),
    ),
    variants=(in_loops, by_logsumexp, in_two_stages, by_powers),
    mistakes=combine_weights_mistakes.MISTAKES,
    minutes=5,
    difficulty=2,
    points=2,
    essential=True,
    library=(weights.combine_weights,),
)
