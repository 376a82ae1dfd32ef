"""A learner's mistake is answered with a sentence: what was expected, what came, what to do."""

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
    ViT,
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


LIKE = "like the layer's parameters"
DTYPES = [
    (torch.float32, torch.float64, rf"must be torch\.float32 {LIKE}, got torch\.float64: convert .*x\.float\(\), "
                                   r"or the layer with layer\.double\(\)"),
    (torch.float64, torch.float32, rf"must be torch\.float64 {LIKE}, got torch\.float32: convert .*x\.double\(\), "
                                   r"or the layer with layer\.float\(\)"),
    (torch.float32, torch.bfloat16, rf"must be torch\.float32 {LIKE}, got torch\.bfloat16: convert .*x\.float\(\), "
                                    r"or the layer with layer\.bfloat16\(\)"),
    (torch.bfloat16, torch.float32, rf"must be torch\.bfloat16 {LIKE}, got torch\.float32: convert .*x\.bfloat16\(\)"),
    (torch.bfloat16, torch.float16, rf"must be torch\.bfloat16 {LIKE}, got torch\.float16: .* with layer\.half\(\)"),
]  # fmt: skip
LAYERS = [
    *((name, {}) for name in NAMES),
    ("soft", {"form": "attention"}),
    ("tokens choice", {"capacity_factor": None}),
]


@pytest.mark.parametrize(("name", "changes"), LAYERS, ids=str)
@pytest.mark.parametrize(("own", "given", "sentence"), DTYPES)
def test_tokens_of_another_dtype(name, own, given, sentence, changes):
    """A layer and tokens that differ in dtype are told what to convert, in both directions; either advice works."""
    layer = MoE(ROUTERS[name](8, 4, **changes), Experts(8, 4, 6)).to(own)
    with pytest.raises(TypeError, match=sentence):
        layer(X.to(given))

    assert layer(X.to(own)).dtype == own
    assert layer.to(given)(X.to(given)).dtype == given


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"uniform", "identity"}))  # these two have no parameters
@pytest.mark.parametrize(("own", "given", "sentence"), DTYPES[:2])
def test_tokens_of_another_dtype_in_a_router(name, own, given, sentence):
    """A router alone says it of tokens; half precision it takes, since it widens."""
    router = ROUTERS[name](8, 4).to(own)
    with pytest.raises(TypeError, match="tokens " + sentence):
        router(X.to(given))

    assert ROUTERS[name](8, 4)(X.bfloat16()).combine.dtype == torch.float32
    assert ROUTERS[name](8, 4).bfloat16()(X).combine.dtype == torch.float32


def test_tokens_of_another_dtype_under_autocast():
    """Autocast converts what it can, and that is not float64."""
    layer = MoE(SoftRouter(8, 4), Experts(8, 4, 6))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert layer(X.bfloat16()).dtype == layer(X).dtype == torch.bfloat16
        with pytest.raises(TypeError, match=DTYPES[0][2]):
            layer(X.double())


def test_numpy_tokens_as_they_are_told():
    """What the error for NumPy tokens says leads to tokens that the layer takes."""
    x, layer = np.random.default_rng(0).normal(size=(3, 7, 8)), MoE(SoftRouter(8, 4), Experts(8, 4, 6))
    with pytest.raises(TypeError, match=r"got ndarray: convert with torch\.as_tensor\(x\)\.float\(\)"):
        layer(x)
    with pytest.raises(TypeError, match=DTYPES[0][2]):
        layer(torch.as_tensor(x))

    assert layer(torch.as_tensor(x).float()).shape == (3, 7, 8)


IMAGES = torch.rand(2, 1, 8, 8)


OF_MODEL = "like the model's parameters"


@pytest.mark.parametrize(
    ("images", "sentence"),
    [
        (IMAGES.double(), rf"images must be torch\.float32 {OF_MODEL}, got torch\.float64: convert with "
                          r"images\.float\(\), or the model with model\.double\(\)"),
        (IMAGES.bfloat16(), r"got torch\.bfloat16: convert with images\.float\(\), or the model with model\.bfloat16"),
        ((IMAGES * 255).byte(), r"must be floating point, got torch\.uint8: convert with images\.float\(\) / 255"),
        (IMAGES.numpy(), r"must be a torch\.Tensor, got ndarray: convert with torch\.as_tensor\(images\)\.float\(\)"),
    ],
)  # fmt: skip
def test_images(images, sentence):
    """A model answers images of another kind or dtype with what to convert."""
    with pytest.raises(TypeError, match=sentence):
        ViT()(images)


def test_images_and_a_model_of_double_precision():
    """The other direction is told as well, and a model of double or half precision takes images of its own dtype."""
    with pytest.raises(
        TypeError, match=r"must be torch\.float64 .* got torch\.float32: convert with images\.double\(\)"
    ):
        ViT().double()(IMAGES)
    for dtype in (torch.float64, torch.bfloat16, torch.float16):
        assert ViT().to(dtype)(IMAGES.to(dtype)).dtype == dtype
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert ViT()(IMAGES.bfloat16()).shape == ViT()(IMAGES).shape


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
    (lambda: TokensChoiceRouter(8, 4, capacity_factor=0), "capacity_factor must be over 0, got 0"),
    (lambda: ExpertsChoiceRouter(8, 4, capacity_factor=0.0), "capacity_factor must be over 0, got 0"),
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
    (TokensChoiceRouter(8, 4, capacity_factor=0.1, rounding="round"), "capacity must be at least 1 .* 0 from 7 tokens"),
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
