"""What a right `router_z_loss` does."""

import math

from softmoe_edu.teaching.check.gradient import gradients
from softmoe_edu.teaching.check.properties import as_defined, brief, by_hand, changed, close, finite
from softmoe_edu.teaching.exercise import Finding, Property

DEFINITION = "the mean over tokens of (log Σ exp(score))²"


def case(b, n, e, scale=1.5):
    """Return a function that draws scores of these sizes."""
    return lambda draw: (scale * draw.normal(b, n, e) + draw.normal(b, n, 1),)


def hand(draw):
    """Return two tokens whose exponentials sum to 4 and to 1."""
    return (draw.tensor([[[math.log(3), 0], [math.log(0.5), math.log(0.5)]]]),)


def _shifted(answer, draw):
    (logits,) = case(2, 5, 4)(draw)
    expected = (logits.logsumexp(-1) + 5).square().mean()
    got = answer(logits + 5)
    if close(expected, got):
        return None
    return Finding(
        "5 added to all scores adds 5 to every log-sum-exp: the softmax stays as it is, the loss does not",
        "2 x 5 tokens, 4 experts; all scores higher by 5",
        brief(expected, 4),
        brief(got, 4),
    )


PROPERTIES = (
    by_hand(
        hand,
        "(log 4)² = 1.922 and (log 1)² = 0; their mean is 0.961",
        "exp(scores) of two tokens: [[3, 1], [.5, .5]]",
    ),
    as_defined(DEFINITION, case(3, 7, 5), case(1, 1, 6), case(2, 4, 1), show_output=True),
    Property("scores shifted", _shifted),
    changed(
        "it is a mean: twice the same tokens give the same loss",
        case(2, 5, 4),
        lambda args, draw: ((args[0].repeat(1, 2, 1),), None),
        lambda before, words: before,
        name="tokens repeated",
    ),
    gradients("the scores get a gradient", case(2, 4, 3), ("logits",)),
    finite("scores of a few hundred or thousand give a finite loss", case(2, 5, 4, scale=1000.0)),
)
