import itertools
import math
from collections import Counter

import pytest
import torch
from capture.tracekit import drawn, trace_of
from scipy import stats

from softmoe_edu import report as reports
from softmoe_edu.capture.served import Chosen, CountTrace, routing_of
from softmoe_edu.placement import replicate
from softmoe_edu.report import Estimate, load_entropy, routing_report, told_of, wilson
from softmoe_edu.routers import ROUTERS, SoftRouter, TokensChoiceRouter
from softmoe_edu.routing import SparseRouting

# Five tokens of one layer choose two of four experts; expert 0 is chosen by all but the last.
BY_HAND = torch.tensor([[[0, 1]], [[0, 2]], [[0, 1]], [[0, 2]], [[1, 3]]], dtype=torch.int32)


def test_every_number_by_hand():
    """Load 4, 3, 2, 1; capacity ceil(1 x 10 / 4) = 3 costs the fourth token one choice, and no token all of them."""
    (layer,) = routing_report(trace_of(BY_HAND, num_experts=4), capacity_factor=1).layers

    assert (layer.name, layer.experts, layer.tokens) == ("layer 0", 4, 5)
    assert layer.load.tolist() == [4, 3, 2, 1]
    assert layer.balancedness == Estimate(2.5 / 4)
    assert layer.entropy.value == pytest.approx(-sum(p * math.log(p, 4) for p in (0.4, 0.3, 0.2, 0.1)))
    assert (layer.would_lose.count, layer.would_lose.of, layer.would_lose.value) == (1, 10, 0.1)
    assert (layer.would_drop.count, layer.would_drop.of) == (0, 5)
    assert layer.coactivation.tolist() == [[4, 2, 2, 0], [2, 3, 0, 1], [2, 0, 2, 0], [0, 1, 0, 1]]
    assert layer.dropped is None
    assert layer.by_domain is None
    assert layer.by_token is None
    assert layer.saturation == ()


def test_tokens_that_lose_all_by_hand():
    """With one slot each, experts keep their first token: the third, fourth and fifth lose what was taken before."""
    (layer,) = routing_report(trace_of(BY_HAND, num_experts=4), capacity_factor=0.4).layers

    # Expert 0 keeps token 0, expert 1 token 0, expert 2 token 1, expert 3 token 4: tokens 2 and 3 have none.
    assert (layer.would_lose.count, layer.would_drop.count) == (6, 2)


def loops(groups, experts, factor):
    """Count in loops what a report says of one layer: load, pairs, choices lost and tokens dropped."""
    load, pairs, lost, dropped = Counter(), Counter(), 0, 0
    for group in groups:
        rows = [[x for x in row if x >= 0] for row in group]
        capacity = math.ceil(sum(map(len, rows)) * factor / experts)
        taken = Counter()
        for row in rows:
            full = [taken[x] >= capacity for x in row]
            taken.update(row)
            lost += sum(full)
            dropped += bool(row) and all(full)
            load.update(row)
            pairs.update(itertools.permutations(row, 2))
    return load, pairs, lost, dropped


@pytest.mark.parametrize("block", [2, 3, 4096])
def test_counts_against_loops(monkeypatch, block):
    """Load, pairs, lost choices and dropped tokens are those of loops, however groups are cut into blocks."""
    monkeypatch.setattr(reports, "BLOCK", block)
    groups = [drawn(n, layers=2, experts=6, top_k=3, seed=n) for n in (7, 1, 11, 4, 9, 8)]
    groups[2][3] = -1
    groups[2][5, 0, 1] = -1
    report = routing_report(trace_of(*groups, num_experts=6), capacity_factor=0.7)

    for i, layer in enumerate(report.layers):
        load, pairs, lost, dropped = loops([group[:, i].tolist() for group in groups], 6, 0.7)
        assert layer.load.tolist() == [load[x] for x in range(6)]
        for one, other in itertools.permutations(range(6), 2):
            assert layer.coactivation[one, other] == pairs[one, other]
        assert layer.would_lose.count == lost > 0
        assert layer.would_drop.count == dropped > 0
        assert layer.tokens == 7 + 1 + 10 + 4 + 9 + 8
    assert report.groups == 6
    assert "bootstrap over 6 groups" in report.intervals


def test_a_trace_and_its_routings_give_the_same_report():
    """What is counted of choices does not depend on whether they come as a trace or as routings in memory."""
    groups = [drawn(8, seed=i) for i in range(6)]
    ids = torch.randint(0, 3, (6, 8), generator=torch.Generator().manual_seed(0))
    domains = ["code", "law"] * 3
    trace = trace_of(*(Chosen(group, row) for group, row in zip(groups, ids, strict=True)))
    one = routing_report(trace, domains=domains)
    two = routing_report(trace.routings(0, None), domains=domains, tokens=ids)

    for first, second in zip(one.layers, two.layers, strict=True):
        assert first.name == second.name
        assert torch.equal(first.load, second.load)
        assert torch.equal(first.coactivation, second.coactivation)
        for field in ("balancedness", "entropy", "would_drop", "would_lose"):
            assert getattr(first, field) == getattr(second, field)
        assert first.by_domain.told == pytest.approx(second.by_domain.told)
        assert first.by_token.told == pytest.approx(second.by_token.told)
        assert second.dropped.count == 0


@pytest.mark.parametrize("name", sorted(ROUTERS))
def test_every_router_has_a_report(name):
    """Whatever is registered is reported on; only routers of choices have pairs and lost choices."""
    torch.manual_seed(0)
    router = ROUTERS[name](8, 5)
    routing = router(torch.randn(6, 10, 8)).detach()
    ids = torch.randint(0, 4, (6, 10))
    report = routing_report({"blocks.3.moe": routing}, domains=list("aabbcc"), tokens=ids)

    (layer,) = report.layers
    hard = isinstance(routing, SparseRouting)
    assert (layer.coactivation is not None, layer.would_lose is not None) == (hard, hard)
    assert layer.load.sum() == pytest.approx(float(routing.slot_load().sum()), rel=1e-5)
    assert layer.dropped.count == int((routing.token_load() == 0).sum())
    assert 0 <= layer.by_domain.told <= 1
    assert 0 <= layer.by_token.told <= 1
    assert hard or layer.balancedness.value == pytest.approx(1, abs=1e-5)
    if name == "uniform":
        assert (layer.by_domain.told, layer.by_domain.p) == (pytest.approx(0, abs=1e-9), 1)
    assert "blocks.3.moe" in repr(report)


def test_padding_counts_nowhere():
    """Padding with any numbers changes no count, and the ids of real tokens stay with their tokens."""
    torch.manual_seed(0)
    x, mask = torch.randn(5, 7, 8), torch.ones(5, 7, dtype=torch.bool)
    mask[1, 4:] = mask[3, 0] = False
    router = TokensChoiceRouter(8, 4, top_k=2, capacity_factor=None)
    ids = torch.arange(35).view(5, 7) % 3
    one = routing_report({"": router(x, mask)}, tokens=ids, deals=9)
    other = torch.where(mask[..., None], x, 9.0)
    two = routing_report({"": router(other, mask)}, tokens=torch.where(mask, ids, 7), deals=9)

    (a,), (b,) = one.layers, two.layers
    assert a.tokens == b.tokens == int(mask.sum())
    assert torch.equal(a.load, b.load)
    assert a.load.sum() == 2 * mask.sum()
    assert a.by_token.names == b.by_token.names
    assert torch.equal(a.by_token.table, b.by_token.table)
    counted = Counter(ids[mask].tolist())
    assert {int(name): int(n) for name, n in zip(a.by_token.names, a.by_token.tokens, strict=True)} == counted


def test_experts_that_give_a_domain_away():
    """Where each domain has its own experts, they tell all of it; chance, which deals domains to groups, tells less."""
    groups = [torch.tensor([[[2 * (i % 2), 2 * (i % 2) + 1]]] * 6, dtype=torch.int32) for i in range(20)]
    (layer,) = routing_report(trace_of(*groups, num_experts=4), domains=["code", "law"] * 10).layers

    assert layer.by_domain.told == pytest.approx(1)
    assert layer.by_domain.names == ("code", "law")
    assert layer.by_domain.tokens.tolist() == [60, 60]
    assert layer.by_domain.shares.tolist() == [[1, 1, 0, 0], [0, 0, 1, 1]]
    assert layer.by_domain.chance < 0.3
    assert layer.by_domain.p == 1 / 100


def test_one_group_of_a_domain_proves_nothing():
    """Each domain once: whatever is dealt tells as much, so that p is 1 although experts give the domain away."""
    groups = [torch.tensor([[[i]]] * 5, dtype=torch.int32) for i in range(3)]
    (layer,) = routing_report(trace_of(*groups, num_experts=3), domains=["a", "b", "c"]).layers

    assert layer.by_domain.told == pytest.approx(1)
    assert layer.by_domain.p == 1


def test_random_choices_tell_no_more_than_chance():
    """p is uniform where there is nothing to find: of 40 made cases few are under 0.1, and few over 0.9."""
    values = []
    for seed in range(40):
        groups = [drawn(20, layers=1, experts=5, seed=100 * seed + i) for i in range(8)]
        (layer,) = routing_report(trace_of(*groups), domains=["a", "b"] * 4, deals=19).layers
        values.append(layer.by_domain.p)

    assert stats.kstest(values, "uniform").pvalue > 0.001
    assert sum(p <= 0.1 for p in values) < 14


def test_information_against_a_loop():
    """What experts tell is the mutual information of a table over the entropy of its kinds."""
    weight = torch.tensor([[[3.0, 0, 1], [0, 2, 2], [1, 1, 1]]])
    (told,) = told_of(weight, torch.tensor([[4.0, 4, 3]]), torch.tensor([0, 1, 1]), ("x", "y"), 5)

    table = [[3, 0, 1], [1, 3, 3]]
    total = sum(map(sum, table))
    rows = [sum(row) / total for row in table]
    columns = [sum(column) / total for column in zip(*table, strict=True)]
    nats = sum(
        n / total * math.log(n / total / (rows[i] * columns[j]))
        for i, row in enumerate(table)
        for j, n in enumerate(row)
        if n
    )
    assert told.told == pytest.approx(nats / -sum(p * math.log(p) for p in rows))
    assert told.table.tolist() == table
    assert told.tokens.tolist() == [4, 7]


def test_experts_that_know_the_token():
    """Experts that go by the token tell it; names stand for numbers, and tokens that occur once are left out."""
    ids = torch.tensor([0, 1, 2] * 10 + [7])
    experts = torch.stack([ids % 3, 3 + ids % 2], 1)[:, None].int()
    (layer,) = routing_report(trace_of(Chosen(experts, ids)), names={0: "the", 1: "a"}).layers

    assert sorted(layer.by_token.names) == ["2", "a", "the"]
    assert layer.by_token.told > 0.7 > layer.by_token.chance_high >= layer.by_token.chance
    assert layer.by_token.p == 0.01


def test_the_sample_is_uniform(monkeypatch):
    """Of many tokens so many are drawn as there is room for, from all groups alike, and the same ones each time."""
    monkeypatch.setattr(reports, "MOST_SAMPLED", 200)
    groups = [Chosen(drawn(50, layers=1, seed=i), torch.full((50,), i)) for i in range(20)]
    one, two = routing_report(trace_of(*groups)), routing_report(trace_of(*groups))

    told = one.layers[0].by_token
    assert one.sampled == 200
    assert int(told.tokens.sum()) == 200 - sum(1 for i in range(20) if str(i) not in told.names)
    assert stats.chisquare([*told.tokens.tolist(), *[1] * (20 - len(told.names))]).pvalue > 0.001
    assert two.layers[0].by_token.tokens.tolist() == told.tokens.tolist()


def test_saturation_by_hand():
    """Two of five tokens choose as they will, one half so: 5 of 10 final choices; chance goes by the loads alone."""
    early = BY_HAND.clone()
    early[2, 0] = torch.tensor([0, 3])
    early[3, 0] = torch.tensor([1, 3])
    early[4, 0] = torch.tensor([0, 2])
    trace = trace_of(BY_HAND, num_experts=4)
    (layer,) = routing_report(trace, checkpoints={10: trace_of(early, num_experts=4), 20: trace}).layers

    first, last = layer.saturation
    assert (first.checkpoint, first.overlap.count, first.overlap.of) == (10, 5, 10)
    # Loads are 4, 2, 2, 2 then and 4, 3, 2, 1 in the end.
    assert first.chance == pytest.approx((4 * 4 + 2 * 3 + 2 * 2 + 2 * 1) / 5 / 10)
    assert (last.overlap.value, last.chance) == (1, pytest.approx((16 + 9 + 4 + 1) / 50))


def test_saturation_against_a_loop():
    """Overlap goes token by token, whatever the order of its experts; chance is its mean over exchanged tokens."""
    final, early = drawn(9, layers=1, seed=1), drawn(9, layers=1, seed=2)
    (layer,) = routing_report(trace_of(final), checkpoints={"early": trace_of(early)}).layers

    rows, others = final[:, 0].tolist(), early[:, 0].tolist()
    assert layer.saturation[0].overlap.count == sum(len({*a} & {*b}) for a, b in zip(rows, others, strict=True))
    mean = sum(len({*a} & {*b}) for a in rows for b in others) / 9
    assert layer.saturation[0].chance == pytest.approx(mean / 18)


def test_wilson_is_scipys():
    """The interval of a share is SciPy's, and without draws it is everything."""
    for count, of in ((0, 4), (3, 10), (10, 10), (50, 1000)):
        wanted = stats.binomtest(count, of).proportion_ci(method="wilson")
        low, high = wilson(torch.tensor(count), torch.tensor(of))
        assert (low, high) == (pytest.approx(wanted.low, abs=1e-9), pytest.approx(wanted.high, abs=1e-9))
    assert wilson(torch.tensor(0), torch.tensor(0)) == (0, 1)


def test_few_groups_have_wilsons_intervals():
    """Where groups cannot be resampled, shares have Wilson's interval and other numbers have none."""
    report = routing_report(trace_of(BY_HAND, BY_HAND, num_experts=4), capacity_factor=1)
    (layer,) = report.layers

    wanted = stats.binomtest(2, 20).proportion_ci(method="wilson")
    assert (layer.would_lose.low, layer.would_lose.high) == (pytest.approx(wanted.low), pytest.approx(wanted.high))
    assert layer.balancedness.low is None
    assert "2 groups cannot be resampled" in report.intervals


def test_intervals_hold_the_true_share():
    """Of 60 made samples of groups, about nineteen of twenty intervals hold the share that they were drawn from."""
    held = 0
    for seed in range(60):
        generator = torch.Generator().manual_seed(seed)
        # Groups differ: 30 % of their tokens lose their expert on average.
        count = (torch.rand(40, 1, generator=generator).double() * 60).round()
        estimate = reports._Resampled(40).share(count, torch.full((40, 1), 100.0, dtype=torch.float64))[0]
        held += estimate.low <= 0.3 <= estimate.high
        assert estimate.low <= estimate.value <= estimate.high
    assert 51 <= held <= 60


def test_many_groups_are_joined(monkeypatch):
    """Joined groups keep their domain, and nothing is lost."""
    groups = [drawn(4, layers=1, seed=i) for i in range(50)]
    domains = [("a", "b", "c")[i % 3] for i in range(50)]
    whole = routing_report(trace_of(*groups), domains=domains)
    monkeypatch.setattr(reports, "MOST_GROUPS", 8)
    joined = routing_report(trace_of(*groups), domains=domains)

    (one,), (two,) = whole.layers, joined.layers
    assert torch.equal(one.load, two.load)
    assert torch.equal(one.by_domain.table, two.by_domain.table)
    assert one.would_lose.count == two.would_lose.count
    assert (whole.groups, joined.groups) == (50, 50)


def test_a_trace_of_counts():
    """Of counts alone, load, evenness and lost choices are reported; what needs tokens is left out."""
    passes = torch.tensor([[[4, 3, 2, 1]], [[1, 1, 1, 1]]])
    report = routing_report(CountTrace(4, (3,), "made", passes), capacity_factor=1)
    (layer,) = report.layers

    assert (layer.name, layer.tokens, report.tokens) == ("layer 3", None, None)
    assert layer.load.tolist() == [5, 4, 3, 2]
    assert layer.balancedness.value == 3.5 / 5
    assert (layer.would_lose.count, layer.would_lose.of) == (1, 14)
    assert layer.coactivation is None
    assert "counts alone" in report.summary()
    with pytest.raises(ValueError, match="domains must be left out for a trace of counts"):
        routing_report(CountTrace(4, (3,), "made", passes), domains=["a", "b"])


def test_layers_may_differ():
    """Layers of different routers and numbers of experts stand in one report, in their order."""
    torch.manual_seed(0)
    x = torch.randn(5, 6, 8)
    routings = {
        "late": SoftRouter(8, 3, 2)(x),
        "early": TokensChoiceRouter(8, 4)(x),
        "last": TokensChoiceRouter(8, 7)(x),
    }
    report = routing_report(routings)

    assert [(layer.name, layer.experts) for layer in report.layers] == [("late", 3), ("early", 4), ("last", 7)]
    assert [row["layer"] for row in report.rows()] == ["late", "early", "last"]


def test_no_load_is_no_crash():
    """A trace without a recorded choice is reported as such."""
    nothing = torch.full((3, 1, 2), -1, dtype=torch.int32)
    report = routing_report(trace_of(nothing, nothing), domains=["a", "b"])
    (layer,) = report.layers
    assert (layer.by_domain.told, layer.by_domain.p) == (0, 1)

    assert layer.tokens == 0
    assert math.isnan(layer.balancedness.value)
    assert str(layer.would_drop) == "none to count"
    assert "none" in repr(report)


def test_load_entropy_by_hand():
    """Even loads have 1, a single busy expert has 0."""
    values = load_entropy(torch.tensor([[2.0, 2, 2], [5, 0, 0]], dtype=torch.float64))
    assert values.tolist() == pytest.approx([1, 0])


def test_what_is_printed():
    """A line for each layer under the headings, the exact counts, and how intervals were made."""
    report = routing_report(trace_of(*[BY_HAND] * 6, num_experts=4), capacity_factor=1)
    first, head, row, last = repr(report).splitlines()

    assert first == "made: 30 tokens in 6 groups, 1 layer."
    assert head.split("  ")[0] == "layer"
    assert "choices lost at 1" in head
    assert "10.0 % (10.0 % to 10.0 %; 6 of 60)" in row
    assert "0: 1.6" in row
    assert last.startswith("Intervals at 95 %: bias-corrected bootstrap over 6 groups")


TRACE = trace_of(BY_HAND, BY_HAND, num_experts=4)
WITH_IDS = trace_of(Chosen(BY_HAND, torch.arange(5)), num_experts=4)


@pytest.mark.parametrize(
    ("routings", "more", "error", "message"),
    [
        ([1], {}, TypeError, r"routings must be \{layer: Routing\} or a trace, got list"),
        ({}, {}, ValueError, "routings must hold at least one layer, got none"),
        ({"a": 3}, {}, TypeError, "got int at 'a'"),
        (
            {"a": routing_of(BY_HAND[None, :, 0], 4), "b": routing_of(BY_HAND[None, :3, 0], 4)},
            {},
            ValueError,
            "must be of the same groups of tokens in every layer, got 1 x 3, 1 x 5",
        ),
        (
            trace_of(BY_HAND[:0], num_experts=4),
            {"domains": ["a"]},
            ValueError,
            "domains must be two or more, got \\['a'\\]",
        ),
        (TRACE, {"capacity_factor": 0}, ValueError, "capacity_factor must be over 0"),
        (TRACE, {"capacity_factor": "a"}, TypeError, "capacity_factor must be"),
        (TRACE, {"deals": 0}, ValueError, "deals must be at least 1"),
        (TRACE, {"domains": ["a"]}, ValueError, "domains must name each group, got 1: there are more groups"),
        (TRACE, {"domains": ["a", "b", "c"]}, ValueError, "domains must name each of the 2 groups, got 3"),
        (TRACE, {"domains": ["a", "a"]}, ValueError, "domains must be two or more, got \\['a'\\]"),
        (
            TRACE,
            {"tokens": torch.zeros(2, 4).long()},
            ValueError,
            "tokens must name each token of group 0, which has 5, got 4 tokens",
        ),
        (TRACE, {"tokens": torch.zeros(1, 5).long()}, ValueError, "group 1, which has 5, got no such group"),
        (TRACE, {"tokens": torch.zeros(2, 5)}, ValueError, "tokens must be whole numbers"),
        (
            TRACE,
            {"checkpoints": {1: trace_of(BY_HAND, num_experts=4)}},
            ValueError,
            r"checkpoints\[1\] must be of the same groups as routings, got fewer",
        ),
        (
            TRACE,
            {"checkpoints": {1: trace_of(BY_HAND, BY_HAND[:4], num_experts=4)}},
            ValueError,
            "must be of the same tokens as routings",
        ),
        (
            TRACE,
            {"checkpoints": {1: trace_of(BY_HAND, BY_HAND, num_experts=5)}},
            ValueError,
            "must have the same layers and experts",
        ),
        (
            TRACE,
            {"checkpoints": {1: CountTrace(4, (0,), "", torch.ones(1, 1, 4).long())}},
            TypeError,
            "got counts alone",
        ),
        (
            WITH_IDS,
            {"checkpoints": {1: trace_of(Chosen(BY_HAND, torch.ones(5).long()), num_experts=4)}},
            ValueError,
            "must be of the same tokens as routings",
        ),
    ],
)
def test_bad_input(routings, more, error, message):
    """What does not fit is named."""
    with pytest.raises(error, match=message):
        routing_report(routings, **more)


def test_another_default_device():
    """Traces, reports and placements stay on the CPU, wherever new tensors are made by default."""
    with torch.device("meta"):
        report = routing_report(TRACE, capacity_factor=1)
        placement = replicate(report.layers[0].load, 2, 2)
        routing = TRACE.routings(0, None)["layer 0"]

    assert report.layers[0].load.tolist() == [8, 6, 4, 2]
    assert float(placement.load_ratio()) == pytest.approx(1.1)
    assert routing.token.device.type == "cpu"
