"""Right answers to `is_permutation_equivariant` in other styles."""

import itertools

import torch


def all_orders(layer, x):
    """Every order of the tokens, one after the other."""
    y = layer(x)
    largest = y.abs().max().item()
    for order in itertools.permutations(range(x.shape[1])):
        index = list(order)
        if (layer(x[:, index]) - y[:, index]).abs().max().item() > 1e-4 * largest:
            return False
    return True


def put_back(layer, x):
    """The answers are put back into the first order before they are compared."""
    generator = torch.Generator().manual_seed(0)
    y = layer(x)
    gaps = []
    for _ in range(16):
        order = torch.randperm(x.size(1), generator=generator)
        back = torch.argsort(order)
        gaps.append((layer(x.index_select(1, order))[:, back] - y).abs().amax())
    return bool(torch.stack(gaps).amax() <= 1e-4 * y.abs().amax())


def by_allclose(layer, x):
    """torch.allclose with a tolerance made from the largest answer, token by token."""
    with torch.no_grad():
        y = layer(x)
        atol = 1e-4 * float(y.abs().max())
        orders = [torch.randperm(x.shape[1]).tolist() for _ in range(25)]
        return all(
            torch.allclose(layer(x[:, o])[:, i], y[:, place], rtol=0, atol=atol)
            for o in orders
            for i, place in enumerate(o)
        )


def as_matrices(layer, x):
    """Permutation matrices, multiplied from the left."""
    y = layer(x)
    eye = torch.eye(x.shape[1], dtype=x.dtype, device=x.device)
    differences = [layer(p @ x) - p @ y for p in (eye[torch.randperm(len(eye))] for _ in range(20))]
    return not any((each.abs() > y.abs().max() / 10_000).any().item() for each in differences)


VARIANTS = (all_orders, put_back, by_allclose, as_matrices)
