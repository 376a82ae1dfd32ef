"""What a right `switch_aux_loss` does."""

import torch

from softmoe_edu.course.lesson_03.load_fraction.properties import real_tokens
from softmoe_edu.teaching.check.gradient import gradients
from softmoe_edu.teaching.check.properties import as_defined, brief, by_hand, changed, close
from softmoe_edu.teaching.exercise import Finding, Property

DEFINITION = "the mean over groups of e · Σ f_i · P_i, with the shares f and mean gates P of each group"


def case(b, n, e, k, padding=False, scale=1.5):
    """Return a function that draws gates, the k best experts of each token, and perhaps a mask."""

    def make(draw):
        probs = (scale * draw.normal(b, n, e) + draw.normal(b, 1, e)).softmax(-1)
        return probs, probs.topk(k).indices, real_tokens(draw, b, n) if padding else None

    return make


def empty_group(draw):
    """Return arguments whose last group is all padding."""
    probs, indices, mask = case(3, 6, 5, 2, padding=True)(draw)
    mask[-1] = False
    return probs, indices, mask


def unclean(draw):
    """Return arguments with inf and NaN, in turn, in the gates of padding."""
    probs, indices, mask = case(3, 6, 5, 2, padding=True)(draw)
    rest = torch.full_like(probs, torch.nan)
    rest[..., ::2] = torch.inf
    return torch.where(mask[..., None], probs, rest), indices, mask


def worked(draw):
    """Return the worked example of section 3: four tokens, three experts, one choice each."""
    probs = draw.tensor([[[0.5, 0.3, 0.2], [0.6, 0.15, 0.25], [0.7, 0.2, 0.1], [0.1, 0.85, 0.05]]])
    return probs, probs.argmax(-1, keepdim=True), None


def disagreeing(draw):
    """Return four tokens with f = (1/4, 3/4) and P = (1/2, 1/2)."""
    probs = draw.tensor([[[1, 0], [0.375, 0.625], [0.375, 0.625], [0.25, 0.75]]])
    return probs, probs.argmax(-1, keepdim=True), None


def two_groups(draw):
    """Return two groups, each of which uses another expert alone."""
    probs = draw.tensor([[[0.75, 0.25], [0.75, 0.25]], [[0.25, 0.75], [0.25, 0.75]]])
    return probs, probs.argmax(-1, keepdim=True), None


def padded(draw):
    """Return two real tokens at balance, and two tokens of padding that both choose expert 0."""
    probs = draw.tensor([[[0.75, 0.25], [0.25, 0.75], [1, 0], [1, 0]]])
    return probs, probs.argmax(-1, keepdim=True), torch.tensor([[True, True, False, False]], device=probs.device)


def two_choices(draw):
    """Return two tokens with two of four experts each, all experts alike."""
    probs = draw.tensor([[[0.25] * 4] * 2])
    return probs, torch.tensor([[[0, 1], [2, 3]]], device=probs.device), None


def _balanced(answer, draw):
    for e, k in ((4, 1), (3, 1), (5, 2)):
        probs = draw.tensor([[[1 / e] * e] * 7] * 2)
        indices = draw.normal(2, 7, e).topk(k).indices
        got = answer(probs, indices, None)
        if not close(got, torch.ones_like(got)):
            should = "with equal mean gates the loss is 1, wherever the tokens go: P_i = 1/e and the shares sum to 1"
            given = f"2 groups of 7 tokens, {e} experts, k = {k}, all gates 1/{e}"
            return Finding(should, given, "1", brief(got, 4))
    return None


def _padding_changed(args, draw):
    probs, indices, mask = args
    other = draw.normal(*probs.shape).softmax(-1)
    probs = torch.where(mask[..., None], probs, other)
    return (probs, torch.where(mask[..., None], indices, other.topk(indices.shape[-1]).indices), mask), None


def _example(name, make, should, given):
    return by_hand(make, should, given, name=name)


PROPERTIES = (
    _example(
        "the example by hand",
        worked,
        "f = (3/4, 1/4, 0), P = (0.475, 0.375, 0.15): 3 · (0.75 · 0.475 + 0.25 · 0.375) = 1.35",
        "gates [[.5, .3, .2], [.6, .15, .25], [.7, .2, .1], [.1, .85, .05]]; choices 0, 0, 0, 1",
    ),
    _example(
        "shares and gates that disagree",
        disagreeing,
        "f = (1/4, 3/4), P = (1/2, 1/2): 2 · (1/8 + 3/8)",
        "gates [[1, 0], [.375, .625], [.375, .625], [.25, .75]]; choices 0, 1, 1, 1",
    ),
    as_defined(DEFINITION, case(1, 7, 5, 1), name="one group, one choice", show_output=True),
    gradients(
        "the gates get a gradient, through the mean gates alone: a share is a count and has none",
        case(1, 5, 4, 1),
        ("probs",),
    ),
    Property("equal gates", _balanced),
    _example(
        "two choices",
        two_choices,
        "f_i is a share of all choices, so that the loss is 1 at balance for any k",
        "two tokens that choose experts 0, 1 and 2, 3; all gates 1/4",
    ),
    _example(
        "two groups",
        two_groups,
        "each group has its own f and P, and its own loss: 2 · (1 · 3/4) = 1.5; the mean of the two is 1.5",
        "two groups of two tokens: gates [.75, .25] in the first, [.25, .75] in the second",
    ),
    as_defined(DEFINITION, case(3, 7, 5, 2), case(2, 6, 4, 3), case(1, 1, 3, 2), case(4, 5, 2, 1), show_output=True),
    _example(
        "padding by hand",
        padded,
        "the two real tokens are at balance: f = P = (1/2, 1/2)",
        "gates [[.75, .25], [.25, .75], [1, 0], [1, 0]]; the mask says that the last two tokens are padding",
    ),
    changed(
        "gates and choices of padding change nothing",
        case(3, 7, 5, 2, padding=True),
        _padding_changed,
        lambda before, words: before,
        name="padding",
    ),
    as_defined(DEFINITION, case(3, 7, 5, 2, padding=True), name="groups with padding", show_output=True),
    gradients(
        "gates of real tokens get the definition's gradient, those of padding none",
        case(3, 6, 4, 2, padding=True),
        ("probs",),
        name="gradients beside padding",
    ),
    as_defined(
        "a group that is all padding counts as 0, and the mean is still over all groups",
        empty_group,
        name="a group of padding",
        show_output=True,
    ),
    as_defined(
        "inf and NaN in gates of padding change nothing: 0 times one of them is NaN, not 0",
        unclean,
        name="inf and NaN of padding",
        repeats=1,
        show_output=True,
    ),
    gradients(
        "inf and NaN in gates of padding change no gradient either",
        unclean,
        ("probs",),
        name="gradients beside inf and NaN",
        about="inf and NaN in the gates of padding",
    ),
)
