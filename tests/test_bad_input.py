"""A learner's mistake is answered with a sentence: what was expected, what came, what to do."""

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
)

pytestmark = pytest.mark.bad_input

NAMES = sorted(ROUTERS)
X = torch.randn(3, 7, 8)
NAN = X.clone()
NAN[1, 4, 2] = float("nan")

TOKENS = [
    (X[0], r"tokens must be \(batch, tokens, dim=8\), got \(7, 8\): add a batch axis with x\[None\]"),
    (X[0, 0], r"tokens must be \(batch, tokens, dim=8\), got 1 axes \(8,\)"),
    (X[None], r"got 4 axes \(1, 3, 7, 8\): an image becomes tokens by cutting it into patches"),
    (X[..., :5], r"tokens must be \(batch, tokens, dim=8\), got \(3, 7, 5\): build the layer with dim=5"),
    (torch.randn(3, 8, 7), r"got \(3, 8, 7\): swap the last two axes with x\.mT"),
    (X.int(), r"tokens must be floating point, got torch\.int32: convert with x\.float\(\)"),
    (X[:0], r"at least one group and one token, got \(0, 7, 8\): skip the empty batch"),
    (X[:, :0], r"at least one group and one token, got \(3, 0, 8\)"),
    (NAN, "tokens must be finite, got NaN in 1 of 21 tokens, first in group 1, token 4"),
    (X.tolist(), r"tokens must be a torch\.Tensor, got list: convert with torch\.as_tensor\(x\)"),
    (X.numpy(), r"tokens must be a torch\.Tensor, got ndarray: convert with torch\.as_tensor\(x\)"),
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("x", "sentence"), TOKENS)
def test_tokens(name, x, sentence):
    """Every router and its layer answer wrong tokens with the same sentence."""
    for examples_per_group in (1, 3):
        layer = MoE(ROUTERS[name](8, 4), Experts(8, 4, 6), examples_per_group=examples_per_group)
        with pytest.raises((ValueError, TypeError), match=sentence):
            layer(x)


MASKS = [
    (torch.ones(3, 7), r"mask must be a boolean tensor, True for real tokens, got torch\.float32"),
    (torch.ones(3, 6, dtype=torch.bool), r"mask must be \(batch, tokens\)=\(3, 7\), got \(3, 6\)"),
    (torch.ones(3, 7, 1, dtype=torch.bool), r"mask must be \(batch, tokens\)=\(3, 7\), got \(3, 7, 1\)"),
    ([[True] * 7] * 3, "mask must be a boolean tensor, True for real tokens, got list"),
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("mask", "sentence"), MASKS)
def test_masks(name, mask, sentence):
    """Every router and its layer answer a wrong mask with the same sentence."""
    for examples_per_group in (1, 3):
        layer = MoE(ROUTERS[name](8, 4), Experts(8, 4, 6), examples_per_group=examples_per_group)
        with pytest.raises((ValueError, TypeError), match=sentence):
            layer(X, mask)


def test_infinities_are_not_called_nan():
    """Two infinities whose sum is NaN pass the check: it looks for NaN tokens only."""
    x = X.clone()
    x[0, 0, :2] = torch.tensor([float("inf"), float("-inf")])

    assert ROUTERS["uniform"](8, 4)(x).sizes == (3, 7, 4, 1)


SETTINGS = [
    (lambda: TokensChoiceRouter(8, 4, 5), "top_k must be at most num_experts=4, got 5: lower top_k"),
    (lambda: TokensChoiceRouter(8, 4, 0), "top_k must be at least 1, got 0"),
    (lambda: TokensChoiceRouter(8, 4, priority="size"), "priority must be one of 'position', 'gate', got 'size'"),
    (lambda: TokensChoiceRouter(8, 4, rounding="up"), "rounding must be one of 'ceil', 'round', got 'up'"),
    (lambda: TokensChoiceRouter(8, 4, gating="mixtral"), "gating must be one of 'vmoe', 'switch', 'gshard', 'top_k_"),
    (lambda: TokensChoiceRouter(8, 4, 2, gating="switch"), "gating 'switch' lets a token choose one expert, got"),
    (lambda: TokensChoiceRouter(8, 4, noise_std=-1), "noise_std must be a number of at least 0, got -1"),
    (lambda: TokensChoiceRouter(8, 4, jitter=1), "jitter must be at least 0 and under 1, got 1"),
    (lambda: ExpertsChoiceRouter(8, 4, rounding="floor"), "rounding must be one of 'ceil', 'round', got 'floor'"),
    (lambda: SoftRouter(8, 4, 0), "slots_per_expert must be at least 1, got 0"),
    (lambda: SoftRouter(8, 4, 1.5), r"slots_per_expert must be a whole number, got 1\.5 \(float\)"),
    (lambda: SoftRouter(8, 0), "num_experts must be at least 1, got 0"),
    (lambda: SoftRouter(8, 4, normalize="paper"), "normalize must be True, False or 'as printed', got 'paper'"),
    (lambda: ROUTERS["uniform"](8, 4, 0), "slots_per_expert must be at least 1, got 0"),
    (lambda: IdentityRouter(8, 4, 0), "slots_per_expert must be at least 1, got 0"),
    (lambda: Experts(8, 4, 0), "hidden_dim must be at least 1, got 0"),
    (lambda: MoE(SoftRouter(8, 4), Experts(8, 5, 6)), "agree in num_experts, got 4 in the router and 5 in the experts"),
    (lambda: MoE(SoftRouter(8, 4), Experts(9, 4, 6)), "agree in dim, got 8 in the router and 9 in the experts"),
    (lambda: MoE(SoftRouter(8, 4), Experts(8, 4, 6), examples_per_group=0), "examples_per_group must be at least 1"),
]


@pytest.mark.parametrize(("make", "sentence"), SETTINGS)
def test_settings(make, sentence):
    """A wrong setting is named when the layer is made, not when it first runs."""
    with pytest.raises((ValueError, TypeError), match=sentence):
        make()


CALLS = [
    (TokensChoiceRouter(8, 4, capacity_factor=0.0), "capacity must be at least 1 slot per expert, got 0 from 7 tokens"),
    (ExpertsChoiceRouter(8, 40), "capacity must be at least 1 slot per expert, got 0 from 7 tokens"),
    (ExpertsChoiceRouter(8, 2, capacity_factor=4.0), "capacity must be at most the 7 tokens of a group .* got 14"),
    (ExpertsChoiceRouter(8, 2, multiple_of=8), "capacity must be at most the 7 tokens of a group .* got 8"),
    (IdentityRouter(8, 3, 2), "tokens must fit 3 experts x 2 slots = 6 slots, got 7 tokens: raise slots_per_expert"),
]


@pytest.mark.parametrize(("router", "sentence"), CALLS)
def test_capacity(router, sentence):
    """A capacity that the tokens do not fit is named with the numbers that led to it."""
    with pytest.raises(ValueError, match=sentence):
        router(X)


def test_experts_alone():
    """Experts that are fed slots of another make say what they were built for."""
    with pytest.raises(ValueError, match=r"slots must be \(batch, experts=4, slots per expert, dim=8\), got \(3, 5,"):
        Experts(8, 4, 6)(torch.randn(3, 5, 1, 8))
