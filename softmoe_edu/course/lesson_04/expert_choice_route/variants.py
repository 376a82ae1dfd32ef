"""Right answers to `expert_choice_route` in other styles."""

import torch


def by_topk(logits, capacity):
    """The transposed table and topk."""
    return logits.softmax(-1).mT.topk(capacity)


def along_the_tokens(logits, capacity):
    """Topk along axis 1, and the axes swapped afterwards; in no order."""
    weights, chosen = torch.topk(torch.nn.functional.softmax(logits, 2), capacity, dim=1, sorted=False)
    return weights.permute(0, 2, 1), chosen.permute(0, 2, 1)


def in_loops(logits, capacity):
    """Example by example and expert by expert, with Python's sorted."""
    b, n, e = logits.shape
    powers = (logits - logits.amax(2, keepdim=True)).exp()
    gates = powers / powers.sum(2, keepdim=True)
    rows, chosen = [], []
    for g in range(b):
        for i in range(e):
            best = sorted(range(n), key=lambda t: -gates[g, t, i].item())[:capacity]
            chosen.append(best)
            rows.append(torch.stack([gates[g, t, i] for t in best]))
    shape = (b, e, capacity)
    return torch.stack(rows).view(shape), torch.tensor(chosen, device=logits.device).view(shape)


def one_after_the_other(logits, capacity):
    """Every expert's best token, then the best of the others; in the order of the tokens at last."""
    gates = (logits - logits.logsumexp(-1, keepdim=True)).exp().transpose(1, 2)
    left, found = gates.detach().clone(), []
    for _ in range(capacity):
        found.append(left.argmax(-1, keepdim=True))
        left = left.scatter(-1, found[-1], -1.0)
    chosen = torch.cat(found, -1).sort(-1).values
    return torch.take_along_dim(gates, chosen, -1), chosen


VARIANTS = (by_topk, along_the_tokens, in_loops, one_after_the_other)
