"""Right answers to `token_choice_moe` in other styles."""

import torch


def in_loops(x, w_router, experts, k):
    """One token after the other, one choice after the other."""
    answers = []
    for token in x.flatten(0, 1):
        scores = [(token * column).sum() for column in w_router.T]
        gates = torch.stack(scores).softmax(0)
        best = sorted(range(len(experts)), key=lambda i: -gates[i].item())[:k]
        answers.append(sum(gates[i] * experts[i](token) for i in best))
    return torch.stack(answers).view_as(x)


def by_mask(x, w_router, experts, k):
    """A boolean mask for each expert on flat tokens, and masked_scatter to return the answers."""
    flat = x.reshape(-1, x.shape[2])
    gates = torch.softmax(flat @ w_router, 1)
    kept = torch.zeros_like(gates).scatter(1, gates.topk(k, 1)[1], gates.topk(k, 1)[0])
    total = torch.zeros_like(flat)
    for i, expert in enumerate(experts):
        here = kept[:, i] > 0
        rows = torch.zeros_like(flat).masked_scatter(here[:, None], expert(flat[here]) * kept[here, i : i + 1])
        total = total + rows
    return total.view_as(x)


def sorted_by_expert(x, w_router, experts, k):
    """All choices sorted by expert, cut into runs, and gathered back, as fast code does."""
    b, n, d = x.shape
    gates, choice = torch.einsum("bnd,de->bne", x, w_router).softmax(-1).topk(k)
    order = choice.flatten().argsort(stable=True)
    counts = choice.flatten().bincount(minlength=len(experts)).tolist()
    runs = x.reshape(b * n, d)[order // k].split(counts)
    rows = torch.cat([expert(run) for expert, run in zip(experts, runs, strict=True)])
    return (rows[order.argsort()].view(b, n, k, d) * gates[..., None]).sum(2)


def example_by_example(x, w_router, experts, k):
    """Each example alone, with index_add."""
    results = []
    for tokens in x:
        logits = torch.matmul(tokens, w_router)
        chosen = logits.argsort(1, descending=True)[:, :k]
        gates = (logits - logits.logsumexp(1, keepdim=True)).exp()
        result = torch.zeros_like(tokens)
        for i in range(len(experts)):
            who = (chosen == i).any(1).nonzero()[:, 0]
            result = result.index_add(0, who, experts[i](tokens[who]) * gates[who, i].unsqueeze(1))
        results.append(result)
    return torch.stack(results)


VARIANTS = (in_loops, by_mask, sorted_by_expert, example_by_example)
