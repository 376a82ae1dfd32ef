"""Auxiliary losses by hand, at balance, and under a mask."""

import math

import pytest
import torch
from torch.autograd import gradcheck

from softmoe_edu import SoftRouter
from softmoe_edu.losses import importance_loss, load_balancing_loss, load_loss, z_loss

GATES = torch.tensor([[[0.5, 0.25, 0.25], [0.75, 0.25, 0.0]]], dtype=torch.float64)


def test_importance_by_hand():
    """Expert sums 5/4, 2/4, 1/4 have mean 2/3 and variance 13/72, so the loss is 13/72 / (4/9) = 13/32."""
    assert importance_loss(GATES).item() == pytest.approx(13 / 32)


def test_load_balancing_by_hand():
    """Both first choices are expert 0, whose mean gate is 5/8: 3 x 1 x 5/8."""
    assert load_balancing_loss(GATES).item() == pytest.approx(3 * 5 / 8)


def test_load_balancing_can_be_under_one():
    """Counts that lean against the gates give less than 1, so 1 is not the minimum."""
    gates = torch.tensor([[[0.5, 0.49, 0.01], [0.5, 0.49, 0.01], [0.0, 0.49, 0.51], [0.0, 0.49, 0.51]]])
    f, mean = [2 / 4, 0, 2 / 4], [1 / 4, 0.49, 1.04 / 4]

    assert load_balancing_loss(gates).item() == pytest.approx(3 * sum(a * b for a, b in zip(f, mean, strict=True)))
    assert load_balancing_loss(gates) < 1


def test_z_by_hand():
    """Logits log(1), log(3) have log-sum-exp log(4)."""
    logits = torch.tensor([[[1.0, 3.0], [2.0, 2.0]]]).log()

    assert z_loss(logits).item() == pytest.approx(torch.tensor(4.0).log().item() ** 2)


def test_load_by_hand():
    """With k=1 an expert at the threshold has load 1/2, one that is 1 deviation under it the normal tail 0.1587."""
    logits = torch.tensor([[[1.0, 0.5]]], dtype=torch.float64)
    low, mean = 0.15865525393145707, (0.5 + 0.15865525393145707) / 2

    value = load_loss(logits, logits, top_k=1, noise_std=1.0)  # deviation 1 / 2 experts
    assert value.item() == pytest.approx(((0.5 - mean) ** 2 + (low - mean) ** 2) / 2 / mean**2)


def test_mean_over_groups():
    """Groups are averaged, not pooled: a balanced pool of two lopsided groups is still lopsided."""
    groups = torch.tensor([[[1.0, 0.0]], [[0.0, 1.0]]])

    assert importance_loss(groups) == 1 == importance_loss(groups[:1])
    assert load_balancing_loss(groups) == 2


def test_z_is_averaged_in_each_group_first():
    """A group of one real token counts as much as one of three: log-sum-exps of 1 and 2 give (1 + 4) / 2."""
    logits = torch.tensor([[[1.0, 1.0]] * 3, [[2.0, 2.0]] * 3]) - math.log(2)
    mask = torch.tensor([[True, True, True], [True, False, False]])

    assert z_loss(logits, mask).item() == pytest.approx(2.5)


def test_importance_of_small_gates():
    """The importance loss is a ratio: gates that are all a million times smaller have the same."""
    for dtype in (torch.float32, torch.float64):
        assert importance_loss(GATES.to(dtype) * 1e-6).item() == pytest.approx(13 / 32, rel=1e-5)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    "loss",
    [
        importance_loss,
        load_balancing_loss,
        z_loss,
        lambda gates, mask: load_loss(gates, gates, top_k=1, noise_std=1.0, mask=mask),
    ],
)
def test_masks_that_do_not_fit(loss):
    """A mask of numbers, or of another shape than the tokens, is named as such."""
    with pytest.raises(TypeError, match=r"mask must be a boolean tensor, .* got torch\.float32: convert with mask"):
        loss(GATES, torch.ones(1, 2))
    with pytest.raises(ValueError, match=r"mask must be \(batch, tokens\)=\(1, 2\), got \(2, 1\)"):
        loss(GATES, torch.ones(2, 1, dtype=torch.bool))


@pytest.mark.parametrize("shape", [(2, 7, 4), (1, 1, 1), (3, 5, 2)])
def test_finite_gradients_at_exact_balance(shape):
    """At uniform gates the balance losses are 0 and 1, and every gradient is finite."""
    logits = torch.zeros(shape, requires_grad=True)
    gates = logits.softmax(-1)
    losses = [
        importance_loss(gates),
        load_balancing_loss(gates),
        load_loss(logits, logits, top_k=1, noise_std=1.0),
        z_loss(logits),
    ]
    sum(losses).backward()

    assert [round(loss.item(), 6) for loss in losses[:3]] == [0, 1, 0]
    assert logits.grad.isfinite().all()


def test_gradcheck():
    """Every loss's gradient equals finite differences; the first-choice fraction is constant."""
    torch.manual_seed(0)
    logits = torch.randn(3, 7, 4, dtype=torch.float64, requires_grad=True)
    noisy = logits.detach() + 0.1 * torch.randn_like(logits)
    noisy.requires_grad_()

    assert gradcheck(lambda t: importance_loss(t.softmax(-1)), logits)
    assert gradcheck(lambda t: load_balancing_loss(t.softmax(-1)), logits)
    assert gradcheck(z_loss, logits)
    assert gradcheck(lambda t, u: load_loss(t, u, top_k=2, noise_std=1.0), (logits, noisy))


def test_padding_is_left_out():
    """With a mask each loss equals the loss of the real tokens alone; a group of padding adds 0, not NaN."""
    torch.manual_seed(0)
    logits = torch.randn(3, 7, 4, dtype=torch.float64)
    noisy = logits + 0.1 * torch.randn_like(logits)
    mask = torch.arange(7).expand(3, 7) < 5
    short, short_noisy = logits[:, :5], noisy[:, :5]
    pairs = [
        (importance_loss(logits.softmax(-1), mask), importance_loss(short.softmax(-1))),
        (load_balancing_loss(logits.softmax(-1), mask), load_balancing_loss(short.softmax(-1))),
        (z_loss(logits, mask), z_loss(short)),
        (
            load_loss(logits, noisy, top_k=2, noise_std=1.0, mask=mask),
            load_loss(short, short_noisy, top_k=2, noise_std=1.0),
        ),
    ]
    for masked, alone in pairs:
        torch.testing.assert_close(masked, alone)
    nothing = torch.zeros(3, 7, dtype=torch.bool)
    assert importance_loss(logits.softmax(-1), nothing) == 0 == z_loss(logits, nothing)


@pytest.mark.bad_input
def test_bad_arguments():
    """The load loss needs noise and a top_k that exists."""
    logits = torch.randn(1, 3, 4)
    with pytest.raises(ValueError, match="noise_std must be over 0 for the load loss, got 0"):
        load_loss(logits, logits, top_k=1, noise_std=0)
    with pytest.raises(ValueError, match="top_k must be at most the 4 experts of the logits, got 5"):
        load_loss(logits, logits, top_k=5, noise_std=1.0)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("loss", "sentence"),
    [
        (lambda routing: importance_loss(routing.gates), r"gates must be .* \(b, n, e\), got None: Soft MoE has none"),
        (lambda routing: load_balancing_loss(routing.gates), "gates must be .*, got None: Soft MoE has none"),
        (lambda routing: z_loss(routing.logits), r"logits must be .*, got shape \(3, 7, 4, 2\): Soft MoE scores slots"),
        (
            lambda routing: load_loss(GATES, None, top_k=1, noise_std=1),
            "noisy_logits must be .*, got None: a router has",
        ),
    ],
)
def test_a_routing_without_these_scores_is_told(loss, sentence):
    """A loss of scores that a soft routing does not have says so, and is not computed of others."""
    with pytest.raises(ValueError, match=sentence):
        loss(SoftRouter(5, 4, 2)(torch.randn(3, 7, 5)))
