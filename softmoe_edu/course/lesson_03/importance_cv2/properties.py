"""What a right `importance_cv2` does."""

import torch

from softmoe_edu.teaching.check.gradient import FLOW
from softmoe_edu.teaching.check.properties import as_defined, brief, by_hand, changed, close, farthest
from softmoe_edu.teaching.exercise import Finding, Kind, Property

DEFINITION = "the mean over groups of variance / mean² of the experts' summed gates; the variance divides by e"


def case(b, n, e):
    """Return a function that draws gates, with experts that a whole group prefers."""
    return lambda draw: ((draw.normal(b, n, e) + draw.normal(b, 1, e)).softmax(-1),)


def balanced(draw):
    """Return gates that sum to the same for every expert, exactly."""
    return (draw.tensor([[[0.5, 0.25, 0.125, 0.125]] * 2 + [[0.0, 0.25, 0.375, 0.375]] * 2]),)


def hand(draw):
    """Return two tokens whose gates for three experts sum to 1, 1/4 and 3/4."""
    return (draw.tensor([[[0.75, 0.25, 0], [0.25, 0, 0.75]]]),)


def two_groups(draw):
    """Return two groups, each of which prefers another expert."""
    return (draw.tensor([[[0.75, 0.25], [0.75, 0.25]], [[0.25, 0.75], [0.25, 0.75]]]),)


def _taught(answer, draw):
    """Compare slopes with respect to scores: an answer may use that a token's gates sum to 1."""
    scores = draw.normal(2, 4, 3) + draw.normal(2, 1, 3)
    found = []
    for function in (answer.exercise.answer, answer.raw):
        with torch.enable_grad():
            leaf = scores.clone().requires_grad_()
            loss = function(leaf.softmax(-1))
            path = isinstance(loss, torch.Tensor) and loss.requires_grad
            found.append(torch.autograd.grad(loss, leaf)[0] if path else None)
    expected, got = found
    given = "gates of 2 x 4 tokens and 3 experts, as a softmax of scores"
    if got is None:
        none = "none: the path from the gates is cut"
        return Finding("the gates get a gradient", given, "a gradient for probs", none, kind=Kind.CUTS_GRADIENT)
    if close(expected, got):
        return None
    return Finding("the gates get the loss's gradient", f"{given}; slopes of the scores", *farthest(expected, got))


def _smooth_at_balance(answer, draw):
    (probs,) = balanced(draw)
    with torch.enable_grad():
        leaf = probs.clone().requires_grad_()
        loss = answer.raw(leaf)
        slopes = torch.autograd.grad(loss, leaf)[0] if isinstance(loss, torch.Tensor) and loss.requires_grad else None
    if slopes is not None and bool(slopes.isfinite().all()):
        return None
    return Finding(
        "at exact balance the loss is at its minimum, and its gradient is 0",
        "four tokens whose gates for four experts sum to 1 each",
        "a gradient of 0",
        "no gradient" if slopes is None else f"{int((~slopes.isfinite()).sum())} slopes that are NaN or inf",
    )


PROPERTIES = (
    by_hand(
        hand,
        "importances 1, 1/4, 3/4: mean 2/3, variance 7/72; divided by 4/9 that is 7/32",
        "gates of two tokens: [[.75, .25, 0], [.25, 0, .75]]",
        show=lambda args, output: brief(output, 5),
    ),
    by_hand(
        two_groups,
        "each group has importances 3/2 and 1/2, mean 1, variance 1/4: the mean over groups is 1/4",
        "two groups of two tokens: gates [.75, .25] in the first, [.25, .75] in the second",
        name="two groups",
        show=lambda args, output: brief(output, 5),
    ),
    as_defined(DEFINITION, case(3, 7, 5), case(1, 6, 4), case(2, 1, 3), show_output=True),
    changed(
        "twice the same tokens give the same loss: it is divided by the squared mean",
        case(2, 5, 4),
        lambda args, draw: ((args[0].repeat(1, 2, 1),), None),
        lambda before, words: before,
        name="tokens repeated",
    ),
    Property("gradients", _taught, next_step=FLOW),
    Property("exact balance", _smooth_at_balance, next_step="what is the slope of a square root at 0?"),
    as_defined("at balance the loss is 0", balanced, name="balance", repeats=1, show_output=True),
)
