"""Exercise: write the test of a Soft MoE layer, scored by the wrong layers that it rejects (lesson 05)."""

import torch

from softmoe_edu.course.lesson_05.check_soft_moe.mistakes import MISTAKES
from softmoe_edu.course.lesson_05.check_soft_moe.properties import PROPERTIES
from softmoe_edu.course.lesson_05.check_soft_moe.variants import VARIANTS
from softmoe_edu.course.lesson_05.soft_moe.exercise import EXERCISE as SOFT_MOE
from softmoe_edu.teaching.check.write_the_check import write_the_check
from softmoe_edu.teaching.exercise import Hint


def my_check(layer):
    """Raise AssertionError unless layer(x, phi, experts) is a right Soft MoE layer."""

    def near(a, b):
        assert a.dtype == b.dtype and a.shape == b.shape and torch.allclose(a, b, atol=1e-6)

    # By hand: exp(scores) [[3, 1, 2], [1, 2, 1]], experts times 4, 3, 3.
    hand = torch.tensor([[[1.0, 0.0], [0.0, 2.0]]], dtype=torch.float64)
    phi = torch.tensor([[3.0, 1.0, 2.0], [1.0, 2.0, 1.0]], dtype=torch.float64).log()
    phi[1] /= 2
    before = hand.clone()
    answers = layer(hand, phi[..., None], [lambda s: 4 * s, lambda s: 3 * s, lambda s: 3 * s])
    near(answers, torch.tensor([[[7 / 3, 7 / 3], [7 / 4, 3.0]]], dtype=torch.float64))
    near(hand, before)

    # Another case: 2 examples, 4 tokens, 3 experts of 2 slots, without random numbers.
    x = torch.sin(torch.arange(24.0, dtype=torch.float64)).view(2, 4, 3)
    phi = torch.cos(torch.arange(18.0, dtype=torch.float64) ** 2).view(3, 3, 2)
    experts = [lambda s: torch.tanh(s), lambda s: s * s, lambda s: 1 - s]
    answers = layer(x, phi, experts)

    # If every expert answers 1, the layer returns the sums of combine.
    near(layer(x, phi, [torch.ones_like] * 3), torch.ones_like(x))
    # Equal tokens fill every slot with themselves.
    near(layer(torch.ones_like(x), phi, [lambda s: 2 * s] * 3), 2 * torch.ones_like(x))
    # Order of tokens, of experts, and the other examples.
    near(layer(x.flip(1), phi, experts), answers.flip(1))
    near(layer(x, phi.flip(1), experts[::-1]), answers)
    near(layer(x[:1], phi, experts), answers[:1])
    # Large scores.
    assert layer(x, 1000 * phi, experts).isfinite().all()
    # The gradient is the slope, along phi itself.
    slope = (layer(x, 1.00001 * phi, experts) - layer(x, 0.99999 * phi, experts)).sum() / 2e-5
    leaf = phi.clone().requires_grad_()
    gradient = torch.autograd.grad(layer(x, leaf, experts).sum(), leaf)[0]
    assert torch.allclose((gradient * phi).sum(), slope, atol=1e-4)


EXERCISE = write_the_check(
    SOFT_MOE,
    id="check-soft-moe",
    lesson="05",
    order=5,
    title="Write the check",
    answer=my_check,
    properties=PROPERTIES,
    hints=(
        Hint(
            "Begin with the example that you did on paper: its answers are [7/3, 7/3] and [7/4, 3].",
            "def my_check(layer):\n"
            "    x = torch.tensor([[[1.0, 0.0], [0.0, 2.0]]])\n"
            "    phi = torch.tensor([[3.0, 1.0, 2.0], [1.0, 2.0, 1.0]]).log() / torch.tensor([[1.0], [2.0]])\n"
            "    got = layer(x, phi[..., None], [lambda s: 4 * s, lambda s: 3 * s, lambda s: 3 * s])\n"
            "    assert torch.allclose(got[0], torch.tensor([[7 / 3, 7 / 3], [7 / 4, 3.0]]), atol=1e-5)",
        ),
        Hint(
            "One example and one slot hide a lot. Take 3 examples, 7 tokens, 4 different experts of 2 slots, and "
            "ask: do shuffled tokens give shuffled answers? Do experts in another order, with their phi, give "
            "the same answers? Does an example alone? What is the result if every expert answers 1?",
            "def my_check(layer):\n"
            "    x, phi = torch.randn(3, 7, 5), torch.randn(5, 4, 2)\n"
            "    y = layer(x, phi, [torch.tanh, torch.sin, torch.exp, torch.square])\n"
            "    order = torch.tensor([3, 1, 6, 0, 5, 2, 4])\n"
            "    print('answers', tuple(y.shape), 'tokens in another order', tuple(x[:, order].shape))\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "One right answer of several.",
            "def my_check(layer):\n"
            "    x = torch.tensor([[[1.0, 0.0], [0.0, 2.0]]])\n"
            "    phi = torch.tensor([[3.0, 1.0, 2.0], [1.0, 2.0, 1.0]]).log() / torch.tensor([[1.0], [2.0]])\n"
            "    got = layer(x, phi[..., None], [lambda s: 4 * s, lambda s: 3 * s, lambda s: 3 * s])\n"
            "    assert torch.allclose(got[0], torch.tensor([[7 / 3, 7 / 3], [7 / 4, 3.0]]), atol=1e-5)\n"
            "    x, phi = torch.randn(3, 7, 5), torch.randn(5, 4, 2)\n"
            "    experts = [torch.tanh, torch.sin, torch.exp, torch.square]\n"
            "    y = layer(x, phi, experts)\n"
            "    assert torch.allclose(layer(x[:1], phi, experts), y[:1], atol=1e-4)\n"
            "    assert torch.allclose(layer(x, phi.flip(1), experts[::-1]), y, atol=1e-4)\n"
            "    assert torch.allclose(layer(x, phi, [torch.ones_like] * 4), torch.ones_like(x), atol=1e-4)",
        ),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=10,
    difficulty=4,
    points=4,
)
