import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

from softmoe_edu import metrics
from softmoe_edu.routing import SoftRouting, SparseRouting

GOLDEN = Path(__file__).parent / "data" / "golden"
equal = torch.testing.assert_close


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("soft_*.npz")), ids=lambda path: path.stem)
def test_official_soft_metrics(path):
    """Each metric that the official soft router logs is matched to a relative 2e-5."""
    with np.load(path) as arrays:
        golden = {name: torch.from_numpy(arrays[name].copy()) for name in arrays.files if name != "meta_json"}
    routing = SoftRouting(golden["dispatch_weights"], golden["combine_weights"])
    logged = metrics.official_metrics(routing, golden["mu"])

    names = {k.removeprefix("metric_") for k in golden if k.startswith("metric_")} - {"auxiliary_loss"}
    assert set(logged) == names
    for name, value in logged.items():
        equal(value, golden[f"metric_{name}"], rtol=2e-5, atol=0)


@pytest.mark.parametrize("stem", ["experts_00", "experts_04_ties"])
def test_official_experts_choice_metrics(stem):
    """Each metric that the official experts choice router logs is matched, and so are the experts per token."""
    with np.load(GOLDEN / f"{stem}.npz") as arrays:
        golden = {name: torch.from_numpy(arrays[name].copy()) for name in arrays.files if name != "meta_json"}
        tags = [variant["tag"] for variant in json.loads(str(arrays["meta_json"]))["variants"]]
    for tag in tags:
        token = golden[f"{tag}/dispatch_weights"].float().argmax(1)
        routing = SparseRouting(token, golden[f"{tag}/combine_weights"].sum(1), golden["inputs"].shape[1])
        logged = metrics.official_experts_choice_metrics(routing)

        names = {k.split("metric_")[1] for k in golden if k.startswith(f"{tag}/metric_")} - {"auxiliary_loss"}
        assert set(logged) == names
        for name, value in logged.items():
            equal(value, golden[f"{tag}/metric_{name}"].to(value.dtype), rtol=2e-5, atol=0)
        equal(metrics.experts_per_token(routing), golden[f"{tag}/num_experts_per_token"].long())
        equal(metrics.expert_load(routing), golden[f"{tag}/dispatch_weights"].float().sum((1, 3)))


def test_official_experts_choice_metrics_leave_padding_out():
    """A padded token, which no expert takes, is not the one with the fewest experts."""
    mask = torch.tensor([[True, True, False]])
    routing = SparseRouting(torch.tensor([[[0, 1]], [[0, 1]]]).view(1, 2, 2), torch.full((1, 2, 2), 0.5), 3, mask=mask)
    logged = metrics.official_experts_choice_metrics(routing)

    assert logged["num_experts_per_item_min"].tolist() == [2]
    assert logged["ratio_processed_items_by_at_least_2_experts"].tolist() == [1]


def test_dropped_tokens_of_the_official_router():
    """Tokens that the official tokens choice router drops are those found in its weights."""
    with np.load(GOLDEN / "tokens_00.npz") as arrays:
        for tag in [variant["tag"] for variant in json.loads(str(arrays["meta_json"]))["variants"]]:
            dispatch = torch.from_numpy(arrays[f"{tag}/dispatch_weights"].copy()).float()
            token = torch.where(dispatch.amax(1) > 0, dispatch.argmax(1), -1)
            gate = torch.from_numpy(arrays[f"{tag}/combine_weights"].copy()).sum(1)
            lost = metrics.dropped(SparseRouting(token, gate, dispatch.shape[1]))
            assert lost.tolist() == arrays[f"{tag}/dropped_tokens"].astype(bool).tolist()


def official_similarities(mu):
    """The official code's cosines of slot parameters, line by line: jax.numpy written in NumPy."""
    _, n, p = mu.shape
    x = mu * (1 / np.sqrt(np.square(mu).sum(0, keepdims=True) + 1e-9))
    similarity = np.tensordot(x, x, (0, 0))
    identity = np.eye(n * p).reshape(n, p, n, p)
    masked = (1 - identity) * similarity
    masked = masked + identity * masked.max()
    mean = (similarity.sum() - n * p) / (n * p * (n * p - 1))
    return {"mu_similarity_min": masked.min(), "mu_similarity_max": masked.max(), "mu_similarity_mean": mean}


OPPOSITE = np.array([[[1.0, -1.0]], [[0.5, -0.6]]])  # two slots of one expert, whose cosine is negative
EDGES = {
    "plain": (np.random.default_rng(0).normal(size=(5, 4, 2)), 1.0),
    "all cosines negative": (OPPOSITE, 3.0),
    "a slot that is zero": (np.random.default_rng(1).normal(size=(5, 4, 2)) * (np.arange(4) != 2)[:, None], 1.0),
    "a tiny scale": (np.random.default_rng(2).normal(size=(5, 4, 2)), 1e-5),
    "a scale of zero": (np.random.default_rng(3).normal(size=(5, 4, 2)), 0.0),
    "short parameters": (1e-4 * np.random.default_rng(4).normal(size=(5, 4, 2)), 2.0),
}


@pytest.mark.parametrize("tokens", [7, 3])
@pytest.mark.parametrize("name", EDGES)
def test_similarity_of_parameters_at_its_edges(name, tokens):
    """Cosines of slots are of the normalised, scaled parameters, with a largest of at least 0 and a diagonal of 1.

    The scale is left out where the tokens, two groups of them, hold fewer numbers than the parameters, as there.
    """
    phi, scale = EDGES[name]
    _, e, p = phi.shape
    unit = phi * (1 / np.sqrt(np.square(phi).sum(0, keepdims=True) + 1e-6))
    expected = official_similarities(unit * scale if 2 * tokens >= e * p else unit)
    weights = torch.rand(2, tokens, e, p, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for given in (scale, torch.tensor([scale])):
        logged = metrics.official_metrics(SoftRouting(weights, weights), torch.from_numpy(phi), given)

        assert {key: logged[key].item() for key in expected} == pytest.approx(expected, rel=1e-6, abs=1e-12)


def test_a_scale_hardly_matters():
    """Left at 1, the scale changes no cosine of parameters of an ordinary size by more than 1e-6."""
    weights = torch.full((2, 7, 4, 2), 0.1)
    phi = torch.randn(5, 4, 2, generator=torch.Generator().manual_seed(0))
    plain, scaled = (metrics.official_metrics(SoftRouting(weights, weights), phi, scale) for scale in (1.0, 9.0))

    equal(plain, scaled, rtol=0, atol=1e-6)


def test_a_mean_cosine_counts_every_vector_as_equal_to_itself():
    """As in the official code: a token without weight has cosine 0 with all, and the mean takes 1 off for it."""
    weights = torch.tensor([[[[1.0], [0.0]], [[0.0], [0.0]], [[1.0], [0.0]]]], dtype=torch.float64)
    logged = metrics.official_metrics(SoftRouting(weights, weights))

    assert logged["combine_weights_similarity_min"] == 0 and logged["combine_weights_similarity_max"] == pytest.approx(
        1
    )
    assert logged["combine_weights_similarity_mean"].item() == pytest.approx((2 - 1) / 6)


@pytest.mark.parametrize("experts", [1, 2, 3, 5, 6, 8, 12])
def test_official_thresholds_of_experts(experts):
    """Tokens are counted by at least 1, 2, 4, ... experts and by all of them, a power of two or not."""
    routing = SparseRouting(torch.zeros(1, experts, 1).long(), torch.ones(1, experts, 1), 2)
    logged = metrics.official_experts_choice_metrics(routing)
    thresholds = [2**i for i in range(int(math.log2(experts)) + 1)] + [experts]

    ratios = {key: value.tolist() for key, value in logged.items() if key.startswith("ratio")}
    assert ratios == {f"ratio_processed_items_by_at_least_{t}_experts": [0.5] for t in thresholds}


@pytest.mark.parametrize("name, sizes", [("combine", (2, 1, 3, 2)), ("dispatch", (2, 4, 1, 1))])
def test_cosines_of_nothing_are_nan(name, sizes):
    """One token, or one slot, has nothing to be compared with."""
    weights = torch.rand(sizes, generator=torch.Generator().manual_seed(0))
    logged = metrics.official_metrics(SoftRouting(weights, weights))

    for kind in ("min", "max", "mean"):
        assert logged[f"{name}_weights_similarity_{kind}"].isnan()
    assert not logged["combine_weights_max_mean"].isnan()


@pytest.mark.parametrize(
    "tokens, experts, capacity", [(49, 32, 2), (5, 2, 2), (3, 1, 2), (4, 5, 9), (4, 1, 9), (12, 3, 1)]
)
def test_expected_drop_fraction_is_the_binomial_sum(tokens, experts, capacity):
    """Exact fractions give the same number."""
    p = Fraction(1, experts)
    over = sum(
        (x - capacity) * math.comb(tokens, x) * p**x * (1 - p) ** (tokens - x) for x in range(capacity + 1, tokens + 1)
    )

    actual = metrics.expected_drop_fraction(tokens, experts, capacity)

    assert actual == pytest.approx(float(over * experts / tokens), abs=1e-12)


def test_expected_drop_fraction_in_the_classroom():
    """A balanced router at capacity factor 1 loses 18.7 % of 49 tokens on 32 experts, 1.6 % of 4096 on 8."""
    assert metrics.expected_drop_fraction(49, 32, 2) == pytest.approx(0.1874, abs=5e-5)
    assert metrics.expected_drop_fraction(4096, 8, 512) == pytest.approx(0.0165, abs=5e-5)


def test_expected_drop_curve_is_the_binomial_sum_of_each_expert():
    """With unequal experts the chances of each add up, at every capacity from 0 to all tokens."""
    tokens, shares = 7, [Fraction(1, 2), Fraction(1, 6), Fraction(1, 6), Fraction(0), Fraction(1)]
    expected = []
    for capacity in range(tokens + 1):
        answered = sum(
            min(x, capacity) * math.comb(tokens, x) * p**x * (1 - p) ** (tokens - x)
            for p in shares
            for x in range(tokens + 1)
        )
        expected.append(float(1 - answered / (tokens * sum(shares))))

    found = metrics.expected_drop_curve(tokens, [float(p) for p in shares])
    assert found.tolist() == pytest.approx(expected, abs=1e-12)
    assert (found[0], found[-1]) == (1, pytest.approx(0, abs=1e-12))


@pytest.mark.bad_input
@pytest.mark.parametrize("shares", [[], [0.0, 0.0], [0.5, 1.5], [float("nan")], [-0.5, 0.5]])
def test_shares_that_are_no_chances_are_named(shares):
    """Nothing, nobody, over 1, NaN and negative ones."""
    with pytest.raises(ValueError, match="shares must be from 0 to 1 and not all 0"):
        metrics.expected_drop_curve(5, shares)
