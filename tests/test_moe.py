"""The layer: groups, hand-numbered answers, and experts against plain loops."""

import pytest
import reference
import torch
from torch import nn

from softmoe_edu import Experts, MoE, SoftRouter, SparseRouting, TokensChoiceRouter


class Fixed(nn.Module):
    """A router that has already decided."""

    def __init__(self, token, gate, num_tokens):
        super().__init__()
        self.routing = SparseRouting(torch.tensor(token), torch.tensor(gate), num_tokens)

    def forward(self, x, mask=None):
        return self.routing


class Times(nn.Module):
    """Expert j multiplies by 10 ** j."""

    def forward(self, slots):
        return slots * 10.0 ** torch.arange(slots.shape[1])[:, None, None]


def test_by_hand():
    """Three tokens 1, 2, 3: token 0 goes to expert 1, token 1 to both, token 2 nowhere."""
    layer = MoE(Fixed([[[1, -1], [1, 0]]], [[[0.5, 0.0], [0.25, 0.75]]], 3), Times())
    x = torch.tensor([[[1.0], [2], [3]]])

    assert layer(x).tolist() == [[[0.75 * 10], [0.5 * 2 + 0.25 * 20], [0]]]


def test_combine_is_not_dispatch():
    """With identity experts Soft MoE gives combine @ dispatch.T @ x: swapping the two changes the answer."""
    torch.manual_seed(0)
    router, x = SoftRouter(5, 4, 2, scale_init=5.0).double(), torch.randn(3, 7, 5, dtype=torch.float64)
    routing = router(x)
    dispatch, combine = routing.dispatch.flatten(2), routing.combine.flatten(2)
    expected = combine @ (dispatch.mT @ x)

    torch.testing.assert_close(MoE(router, nn.Identity())(x), expected)
    assert (expected - dispatch @ (combine.mT @ x)).abs().max() > 0.1


def test_experts_by_loop():
    """Stacked experts equal one MLP after the other, in values and gradients."""
    torch.manual_seed(0)
    experts = Experts(5, 4, 6).double()
    for parameter in experts.parameters():
        nn.init.normal_(parameter)
    slots = torch.randn(3, 4, 2, 5, dtype=torch.float64, requires_grad=True)
    y = experts(slots)
    rows = [reference.expert(experts, j, slots[g, j, q]) for g in range(3) for j in range(4) for q in range(2)]
    expected = torch.stack(rows).view(3, 4, 2, 5)

    torch.testing.assert_close(y, expected)
    reference.assert_same_gradients(y, expected, [slots, *experts.parameters()])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("dim", "hidden"), [(8, 12), (5, 6)])  # the first fits PyTorch's grouped product
def test_dropless_rows_equal_slots(dim, hidden, dtype):
    """Computing only the filled places gives the values and gradients of computing all, empty experts included."""
    torch.manual_seed(0)
    layer = MoE(TokensChoiceRouter(dim, 6, 2, capacity_factor=None), Experts(dim, 6, hidden)).to(dtype)
    for parameter in layer.experts.parameters():
        nn.init.normal_(parameter)
    layer.router.w_gate.data[:, 4:] = -100 * layer.router.w_gate.data[:, 4:].abs()
    x = torch.rand(3, 7, dim, dtype=dtype, requires_grad=True)
    mask = torch.arange(7).expand(3, 7) < 6
    routing = layer.router(x, mask)
    slots = routing.to_tokens(layer.experts(routing.to_slots(x)))
    rows = layer(x, mask)

    assert routing.dropless and routing.filled.sum((0, 2))[4:].tolist() == [0, 0]
    torch.testing.assert_close(rows, slots)
    reference.assert_same_gradients(rows, slots, [x, *layer.parameters()])


def test_dropless_of_padding_alone():
    """Without a real token the layer answers zeros, with or without places computed."""
    layer = MoE(TokensChoiceRouter(8, 4, capacity_factor=None), Experts(8, 4, 12))
    x = torch.randn(2, 3, 8)

    assert torch.equal(layer(x, torch.zeros(2, 3, dtype=torch.bool)), torch.zeros(2, 3, 8))


def test_dropless_rows_are_asked_for_by_calling_the_experts():
    """What is hooked to the experts sees the filled rows, and how many are each expert's, like any other call."""
    torch.manual_seed(0)
    layer, seen = MoE(TokensChoiceRouter(8, 4, capacity_factor=None), Experts(8, 4, 12)), []
    hook = lambda module, args, keywords, output: seen.append((args[0], keywords["count"], output))  # noqa: E731
    layer.experts.register_forward_hook(hook, with_kwargs=True)
    layer(torch.randn(3, 7, 8))
    ((rows, count, answers),) = seen

    assert rows.shape == answers.shape == (21, 8)
    assert count.sum() == 21
    assert torch.equal(layer.experts.rows(rows, count), answers)


def test_dropless_with_experts_that_take_slots_only():
    """Experts of another make, whose forward has no argument `count`, get slots."""
    router = TokensChoiceRouter(1, 3, capacity_factor=None)
    x = torch.tensor([[[1.0], [2], [-3]]])
    routing = router(x)

    torch.testing.assert_close(MoE(router, Times())(x), routing.to_tokens(Times()(routing.to_slots(x))))


def test_dropless_under_autocast():
    """Under autocast the filled places are computed in bfloat16."""
    torch.manual_seed(0)
    layer, x = MoE(TokensChoiceRouter(8, 4, 2, capacity_factor=None), Experts(8, 4, 16)), torch.randn(2, 9, 8)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y = layer(x)

    assert y.dtype == torch.bfloat16
    torch.testing.assert_close(y.float(), layer(x), rtol=0.05, atol=0.02)


def test_experts_start_apart():
    """Experts start from different kernels, spread as Xavier's uniform, and biases near 0."""
    torch.manual_seed(0)
    experts = Experts(32, 4, 64)
    bound = (6 / (32 + 64)) ** 0.5

    assert not torch.equal(experts.w_in[0], experts.w_in[1])
    for kernel in (experts.w_in, experts.w_out):
        assert kernel.abs().max() <= bound
        assert abs(kernel.std().item() / (bound / 3**0.5) - 1) < 0.02
    assert experts.b_in.abs().max() < 1e-5


def test_groups_merge_consecutive_examples():
    """examples_per_group=3 routes examples 0-2 and 3-5 as one sequence each, mask and all."""
    torch.manual_seed(0)
    router, experts = TokensChoiceRouter(5, 4, capacity_factor=0.5), Experts(5, 4, 6)
    x, mask = torch.randn(6, 7, 5), torch.rand(6, 7) < 0.8
    merged = MoE(router, experts, examples_per_group=3)(x, mask)
    alone = MoE(router, experts)(x.reshape(2, 21, 5), mask.reshape(2, 21))

    assert torch.equal(alone.reshape(6, 7, 5), merged)
    assert not torch.equal(MoE(router, experts)(x, mask), merged)


def test_group_that_does_not_divide():
    """A batch that leaves a rest is an error that names both numbers."""
    layer = MoE(TokensChoiceRouter(5, 4), Experts(5, 4, 6), examples_per_group=4)
    with pytest.raises(ValueError, match="batch must be a multiple of examples_per_group=4, got 6 examples"):
        layer(torch.randn(6, 7, 5))


def test_state_dict_round_trip():
    """Parameters have the names and shapes of the contract, and loading them gives the same layer."""
    torch.manual_seed(0)
    make = lambda: MoE(SoftRouter(5, 4, 2), Experts(5, 4, 6))  # noqa: E731
    layer, other, x = make(), make(), torch.randn(3, 7, 5)
    other.load_state_dict(layer.state_dict())

    assert torch.equal(layer(x), other(x))
    assert {name: tuple(p.shape) for name, p in layer.named_parameters()} == {
        "router.phi": (5, 4, 2),
        "router.scale": (1,),
        "experts.w_in": (4, 5, 6),
        "experts.b_in": (4, 6),
        "experts.w_out": (4, 6, 5),
        "experts.b_out": (4, 5),
    }
