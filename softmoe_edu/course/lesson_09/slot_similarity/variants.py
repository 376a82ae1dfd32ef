"""Right answers to `slot_similarity` in other styles."""

import torch


def in_loops(phi, deals):
    """Pair by pair."""
    _, e, p = phi.shape
    vectors = [phi[:, i, j] for i in range(e) for j in range(p)]

    def gap(order):
        within, between = [], []
        for a in range(e * p):
            for b in range(a):
                one, other = vectors[order[a]], vectors[order[b]]
                cosine = (one * other).sum() / (one.norm() * other.norm())
                (within if a // p == b // p else between).append(cosine)
        return sum(within) / len(within) - sum(between) / len(between)

    true = gap(range(e * p))
    count = sum(bool(gap(deal.tolist()) >= true) for deal in deals[:40])
    return float(true), (1 + count) / (1 + len(deals))


def by_blocks(phi, deals):
    """Cosines as (e, p, e, p): an expert's own block lies on the diagonal of experts."""
    _, e, p = phi.shape
    unit = torch.nn.functional.normalize(phi.flatten(1), dim=0)
    table = unit.mT @ unit

    def gap(order):
        blocks = table[order[:, None], order].view(e, p, e, p).sum((1, 3))
        own = blocks.diagonal().sum()
        within = (own - e * p) / (e * p * (p - 1))
        return within - (blocks.sum() - own) / (e * (e - 1) * p * p)

    every = torch.cat([torch.arange(e * p, device=phi.device)[None], deals])
    gaps = torch.stack([gap(order) for order in every])
    return gaps[0], (gaps >= gaps[0] - 1e-12).float().mean()


def slots_moved(phi, deals):
    """The vectors themselves are dealt."""
    d, e, p = phi.shape

    def gap(slots):
        table = torch.nn.functional.cosine_similarity(slots[:, :, None], slots[:, None], dim=0)
        number = torch.arange(e * p, device=phi.device)
        upper = number[:, None] < number
        same = number[:, None] // p == number // p
        return (table[upper & same].mean() - table[upper & ~same].mean()).item()

    flat = phi.reshape(d, e * p)
    true, dealt = gap(flat), [gap(flat[:, deal]) for deal in deals]
    return true, (1 + sum(each >= true for each in dealt)) / (1 + len(dealt))


VARIANTS = (in_loops, by_blocks, slots_moved)
