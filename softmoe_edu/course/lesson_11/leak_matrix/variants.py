"""Right answers to `leak_matrix` in other styles."""

import torch


def with_factors(layer, x):
    """A factor for each token, and any over examples and numbers."""
    y = layer(x.clone()).detach()
    limit = y.abs().max() * 1e-5
    found = torch.zeros(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device)
    for j in range(x.shape[1]):
        factors = torch.ones(x.shape[1], 1, dtype=x.dtype, device=x.device)
        factors[j] = -2
        moved = (layer(x * factors).detach() - y).abs() > limit
        found[:, j] = moved.any(2).any(0)
    return found


def pair_by_pair(layer, x):
    """Numbers in lists."""
    n = x.shape[1]
    with torch.inference_mode():
        before = layer(x.clone())
        top = before.abs().max().item()
        rows = [[False] * n for _ in range(n)]
        for j in range(n):
            after = layer(torch.cat([x[:, :j], -2 * x[:, j : j + 1], x[:, j + 1 :]], dim=1))
            for i in range(n):
                rows[i][j] = (after[:, i] - before[:, i]).abs().max().item() > 1e-5 * top
    return torch.tensor(rows)


def transposed_at_the_end(layer, x):
    """Rows of tokens, turned around."""
    y = layer(x.detach().clone())
    rows = []
    for j in range(x.shape[1]):
        mask = torch.arange(x.shape[1], device=x.device)[:, None] == j
        rows.append(torch.isclose(layer(torch.where(mask, -2 * x, x)), y, rtol=0, atol=1e-5 * float(y.abs().max())))
    return ~torch.stack(rows).all(-1).all(1).T


VARIANTS = (with_factors, pair_by_pair, transposed_at_the_end)
