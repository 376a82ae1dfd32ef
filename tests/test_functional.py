"""What torch.func, fake tensors, the meta device and activation checkpointing do with a layer."""

import pytest
import torch
from torch import nn
from torch._subclasses import FakeTensorMode
from torch.func import functional_call, grad, jacfwd, jacrev, jvp, vmap
from torch.utils.checkpoint import checkpoint

from softmoe_edu import (
    ROUTERS,
    Experts,
    ExpertsChoiceRouter,
    MoE,
    SoftRouter,
    TokensChoiceRouter,
    ViT,
    record,
)

# torch.func's own: one operation at a time where it has no rule for a fused kernel, and its use of torch.jit.
pytestmark = [
    pytest.mark.filterwarnings("ignore:There is a performance drop"),
    pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning"),
]

B, N, D, E, F = 3, 7, 5, 4, 6

KINDS = {
    **{name: (cls, {}) for name, cls in ROUTERS.items()},
    "soft, attention": (SoftRouter, {"slots_per_expert": 2, "form": "attention"}),
    "tokens choice, two by gate": (TokensChoiceRouter, {"top_k": 2, "priority": "gate", "gating": "gshard"}),
    "dropless": (TokensChoiceRouter, {"capacity_factor": None}),
}
FIXED = sorted(set(KINDS) - {"dropless"})  # the number of slots does not depend on the tokens
SMOOTH = sorted(set(FIXED) - {"soft, attention"})  # has derivatives of every kind


def layer(name, **changes):
    cls, settings = KINDS[name]
    torch.manual_seed(0)
    return MoE(cls(D, E, **settings, **changes), Experts(D, E, F)).double().eval()


def tokens():
    return torch.randn(B, N, D, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def parameters(module):
    return {name: parameter.detach() for name, parameter in module.named_parameters()}


def mask():
    return torch.arange(N).expand(B, N) < torch.tensor([[7], [3], [5]])


@pytest.mark.parametrize("name", FIXED)
def test_vmap_over_examples(name):
    """Mapped over examples, a layer gives what it gives for the batch, with and without padding."""
    moe, x = layer(name), tokens()

    torch.testing.assert_close(vmap(lambda one: moe(one[None])[0])(x), moe(x))
    masked = vmap(lambda one, real: moe(one[None], real[None])[0])(x, mask())
    torch.testing.assert_close(masked, moe(x, mask()))


@pytest.mark.parametrize("name", FIXED)
def test_gradients_of_every_example_alone(name):
    """Per-sample gradients equal those of one backward pass for each example."""
    moe, x = layer(name), tokens()

    def loss(values, one, real):
        return functional_call(moe, values, (one[None], real[None])).square().sum()

    mapped = vmap(grad(loss), (None, 0, 0))(parameters(moe), x, mask())
    for i in range(B):
        alone = torch.autograd.grad(moe(x[i : i + 1], mask()[i : i + 1]).square().sum(), list(moe.parameters()))
        torch.testing.assert_close([mapped[name][i] for name, _ in moe.named_parameters()], list(alone))


@pytest.mark.parametrize("name", FIXED)
def test_ensembles(name):
    """Mapped over stacked parameters, one call gives what the members give one after the other."""
    members = [layer(name) for _ in range(3)]
    x = tokens()
    for member in members[1:]:
        for parameter in member.parameters():
            nn.init.normal_(parameter)
    stacked, _ = torch.func.stack_module_state(members)
    together = vmap(lambda values: functional_call(members[0], values, (x, mask())))(stacked)

    torch.testing.assert_close(together, torch.stack([member(x, mask()) for member in members]))


@pytest.mark.parametrize("noise", [{"noise_std": 1.0}, {"jitter": 0.2}])
def test_vmap_with_noise(noise):
    """In training every mapped example draws its own noise when vmap is told so."""
    moe = layer("tokens choice", **noise).train()
    same = tokens()[:1].expand(B, N, D)
    y = vmap(lambda one: moe(one[None])[0], randomness="different")(same)

    assert (y[0] != y[1]).any()


@pytest.mark.slow
@pytest.mark.parametrize("name", SMOOTH)
def test_jacobians(name):
    """Forward and backward mode give the same Jacobian, with padding, whose columns are exactly 0."""
    moe, x = layer(name), tokens()[1:2]
    real = mask()[1:2]
    forward, backward = (mode(lambda t: moe(t, real))(x) for mode in (jacfwd, jacrev))

    torch.testing.assert_close(forward, backward)
    assert not backward[..., ~real[0], :].any()
    assert backward[..., real[0], :].any()


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({"soft", "uniform", "uniform / soft", "soft / uniform", "experts choice"}))
def test_second_derivatives(name):
    """Gradients of gradients equal finite differences."""
    moe, x = layer(name), tokens().requires_grad_()

    assert torch.autograd.gradgradcheck(lambda t: moe(t, mask()), x)


def test_attention_has_first_derivatives_only():
    """The fused form says which form has forward-mode and second derivatives; a gradient that stays one is free."""
    moe, x = layer("soft, attention"), tokens().requires_grad_()
    (once,) = torch.autograd.grad(moe(x).square().sum(), x, create_graph=True)

    with pytest.raises(NotImplementedError, match=r'no derivatives of gradients: build the router with form="weights"'):
        once.square().sum().backward()
    for mode in (lambda: jvp(moe, (x.detach(),), (x.detach(),)), lambda: jacfwd(moe)(x.detach())):
        with pytest.raises(NotImplementedError, match=r'no forward-mode derivatives .* with form="weights"'):
            mode()
    assert jacrev(moe)(x.detach()[:1]).isfinite().all()


def test_dropless_cannot_be_mapped():
    """Where nobody knows the busiest expert, the error names the factor that is missing."""
    moe, x = layer("dropless"), tokens()
    sentence = (
        r"capacity_factor=None must read how many tokens chose the busiest expert.* give capacity_factor a number"
    )
    with pytest.raises(RuntimeError, match=sentence):
        vmap(lambda one: moe(one[None])[0])(x)
    with torch.device("meta"):
        nowhere = MoE(TokensChoiceRouter(D, E, capacity_factor=None), Experts(D, E, F))
        with pytest.raises(RuntimeError, match=sentence):
            nowhere(torch.empty(B, N, D))
    with FakeTensorMode(allow_non_fake_inputs=True), pytest.raises(RuntimeError, match=sentence):
        moe(torch.empty(B, N, D, dtype=torch.float64))


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("name", FIXED)
def test_shapes_without_numbers(name, masked):
    """Fake tensors and the meta device, which have shapes but no numbers, go through forward and backward."""
    cls, settings = KINDS[name]
    with FakeTensorMode():
        moe, x = MoE(cls(D, E, **settings), Experts(D, E, F)), torch.empty(B, N, D, requires_grad=True)
        y = moe(x, torch.ones(B, N, dtype=torch.bool) if masked else None)
        y.sum().backward()
        assert (y.shape, x.grad.shape) == ((B, N, D), (B, N, D))
    with torch.device("meta"):
        moe, x = MoE(cls(D, E, **settings), Experts(D, E, F)), torch.empty(B, N, D, requires_grad=True)
        y = moe(x, torch.ones(B, N, dtype=torch.bool) if masked else None)
        y.sum().backward()
    assert (y.shape, y.device.type, x.grad.device.type) == ((B, N, D), "meta", "meta")


def test_a_real_layer_and_fake_tokens():
    """A layer of real numbers can be asked for the shapes of fake tokens, as estimators of memory do."""
    moe = MoE(ExpertsChoiceRouter(D, E), Experts(D, E, F))
    with FakeTensorMode(allow_non_fake_inputs=True):
        assert moe(torch.empty(B, N, D)).shape == (B, N, D)


NOISY = {
    "soft": lambda dim: SoftRouter(dim, E, 2, noise_std=1.0),
    "tokens choice": lambda dim: TokensChoiceRouter(dim, E, 2, noise_std=4.0, jitter=0.3, capacity_factor=0.7),
    "dropless": lambda dim: TokensChoiceRouter(dim, E, noise_std=4.0, capacity_factor=None),
    "experts choice": lambda dim: ExpertsChoiceRouter(dim, E, noise_std=4.0),
}


class Checkpointed(nn.Module):
    """A block that is computed again in the backward pass."""

    def __init__(self, block, reentrant):
        super().__init__()
        self.block, self.reentrant = block, reentrant

    def forward(self, x):
        return checkpoint(self.block, x, use_reentrant=self.reentrant)


@pytest.mark.parametrize("reentrant", [True, False])
@pytest.mark.parametrize("name", NOISY)
def test_activation_checkpointing_draws_the_same_noise_again(name, reentrant):
    """A checkpointed block routes in its second pass as in its first, so gradients are those without a checkpoint."""

    def model():
        torch.manual_seed(0)
        vit = ViT(dim=8, depth=2, moe_layers=(1,), moe=lambda dim: MoE(NOISY[name](dim), Experts(dim, E, F)))
        nn.init.normal_(vit.head.weight)
        return vit.train()

    plain, saving = model(), model()
    saving.blocks[1] = Checkpointed(saving.blocks[1], reentrant)
    images = torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    outputs, gradients, decisions = [], [], []
    for vit in (plain, saving):
        torch.manual_seed(2)
        with record(vit) as routings:
            y = vit(images)
            before = next(iter(routings.values())).combine.detach().clone()
            y.square().sum().backward()
            after = next(iter(routings.values())).combine.detach()
        outputs.append(y.detach())
        gradients.append([parameter.grad for parameter in vit.parameters()])
        decisions += [before, after]

    assert torch.equal(*outputs)
    assert all(torch.equal(one, decisions[0]) for one in decisions)
    torch.testing.assert_close(*gradients)
