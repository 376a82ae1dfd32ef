"""What a right `combine_with_residual` does."""

import torch

from softmoe_edu.teaching.check.gradient import gradients
from softmoe_edu.teaching.check.properties import as_defined, brief, close, farthest
from softmoe_edu.teaching.exercise import Finding, Property


def case(n, k, d, share=0.6):
    """Return a function that draws such arguments; the first token is dropped, the last keeps its last choice."""

    def make(draw):
        kept = draw.uniform(n, k) < share
        kept[-1] = torch.arange(k, device=kept.device) == k - 1
        kept[0] = False
        weights = (draw.normal(n, k + 1)).softmax(-1)[:, :k].sort(descending=True).values
        return draw.normal(n, d), 3 * draw.normal(n, k, d), weights, kept

    return make


def hand(draw):
    """Return three tokens: both choices kept, the second kept, and dropped with weight 0.6 (the numbers of M16b)."""
    expert_out = draw.tensor([[[2, 2], [0, 4]], [[7, 7], [4, 8]], [[5, 5], [9, 9]]])
    weights = draw.tensor([[0.5, 0.25], [0.5, 0.25], [0.6, 0]])
    kept = torch.tensor([[True, True], [False, True], [False, False]], device=weights.device)
    return draw.tensor([[1, 2], [3, 4], [1, 1]]), expert_out, weights, kept


def unanswered(args):
    """Put inf and NaN, in turn, where kept is False."""
    x, expert_out, weights, kept = args
    rest = torch.full_like(expert_out, torch.nan)
    rest[..., ::2] = torch.inf
    return x, torch.where(kept[..., None], expert_out, rest), weights, kept


def _by_hand(answer, draw):
    args = hand(draw)
    expected, got = answer.beside(*args)
    if close(expected, got):
        return None
    words = (f"layer {brief(layer)}; block {brief(block)}" for layer, block in (expected, got))
    return Finding(
        "layer = sum of weight · answer over kept choices; block = x + layer",
        "x [[1, 2], [3, 4], [1, 1]]; answers [[[2, 2], [0, 4]], [[-, -], [4, 8]], dropped]; weights [[.5, .25], "
        "[.5, .25], [.6, 0]]",
        *words,
    )


def _dropped(answer, draw):
    x, _, _, kept = args = case(9, 2, 5)(draw)
    lost = ~kept.any(1)
    layer, block = (part[lost] for part in answer(*args))
    given = f"{len(x)} tokens, of which {int(lost.sum())} got no slot in any expert"
    if bool((layer != 0).any()):
        return Finding(
            "for a dropped token the layer returns exactly 0: an empty sum",
            given,
            "0 everywhere",
            f"up to {brief(layer.abs().max(), 2)}",
        )
    # Of an answer in float32, which its dtype tells, the tokens are rounded.
    if not any(torch.equal(block, tokens) for tokens in (x[lost], x[lost].float().to(x))):
        return Finding(
            "a dropped token leaves the block exactly as it came in: x + 0",
            given,
            "block - x is 0",
            f"block - x is up to {brief((block - x[lost]).abs().max(), 2)}",
        )
    return None


def _garbage(answer, draw):
    x, expert_out, weights, kept = args = case(9, 2, 5)(draw)
    other = torch.where(kept[..., None], expert_out, 1000 * draw.normal(*expert_out.shape))
    before, now = answer(*args), answer(x, other, weights, kept)
    if close(before, now):
        return None
    gap = max(float((a - b).abs().max()) for a, b in zip(before, now, strict=True))
    return Finding(
        "the numbers in expert_out where kept is False change nothing",
        "the same input twice, with other numbers where kept is False",
        "the same result twice",
        f"results that differ by up to {gap:.2g}",
    )


def _not_finite(answer, draw):
    args = case(9, 2, 5)(draw)
    expected, got = answer.expected(*args), answer(*unanswered(args))
    if close(expected, got):
        return None
    given = f"9 tokens; inf and NaN in the {int((~args[3]).sum())} vectors where kept is False"
    counts = {name: int((~part.isfinite()).sum()) for name, part in zip(answer.exercise.parts, got, strict=True)}
    if not any(counts.values()):
        should = "inf and NaN in expert_out where kept is False change nothing either"
        return Finding(should, given, *farthest(expected, got, answer.exercise.parts))
    return Finding(
        "inf and NaN in expert_out where kept is False change nothing either: 0 times one of them is NaN, not 0",
        given,
        "only finite numbers, the same as with finite ones there",
        f"numbers that are inf or NaN: {', '.join(f'{name} has {count}' for name, count in counts.items())}",
    )


PROPERTIES = (
    Property("the example by hand", _by_hand),
    Property("dropped tokens", _dropped),
    Property("answers of dropped choices", _garbage),
    gradients(
        "tokens, answers and weights get a gradient, a dropped token through the residual connection alone",
        case(5, 2, 3),
        ("x", "expert_out", "weights"),
    ),
    as_defined(
        "layer = sum of weight · answer over kept choices; block = x + layer",
        case(7, 2, 5),
        case(6, 3, 4, share=1.0),
        case(5, 1, 3),
        case(1, 2, 3),
        case(4, 2, 1, share=0.0),
    ),
    Property("inf and NaN of dropped choices", _not_finite),
    gradients(
        "inf and NaN where kept is False change no gradient either: in the backward pass, autograd multiplies 0 by "
        "them, and 0 times NaN is NaN",
        lambda draw: unanswered(case(5, 2, 3)(draw)),
        ("x", "expert_out", "weights"),
        name="gradients beside inf and NaN",
        about="inf and NaN in the vectors where kept is False",
    ),
)
