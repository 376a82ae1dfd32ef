"""Right answers to `batch_effect` in other styles."""

import torch


def token_by_token(layer, x, others):
    """Loops over batches, examples and tokens."""
    found = [layer(torch.cat((company, x), dim=0))[-x.shape[0] :] for company in others]
    limit = found[0].abs().max().item() * 1e-4
    changed = set()
    for answers in found[1:]:
        for i in range(x.shape[0]):
            for j in range(x.shape[1]):
                if (answers[i, j] - found[0][i, j]).abs().max().item() > limit:
                    changed.add((i, j))
    return len(changed) / (x.shape[0] * x.shape[1])


def by_the_farthest(layer, x, others):
    """The farthest that each token gets from its first answer; a tensor without axes."""
    with torch.no_grad():
        stack = torch.stack([layer(torch.vstack([company, x])).narrow(0, len(company), len(x)) for company in others])
    farthest = (stack - stack[:1]).abs().amax((0, -1))
    return (farthest > stack[0].abs().max() * 1e-4).to(x.dtype).mean()


def by_isclose(layer, x, others):
    """What stays, taken from 1."""
    first, *rest = (layer(torch.cat([company, x])).split([len(company), len(x)])[1] for company in others)
    stays = torch.ones(x.shape[:2], dtype=torch.bool, device=x.device)
    for each in rest:
        stays &= torch.isclose(each, first, rtol=0, atol=1e-4 * float(first.abs().max())).all(-1)
    return 1 - int(stays.sum()) / stays.numel()


VARIANTS = (token_by_token, by_the_farthest, by_isclose)
