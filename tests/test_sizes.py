"""Sizes and settings that are no plain Python numbers: NumPy's, tensors without axes, and what is no number at all."""

import fractions

import numpy as np
import pytest
import torch

from softmoe_edu import (
    ROUTERS,
    Experts,
    ExpertsChoiceRouter,
    IdentityRouter,
    MoE,
    SoftRouter,
    TokensChoiceRouter,
    UniformRouter,
    ViT,
    capacity_for,
    losses,
    metrics,
)
from softmoe_edu.upcycling import upcycle

WHOLE = {
    "np.int64": np.int64,
    "np.int32": np.int32,
    "np.uint8": np.uint8,
    "array": np.array,
    "tensor": torch.tensor,
    "tensor of int32": lambda value: torch.tensor(value, dtype=torch.int32),
}

# A function of one number, which builds something of that size, and what can be read of it.
SIZED = {
    "Experts": (lambda n: Experts(n, n, n), lambda x: (x.dim, x.num_experts, x.hidden_dim)),
    "SoftRouter": (lambda n: SoftRouter(n, n, n), lambda x: (x.dim, x.num_experts, x.slots_per_expert)),
    "UniformRouter": (lambda n: UniformRouter(n, n, n), lambda x: (x.dim, x.num_experts, x.slots_per_expert)),
    "IdentityRouter": (lambda n: IdentityRouter(n, n, n), lambda x: (x.dim, x.num_experts, x.slots_per_expert)),
    "TokensChoiceRouter": (
        lambda n: TokensChoiceRouter(n, n, n, multiple_of=n),
        lambda x: (x.dim, x.num_experts, x.top_k, x.multiple_of, x.capacity(3)),
    ),
    "ExpertsChoiceRouter": (
        lambda n: ExpertsChoiceRouter(n, n, multiple_of=n),
        lambda x: (x.dim, x.num_experts, x.multiple_of, x.capacity(8)),
    ),
    "MoE": (lambda n: MoE(SoftRouter(4, n), Experts(4, n, 4), examples_per_group=n), lambda x: x.examples_per_group),
    "ViT": (
        lambda n: ViT(image_size=n, patch_size=n, channels=n, num_classes=n, dim=n, depth=n, num_heads=n, hidden_dim=n),
        lambda x: (x.image_shape, x.num_tokens, x.num_classes, len(x.blocks)),
    ),
    "moe_layers": (
        lambda n: ViT(depth=5, moe_layers=(n,), moe=lambda dim: MoE(SoftRouter(dim, 4), Experts(dim, 4, 4))),
        lambda x: [type(block.mlp) for block in x.blocks],
    ),
    "upcycle": (
        lambda n: upcycle(ViT(depth=5), [n], lambda dim: MoE(SoftRouter(dim, 4), Experts(dim, 4, 64))),
        lambda x: [type(block.mlp) for block in x.blocks],
    ),
    "capacity_for": (lambda n: capacity_for(n, n, top_k=n, multiple_of=n), lambda x: x),
    "expected_drop_fraction": (lambda n: metrics.expected_drop_fraction(n, n, n), lambda x: x),
    "load_loss": (
        lambda n: losses.load_loss(torch.ones(1, 2, 4), torch.ones(1, 2, 4), top_k=n, noise_std=1.0),
        lambda x: x.item(),
    ),
}


@pytest.mark.parametrize("kind", WHOLE)
@pytest.mark.parametrize("name", SIZED)
def test_whole_numbers_of_other_kinds(name, kind):
    """A size may be NumPy's or a tensor without axes; it is kept as an int, so nothing later sees another kind."""
    make, read = SIZED[name]
    expected, actual = read(make(4)), read(make(WHOLE[kind](4)))

    assert expected == actual
    assert type(expected) is type(actual)
    if isinstance(actual, tuple):
        assert [type(value) for value in actual] == [type(value) for value in expected]


@pytest.mark.parametrize("kind", WHOLE)
def test_a_layer_of_other_kinds_of_numbers(kind):
    """A layer whose sizes came out of NumPy or a tensor runs, prints and is saved as any other."""
    four = WHOLE[kind](4)
    x = torch.randn(4, 8, 4)
    for cls in ROUTERS.values():
        torch.manual_seed(0)
        plain = MoE(cls(4, 4), Experts(4, 4, 4), examples_per_group=4)
        other = MoE(cls(four, four), Experts(four, four, four), examples_per_group=four)
        other.load_state_dict(plain.state_dict())

        assert torch.equal(plain(x), other(x))
        assert repr(plain) == repr(other)


def test_indices_of_blocks_as_an_array():
    """moe_layers may be an array or a tensor of indices, as np.arange gives one."""
    moe = lambda dim: MoE(SoftRouter(dim, 4), Experts(dim, 4, 4))  # noqa: E731
    for layers in (np.arange(1, 3), torch.arange(1, 3), range(1, 3), (1, np.int64(2))):
        model = ViT(depth=4, moe_layers=layers, moe=moe)
        assert [isinstance(block.mlp, MoE) for block in model.blocks] == [False, True, True, False]


NO_WHOLE = [True, np.bool_(True), torch.tensor(True), 4.0, np.float64(4.0), torch.tensor(4.0), "4", None, [4],
            np.array([4]), torch.tensor([4]), fractions.Fraction(4), 4 + 0j]  # fmt: skip


@pytest.mark.parametrize("value", NO_WHOLE, ids=repr)
@pytest.mark.parametrize("name", sorted(set(SIZED) - {"moe_layers"}))
def test_what_is_no_whole_number(name, value):
    """A bool, a fraction, text and an array with axes are refused as sizes, with the value and its type."""
    make, _ = SIZED[name]
    with pytest.raises(TypeError, match=r"must be a whole number, got .* \(\w+\)"):
        make(value)


NUMBERS = {
    "tokens choice": lambda **changes: TokensChoiceRouter(4, 4, 2, **changes),
    "experts choice": lambda **changes: ExpertsChoiceRouter(4, 4, **changes),
    "soft": lambda **changes: SoftRouter(4, 4, **changes),
}
NAN, INF = float("nan"), float("inf")
REFUSED = [
    *(
        (router, {setting: value}, rf"{setting} must be a number of at least 0, got {shown}")
        for router, setting in [
            ("tokens choice", "capacity_factor"),
            ("tokens choice", "noise_std"),
            ("experts choice", "capacity_factor"),
            ("experts choice", "noise_std"),
            ("soft", "noise_std"),
        ]
        for value, shown in [(-1, "-1"), (NAN, "nan"), (INF, "inf"), (-INF, "-inf"), ("1", "'1'"), (True, "True"),
                             ([1.0], r"\[1\.0\]"), (1j, "1j"), (torch.tensor([1.0, 2.0]), "tensor")]
    ),
    ("experts choice", {"capacity_factor": None}, "capacity_factor must be a number in experts choice, got None"),
    ("tokens choice", {"capacity_factor": 1e6}, r"at most 1000 x num_experts / top_k = 2000, got 1e\+06: 2 already"),
    ("tokens choice", {"capacity_factor": 1e300}, r"at most 1000 x num_experts / top_k = 2000, got 1e\+300"),
    ("experts choice", {"capacity_factor": 1e300}, r"at most 1000 x num_experts / top_k = 4000, got 1e\+300"),
    *(
        (router, {"multiple_of": value}, sentence)
        for router in ("tokens choice", "experts choice")
        for value, sentence in [(1.5, r"multiple_of must be a whole number, got 1\.5 \(float\)"),
                                (True, "multiple_of must be a whole number, got True"),
                                (-4, "multiple_of must be at least 0, got -4"),
                                ("4", "multiple_of must be a whole number, got '4'")]
    ),
    *(
        ("tokens choice", {"jitter": value}, sentence)
        for value, sentence in [(NAN, "jitter must be a finite number, got nan"), (INF, "a finite number, got inf"),
                                (1.0, "jitter must be at least 0 and under 1, got 1"), (-0.1, "at least 0 and under 1"),
                                ("0.1", r"jitter must be a finite number, got '0\.1' \(str\)"), (False, "got False")]
    ),
    *(
        ("soft", {"scale_init": value}, sentence)
        for value, sentence in [(NAN, "scale_init must be a finite number, got nan"), (INF, "a finite number, got inf"),
                                ("8", r"scale_init must be a finite number, got '8' \(str\)"), (None, "got None")]
    ),
]  # fmt: skip


@pytest.mark.parametrize(("router", "changes", "sentence"), REFUSED)
def test_numbers_that_no_router_can_use(router, changes, sentence):
    """What is no finite number in its range is refused when the router is made, by the setting's name."""
    with pytest.raises((TypeError, ValueError), match=sentence):
        NUMBERS[router](**changes)


@pytest.mark.parametrize("value", [2, np.float32(2.0), np.float64(2.0), np.int64(2), torch.tensor(2.0), np.array(2.0),
                                   fractions.Fraction(2)], ids=repr)  # fmt: skip
def test_numbers_of_other_kinds(value):
    """A factor, a deviation or a scale may be any kind of number; it is kept as a float."""
    router = TokensChoiceRouter(4, 4, capacity_factor=value, noise_std=value, jitter=value / 4)

    assert [type(number) for number in (router.capacity_factor, router.noise_std, router.jitter)] == [float] * 3
    assert (router.capacity_factor, router.noise_std, router.jitter, router.capacity(7)) == (2.0, 2.0, 0.5, 4)
    assert SoftRouter(4, 4, scale_init=value).scale.tolist() == [2.0]
    assert capacity_for(7, 4, factor=value) == 4


@pytest.mark.parametrize(
    ("changes", "error", "sentence"),
    [
        ({"factor": INF}, ValueError, "factor must be a number of at least 0, got inf"),
        ({"factor": NAN}, ValueError, "factor must be a number of at least 0, got nan"),
        ({"factor": -1.0}, ValueError, r"factor must be a number of at least 0, got -1\.0"),
        ({"factor": "2"}, TypeError, r"factor must be a number of at least 0, got '2' \(str\)"),
        ({"factor": None}, TypeError, r"factor must be a number of at least 0, got None"),
        ({"factor": 0.0}, ValueError, "capacity must be at least 1 slot per expert, got 0 from 7 tokens"),
        ({"factor": 1.7e308}, ValueError, "factor must leave a finite capacity, got 1.7e\\+308 for 7 tokens: lower it"),
        ({"multiple_of": 1.5}, TypeError, r"multiple_of must be a whole number, got 1\.5 \(float\)"),
        ({"multiple_of": -4}, ValueError, "multiple_of must be at least 0, got -4"),
        ({"multiple_of": True}, TypeError, r"multiple_of must be a whole number, got True \(bool\)"),
    ],
)
def test_capacities_that_cannot_be(changes, error, sentence):
    """capacity_for names the argument that makes no sense, and never answers with a fraction of a slot."""
    with pytest.raises(error, match=sentence):
        capacity_for(7, 2, **changes)


def test_multiples_that_change_nothing():
    """None, 0 and 1 leave a capacity as it is, in a router as in the function, and are kept as they were given."""
    for multiple in (None, 0, 1):
        assert capacity_for(7, 2, multiple_of=multiple) == 4
        assert ExpertsChoiceRouter(4, 2, rounding="ceil", multiple_of=multiple).multiple_of is multiple
