import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from softmoe_edu import metrics
from softmoe_edu.routing import SoftRouting, SparseRouting

equal = torch.testing.assert_close


def soft_example():
    """One group, three tokens of which the last is padding, two experts with one slot each."""
    return SoftRouting(
        dispatch=torch.tensor([[[[0.75], [0.5]], [[0.25], [0.5]], [[0.0], [0.0]]]]),
        combine=torch.tensor([[[[0.25], [0.75]], [[0.5], [0.5]], [[0.0], [0.0]]]]),
        mask=torch.tensor([[True, True, False]]),
    )


def sparse_example():
    """Four tokens, the last padding; three experts with two slots: token 0 sits with A and B, 1 with A, 2 nowhere."""
    return SparseRouting(
        token=torch.tensor([[[0, 1], [0, -1], [-1, -1]]]),
        gate=torch.tensor([[[0.5, 0.75], [0.25, 0.0], [0.0, 0.0]]]),
        num_tokens=4,
        mask=torch.tensor([[True, True, True, False]]),
    )


def random_soft(seed, b=3, n=7, e=4, p=2, mask=None, dtype=torch.float64):
    """Softmax weights with a wide spread; padded rows are 0."""
    logits = 3 * torch.randn(b, n, e, p, generator=torch.Generator().manual_seed(seed), dtype=dtype)
    real = torch.ones(b, n, dtype=torch.bool) if mask is None else mask
    dispatch = logits.masked_fill(~real[:, :, None, None], -torch.inf).softmax(1).nan_to_num()
    combine = logits.flatten(2).softmax(-1).view(b, n, e, p) * real[:, :, None, None]
    return SoftRouting(dispatch, combine, logits, mask)


def random_sparse(seed, b=3, n=7, e=4, p=2, mask=None):
    """Slots that hold distinct real tokens, some empty, with gates over 0.1."""
    generator = torch.Generator().manual_seed(seed)
    token = torch.stack([torch.randperm(n, generator=generator)[:p] for _ in range(b * e)]).view(b, e, p)
    token[torch.rand(b, e, p, generator=generator) < 0.4] = -1
    if mask is not None:
        real = mask[:, None].expand(b, e, n).gather(2, token.clamp(min=0))
        token[~real] = -1
    gate = torch.rand(b, e, p, generator=generator, dtype=torch.float64) + 0.1
    return SparseRouting(token, gate * (token >= 0), n, mask=mask)


def dense_twin(routing):
    """The same weights as a routing that is dense."""
    return SoftRouting(routing.dispatch, routing.combine, mask=routing.mask)


def random_mask(seed, b=3, n=7):
    """Some padding, and a last group of padding alone."""
    mask = torch.rand(b, n, generator=torch.Generator().manual_seed(seed)) < 0.7
    mask[-1] = False
    return mask


def test_soft_example_by_hand():
    """Every number of two tokens and two slots is the one a reader computes."""
    routing = soft_example()

    equal(metrics.expert_load(routing), torch.tensor([[1.0, 1.0]]))
    equal(metrics.expert_importance(routing), torch.tensor([[0.75, 1.25]]))
    equal(metrics.token_contribution(routing), torch.tensor([[1.25, 0.75, 0.0]]))
    assert metrics.experts_per_token(routing).tolist() == [[2, 2, 0]]
    assert metrics.dropped(routing).tolist() == [[False, False, False]]
    assert metrics.slot_usage(routing).tolist() == [[[2], [2]]]
    assert metrics.slot_usage(routing, 0.75).tolist() == [[[1], [2]]]
    a = 0.75 * math.log(4 / 3) + 0.25 * math.log(4)
    equal(metrics.dispatch_entropy(routing), torch.tensor([[[a], [math.log(2)]]]))
    equal(metrics.dispatch_entropy(routing, normalized=True), torch.tensor([[[a / math.log(2)], [1.0]]]))
    equal(metrics.combine_entropy(routing), torch.tensor([[a, math.log(2), 0.0]]))
    equal(metrics.combine_entropy(routing, normalized=True), torch.tensor([[a / math.log(2), 1.0, 0.0]]))
    cosine = (0.75 * 0.5 + 0.25 * 0.5) / math.sqrt(0.625 * 0.5)
    equal(metrics.slot_similarity(routing), torch.tensor([[[1.0, cosine], [cosine, 1.0]]]))
    cosine = 0.5 / math.sqrt(0.625 * 0.5)
    equal(metrics.token_similarity(routing), torch.tensor([[[1.0, cosine, 0], [cosine, 1.0, 0], [0, 0, 0]]]))
    logged = metrics.official_metrics(routing)
    equal(logged["combine_weights_min_mean"], torch.tensor(0.375))
    equal(logged["combine_weights_max_mean"], torch.tensor(0.625))
    equal(logged["dispatch_weights_min_mean"], torch.tensor(0.375))
    equal(logged["dispatch_weights_max_mean"], torch.tensor(0.625))
    equal(logged["combine_weights_similarity_mean"], torch.tensor(cosine))


def test_sparse_example_by_hand():
    """A dropped token, an empty slot, a token that two experts took and padding are each counted as what they are."""
    routing = sparse_example()

    assert metrics.expert_load(routing).tolist() == [[2, 1, 0]]
    assert metrics.expert_importance(routing).tolist() == [[1.25, 0.25, 0]]
    assert metrics.token_contribution(routing).tolist() == [[2, 1, 0, 0]]
    assert metrics.experts_per_token(routing).tolist() == [[2, 1, 0, 0]]
    assert metrics.dropped(routing).tolist() == [[False, False, True, False]]
    equal(metrics.dropped_fraction(routing), torch.tensor(1 / 3))
    equal(metrics.dropped_per_example(routing), torch.tensor([1 / 3]))
    assert metrics.dropped_per_example(routing, 2).tolist() == [0, 1]
    assert metrics.dropped_per_position(routing).tolist() == [0, 0, 1, 0]
    assert metrics.dropped_per_position(routing, 2).tolist() == [0.5, 0]
    assert metrics.slot_usage(routing).tolist() == [[[1, 1], [1, 0], [0, 0]]]
    assert metrics.dispatch_entropy(routing).tolist() == [[[0, 0], [0, 0], [0, 0]]]
    two_to_one = 2 / 3 * math.log(3 / 2) + 1 / 3 * math.log(3)
    equal(metrics.combine_entropy(routing), torch.tensor([[two_to_one, 0, 0, 0]]))
    equal(metrics.combine_entropy(routing, normalized=True), torch.tensor([[two_to_one / math.log(6), 0, 0, 0]]))
    same = torch.zeros(1, 6, 6)
    for i, j in [(0, 0), (1, 1), (2, 2), (0, 2), (2, 0)]:
        same[0, i, j] = 1
    equal(metrics.slot_similarity(routing), same)
    logged = metrics.official_experts_choice_metrics(routing)
    assert logged["num_experts_per_item_min"].tolist() == [0]
    assert logged["num_experts_per_item_max"].tolist() == [2]
    assert logged["min_selected_gate"].tolist() == [0.25]
    assert logged["max_selected_gate"].tolist() == [0.75]
    equal(logged["ratio_processed_items_by_at_least_1_experts"], torch.tensor([2 / 3]))
    equal(logged["ratio_processed_items_by_at_least_2_experts"], torch.tensor([1 / 3]))
    assert "ratio_processed_items_by_at_least_4_experts" not in logged


def test_a_token_in_two_slots_of_one_expert_has_one_expert():
    """Experts are counted, not slots."""
    routing = SparseRouting(torch.tensor([[[0, 0], [-1, -1]]]), torch.tensor([[[0.5, 0.5], [0.0, 0.0]]]), 2)

    assert metrics.experts_per_token(routing).tolist() == [[1, 0]]
    assert metrics.token_contribution(routing).tolist() == [[2, 0]]


def test_experts_per_token_are_those_that_took_it():
    """Experts are counted by what filled their slots; whether they answer makes no difference."""
    dispatch = torch.tensor([[[[0.5], [0.0], [0.25]], [[0.5], [1.0], [0.75]]]])
    combine = torch.tensor([[[[0.0], [0.5], [0.5]], [[1.0], [0.0], [0.0]]]])

    assert metrics.experts_per_token(SoftRouting(dispatch, combine)).tolist() == [[2, 3]]


def test_a_gate_of_0_empties_no_slot():
    """A token whose gate is exactly 0 fills its slot: it is no dropped token, and its expert has worked."""
    routing = SparseRouting(torch.tensor([[[0, 1], [-1, -1]]]), torch.tensor([[[0.0, 0.5], [0.0, 0.0]]]), 3)

    assert routing.filled.tolist() == [[[True, True], [False, False]]]
    assert metrics.dropped(routing).tolist() == [[False, False, True]]
    assert metrics.expert_load(routing).tolist() == [[2, 0]]
    assert metrics.experts_per_token(routing).tolist() == [[1, 1, 0]]
    assert metrics.slot_usage(routing).tolist() == [[[1, 1], [0, 0]]]
    assert routing.dispatch[0, :, 0].tolist() == [[1, 0], [0, 1], [0, 0]]
    assert routing.to_slots(torch.ones(1, 3, 1)).flatten().tolist() == [1, 1, 0, 0]


@pytest.mark.parametrize("name", ["dispatch_entropy", "combine_entropy", "slot_similarity", "slot_usage",
                                  "experts_per_token", "expert_importance", "expert_load", "dropped"])  # fmt: skip
@pytest.mark.parametrize("masked", [False, True])
def test_index_form_agrees_with_dense_form(name, masked):
    """A sparse routing and the same weights written out give the same numbers."""
    routing = random_sparse(1, mask=random_mask(2) if masked else None)

    actual, expected = getattr(metrics, name)(routing), getattr(metrics, name)(dense_twin(routing))

    equal(actual.double(), expected.double(), atol=2e-8, rtol=1e-7)


@pytest.mark.parametrize("masked", [False, True])
def test_soft_metrics_agree_with_loops(masked):
    """Usage, entropy and similarity are what double loops over groups, slots and tokens give."""
    routing = random_soft(3, mask=random_mask(4) if masked else None)
    b = routing.sizes[0]
    usage, entropy = metrics.slot_usage(routing), metrics.dispatch_entropy(routing)
    answers, similarity = metrics.combine_entropy(routing), metrics.slot_similarity(routing)
    for g in range(b):
        columns = routing.dispatch[g].flatten(1).T.tolist()
        for s, column in enumerate(columns):
            held, count = 0.0, 0
            for weight in sorted(column, reverse=True):
                if held < 0.9 * sum(column):
                    held, count = held + weight, count + 1
            assert usage[g].flatten()[s] == count
            assert entropy[g].flatten()[s].item() == pytest.approx(-sum(w * math.log(w) for w in column if w))
            for t, other in enumerate(columns):
                norm = math.sqrt((sum(w * w for w in column) + 1e-9) * (sum(w * w for w in other) + 1e-9))
                dot = sum(v * w for v, w in zip(column, other, strict=True))
                assert similarity[g, s, t].item() == pytest.approx(dot / norm)
        for i, row in enumerate(routing.combine[g].flatten(1).tolist()):
            assert answers[g, i].item() == pytest.approx(-sum(w * math.log(w) for w in row if w))


def test_uniform_weights_round_to_no_extra_token():
    """Equal float32 weights hold a share in that share of the tokens, whatever their number."""
    for n in (10, 20, 30, 70, 110, 190, 1000):
        uniform = torch.full((1, n, 1, 1), 1 / n)
        assert metrics.slot_usage(SoftRouting(uniform, uniform)).item() == round(0.9 * n)
        assert metrics.slot_usage(SoftRouting(uniform, uniform), 1.0).item() == n
    for n, share in ((50, 0.2), (100, 0.4), (200, 0.6)):
        uniform = torch.full((1, n, 1, 1), 1 / n)
        assert metrics.slot_usage(SoftRouting(uniform, uniform), share).item() == round(share * n)
    assert metrics.slot_usage(SoftRouting(uniform * 0, uniform)).item() == 0


def test_padding_counts_nowhere():
    """Garbage in the rows of padded tokens changes no metric that reads weights."""
    clean = random_soft(5, mask=random_mask(6))
    noise = torch.rand(clean.dispatch.shape, dtype=torch.float64) * ~clean.mask[:, :, None, None]
    dirty = SoftRouting(clean.dispatch + noise, clean.combine + noise, mask=clean.mask)

    for name in ("expert_importance", "experts_per_token", "slot_usage", "dispatch_entropy", "combine_entropy",
                 "slot_similarity", "token_similarity", "official_metrics"):  # fmt: skip
        equal(getattr(metrics, name)(dirty), getattr(metrics, name)(clean), msg=name)


def test_padding_adds_nothing():
    """Metrics of a padded batch are those of the batch without padding."""
    short = random_soft(7, b=2, n=5)
    mask = torch.tensor([[True] * 5 + [False] * 2] * 2)
    pad = (0, 0, 0, 0, 0, 2)
    padded = SoftRouting(
        torch.nn.functional.pad(short.dispatch, pad), torch.nn.functional.pad(short.combine, pad), mask=mask
    )

    equal(metrics.official_metrics(padded), metrics.official_metrics(short))
    equal(metrics.dispatch_entropy(padded, normalized=True), metrics.dispatch_entropy(short, normalized=True))
    equal(metrics.combine_entropy(padded)[:, :5], metrics.combine_entropy(short))


def test_an_empty_group_is_finite():
    """A group of padding alone gives zeros, and is left out of what is averaged."""
    routing = random_soft(8, mask=random_mask(9))

    for name in ("dispatch_entropy", "combine_entropy", "token_contribution", "slot_similarity", "slot_usage"):
        assert getattr(metrics, name)(routing)[-1].count_nonzero() == 0
    assert metrics.dispatch_entropy(routing, normalized=True)[-1].count_nonzero() == 0
    assert all(value.isfinite() for value in metrics.official_metrics(routing).values())
    assert metrics.dropped_fraction(SparseRouting(torch.tensor([[[-1]]]), torch.zeros(1, 1, 1), 2,
                                                  mask=torch.zeros(1, 2, dtype=torch.bool))) == 0  # fmt: skip


@pytest.mark.parametrize("name", ["dispatch_entropy", "combine_entropy"])
@pytest.mark.parametrize("normalized", [False, True])
def test_entropy_has_a_finite_gradient_at_zero(name, normalized):
    """A weight of exactly 0 and an empty slot give no nan and no infinity in the gradient."""
    zero = torch.tensor([[[[1.0], [0.0]], [[0.0], [0.0]]]], requires_grad=True)
    gate = torch.tensor([[[1.0], [0.0]]], requires_grad=True)

    for leaf, routing in (
        (zero, SoftRouting(zero, zero)),
        (gate, SparseRouting(torch.tensor([[[0], [-1]]]), gate, 2)),
    ):
        value = getattr(metrics, name)(routing, normalized=normalized)
        assert value.isfinite().all()
        if value.requires_grad:
            (gradient,) = torch.autograd.grad(value.sum(), leaf)
            assert gradient.isfinite().all()


def test_entropy_gradient_is_that_of_its_definition():
    """Autograd of both entropies agrees with finite differences."""
    routing, sparse = random_soft(10, b=1, n=3, e=2, p=1), random_sparse(11, b=1, n=3, e=2, p=2)
    weights = routing.dispatch.requires_grad_()
    torch.autograd.gradcheck(lambda w: metrics.dispatch_entropy(SoftRouting(w, w)), weights)
    torch.autograd.gradcheck(lambda w: metrics.combine_entropy(SoftRouting(w, w)), weights)
    gate = (sparse.gate + 0.1).requires_grad_()
    filled = torch.tensor([[[0, 1], [0, 2]]])
    torch.autograd.gradcheck(lambda g: metrics.combine_entropy(SparseRouting(filled, g, 3)), gate)


sizes = st.tuples(*[st.integers(1, 5)] * 4)


@settings(deadline=None, max_examples=60)
@given(sizes=sizes, seed=st.integers(0, 10**6))
def test_properties_of_a_softmax(sizes, seed):
    """Nobody is dropped, loads and contributions sum to the slots, entropies and cosines stay in range."""
    b, n, e, p = sizes
    routing = random_soft(seed, b, n, e, p)

    assert not metrics.dropped(routing).any()
    assert (metrics.experts_per_token(routing) == e).all()
    equal(metrics.expert_load(routing), torch.full((b, e), float(p), dtype=torch.float64))
    equal(metrics.token_contribution(routing).sum(1), torch.full((b,), float(e * p), dtype=torch.float64))
    equal(metrics.expert_importance(routing).sum(1), torch.full((b,), float(n), dtype=torch.float64))
    usage = metrics.slot_usage(routing)
    assert usage.min() >= 1 and usage.max() <= n and (usage <= metrics.slot_usage(routing, 0.95)).all()
    for entropy in (metrics.dispatch_entropy, metrics.combine_entropy):
        share = entropy(routing, normalized=True)
        assert share.min() >= -1e-7 and share.max() <= 1 + 1e-7
    for similarity in (metrics.slot_similarity(routing), metrics.token_similarity(routing)):
        equal(similarity, similarity.mT)
        assert similarity.min() >= 0 and similarity.max() <= 1
    by_group = torch.cat([metrics.dispatch_entropy(routing.map(lambda t, i=i: t[i : i + 1])) for i in range(b)])
    equal(by_group, metrics.dispatch_entropy(routing))


@settings(deadline=None, max_examples=60)
@given(sizes=sizes, seed=st.integers(0, 10**6), examples=st.integers(1, 3))
def test_properties_of_a_sparse_routing(sizes, seed, examples):
    """Dropped tokens are those without an expert, and their fractions by example and position average to the whole."""
    b, n, e, p = sizes
    n = max(n, p) * examples
    routing = random_sparse(seed, b, n, e, p)
    lost = metrics.dropped(routing)

    equal(lost, metrics.experts_per_token(routing) == 0)
    equal(metrics.dropped_fraction(routing).double(), lost.double().mean())
    equal(metrics.dropped_per_example(routing, examples).mean(), metrics.dropped_fraction(routing))
    equal(metrics.dropped_per_position(routing, examples).mean(), metrics.dropped_fraction(routing))
    assert len(metrics.dropped_per_example(routing, examples)) == b * examples
    equal(metrics.expert_load(routing).sum(), metrics.token_contribution(routing).sum())


def test_bad_input_gets_a_sentence():
    """A share or a number of examples that cannot be says what to give."""
    with pytest.raises(ValueError, match=r"share must be over 0 and at most 1, got 90\.0: 0\.9 asks for 90 %"):
        metrics.slot_usage(soft_example(), 90.0)
    with pytest.raises(ValueError, match="examples_per_group must divide the 4 tokens of a group, got 3: give"):
        metrics.dropped_per_example(sparse_example(), 3)
    with pytest.raises(ValueError, match="capacity must be at least 1, got 0"):
        metrics.expected_drop_fraction(4, 2, 0)
