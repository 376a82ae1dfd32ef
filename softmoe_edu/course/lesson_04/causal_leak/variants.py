"""Right answers to `causal_leak` in other styles."""

import torch


def with_cat(layer, x):
    """The changed tokens put together; the largest difference of each output."""
    other = torch.cat([x[:, :-1], -x[:, -1:]], dim=1)
    difference = (layer(other) - layer(x))[:, :-1]
    return (difference.abs().amax(-1) > 1e-6).float().mean()


def with_signs(layer, x):
    """A factor for each token."""
    signs = torch.ones(x.shape[1], 1, dtype=x.dtype, device=x.device)
    signs[-1] = -1
    with torch.inference_mode():
        before, after = layer(x.clone()), layer(x * signs)
    same = torch.isclose(before, after, rtol=0, atol=1e-6).all(2)
    return 1 - same[:, :-1].float().mean().item()


def one_by_one(layer, x):
    """A count in loops."""
    other = x.detach().clone()
    other[:, -1].neg_()
    before, after = layer(x).tolist(), layer(other).tolist()
    b, n, d = x.shape
    count = 0
    for g in range(b):
        for t in range(n - 1):
            count += any(abs(before[g][t][i] - after[g][t][i]) > 1e-6 for i in range(d))
    return count / (b * (n - 1))


VARIANTS = (with_cat, with_signs, one_by_one)
