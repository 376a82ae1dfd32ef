"""What holds for every router of ROUTERS: on sizes that are all different, so that no two axes can be mixed up."""

import pytest
import torch

from softmoe_edu import ROUTERS, Experts, MoE, SparseRouting

B, N, D, E, F = 3, 7, 5, 4, 6
NAMES = sorted(ROUTERS)
PER_TOKEN = sorted(set(NAMES) - {"identity"})  # identity goes by position, so order matters to it


def layer(name, dtype=torch.float64, **changes):
    torch.manual_seed(0)
    return MoE(ROUTERS[name](D, E, **changes), Experts(D, E, F)).to(dtype)


def tokens(dtype=torch.float64):
    return torch.randn(B, N, D, generator=torch.Generator().manual_seed(1), dtype=dtype)


@pytest.mark.parametrize("name", NAMES)
def test_shapes(name):
    """Dispatch and combine are (b, n, e, p), and the layer gives back what shape and dtype it was given."""
    moe, x = layer(name), tokens()
    routing = moe.router(x)
    b, n, e, p = routing.sizes

    assert (B, N, E) == (b, n, e)
    assert routing.dispatch.shape == routing.combine.shape == (B, N, E, p)
    assert routing.to_slots(x).shape == (B, E, p, D)
    assert moe(x).shape == x.shape
    assert moe(x).dtype == x.dtype


@pytest.mark.parametrize("name", NAMES)
def test_products_are_those_of_the_weights(name):
    """to_slots and to_tokens are the einsums of dispatch and combine, however they are computed."""
    moe, x = layer(name), tokens()
    routing = moe.router(x)
    slots = routing.to_slots(x)
    y = torch.randn(slots.shape, generator=torch.Generator().manual_seed(2), dtype=x.dtype)

    torch.testing.assert_close(slots, torch.einsum("bnd,bnep->bepd", x, routing.dispatch))
    torch.testing.assert_close(routing.to_tokens(y), torch.einsum("bepd,bnep->bnd", y, routing.combine))


@pytest.mark.parametrize("name", NAMES)
def test_loads_are_the_sums_of_dispatch(name):
    """slot_load sums dispatch over tokens, token_load over experts and slots."""
    routing = layer(name).router(tokens())

    torch.testing.assert_close(routing.slot_load(), routing.dispatch.sum(1))
    torch.testing.assert_close(routing.token_load(), routing.dispatch.sum((2, 3)))


@pytest.mark.parametrize("name", NAMES)
def test_no_more_than_one_token_and_one_answer(name):
    """A slot receives at most one token's worth, and a token at most one answer's worth of any expert."""
    routing = layer(name).router(tokens())

    assert routing.dispatch.min() >= 0 and routing.combine.min() >= 0
    assert routing.slot_load().max() <= 1 + 1e-12
    assert routing.combine.sum(3).max() <= 1 + 1e-12


@pytest.mark.parametrize("name", PER_TOKEN)
def test_permuting_tokens_permutes_the_result(name):
    """With room for all, a layer treats tokens as a set: their order changes nothing but the order of outputs."""
    changes = {"capacity_factor": float(E)} if name == "tokens choice" else {}
    moe, x = layer(name, **changes), tokens()
    order = torch.randperm(N, generator=torch.Generator().manual_seed(3))

    torch.testing.assert_close(moe(x[:, order]), moe(x)[:, order])


@pytest.mark.parametrize("name", NAMES)
def test_another_sequence_changes_nothing(name):
    """With one example in a group, an example's output does not depend on the rest of the batch."""
    moe, x = layer(name), tokens()
    other = x.clone()
    other[1:] = torch.randn(B - 1, N, D, generator=torch.Generator().manual_seed(4), dtype=x.dtype)

    assert torch.equal(moe(x)[0], moe(other)[0])


@pytest.mark.parametrize("name", ["tokens choice", "experts choice"])
def test_another_sequence_of_the_group_changes_a_sparse_result(name):
    """Where a group holds several examples, they compete for the same slots."""
    torch.manual_seed(0)
    moe = MoE(ROUTERS[name](D, E, capacity_factor=0.5), Experts(D, E, F), examples_per_group=B).double()
    x = tokens()
    other = x.clone()
    other[0] = torch.randn(N, D, generator=torch.Generator().manual_seed(4), dtype=x.dtype)

    assert (moe(x)[1:] != moe(other)[1:]).any()


@pytest.mark.parametrize("name", NAMES)
def test_masked_tokens_count_for_nothing(name):
    """Real tokens get the same answers as without the padding behind them; padding gets exactly 0."""
    real = N - 2
    changes = {"capacity_factor": None} if name == "tokens choice" else {}
    if name == "experts choice":  # the same capacity with and without padding
        changes = {"capacity_factor": 1.0, "multiple_of": 2}
    moe, x = layer(name, **changes), tokens()
    mask = torch.arange(N).expand(B, N) < real
    padded = x.clone()
    padded[:, real:] = 100.0
    y = moe(padded, mask)

    torch.testing.assert_close(y[:, :real], moe(x[:, :real]))
    assert torch.equal(y[:, real:], torch.zeros(B, 2, D, dtype=x.dtype))


@pytest.mark.parametrize("name", NAMES)
def test_a_decision_knows_its_padding(name):
    """A routing carries the mask it was made with; padding neither fills slots nor is answered, real tokens are."""
    mask = torch.tensor([[True] * 5 + [False] * 2, [False] * 3 + [True] * 4, [True] * N])
    changes = {"capacity_factor": float(E)} if "choice" in name else {}
    routing = layer(name, **changes).router(tokens(), mask)

    assert routing.mask is mask
    for weights in (routing.dispatch, routing.combine):
        assert not weights[~mask].any() and weights[mask].flatten(1).any(1).all()
    assert not routing.token_load()[~mask].any() and routing.token_load()[mask].all()
    assert (routing.filled == (routing.slot_load() > 0)).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_row_that_is_all_padding_gives_zeros(name):
    """A wholly padded example gives exactly 0, finite gradients, and leaves the others as they are."""
    moe, x = layer(name), tokens().requires_grad_()
    mask = torch.tensor([[True] * N, [False] * N, [True] * N])
    y = moe(x, mask)
    y.sum().backward()

    assert torch.equal(y[1], torch.zeros(N, D, dtype=x.dtype))
    torch.testing.assert_close(y[[0, 2]], moe(x)[[0, 2]])
    assert x.grad.isfinite().all()
    assert all(p.grad is None or p.grad.isfinite().all() for p in moe.parameters())


@pytest.mark.parametrize("name", NAMES)
def test_gradcheck(name):
    """Gradients with regard to tokens and every parameter equal finite differences."""
    moe, x = layer(name), tokens().requires_grad_()
    names, parameters = zip(*moe.named_parameters(), strict=True)

    def run(x, *values):
        return torch.func.functional_call(moe, dict(zip(names, values, strict=True)), (x,))

    assert torch.autograd.gradcheck(run, (x, *(p.detach().requires_grad_() for p in parameters)))


@pytest.mark.parametrize("name", NAMES)
def test_one_token_zero_tokens_vector_and_more_experts_than_tokens(name):
    """A single token, a token that is the zero vector, and fewer tokens than experts all work and stay finite."""
    moe = layer(name, **({"rounding": "ceil"} if name == "experts choice" else {}))
    one = tokens()[:, :1].requires_grad_()
    zero = tokens()
    zero[:, 2] = 0
    y = moe(one)
    y.sum().backward()

    assert y.isfinite().all() and one.grad.isfinite().all()
    assert moe(zero).isfinite().all()


@pytest.mark.parametrize("name", NAMES)
def test_no_hidden_state(name):
    """In evaluation two calls agree bit for bit; the input is left alone."""
    moe, x = layer(name).eval(), tokens()
    before = x.clone()

    assert torch.equal(moe(x), moe(x))
    assert torch.equal(before, x)


@pytest.mark.parametrize("name", sorted({"soft", "tokens choice", "experts choice", "uniform / soft"}))
def test_noise_in_training_only(name):
    """noise_std changes training, and nothing in evaluation."""
    quiet, noisy, x = layer(name), layer(name, noise_std=5.0), tokens()

    assert torch.equal(quiet.eval()(x), noisy.eval()(x))
    assert (quiet.train()(x) != noisy.train()(x)).any()


@pytest.mark.parametrize("name", NAMES)
def test_detach_and_repr(name):
    """A detached routing has equal weights and no graph; printing shows sizes, not numbers."""
    routing = layer(name).router(tokens().requires_grad_())
    plain = routing.detach()

    assert torch.equal(plain.combine, routing.combine) and not plain.combine.requires_grad
    assert f"groups={B}, tokens={N}, experts={E}, slots_per_expert={routing.sizes[3]}" in repr(routing)


@pytest.mark.parametrize("name", ["tokens choice", "experts choice", "identity"])
def test_sparse_routers_build_no_dense_weights(name):
    """A forward and backward pass of a sparse router leaves the (b, n, e, p) views unbuilt."""
    moe, x = layer(name), tokens().requires_grad_()
    routing = moe.router(x)
    routing.to_tokens(moe.experts(routing.to_slots(x))).sum().backward()

    assert isinstance(routing, SparseRouting)
    assert not {"dispatch", "combine"} & set(vars(routing))
