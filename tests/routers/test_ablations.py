"""The paper's ablations by hand."""

import torch

from softmoe_edu import Experts, IdentityRouter, MoE, SoftRouter, SoftUniformRouter, UniformRouter, UniformSoftRouter


def test_uniform_weights():
    """Every dispatch weight is 1 / n and every combine weight 1 / (e p), so all outputs are equal."""
    torch.manual_seed(0)
    x = torch.randn(3, 7, 5)
    layer = MoE(UniformRouter(5, 4, 2), Experts(5, 4, 6))
    routing, y = layer.router(x), layer(x)

    torch.testing.assert_close(routing.dispatch, torch.full((3, 7, 4, 2), 1 / 7))
    torch.testing.assert_close(routing.combine, torch.full((3, 7, 4, 2), 1 / 8))
    torch.testing.assert_close(y, y[:, :1].expand_as(y))
    assert not list(layer.router.parameters())


def test_each_half_is_the_one_its_name_says():
    """The router "uniform / soft" has Soft MoE's combine and uniform dispatch, "soft / uniform" the other way round."""
    torch.manual_seed(0)
    x = torch.randn(3, 7, 5)
    soft, uniform_soft, soft_uniform = (
        cls(5, 4, 2, scale_init=5.0) for cls in (SoftRouter, UniformSoftRouter, SoftUniformRouter)
    )
    for router in (uniform_soft, soft_uniform):
        router.load_state_dict(soft.state_dict())
    full, us, su = soft(x), uniform_soft(x), soft_uniform(x)

    assert torch.equal(us.combine, full.combine) and torch.equal(su.dispatch, full.dispatch)
    torch.testing.assert_close(us.dispatch, torch.full((3, 7, 4, 2), 1 / 7))
    torch.testing.assert_close(su.combine, torch.full((3, 7, 4, 2), 1 / 8))


def test_identity_by_hand():
    """Five tokens go round robin over three experts; the sixth slot stays empty."""
    routing = IdentityRouter(2, 3)(torch.randn(2, 5, 2))

    assert routing.token.tolist() == [[[0, 3], [1, 4], [2, -1]]] * 2
    assert routing.gate.tolist() == [[[1, 1], [1, 1], [1, 0]]] * 2


def test_identity_with_given_slots():
    """With slots to spare the rest stays empty."""
    routing = IdentityRouter(2, 3, 4)(torch.randn(1, 5, 2))

    assert routing.token.tolist() == [[[0, 3, -1, -1], [1, 4, -1, -1], [2, -1, -1, -1]]]


def test_identity_answers_each_token_by_its_own_expert():
    """Token t gets exactly what expert t mod e says of it alone."""
    torch.manual_seed(0)
    layer = MoE(IdentityRouter(5, 3), Experts(5, 3, 6)).double()
    x = torch.randn(2, 7, 5, dtype=torch.float64)
    y = layer(x)
    for t in range(7):
        alone = layer.experts(x[:, None, t : t + 1].expand(2, 3, 1, 5))[:, t % 3, 0]
        torch.testing.assert_close(y[:, t], alone)
