"""Soft MoE without its weights: the same values and gradients, no (b, n, e, p) tensor, and weights for who asks."""

import copy

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from softmoe_edu import Experts, MoE, SoftRouter, SoftRouting, record
from softmoe_edu.routers import AttentionRouting
from softmoe_edu.routers.soft_attention import CHUNK

B, N, D, E, P = 3, 7, 5, 4, 2


def pair(dtype=torch.float32, dim=D, experts=E, slots=P, **changes):
    """The same layer in both forms."""
    torch.manual_seed(0)
    plain = MoE(SoftRouter(dim, experts, slots, form="weights", scale_init=6.0, **changes), Experts(dim, experts, 6))
    fused = copy.deepcopy(plain)
    fused.router.form = "attention"
    return plain.to(dtype), fused.to(dtype)


def masks():
    """No mask, one with padding, and one with an example that is all padding."""
    some = torch.arange(N).expand(B, N) < torch.tensor([[7], [3], [5]])
    return [None, some, some & torch.tensor([[True], [False], [True]])]


class Largest(TorchDispatchMode):
    """Remember the largest number of values that any operation returned."""

    values = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **kwargs or {})
        for part in out if isinstance(out, tuple | list) else [out]:
            if isinstance(part, torch.Tensor):
                self.values = max(self.values, part.numel())
        return out


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("normalize", [True, False, "as printed"])
def test_same_values_and_gradients(number, normalize):
    """Both forms agree to 1e-5 in float32, in outputs and all gradients, masks included."""
    mask = masks()[number]
    results = []
    for layer in pair(normalize=normalize):
        x = torch.randn(B, N, D, generator=torch.Generator().manual_seed(1)).requires_grad_()
        y = layer(x, mask)
        y.square().sum().backward()
        results.append([y.detach(), x.grad, *(p.grad for p in layer.parameters())])

    for plain, fused in zip(*results, strict=True):
        torch.testing.assert_close(fused, plain, rtol=1e-5, atol=1e-5 * max(1, plain.abs().max().item()))


def test_gradcheck():
    """Gradients through the fused kernel equal finite differences in float64, with padding."""
    _, layer = pair(torch.float64)
    x = torch.randn(B, N, D, dtype=torch.float64, requires_grad=True)

    assert torch.autograd.gradcheck(lambda x: layer(x, masks()[2]), x)


@pytest.mark.parametrize("number", range(3))
def test_weights_when_they_are_asked_for(number):
    """Logits, dispatch, combine, the filled slots and the loads equal those of the form that builds weights."""
    plain, fused = pair()
    x, mask = torch.randn(B, N, D), masks()[number]
    ours, theirs = fused.router(x, mask), plain.router(x, mask)

    assert isinstance(ours, AttentionRouting) and isinstance(theirs, SoftRouting)
    assert theirs.sizes == ours.sizes == (B, N, E, P)
    for name in ("logits", "dispatch", "combine"):
        torch.testing.assert_close(getattr(ours, name), getattr(theirs, name))
    torch.testing.assert_close(ours.to_slots(x), theirs.to_slots(x))
    torch.testing.assert_close(ours.slot_load(), theirs.slot_load())
    torch.testing.assert_close(ours.token_load(), theirs.token_load())


def test_token_load_over_several_chunks():
    """Slots past one chunk are counted too."""
    plain, fused = pair(experts=CHUNK // 2 + 3, slots=2)
    x = torch.randn(2, 3, D)

    torch.testing.assert_close(fused.router(x).token_load(), plain.router(x).token_load())


def test_no_weights_are_built():
    """Forward and backward never hold n x s values at once; the other form does, so the look can fail."""
    n, e, p, dim = 96, 8, 16, 8
    largest = {}
    for name, layer in zip(("weights", "attention"), pair(dim=dim, experts=e, slots=p), strict=True):
        x = torch.randn(1, n, dim, requires_grad=True)
        with Largest() as seen:
            layer(x).sum().backward()
        largest[name] = seen.values

    assert largest["weights"] >= n * e * p
    assert largest["attention"] < n * e * p / 4


def test_the_rule():
    """The rule "auto" builds no weights from 2^20 on; noise needs them; each form can be forced."""
    assert isinstance(SoftRouter(2, 1024)(torch.randn(1, 1024, 2)), AttentionRouting)
    assert isinstance(SoftRouter(2, 1024)(torch.randn(2, 1023, 2)), SoftRouting)
    assert isinstance(SoftRouter(2, 1024, form="weights")(torch.randn(1, 1024, 2)), SoftRouting)
    noisy = SoftRouter(2, 1024, noise_std=1.0)
    assert isinstance(noisy.train()(torch.randn(1, 1024, 2)), SoftRouting)
    assert isinstance(noisy.eval()(torch.randn(1, 1024, 2)), AttentionRouting)


@pytest.mark.bad_input
def test_bad_forms():
    """An unknown form, and noise where there are no logits, get a sentence."""
    with pytest.raises(ValueError, match="form must be one of 'auto', 'weights', 'attention', got 'flash'"):
        SoftRouter(2, 4, form="flash")
    with pytest.raises(ValueError, match='form="attention" never builds the logits that noise is added to'):
        SoftRouter(2, 4, form="attention", noise_std=1.0).train()(torch.randn(1, 3, 2))


def test_half_precision_and_autocast():
    """bfloat16 and autocast give bfloat16 answers near the float32 ones."""
    plain, fused = pair(dim=16)
    x = torch.randn(B, N, 16)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y = fused(x)
    torch.testing.assert_close(y.float(), plain(x), rtol=0.1, atol=0.05)
    z = fused.bfloat16()(x.bfloat16())

    assert z.dtype == torch.bfloat16
    torch.testing.assert_close(z.float(), plain(x), rtol=0.1, atol=0.05)


def test_recorded_and_detached():
    """It can be recorded, detached, cut to one group, and printed like any other routing."""
    _, layer = pair()
    with record(layer) as routings:
        layer(torch.randn(B, N, D))
    routing = routings["router"]
    one = routing.detach().map(lambda tensor: tensor[1:2])

    torch.testing.assert_close(one.dispatch, routing.dispatch[1:2])
    assert "AttentionRouting(groups=3, tokens=7, experts=4, slots_per_expert=2)" == repr(routing)
