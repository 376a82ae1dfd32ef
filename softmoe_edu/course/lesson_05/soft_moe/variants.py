"""Right answers to `soft_moe` in other styles."""

import torch


def in_loops(x, phi, experts):
    """One slot after the other, then one token after the other, as on paper."""
    b, n, d = x.shape
    _, e, p = phi.shape
    rows = []
    for g in range(b):
        answers, columns = [], []
        for i in range(e):
            for j in range(p):
                score = torch.stack([token @ phi[:, i, j] for token in x[g]])
                slot = torch.zeros_like(x[g, 0])
                for share, token in zip(score.softmax(0).unbind(), x[g].unbind(), strict=True):
                    slot = slot + share * token
                answers.append(experts[i](slot))
                columns.append(score)
        for row in torch.stack(columns, 1):
            answer = torch.zeros_like(x[g, 0])
            for share, y in zip(row.softmax(0).unbind(), answers, strict=True):
                answer = answer + share * y
            rows.append(answer)
    return torch.stack(rows).view(b, n, d)


def by_logsumexp(x, phi, experts):
    """Softmax written out from its logarithm."""
    logits = x @ phi.flatten(1)
    dispatch = (logits - logits.logsumexp(1, keepdim=True)).exp()
    combine = (logits - logits.logsumexp(2, keepdim=True)).exp()
    slots = (dispatch.mT @ x).unflatten(1, phi.shape[1:])
    return combine @ torch.cat([f(s) for f, s in zip(experts, slots.unbind(1), strict=True)], 1)


def by_bmm(x, phi, experts):
    """Products of batches of matrices, experts one slot at a time."""
    logits = torch.bmm(x, phi.reshape(1, x.shape[2], -1).expand(x.shape[0], -1, -1))
    slots = torch.bmm(torch.softmax(logits, 1).transpose(1, 2), x)
    p = phi.shape[2]
    answers = torch.stack([experts[s // p](slots[:, s]) for s in range(slots.shape[1])], 1)
    return torch.bmm(torch.softmax(logits, 2), answers)


def in_float64(x, phi, experts):
    """Weights in float64, everything else in the dtype of the input."""
    logits = torch.einsum("bnd,dep->bnep", x.double(), phi.double())
    dispatch, combine = logits.softmax(1).to(x.dtype), logits.flatten(2).softmax(-1).view_as(logits).to(x.dtype)
    slots = torch.einsum("bnd,bnep->ebpd", x, dispatch)
    return torch.einsum("ebpd,bnep->bnd", torch.stack([f(s) for f, s in zip(experts, slots, strict=True)]), combine)


def example_by_example(x, phi, experts):
    """Algorithm 1 as printed, for one example at a time."""

    def one(tokens):
        scores = torch.tensordot(tokens, phi, 1)
        into, back = torch.exp(scores - scores.amax(0)), torch.exp(scores - scores.amax((1, 2), keepdim=True))
        slots = torch.tensordot((into / into.sum(0)).permute(1, 2, 0), tokens, 1)
        answers = torch.stack([f(s) for f, s in zip(experts, slots, strict=True)])
        return torch.tensordot(back / back.sum((1, 2), keepdim=True), answers, 2)

    return torch.stack([one(tokens) for tokens in x])


VARIANTS = (in_loops, by_logsumexp, by_bmm, in_float64, example_by_example)
