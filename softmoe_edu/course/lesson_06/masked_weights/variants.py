"""Right answers to `masked_weights` in other styles."""

import torch


def by_infinity(logits, mask):
    """Minus infinity for dispatch, and zeros in place of the NaN of an example without real tokens."""
    real = mask[:, :, None, None]
    dispatch = torch.where(real, logits, float("-inf")).softmax(1)
    combine = logits.flatten(2).softmax(-1).view_as(logits)
    return dispatch.nan_to_num(0.0).masked_fill(~real, 0.0), combine * real


def by_exp(logits, mask):
    """Both written out: exp, padding removed, divided by the sum."""
    real = mask[..., None, None].to(logits.dtype)
    lowest = torch.finfo(logits.dtype).min
    top = logits.masked_fill(~mask[..., None, None], lowest).amax(1, keepdim=True)
    into = torch.exp(logits.masked_fill(~mask[..., None, None], lowest) - top) * real
    back = torch.exp(logits - logits.amax((2, 3), keepdim=True))
    return into / into.sum(1, keepdim=True).clamp(min=1e-30), real * back / back.sum((2, 3), keepdim=True)


def example_by_example(logits, mask):
    """The real tokens of one example at a time, put back into zeros."""
    dispatch, combine = [], []
    for scores, real in zip(logits, mask, strict=True):
        kept = scores[real]
        into, back = torch.zeros_like(scores), torch.zeros_like(scores)
        if len(kept):
            into = into.index_put((real.nonzero()[:, 0],), kept.softmax(0))
            back = back.index_put((real.nonzero()[:, 0],), kept.flatten(1).softmax(-1).view_as(kept))
        dispatch.append(into)
        combine.append(back)
    return torch.stack(dispatch), torch.stack(combine)


def by_an_added_bias(logits, mask):
    """A bias of minus 1e30 at padding, as in attention; then padding is set to 0."""
    bias = torch.zeros_like(logits[..., :1, :1]).masked_fill(~mask[:, :, None, None], -1e30)
    flat = (logits + bias).flatten(2)
    real = mask[:, :, None]
    into, back = torch.softmax(flat, 1) * real, torch.softmax(flat, 2) * real
    return [into.view_as(logits), back.view_as(logits)]


VARIANTS = (by_infinity, by_exp, example_by_example, by_an_added_bias)
