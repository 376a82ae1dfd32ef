"""Costs: MACs against PyTorch's own counter, parameters against built modules, bytes and time by hand."""

import pytest
import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from softmoe_edu import ROUTERS, Experts, MoE, TokensChoiceRouter, ViT
from softmoe_edu.cost import (
    Cost,
    Device,
    MoESizes,
    Part,
    ViTSizes,
    attention_cost,
    comparison,
    cost_of,
    mlp_cost,
    moe_cost,
    table,
    vit_cost,
)
from softmoe_edu.vit import Attention, Mlp

SIZES = {
    "image_size": 12,
    "patch_size": 3,
    "channels": 2,
    "num_classes": 11,
    "dim": 10,
    "depth": 3,
    "num_heads": 5,
    "hidden_dim": 14,
}
# Two images of 16 tokens make a group of 32, with 3 experts: capacities that do not divide.
LAYERS = {
    "dense": None,
    "soft": MoESizes(router="soft", num_experts=3, slots_per_expert=7),
    "soft, grouped": MoESizes(router="soft", num_experts=3, slots_per_expert=7, examples_per_group=2),
    "tokens choice": MoESizes(router="tokens choice", num_experts=3, top_k=2, capacity_factor=1.3),
    "tokens choice, grouped": MoESizes(
        router="tokens choice", num_experts=3, top_k=2, capacity_factor=0.8, multiple_of=4, examples_per_group=2
    ),
    "experts choice": MoESizes(router="experts choice", num_experts=3, capacity_factor=1.2),
    "experts choice, grouped": MoESizes(router="experts choice", num_experts=3, examples_per_group=2),
    "uniform": MoESizes(router="uniform", num_experts=3, slots_per_expert=7),
    "identity": MoESizes(router="identity", num_experts=3),
    "uniform / soft": MoESizes(router="uniform / soft", num_experts=3, slots_per_expert=7),
    "soft / uniform": MoESizes(router="soft / uniform", num_experts=3),
}
LAYERS |= {name: MoESizes(router=name, num_experts=3) for name in ROUTERS if name not in LAYERS}


def layer(moe, dim):
    """Build the MoE layer of the sizes, with the routers' own arguments."""
    names = ("slots_per_expert", "top_k", "capacity_factor", "multiple_of")
    takes = {
        "tokens choice": names[1:],
        "experts choice": names[2:],
    }.get(moe.router, () if moe.slots_per_expert is None else names[:1])
    router = ROUTERS[moe.router](dim, moe.num_experts, **{name: getattr(moe, name) for name in takes})
    experts = Experts(dim, moe.num_experts, SIZES["hidden_dim"])
    return MoE(router, experts, examples_per_group=moe.examples_per_group)


def vit(moe):
    return ViT(**SIZES, moe_layers=() if moe is None else (0, 2), moe=None if moe is None else lambda d: layer(moe, d))


def counted(module, x):
    """MACs that PyTorch counts in a forward pass. The CPU's fused attention is unknown to its counter."""
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH), torch.no_grad():
        module(x)
    return counter.get_total_flops() / 2


@pytest.mark.parametrize("name", LAYERS)
def test_macs_and_parameters_are_those_of_the_built_model(name):
    """Plain sizes and the built ViT give what PyTorch's FLOP counter and the parameters themselves give."""
    moe = LAYERS[name]
    model = vit(moe)
    sizes = ViTSizes(**SIZES, moe_layers=() if moe is None else (0, 2), moe=moe)
    parameters = sum(p.numel() for p in model.parameters())

    for cost in (vit_cost(sizes), cost_of(model)):
        assert counted(model, torch.rand(6, 2, 12, 12)) == 6 * cost.macs
        assert parameters == cost.parameters
    assert vit_cost(sizes) == cost_of(model)


def test_layers_alone():
    """Attention, MLP and MoE layer cost alone what they cost inside a model."""
    x = torch.rand(3, 7, 10)
    moe = MoESizes(router="soft", num_experts=3, slots_per_expert=2)
    for module, cost in (
        (Attention(10, 5), attention_cost(7, 10, 5)),
        (Mlp(10, 14), mlp_cost(7, 10, 14)),
        (layer(moe, 10), moe_cost(7, 10, 14, moe)),
    ):
        assert counted(module, x) == 3 * cost.macs
        assert cost_of(module, tokens=7) == cost
        assert sum(p.numel() for p in module.parameters()) == cost.parameters


def test_soft_moe_by_hand():
    """5 tokens of width 2, 3 experts of 4 slots and hidden width 7: every number of every part."""
    cost = moe_cost(5, 2, 7, MoESizes(router="soft", num_experts=3, slots_per_expert=4))
    one = 2 * 7 + 7 + 7 * 2 + 2

    assert cost["routing logits"] == Part("routing logits", 2 * 12 + 1, 2 * 12 + 1, 5 * 12 * 2, 5 * 2 + 5 * 12)
    assert cost["dispatch"] == Part("dispatch", 0, 0, 12 * 5 * 2, 12 * 5 + 5 * 2 + 12 * 2)
    assert cost["experts"] == Part("experts", 3 * one, 3 * one, 12 * 2 * 7 * 2, 12 * (2 + 7 + 7 + 2))
    assert cost["combine"] == Part("combine", 0, 0, 5 * 12 * 2, 5 * 12 + 12 * 2 + 5 * 2)


def test_weights_of_a_group_by_hand():
    """Of 2 examples of 5 tokens in a group, each has its own 5 rows of weights, for all 12 slots of the group."""
    cost = moe_cost(5, 2, 7, MoESizes(router="soft", num_experts=3, slots_per_expert=4, examples_per_group=2))

    # Its tokens are read or written once, and half of the group's slots are its own.
    for name in ("dispatch", "combine"):
        assert cost[name] == Part(name, 0, 0, 5 * 12 * 2, 5 * 12 + 5 * 2 + 6 * 2)
        assert cost[name].bytes(batch=4, width=2) == 2 * 4 * (60 + 10 + 12)
    assert cost["experts"].macs == 6 * 2 * 7 * 2


def test_soft_moe_cost_is_that_of_its_slots():
    """As many slots in more experts cost the same MACs, while parameters grow with the experts."""
    few, many = (moe_cost(9, 8, 16, MoESizes(router="soft", num_experts=e, slots_per_expert=12 // e)) for e in (2, 6))

    assert few.macs == many.macs
    assert many["experts"].parameters == 3 * few["experts"].parameters


def test_active_parameters():
    """A token depends on top_k experts, on e p / n on average when experts choose, on all in Soft MoE."""
    one = mlp_cost(1, 10, 14).parameters
    expected = {"tokens choice": 2, "experts choice": 3 * 6 / 16, "soft": 3, "identity": 1, "uniform": 3}
    # Of a group of two examples each has half of the 3 x 11 slots.
    expected |= {"experts choice, grouped": 3 * 11 / 2 / 16, "tokens choice, grouped": 2, "soft, grouped": 3}

    assert {name: moe_cost(16, 10, 14, LAYERS[name])["experts"].active / one for name in expected} == expected


def test_one_hot_dispatch_is_counted_like_the_official_code():
    """As dense products, dispatch and combine cost tokens x all slots of the group x d; nothing else changes."""
    arguments = {"router": "experts choice", "num_experts": 4, "examples_per_group": 2, "capacity_factor": 0.5}
    index, one_hot = (moe_cost(8, 3, 5, MoESizes(**arguments, one_hot=flag)) for flag in (False, True))

    assert index["dispatch"].macs == index["combine"].macs == 0
    assert one_hot["dispatch"].macs == one_hot["combine"].macs == 8 * (4 * 2) * 3
    assert one_hot.macs - index.macs == 2 * 8 * (4 * 2) * 3


def test_bytes_of_an_mlp_by_hand():
    """A batch reads the parameters once; each example reads and writes the ends and the hidden layer."""
    (part,) = mlp_cost(4, 3, 5).parts
    parameters, moved = 2 * 3 * 5 + 3 + 5, 4 * (3 + 5 + 5 + 3)

    assert part.bytes() == 2 * (parameters + moved)
    assert part.bytes(batch=7, width=4) == 4 * (parameters + 7 * moved)
    assert part.intensity(batch=7, width=4) == 7 * 2 * (2 * 4 * 3 * 5) / part.bytes(7, 4)


def test_other_bytes_by_hand():
    """Attention moves 10 numbers of each token's width; index dispatch reads and writes slots; heads read tokens."""
    cost = vit_cost(ViTSizes(**SIZES, moe_layers=(1,), moe=LAYERS["experts choice, grouped"]))
    n, d, s = 16, 10, 3 * 11 / 2

    assert cost["attention"].activations == 3 * 10 * n * d
    assert cost["patch embedding"].activations == n * (2 * 9 + d)
    assert cost["routing logits"].activations == n * (d + 3)
    assert (cost["dispatch"].activations, cost["combine"].activations) == (2 * s * d, s * d + n * d)
    assert cost["head"].activations == n * d + 11


def test_time_is_the_longer_of_computing_and_moving():
    """One part bound by compute and one by memory: a model's time is the sum of each one's longer side."""
    busy, wide = Part("busy", macs=50, activations=5), Part("wide", parameters=100, macs=1)
    device = Device(operations_per_second=10, bytes_per_second=20)

    assert busy.seconds(device) == 2 * 50 / 10
    assert wide.seconds(device, width=4) == 4 * 100 / 20
    assert Cost((busy, wide)).seconds(device) == 10 + 10
    assert Cost((busy, wide)).whole.seconds(device) == 2 * 105 / 20


def test_costs_add_by_part():
    """Equal names are summed in the order of their first appearance."""
    first = Cost((Part("a", 1, 2, 3, 4), Part("b", 10)))

    assert first + Cost((Part("c", 5), Part("a", 1, 1, 1, 1))) == Cost(
        (Part("a", 2, 3, 4, 5), Part("b", 10), Part("c", 5))
    )
    assert first["nowhere"] == Part("nowhere")
    assert (first.parameters, first.active, first.macs, first.flops) == (11, 2, 3, 6)


def test_table_by_hand():
    """Every cell of a small table, with a device."""
    cost = Cost((Part("attention", 1500, 1500, 3 * 10**9, 250_000), Part("norms", 12, 12)))
    rows = [line.split() for line in table(cost, batch=2, width=2, device=Device(1e12, 1e9)).splitlines()]

    assert rows == [
        ["part", "parameters", "active", "GFLOP", "share", "MB", "FLOP/byte", "ms"],
        ["attention", "1.5k", "1.5k", "6", "100.0%", "1.0", "11964.1", "12.000"],
        ["norms", "12", "12", "0", "0.0%", "0.0", "0.0", "0.000"],
        ["total", "1.512k", "1.512k", "6", "100.0%", "1.0", "11963.8", "12.000"],
    ]
    assert "ms" not in table(cost).split()


def test_comparison_by_hand():
    """Ratios say second to first, the way round that is over 1; a part that one lacks has none."""
    first = Cost((Part("a", 40, 40, 10**9), Part("b", 2)))
    second = Cost((Part("a", 10, 10, 3 * 10**9), Part("c", 0, 0, 10**9)))
    rows = [line.split() for line in comparison(("one", first), ("two", second)).splitlines()]

    assert rows[2:] == [
        ["a", "40", "10", "/", "4.00", "2", "6", "x", "3.00"],
        ["b", "2", "0", "-", "0", "0", "="],
        ["c", "0", "0", "=", "0", "2", "-"],
        ["total", "42", "10", "/", "4.20", "2", "8", "x", "4.00"],
    ]


def test_a_cost_is_made_of_its_parts():
    """Iterating comes to an end after the last part."""
    first = Cost((Part("a", 1), Part("b", 10)))

    assert list(first) == [Part("a", 1), Part("b", 10)]
    assert Part("b", 10) in first and "c" not in first


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("ask", "error", "said"),
    [
        (lambda: MoESizes(router="hard", num_experts=2), ValueError, "router must be one of 'soft', 'tokens choice'"),
        (lambda: MoESizes(router="soft", num_experts=0), ValueError, "num_experts must be at least 1, got 0"),
        (lambda: MoESizes(router="soft", num_experts=2, slots_per_expert=0), ValueError, "slots_per_expert must be at"),
        (lambda: MoESizes(router="tokens choice", num_experts=2, top_k=3), ValueError, "at most num_experts=2, got 3"),
        (lambda: ViTSizes(**SIZES | {"depth": 0}), ValueError, "depth must be at least 1, got 0"),
        (lambda: ViTSizes(**SIZES | {"patch_size": 5}), ValueError, "image_size must be a multiple of patch_size=5"),
        (lambda: ViTSizes(**SIZES, moe_layers=(3,)), ValueError, r"must name blocks 0 to 2, got \(3,\)"),
        (lambda: ViTSizes(**SIZES, moe_layers=(1,)), ValueError, r"pass moe=MoESizes\(...\)"),
        (
            lambda: moe_cost(4, 2, 2, MoESizes(router="experts choice", num_experts=2, capacity_factor=4.0)),
            ValueError,
            "capacity must be at most the 4 tokens of a group in experts choice, got 8",
        ),
        (lambda: Device(0, 1), ValueError, "operations_per_second must be over 0, got 0"),
        (lambda: cost_of(nn.Linear(2, 2)), TypeError, "cost_of knows ViT, MoE, Mlp and Attention, got Linear"),
        (lambda: cost_of(Mlp(2, 2)), ValueError, "the cost of Mlp depends on the tokens of an example: pass tokens="),
        (
            lambda: cost_of(MoE(nn.Identity(), Experts(2, 2, 2)), 4),
            TypeError,
            "cost_of asks a softmoe_edu.routers.Router what it costs, got Identity",
        ),
        (
            lambda: cost_of(MoE(TokensChoiceRouter(2, 2, capacity_factor=None), Experts(2, 2, 2)), 4),
            ValueError,
            "capacity_factor=None makes as many slots as the data need",
        ),
    ],
)
def test_sizes_that_do_not_fit_are_named(ask, error, said):
    """Each mistake is answered in a sentence."""
    with pytest.raises(error, match=said):
        ask()


def test_experts_choice_reaches_no_more_experts_than_there_are():
    """With more slots than tokens a token is taken by every expert at most once."""
    cost = moe_cost(4, 6, 5, MoESizes(router="experts choice", num_experts=4, slots_per_expert=16))
    (experts,) = [part for part in cost.parts if part.name == "experts"]

    assert experts.active == experts.parameters
