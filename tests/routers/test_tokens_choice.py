"""Tokens Choice by hand, by loop, and at its edges."""

import pytest
import reference
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from softmoe_edu import Experts, MoE, TokensChoiceRouter
from softmoe_edu.routers import assign_tokens, choose_experts


def routed(gates, top_k, capacity, *, by_gate=False, mask=None):
    """(token, gate) in index form for given gates, through the router's own two functions."""
    experts, chosen = choose_experts(gates.log(), top_k)
    score = chosen[..., 0] if by_gate else None
    return assign_tokens(experts, chosen, gates.shape[-1], capacity, score=score, mask=mask)


THREE = torch.tensor([[[0.5, 0.4, 0.1], [0.6, 0.3, 0.1], [0.9, 0.06, 0.04]]])


def test_by_hand_by_position():
    """Three tokens want expert 0, which has two slots: the last comes too late."""
    token, gate = routed(THREE, 1, 2)

    assert token.tolist() == [[[0, 1], [-1, -1], [-1, -1]]]
    torch.testing.assert_close(gate, torch.tensor([[[0.5, 0.6], [0, 0], [0, 0]]]))


def test_by_hand_by_gate():
    """Batch priority routing serves the surest token first, so the least sure is turned away."""
    token, gate = routed(THREE, 1, 2, by_gate=True)

    assert token.tolist() == [[[2, 1], [-1, -1], [-1, -1]]]
    torch.testing.assert_close(gate, torch.tensor([[[0.9, 0.6], [0, 0], [0, 0]]]))


def test_by_hand_second_choices_come_last():
    """All first choices are placed before any second one, and gates are not renormalised."""
    gates = torch.tensor([[[0.5, 0.4, 0.1], [0.3, 0.6, 0.1], [0.2, 0.7, 0.1]]])
    token, gate = routed(gates, 2, 2)

    assert token.tolist() == [[[0, 1], [1, 2], [-1, -1]]]
    torch.testing.assert_close(gate, torch.tensor([[[0.5, 0.3], [0.6, 0.7], [0, 0]]]))


def test_ties_go_to_the_lower_expert_and_the_earlier_token():
    """Uniform gates send every token to expert 0, and the first tokens get in, in either order."""
    for by_gate in (False, True):
        token, _ = routed(torch.full((1, 4, 3), 1 / 3), 1, 2, by_gate=by_gate)
        assert token.tolist() == [[[0, 1], [-1, -1], [-1, -1]]]


@pytest.mark.parametrize("top_k", [1, 2, 3])
@pytest.mark.parametrize("priority", ["position", "gate"])
@pytest.mark.parametrize("factor", [0.5, 1.0, None])
def test_by_loop(top_k, priority, factor):
    """Values and gradients equal those of a layer that serves one token after the other."""
    torch.manual_seed(0)
    x = torch.randn(3, 7, 5, dtype=torch.float64, requires_grad=True)
    router = TokensChoiceRouter(5, 4, top_k, capacity_factor=factor, priority=priority)
    layer = MoE(router, Experts(5, 4, 6)).double()
    by_gate, capacity = priority == "gate", router.capacity(7)
    reference.assert_layer_equals_loop(layer, x, lambda gates: reference.tokens_choice(gates, top_k, capacity, by_gate))


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_places_equal_the_loop(data):
    """For any sizes, capacity, order, mask and ties, every slot holds the token that the loop puts there."""
    b, n, e = (data.draw(st.integers(1, 5), label=letter) for letter in "bne")
    top_k = data.draw(st.integers(1, e), label="k")
    capacity = data.draw(st.sampled_from([1, 2, 6, None]), label="capacity")
    by_gate = data.draw(st.booleans(), label="by gate")
    generator = torch.Generator().manual_seed(data.draw(st.integers(0, 999)))
    # Gates of few values, so that ties are common.
    gates = torch.randint(1, 4, (b, n, e), generator=generator).double().log().softmax(-1)
    mask = torch.rand(b, n, generator=generator) < 0.7 if data.draw(st.booleans()) else None
    token, gate = routed(gates, top_k, capacity, by_gate=by_gate, mask=mask)
    gates = gates.log().softmax(-1)
    places = reference.tokens_choice(gates, top_k, capacity, by_gate, mask)
    expected = torch.full_like(token, -1)
    for (g, i, j), slot in places.items():
        expected[g, j, slot] = i

    assert torch.equal(expected, token)
    assert torch.equal(token >= 0, gate > 0)
    if capacity is None:
        assert len(places) == (b * n if mask is None else int(mask.sum())) * top_k


def test_priority_changes_which_and_not_how_many():
    """For top-1 the number of dropped tokens is the sum of max(0, wanted - capacity), whatever the order."""
    torch.manual_seed(0)
    gates = torch.randn(3, 40, 4).mul(2).softmax(-1)
    wanted = torch.nn.functional.one_hot(gates.argmax(-1), 4).sum(1)
    dropped = (wanted - 5).clamp(min=0).sum().item()
    placed = [routed(gates, 1, 5, by_gate=by_gate)[0] for by_gate in (False, True)]

    assert [3 * 40 - int((token >= 0).sum()) for token in placed] == [dropped, dropped]
    assert not torch.equal(placed[0].sort().values, placed[1].sort().values)


def test_gatings():
    """The field's gates for logits log(6), log(3), log(1) and two choices, each by its name."""
    logits = torch.tensor([[[6.0, 1, 3]]]).log()
    expected = {
        "vmoe": [0.6, 0.3],
        "gshard": [6 / 9, 3 / 9],
        "top_k_then_softmax": [6 / 9, 3 / 9],
    }
    for gating, gates in expected.items():
        experts, chosen = choose_experts(logits, 2, gating)
        assert experts.tolist() == [[[0, 2]]]
        torch.testing.assert_close(chosen, torch.tensor([[gates]]))
    torch.testing.assert_close(choose_experts(logits, 1, "switch")[1], torch.tensor([[[0.6]]]))


def test_renormalising_one_choice_kills_the_gradient():
    """With top_k=1 a renormalised gate is a constant 1: the router learns nothing; V-MoE's order keeps it learning."""
    x = torch.randn(2, 7, 5)
    gradients = {}
    for gating in ("vmoe", "switch", "gshard", "top_k_then_softmax"):
        torch.manual_seed(0)
        layer = MoE(TokensChoiceRouter(5, 4, gating=gating), Experts(5, 4, 6))
        layer(x).sum().backward()
        gradients[gating] = layer.router.w_gate.grad.abs().max().item()

    assert gradients["vmoe"] == gradients["switch"] > 1e-3
    assert gradients["top_k_then_softmax"] == 0
    assert gradients["gshard"] < 1e-6


def test_dropped_tokens_get_exactly_zero():
    """A token that no expert has room for gets 0 from the layer, although experts have biases."""
    torch.manual_seed(0)
    layer = MoE(TokensChoiceRouter(5, 4, capacity_factor=0.5), Experts(5, 4, 6))
    torch.nn.init.normal_(layer.experts.b_out)
    x = torch.randn(3, 8, 5)
    dropped = layer.router(x).token_load() == 0

    assert 0 < dropped.sum() < dropped.numel()
    assert not layer(x)[dropped].any()
    assert layer(x)[~dropped].all()


def test_capacity_over_the_token_count_leaves_slots_empty():
    """A capacity over the token count is allowed here: nothing is dropped and the rest of the slots is empty."""
    routing = TokensChoiceRouter(5, 4, capacity_factor=8.0)(torch.randn(3, 7, 5))

    assert routing.sizes[3] == 14
    assert routing.filled.sum() == 3 * 7


def test_capacity_rounding():
    """10 choices for 4 experts are 3 slots rounded up, 2 rounded as Python does, 4 as a multiple of 4."""
    changes = [{}, {"rounding": "round"}, {"multiple_of": 4}]

    assert [TokensChoiceRouter(5, 4, 2, **c).capacity(5) for c in changes] == [3, 2, 4]


def test_noise_is_divided_by_the_experts():
    """Noise on the logits has deviation noise_std / e; `logits` stay clean, `gates` are of the noisy ones."""
    torch.manual_seed(0)
    router = TokensChoiceRouter(5, 4, noise_std=2.0).train()
    routing = router(torch.randn(3, 700, 5))
    noise = routing.noisy_logits - routing.logits

    assert abs(noise.std().item() / 0.5 - 1) < 0.03
    torch.testing.assert_close(routing.gates, routing.noisy_logits.softmax(-1))
    assert router.eval()(torch.randn(1, 7, 5)).noisy_logits is None


def test_jitter_multiplies_the_input_in_training_only():
    """Switch's jitter keeps the logits of one-number tokens within 1 +- jitter of themselves, in training only."""
    router = TokensChoiceRouter(1, 3, jitter=0.25)
    x = torch.ones(1, 200, 1)
    ratio = router.train()(x).logits / router.eval()(x).logits

    assert 0.75 <= ratio.min() < 0.8 and 1.2 < ratio.max() <= 1.25
    assert torch.equal(router.eval()(x).logits, x @ router.w_gate)


def test_jitter_is_drawn_for_every_number_of_a_token():
    """Each of a token's numbers is multiplied by a factor of its own, so jitter changes its direction."""
    torch.manual_seed(0)
    router = TokensChoiceRouter(3, 3, jitter=0.25).train()
    with torch.no_grad():
        router.w_gate.copy_(torch.eye(3))  # logits are then the numbers themselves
    factors = router(torch.ones(2, 5, 3)).logits

    assert all(factors.diff(dim=axis).abs().min() > 0 for axis in range(3))


def test_noise_is_drawn_for_every_token_and_expert():
    """No two groups, tokens or experts share their noise."""
    torch.manual_seed(0)
    routing = TokensChoiceRouter(5, 4, noise_std=2.0).train()(torch.randn(3, 7, 5))
    noise = routing.noisy_logits - routing.logits

    assert all(noise.diff(dim=axis).abs().min() > 0 for axis in range(3))


def test_dropless_without_a_real_token():
    """When all is padding there is nothing to place, and each expert still has one slot, which is empty."""
    routing = TokensChoiceRouter(5, 4, capacity_factor=None)(torch.randn(2, 7, 5), torch.zeros(2, 7, dtype=torch.bool))

    assert routing.token.tolist() == [[[-1]] * 4] * 2
