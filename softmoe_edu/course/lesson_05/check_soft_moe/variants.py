"""Right answers to `check_soft_moe` in other styles."""

import math

import torch

from softmoe_edu.course.lesson_05.check_soft_moe.mistakes import numbers


def five_questions(layer):
    """A good student's tests: the hand example, sums, order of tokens and of experts, examples apart; in float32."""
    x = torch.tensor([[[1.0, 0.0], [0.0, 2.0]]])
    phi = torch.tensor([[[math.log(3)], [0.0], [math.log(2)]], [[0.0], [math.log(2) / 2], [0.0]]])
    by_hand = layer(x, phi, [lambda s: s * 4, lambda s: s * 3, lambda s: s * 3])
    assert torch.allclose(by_hand[0], torch.tensor([[7 / 3, 7 / 3], [7 / 4, 3.0]]), atol=1e-5)

    x, phi = numbers(2, 4, 3), numbers(3, 3, 2)
    experts = [lambda s, k=k: torch.tanh(s * k) for k in (1, 2, 3)]
    out = layer(x, phi, experts)
    assert torch.allclose(layer(x, phi, [lambda s: s * 0 + 1] * 3), torch.tensor(1.0), atol=1e-5)
    order = [2, 0, 3, 1]
    assert torch.allclose(layer(x[:, order], phi, experts), out[:, order], atol=1e-5)
    turned = [2, 0, 1]
    assert torch.allclose(layer(x, phi[:, turned], [experts[i] for i in turned]), out, atol=1e-5)
    assert torch.allclose(layer(x[1:], phi, experts), out[1:], atol=1e-5)


def beside_a_definition(layer):
    """Comparison with a definition of its own, in loops, on all-different sizes; rejects by returning False."""
    x, phi = numbers(2, 4, 3).double(), numbers(3, 3, 2).double()
    experts = [torch.tanh, torch.square, torch.exp]
    wanted = torch.zeros_like(x)
    for g in range(2):
        scores = torch.tensordot(x[g], phi, dims=1)
        slots = torch.einsum("nep,nd->epd", scores.softmax(0), x[g])
        for i in range(3):
            for j in range(2):
                share = scores[:, i, j].exp() / scores.exp().sum((1, 2))
                wanted[g] += share[:, None] * experts[i](slots[i, j])
    return bool((layer(x, phi, experts) - wanted).abs().max() < 1e-6)


VARIANTS = (five_questions, beside_a_definition)
