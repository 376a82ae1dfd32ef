"""What a right `load_fraction` does."""

import torch

from softmoe_edu.teaching.check.properties import as_defined, brief, by_hand, changed, close, span_of_sums
from softmoe_edu.teaching.exercise import Finding, Property

DEFINITION = "the choices that go to an expert, divided by all choices of the group's real tokens"


def choices(draw, b, n, e, k):
    """Return the k best experts of each token by random scores: no token chooses an expert twice."""
    return draw.normal(b, n, e).topk(k).indices


def real_tokens(draw, b, n):
    """Return a mask with another number of real tokens in each group, at least one of them."""
    places = draw.uniform(b, n).argsort(-1).argsort(-1)
    return places < torch.arange(n, n - b, -1, device=places.device).clamp(min=1)[:, None] - 1


def case(b, n, e, k, padding=False):
    """Return a function that draws arguments of these sizes."""

    def make(draw):
        return choices(draw, b, n, e, k), e, real_tokens(draw, b, n) if padding else None

    return make


def unchosen(draw):
    """Return arguments in which nobody chooses the first and the last of six experts."""
    return choices(draw, 3, 5, 4, 2) + 1, 6, None


def odd_padding(draw):
    """Return arguments whose padding has choices that are no expert's number; the last group is all padding."""
    indices, mask = choices(draw, 3, 6, 5, 2), real_tokens(draw, 3, 6)
    mask[-1] = False
    odd = torch.where(draw.uniform(3, 6, 2) < 0.5, -1, 77)
    return torch.where(mask[..., None], indices, odd), 5, mask


def hand(draw):
    """Return the worked example of section 3: first choices 0, 0, 0, 1 and second choices 1, 2, 1, 0."""
    return torch.tensor([[[0, 1], [0, 2], [0, 1], [1, 0]]], device=draw.device), 3, None


def padded_hand(draw):
    """Return one choice for each of four tokens, of which the last two are padding."""
    indices = torch.tensor([[[2], [0], [0], [0]]], device=draw.device)
    return indices, 3, torch.tensor([[True, True, False, False]], device=draw.device)


def _sums(answer, draw):
    args = case(3, 7, 5, 2, padding=True)(draw)
    sums = answer(*args).sum(-1)
    if close(sums, torch.ones_like(sums)):
        return None
    return Finding(
        "the shares of a group sum to 1 over experts",
        answer.given(args),
        "every sum 1",
        f"sums {span_of_sums(sums)}",
    )


def _padding_moved(args, draw):
    indices, e, mask = args
    return (torch.where(mask[..., None], indices, (indices + 1) % e), e, mask), None


PROPERTIES = (
    by_hand(
        hand,
        "expert 0 has 4 of 8 choices, expert 1 has 3, expert 2 has 1",
        "one group of four tokens that choose [[0, 1], [0, 2], [0, 1], [1, 0]], 3 experts, no mask",
        show=lambda args, output: f"{brief(output)}, sum {brief(output.sum())}",
    ),
    by_hand(
        padded_hand,
        "only the two real tokens count: one chooses expert 2, one expert 0",
        "choices [[2], [0], [0], [0]], 3 experts; the mask says that the last two tokens are padding",
        show=lambda args, output: f"{brief(output)}, sum {brief(output.sum())}",
        name="padding by hand",
    ),
    Property("shares sum to 1", _sums),
    as_defined(DEFINITION, case(3, 7, 5, 2), case(2, 6, 4, 3), case(1, 9, 6, 1), case(2, 1, 3, 2)),
    changed(
        "the choices of padding change nothing",
        case(3, 7, 5, 2, padding=True),
        _padding_moved,
        lambda before, words: before,
        name="padding",
    ),
    as_defined(
        "every group is counted by itself, padding left out of the choices and of their number",
        case(3, 7, 5, 2, padding=True),
        case(2, 5, 4, 1, padding=True),
        name="groups",
    ),
    as_defined("an expert that nobody chooses has a share of 0", unchosen, name="experts without tokens"),
    as_defined(
        "choices of padding may be any whole numbers, and in a group that is all padding every share is 0",
        odd_padding,
        name="odd padding",
    ),
)
