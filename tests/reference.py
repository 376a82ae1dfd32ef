"""Routers again, as plain loops that read like their definitions; slow, and made from the papers alone."""

import math

import torch


def soft_weights(logits):
    """(dispatch, combine) of logits (b, n, e, p): one exponential and one sum at a time."""
    b, n, e, p = logits.shape
    rows_d, rows_c = [], []
    for g in range(b):
        for i in range(n):
            for j in range(e):
                for q in range(p):
                    top = logits[g, i, j, q].exp()
                    rows_d.append(top / sum(logits[g, t, j, q].exp() for t in range(n)))
                    rows_c.append(top / sum(logits[g, i, u, r].exp() for u in range(e) for r in range(p)))
    return torch.stack(rows_d).view(b, n, e, p), torch.stack(rows_c).view(b, n, e, p)


def soft_logits(x, phi, scale):
    """Scale times the cosine of every token and slot, with the official code's 1e-6 under the root."""
    b, n, _ = x.shape
    _, e, p = phi.shape
    values = []
    for g in range(b):
        for i in range(n):
            for j in range(e):
                for q in range(p):
                    token, slot = x[g, i], phi[:, j, q]
                    lengths = (token @ token + 1e-6).sqrt() * (slot @ slot + 1e-6).sqrt()
                    values.append(scale * (token @ slot) / lengths)
    return torch.stack(values).view(b, n, e, p)


def expert(experts, index, row):
    """One expert's answer to one row: tanh GELU written out."""
    h = row @ experts.w_in[index] + experts.b_in[index]
    h = 0.5 * h * (1 + torch.tanh(math.sqrt(2 / math.pi) * (h + 0.044715 * h**3)))
    return h @ experts.w_out[index] + experts.b_out[index]


def soft_moe(x, dispatch, combine, experts):
    """Fill each slot, ask its expert, and add up the answers, one product at a time."""
    b, n, e, p = dispatch.shape
    out = []
    for g in range(b):
        answers = {}
        for j in range(e):
            for q in range(p):
                slot = sum(dispatch[g, i, j, q] * x[g, i] for i in range(n))
                answers[j, q] = expert(experts, j, slot)
        out += [sum(combine[g, i, j, q] * answers[j, q] for j in range(e) for q in range(p)) for i in range(n)]
    return torch.stack(out).view_as(x)


def tokens_choice(gates, top_k, capacity, by_gate=False, mask=None):
    """Places {(group, token, expert): slot} of every choice that found room, serving one token after the other."""
    b, n, e = gates.shape
    gates = gates.tolist()
    places = {}
    for g in range(b):
        real = [i for i in range(n) if mask is None or mask[g, i]]
        order = sorted(real, key=lambda i: -max(gates[g][i])) if by_gate else real
        used = [0] * e
        for rank in range(top_k):
            for i in order:
                ranked = sorted(range(e), key=lambda j: -gates[g][i][j])
                j = ranked[rank]
                if capacity is None or used[j] < capacity:
                    places[g, i, j] = used[j]
                used[j] += 1
    return places


def experts_choice(gates, capacity, mask=None):
    """Places {(group, token, expert): slot}: each expert takes its best tokens, ties by position."""
    b, n, e = gates.shape
    gates = gates.tolist()
    places = {}
    for g in range(b):
        real = [i for i in range(n) if mask is None or mask[g, i]]
        for j in range(e):
            best = sorted(real, key=lambda i: -gates[g][i][j])[:capacity]
            places.update({(g, i, j): slot for slot, i in enumerate(best)})
    return places


def sparse_moe(x, gates, places, experts):
    """Add gate times answer for every choice that found room; all other tokens stay exactly 0."""
    rows = [[torch.zeros_like(row) for row in group] for group in x]
    for g, i, j in places:
        rows[g][i] = rows[g][i] + gates[g, i, j] * expert(experts, j, x[g, i])
    return torch.stack([torch.stack(group) for group in rows])


def dense(places, values, sizes):
    """A (b, n, e, p) tensor that holds values[g, i, j] at every place and 0 elsewhere."""
    out = torch.zeros(sizes, dtype=values.dtype)
    for (g, i, j), slot in places.items():
        out[g, i, j, slot] = values[g, i, j]
    return out


def assert_layer_equals_loop(layer, x, find_places):
    """A sparse layer's weights, answers and gradients are those of the loop; find_places(gates) gives the places."""
    routing, y = layer.router(x), layer(x)
    gates = (x @ layer.router.w_gate).softmax(-1)
    places = find_places(gates)
    expected = sparse_moe(x, gates, places, layer.experts)

    torch.testing.assert_close(routing.combine, dense(places, gates, routing.sizes))
    torch.testing.assert_close(y, expected)
    assert_same_gradients(y, expected, [x, *layer.parameters()])


def assert_same_gradients(actual, expected, inputs):
    """Both outputs pull equally on every input, for one random cotangent."""
    cotangent = torch.randn_like(actual)
    torch.testing.assert_close(
        torch.autograd.grad(actual, inputs, cotangent), torch.autograd.grad(expected, inputs, cotangent)
    )
