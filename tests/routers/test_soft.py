"""Soft MoE by hand, by loop, and at its edges."""

import pytest
import reference
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from softmoe_edu import Experts, MoE, SoftRouter, SoftUniformRouter, UniformSoftRouter
from softmoe_edu.routers import soft_weights
from softmoe_edu.routers.soft import l2_normalize


def test_by_hand():
    """Two tokens, three experts, one slot each: exp(logits) are 3 1 2 / 1 2 1, so all weights are twelfths."""
    logits = torch.tensor([[3.0, 1, 2], [1, 2, 1]]).log()[None, :, :, None]
    dispatch, combine = soft_weights(logits)

    torch.testing.assert_close(dispatch[0, :, :, 0], torch.tensor([[9.0, 4, 8], [3, 8, 4]]) / 12)
    torch.testing.assert_close(combine[0, :, :, 0], torch.tensor([[6.0, 2, 4], [3, 6, 3]]) / 12)


def test_by_hand_with_two_slots_and_two_groups():
    """The softmax of combine runs over experts and slots together, that of dispatch inside a group."""
    logits = torch.tensor([[[1.0, 1], [2, 4]], [[3.0, 1], [2, 2]]]).log()  # two groups of one token
    dispatch, combine = soft_weights(logits[:, None])

    assert torch.equal(dispatch, torch.ones(2, 1, 2, 2))
    torch.testing.assert_close(combine[:, 0] * 8, torch.tensor([[[1.0, 1], [2, 4]], [[3, 1], [2, 2]]]))


def test_slots_mix_the_tokens_as_they_are():
    """Normalisation is for the logits only: with one token every slot holds that token, length and all."""
    x = torch.tensor([[[3.0, 4.0]]])
    routing = SoftRouter(2, 3)(x)

    assert torch.equal(routing.to_slots(x), x[:, None].expand(1, 3, 1, 2))


@pytest.mark.parametrize("scale", [1.0, 20.0])
def test_by_loop(scale):
    """Values and gradients equal those of a layer written as plain loops."""
    torch.manual_seed(0)
    x = torch.randn(3, 7, 5, dtype=torch.float64, requires_grad=True)
    layer = MoE(SoftRouter(5, 4, 2, scale_init=scale), Experts(5, 4, 6)).double()
    inputs = [x, *layer.parameters()]
    y = layer(x)
    logits = reference.soft_logits(x, layer.router.phi, layer.router.scale)
    expected = reference.soft_moe(x, *reference.soft_weights(logits), layer.experts)

    torch.testing.assert_close(y, expected)
    reference.assert_same_gradients(y, expected, inputs)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_weights_are_convex(data):
    """Whatever the logits, slots and tokens get weights that are not negative and sum to 1, even at 1e4."""
    b, n, e, p = (data.draw(st.integers(1, 5), label=letter) for letter in "bnep")
    logits = torch.randn(b, n, e, p, generator=torch.Generator().manual_seed(data.draw(st.integers(0, 99))))
    dispatch, combine = soft_weights(logits * data.draw(st.sampled_from([0.0, 1.0, 30.0, 1e4])))

    assert dispatch.min() >= 0 and combine.min() >= 0
    torch.testing.assert_close(dispatch.sum(1), torch.ones(b, e, p))
    torch.testing.assert_close(combine.sum((2, 3)), torch.ones(b, n))


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 4), st.integers(1, 6), st.integers(0, 99))
def test_masked_weights(groups, tokens, seed):
    """With a mask, slots mix real tokens only, and padding answers nothing."""
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(groups, tokens, 3, 2, generator=generator)
    mask = torch.rand(groups, tokens, generator=generator) < 0.6
    dispatch, combine = soft_weights(logits, mask)

    torch.testing.assert_close(dispatch.sum(1), mask.any(1)[:, None, None].expand(groups, 3, 2).float())
    torch.testing.assert_close(combine.sum((2, 3)), mask.float())
    assert not dispatch[~mask].any()


def test_padding_scores_below_the_lowest_real_token():
    """Real tokens whose scores are far below 0 still share a slot among themselves alone."""
    for lowest in (-1e5, -1e30):
        logits = torch.full((1, 3, 2, 1), lowest)
        dispatch, _ = soft_weights(logits, torch.tensor([[True, False, True]]))

        assert dispatch[0, :, 0, 0].tolist() == [0.5, 0, 0.5]


def test_logits_are_bounded_cosines():
    """Normalised logits lie between -scale and scale, whatever the lengths of tokens and slots."""
    torch.manual_seed(0)
    router = SoftRouter(5, 4, 2, scale_init=3.0)
    router.phi.data *= 1e3
    x = torch.randn(3, 7, 5) * 1e3
    aligned = router.phi.detach()[None, :, 0, 0, None].mT

    assert router(x).logits.abs().max() <= 3.0
    torch.testing.assert_close(router(aligned).logits[0, 0, 0, 0], torch.tensor(3.0))


def test_zero_tokens_compete_with_logit_zero():
    """A zero vector has logit 0 everywhere: uniform combine, and exp(0) against the others in dispatch."""
    torch.manual_seed(0)
    x = torch.randn(1, 4, 5)
    x[:, 1] = 0
    routing = SoftRouter(5, 3, 2, scale_init=4.0)(x)

    assert not routing.logits[0, 1].any()
    torch.testing.assert_close(routing.combine[0, 1], torch.full((3, 2), 1 / 6))
    torch.testing.assert_close(routing.dispatch[0, 1], 1 / routing.logits[0].exp().sum(0))


def test_the_two_normalisations_differ_for_short_vectors():
    """A vector of length 0.001 becomes 0.707 long in the code and 0.999 in the paper's Algorithm 2."""
    short = torch.tensor([0.0006, 0.0008], dtype=torch.float64)

    assert round(l2_normalize(short, 0).norm().item(), 3) == 0.707
    assert round(l2_normalize(short, 0, as_printed=True).norm().item(), 3) == 0.999


@pytest.mark.parametrize("as_printed", [False, True])
def test_normalising_zero_has_a_finite_gradient(as_printed):
    """A zero vector stays zero and passes back a finite gradient."""
    x = torch.zeros(3, 2, requires_grad=True)
    y = l2_normalize(x, -1, as_printed=as_printed)
    y.sum().backward()

    assert not y.any() and x.grad.isfinite().all()


def test_normalize_chooses_the_logits():
    """normalize=False multiplies tokens and slots as they are; "as printed" follows the paper's Algorithm 2."""
    torch.manual_seed(0)
    x = torch.randn(2, 7, 5) * 1e-3
    plain, printed, coded = (SoftRouter(5, 4, 2, normalize=form) for form in (False, "as printed", True))
    for router in (plain, printed):
        router.load_state_dict(coded.state_dict())
    phi = coded.phi.detach()
    cosine = torch.einsum("bnd,dep->bnep", x / x.norm(dim=-1, keepdim=True), phi / phi.norm(dim=0))

    torch.testing.assert_close(plain(x).logits, torch.einsum("bnd,dep->bnep", x, phi))
    torch.testing.assert_close(printed(x).logits, cosine, rtol=2e-3, atol=1e-5)
    assert (coded(x).logits - cosine).abs().max() > 0.1


def test_initial_phi():
    """Phi starts with deviation 1 / sqrt(d e), cut at two of the uncut deviations; scale starts where it is told."""
    torch.manual_seed(0)
    router = SoftRouter(64, 128, 2, scale_init=8.0)
    std = (64 * 128) ** -0.5

    assert abs(router.phi.std().item() / std - 1) < 0.02
    assert router.phi.abs().max().item() <= 2 * std / 0.8796
    assert (router.phi.shape, router.scale.shape, router.scale.item()) == ((64, 128, 2), (1,), 8.0)


def test_noise_has_the_asked_deviation():
    """In training the logits differ from the clean ones by noise of deviation noise_std, neither divided nor scaled."""
    torch.manual_seed(0)
    router = SoftRouter(5, 40, 2, noise_std=2.0, scale_init=7.0)
    x = torch.randn(3, 70, 5)
    noise = router.train()(x).logits - router.eval()(x).logits

    assert abs(noise.std().item() / 2 - 1) < 0.02


@pytest.mark.parametrize("cls", [SoftRouter, UniformSoftRouter, SoftUniformRouter])
def test_noise_is_drawn_for_every_token_and_slot(cls):
    """No two groups, tokens, experts or slots of an expert share their noise."""
    torch.manual_seed(0)
    router = cls(5, 4, 2, noise_std=1.0)
    x = torch.randn(3, 7, 5)
    noise = router.train()(x).logits - router.eval()(x).logits

    assert all(noise.diff(dim=axis).abs().min() > 0 for axis in range(4))


@pytest.mark.parametrize("cls", [SoftRouter, UniformSoftRouter, SoftUniformRouter])
def test_a_scale_without_an_axis_is_loaded(cls):
    """State of the official code and of earlier versions, whose scale has no axis, is loaded; what is saved has one."""
    torch.manual_seed(0)
    router, x = cls(5, 4, 2, scale_init=3.0), torch.randn(2, 7, 5)
    state = router.state_dict()
    assert state["scale"].shape == (1,)
    old = {"layer.phi": state["phi"].clone(), "layer.scale": state["scale"][0].clone()}
    for assign in (False, True):
        other = torch.nn.ModuleDict({"layer": cls(5, 4, 2)})
        other.load_state_dict(old, assign=assign)
        assert other["layer"].scale.shape == (1,) and old["layer.scale"].shape == ()
        assert torch.equal(other["layer"](x).logits, router(x).logits)
