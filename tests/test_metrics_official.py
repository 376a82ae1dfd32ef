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
