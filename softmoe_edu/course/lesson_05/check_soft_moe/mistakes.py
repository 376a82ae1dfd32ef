"""Checks of a Soft MoE layer that are too weak, or that reject right layers."""

import math

import torch

from softmoe_edu.course.lesson_05.soft_moe.mistakes import ALGORITHM
from softmoe_edu.teaching.exercise import mistake, mistakes_in


def numbers(*sizes):
    """Return numbers that look random and are always the same."""
    return torch.sin(torch.arange(1.0, 1 + math.prod(sizes)) ** 2).view(sizes)


@mistake(
    does="checks only what wrong layers get right too: shapes, finite numbers, any gradient, the order of tokens",
    belief="If it runs and returns the right shape, it is right.",
    refuted="a wrong softmax axis changes no shape",
    seen="the tests of bwconrad/soft-moe",
)
def shape_only(layer):
    """Shape and finite."""
    x = numbers(2, 4, 3)
    y = layer(x, numbers(3, 3, 2), [torch.tanh] * 3)
    assert y.shape == x.shape and y.isfinite().all()


@mistake(
    same_as="shape-only",
    does="checks that some gradient arrives, but not which",
    belief="If it trains, it is right.",
    refuted="wrong layers train too: see the clinic of this lesson",
    seen="the tests of fkodom/soft-mixture-of-experts",
)
def gradient_is_there(layer):
    """Grad is not None."""
    x, phi = numbers(2, 4, 3), numbers(3, 3, 2).requires_grad_()
    y = layer(x, phi, [torch.tanh] * 3)
    y.sum().backward()
    assert y.shape == x.shape and phi.grad is not None


@mistake(
    same_as="shape-only",
    does="measures and asserts nothing",
    belief="I will see it when I read the output.",
    refuted="a test that cannot fail tests nothing",
    seen="notebooks",
)
def asserts_nothing(layer):
    """No assert."""
    x = numbers(2, 4, 3)
    return f"difference: {float((layer(x, numbers(3, 3, 2), [torch.tanh] * 3) - x).abs().max())}"


@mistake(
    does="compares one example of 4 tokens with 4 experts of one slot: a mistake between examples or slots goes unseen",
    belief="One comparison of all numbers is enough.",
    refuted="with one example and one slot for each expert, axes of size 1 hide a wrong axis: let all sizes differ",
    seen="golden tests in the convenient sizes",
)
def one_square_example(layer):
    """One example, n = e = 4, p = 1."""
    x, phi = numbers(1, 4, 4).double(), numbers(4, 4, 1).double()
    experts = [torch.tanh, torch.square, torch.exp, torch.sin]
    scores = x[0] @ phi[..., 0]
    slots = scores.softmax(0).T @ x[0]
    wanted = scores.softmax(1) @ torch.stack([f(s) for f, s in zip(experts, slots, strict=True)])
    assert torch.allclose(layer(x, phi, experts)[0], wanted, atol=1e-6)


@mistake(
    "M05",
    does="checks the sums of combine alone",
    belief="If the weights sum to 1, they are right.",
    refuted="uniform weights sum to 1 as well, and nothing checks what fills the slots",
    seen="a first test of one's own",
)
def sums_only(layer):
    """Experts that answer 1."""
    x = numbers(2, 4, 3)
    assert torch.allclose(layer(x, numbers(3, 3, 2), [torch.ones_like] * 3), torch.ones_like(x), atol=1e-5)


@mistake(
    same_as="shape-only",
    does="checks that shuffled tokens give shuffled answers, which is true of most wrong layers too",
    belief="A set operation is right when order does not matter.",
    refuted="all softmaxes over whole axes commute with a shuffle of the tokens",
    seen="a first test of one's own",
)
def order_of_tokens_only(layer):
    """Shuffled tokens."""
    x, phi, experts = numbers(2, 4, 3), numbers(3, 3, 2), [torch.tanh] * 3
    order = [2, 0, 3, 1]
    assert torch.allclose(layer(x[:, order], phi, experts), layer(x, phi, experts)[:, order], atol=1e-5)


@mistake(
    does="requires equal numbers to the last bit, so that right layers in another style are rejected",
    belief="Right answers are equal.",
    refuted="sums in another order round differently: compare with a tolerance, such as torch.allclose",
    seen="== between floating point tensors",
)
def exact_equality(layer):
    """torch.equal with a formula of its own."""
    x, phi = numbers(2, 4, 3), numbers(3, 3, 2)
    logits = torch.einsum("bnd,dep->bnep", x, phi)
    slots = torch.einsum("bnep,bnd->bepd", logits.softmax(1), x)
    # Three experts that differ, so that different rounding changes no verdict on a wrong layer.
    experts = [torch.tanh, torch.neg, torch.relu]
    answers = torch.stack([expert(slots[:, i]) for i, expert in enumerate(experts)], 1)
    both = torch.einsum("bnep,bepd->bnd", logits.flatten(2).softmax(-1).view_as(logits), answers)
    assert torch.equal(layer(x, phi, experts), both)


@mistake(
    does="demands that each expert is called once, with a tensor (b, p, d), so that right layers in another style are "
    "rejected",
    belief="There is one way to write it.",
    refuted="Section 2.1 says what a layer computes, not in which calls: test its result",
    seen="tests that look inside",
)
def wants_one_style(layer):
    """Shapes of the calls."""
    calls = []

    def expert(s):
        calls.append(tuple(s.shape))
        return torch.tanh(s)

    layer(numbers(2, 4, 3), numbers(3, 3, 2), [expert] * 3)
    assert calls == [(2, 2, 3)] * 3


@mistake(
    "M01",
    does="expects the answers of a layer whose two softmax axes are swapped, and rejects every right one",
    belief="Each token's dispatch weights sum to 1.",
    refuted=ALGORITHM,
    seen="a test that was written from the same belief as the code",
)
def expects_swapped(layer):
    """The hand example with rows for columns."""
    x = torch.tensor([[[1.0, 0.0], [0.0, 2.0]]])
    powers = torch.tensor([[3.0, 1.0, 2.0], [1.0, 2.0, 1.0]])
    phi = powers.log() / torch.tensor([[1.0], [2.0]])
    rows, columns = powers / powers.sum(1, keepdim=True), powers / powers.sum(0)
    wanted = columns @ (rows.T @ x[0] * torch.tensor([[4.0], [3.0], [3.0]]))
    got = layer(x, phi[..., None], [lambda s: 4 * s, lambda s: 3 * s, lambda s: 3 * s])
    assert torch.allclose(got[0], wanted, atol=1e-5)


MISTAKES = mistakes_in(globals())
