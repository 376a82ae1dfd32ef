"""Experts Choice by hand, by loop, and at its edges."""

import pytest
import reference
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from softmoe_edu import Experts, ExpertsChoiceRouter, MoE
from softmoe_edu.routers import assign_experts


def test_by_hand():
    """Two experts with two slots: token 1 is taken twice, token 2 by no expert."""
    gates = torch.tensor([[[0.7, 0.3], [0.6, 0.4], [0.5, 0.2], [0.1, 0.9]]])
    token, gate = assign_experts(gates, 2)

    assert token.tolist() == [[[0, 1], [3, 1]]]
    torch.testing.assert_close(gate, torch.tensor([[[0.7, 0.6], [0.9, 0.4]]]))


def test_ties_go_to_the_earlier_token():
    """Uniform gates fill every expert with the first tokens."""
    token, _ = assign_experts(torch.full((2, 6, 3), 1 / 3), 2)

    assert token.tolist() == [[[0, 1]] * 3] * 2


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
def test_by_loop(factor):
    """Values and gradients equal those of a layer in which each expert picks its tokens in turn."""
    torch.manual_seed(0)
    x = torch.randn(3, 7, 5, dtype=torch.float64, requires_grad=True)
    layer = MoE(ExpertsChoiceRouter(5, 4, capacity_factor=factor), Experts(5, 4, 6)).double()
    capacity = layer.router.capacity(7)
    reference.assert_layer_equals_loop(layer, x, lambda gates: reference.experts_choice(gates, capacity))


@pytest.mark.slow
@settings(deadline=None, max_examples=100)
@given(st.data())
def test_places_equal_the_loop(data):
    """For any sizes, capacity, mask and ties, every slot holds the token that the loop puts there."""
    b, n, e = (data.draw(st.integers(1, 5), label=letter) for letter in "bne")
    capacity = data.draw(st.integers(1, n), label="capacity")
    generator = torch.Generator().manual_seed(data.draw(st.integers(0, 999)))
    gates = torch.randint(1, 4, (b, n, e), generator=generator).double().log().softmax(-1)
    mask = torch.rand(b, n, generator=generator) < 0.6 if data.draw(st.booleans()) else None
    token, gate = assign_experts(gates, capacity, mask)
    expected = torch.full_like(token, -1)
    for (g, i, j), slot in reference.experts_choice(gates, capacity, mask).items():
        expected[g, j, slot] = i

    assert torch.equal(expected, token)
    assert torch.equal(token >= 0, gate > 0)


def test_every_expert_is_full_and_unchosen_tokens_get_zero():
    """All slots are filled; a token that no expert chose gets exactly 0."""
    torch.manual_seed(0)
    layer = MoE(ExpertsChoiceRouter(5, 4, capacity_factor=0.5), Experts(5, 4, 6))
    x = torch.randn(3, 8, 5)
    routing = layer.router(x)
    unchosen = routing.token_load() == 0

    assert routing.filled.all()
    assert unchosen.any() and not layer(x)[unchosen].any()


def test_capacity_rounding():
    """10 tokens for 4 experts are 2 slots rounded as Python does, 3 rounded up, 4 as a multiple of 4."""
    changes = [{}, {"rounding": "ceil"}, {"multiple_of": 4}]

    assert [ExpertsChoiceRouter(5, 4, **c).capacity(10) for c in changes] == [2, 3, 4]


def test_noise_is_divided_by_the_experts():
    """Noise on the logits has deviation noise_std / e."""
    torch.manual_seed(0)
    routing = ExpertsChoiceRouter(5, 4, noise_std=2.0).train()(torch.randn(3, 700, 5))

    assert abs((routing.noisy_logits - routing.logits).std().item() / 0.5 - 1) < 0.03


def test_noise_is_drawn_for_every_token_and_expert():
    """No two groups, tokens or experts share their noise."""
    torch.manual_seed(0)
    routing = ExpertsChoiceRouter(5, 4, noise_std=2.0).train()(torch.randn(3, 7, 5))
    noise = routing.noisy_logits - routing.logits

    assert all(noise.diff(dim=axis).abs().min() > 0 for axis in range(3))
