"""Right answers to `soft_moe_flops` in other styles."""

import torch


def product_by_product(tokens, dim, hidden_dim, num_experts, slots_per_expert):
    """Each product with its rows, inner size and columns."""
    n, d, h, s = tokens, dim, hidden_dim, num_experts * slots_per_expert
    routing = [(n, d, s), (s, n, d), (n, s, d)]
    experts = [(s, d, h), (s, h, d)]
    return tuple(sum(2 * rows * inner * columns for rows, inner, columns in part) for part in (routing, experts))


def expert_by_expert(tokens, dim, hidden_dim, num_experts, slots_per_expert):
    """A loop over experts and their slots."""
    routing = experts = 0
    for _ in range(num_experts):
        routing += slots_per_expert * (tokens * dim + tokens * dim + tokens * dim)
        experts += slots_per_expert * (dim * hidden_dim + hidden_dim * dim)
    return routing * 2, experts * 2


def on_meta(tokens, dim, hidden_dim, num_experts, slots_per_expert):
    """Sizes read from tensors without memory; a list instead of a tuple."""

    def flops(a, b):
        return 2 * a.shape[0] * a.shape[1] * b.shape[1]

    with torch.device("meta"):
        x, phi = torch.empty(tokens, dim), torch.empty(dim, num_experts * slots_per_expert)
        weights, w_in = torch.empty(tokens, phi.shape[1]), torch.empty(dim, hidden_dim)
        slots, hidden = torch.empty(phi.shape[1], dim), torch.empty(phi.shape[1], hidden_dim)
    return [flops(x, phi) + flops(weights.T, x) + flops(weights, slots), flops(slots, w_in) + flops(hidden, w_in.T)]


VARIANTS = (product_by_product, expert_by_expert, on_meta)
