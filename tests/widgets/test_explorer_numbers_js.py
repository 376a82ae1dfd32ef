"""Arithmetic of the capacity and the causality explorer, run in Node, against the package."""

import math
from fractions import Fraction

import pytest
import torch
from nodekit import run_node

from softmoe_edu import influence, metrics
from softmoe_edu.capacity import capacity_for
from softmoe_edu.routers.tokens_choice import assign_tokens
from softmoe_edu.routing import SparseRouting
from softmoe_edu.widgets.capacity_explorer import CapacityExplorer
from softmoe_edu.widgets.cost_explorer import CostExplorer

CAPACITY, CAUSALITY = ("arithmetic/capacity.js",), ("arithmetic/causality.js",)
UNIFORM = "given.map(([t, e, k, c]) => expectedDrop(t, Array(e).fill(k / e))(c))"
SAMPLES = "given.map(([state, sample]) => { const s = sampleOf(state, sample), r = ratesOf(s, state.tokens);"
SAMPLES += "return { choices: [...s.choices], place: [...s.place], best: [...s.best], queue: [...s.queue],"
SAMPLES += "rates: { choices: [...r.choices], tokens: [...r.tokens] } } })"


def drop_by_hand(tokens: int, shares: list[Fraction], capacity: int) -> Fraction:
    """Expected share of choices without a slot, from the binomial in fractions."""
    answered = Fraction(0)
    for share in shares:
        for chosen in range(tokens + 1):
            chance = math.comb(tokens, chosen) * share**chosen * (1 - share) ** (tokens - chosen)
            answered += chance * min(chosen, capacity)
    return 1 - answered / (tokens * sum(shares))


def states(count: int) -> list[tuple[dict, int]]:
    """States with all-different sizes, and a sample of each."""
    found = []
    for i in range(count):
        experts = (4, 7, 1, 19, 32)[i % 5]
        state = {"tokens": (7, 49, 5, 130)[i % 4], "num_experts": experts, "top_k": min(1 + i % 3, experts)}
        found.append((state | {"skew": (0.0, 1.3, 0.4)[i % 3], "seed": i}, i % 4))
    return found


def test_the_expectation_is_that_of_the_metrics() -> None:
    """For one choice, to 1e-9: few tokens and the most, one expert, capacities from 1 to beyond all tokens."""
    cases = [(t, e, 1, c) for t in (1, 7, 49, 333, 4096) for e in (1, 2, 5, 32, 256) for c in (1, 2, 3, 16, 100, 5000)]
    found = run_node(CAPACITY, UNIFORM, cases)

    expected = [metrics.expected_drop_fraction(t, e, c) for t, e, _, c in cases]
    assert found == pytest.approx(expected, abs=1e-9)


def test_the_expectation_of_the_lesson() -> None:
    """49 tokens on 32 experts at capacity factor 1, hence 2 slots, lose 18.7 %."""
    (found,) = run_node(CAPACITY, UNIFORM, [(49, 32, 1, 2)])

    assert found == pytest.approx(float(drop_by_hand(49, [Fraction(1, 32)] * 32, 2)), abs=1e-12)
    assert f"{found:.1%}" == "18.7%"


def test_the_expectation_of_several_choices_is_the_binomial_in_fractions() -> None:
    """Each expert is chosen with chance k / e, also where every token chooses every expert."""
    cases = [(t, e, k, c) for t in (1, 6, 23) for e, k in ((3, 2), (4, 4), (9, 3)) for c in (1, 2, 5, 30)]
    found = run_node(CAPACITY, UNIFORM, cases)

    expected = [float(drop_by_hand(t, [Fraction(k, e)] * e, c)) for t, e, k, c in cases]
    assert found == pytest.approx(expected, abs=1e-12)


def test_the_expectation_of_a_skewed_router_is_the_binomial_in_fractions() -> None:
    """Shares go with 1 / (e + 1)^skew; with skew 1 and 2 they are fractions."""
    cases = [(t, e, skew, c) for t in (5, 23) for e in (1, 3, 7) for skew in (1, 2) for c in (1, 2, 6)]
    found = run_node(CAPACITY, "given.map(([t, e, skew, c]) => expectedDrop(t, sharesOf(e, skew))(c))", cases)

    expected = []
    for t, e, skew, c in cases:
        sizes = [Fraction(1, (i + 1) ** skew) for i in range(e)]
        expected.append(float(drop_by_hand(t, [size / sum(sizes) for size in sizes], c)))
    assert found == pytest.approx(expected, abs=1e-12)


def test_capacities_are_rounded_as_in_the_package() -> None:
    """At every factor of the slider and for sizes that do not divide, as capacity_for."""
    cases = [({"tokens": t, "top_k": k, "num_experts": e}, i / 20) for t in (7, 49, 4096) for e in (3, 32, 256)
             for k in (1, 2, 3) for i in range(1, 81)]  # fmt: skip
    found = run_node(CAPACITY, "given.map(([state, factor]) => capacityOf(state, factor))", cases)

    assert found == [capacity_for(**state, factor=factor) for state, factor in cases]


def test_a_sample_is_served_like_the_tokens_choice_router_serves_it() -> None:
    """Given the same choices, the router's slots hold the same tokens, and drops are those of the metrics."""
    cases = states(30)
    for (state, _), sample in zip(cases, run_node(CAPACITY, SAMPLES, cases), strict=True):
        t, k, e = state["tokens"], state["top_k"], state["num_experts"]
        choices, place = torch.tensor(sample["choices"]).view(1, t, k), torch.tensor(sample["place"]).view(t, k)
        for capacity in {1, 2, math.ceil(t * k / e)}:
            token, gate = assign_tokens(choices, torch.ones(1, t, k), e, capacity)
            served = {(choices[0, i, j].item(), place[i, j].item(), i) for i in range(t) for j in range(k)}
            slots = {(x, p, token[0, x, p].item()) for x in range(e) for p in range(capacity) if token[0, x, p] >= 0}
            assert slots == {each for each in served if each[1] < capacity}
            routing = SparseRouting(token, gate, t)
            dropped = metrics.dropped(routing)[0].tolist()
            assert dropped == [best >= capacity for best in sample["best"]]
            at = min(capacity, t)
            assert sample["rates"]["tokens"][at] == pytest.approx(float(metrics.dropped_fraction(routing)), abs=1e-6)
            assert sample["rates"]["choices"][at] == pytest.approx(1 - len(slots) / (t * k), abs=1e-12)
        assert sample["queue"] == torch.bincount(choices.flatten(), minlength=e).tolist()


@pytest.mark.parametrize("skew", [0.0, 0.7])
def test_samples_are_as_likely_as_they_should_be(skew: float) -> None:
    """Over 400 samples experts are chosen as often as their shares say, and drops are as expected, within 4 sigma."""
    state = {"tokens": 130, "num_experts": 7, "top_k": 1, "skew": skew, "seed": 5}
    samples = run_node(CAPACITY, SAMPLES, [(state, i) for i in range(400)])
    shares = run_node(CAPACITY, "sharesOf(7, given)", skew)
    drop = run_node(CAPACITY, "[19, 25].map(expectedDrop(130, sharesOf(7, given)))", skew)

    draws = 400 * 130
    chosen = torch.tensor([sample["queue"] for sample in samples]).sum(0) / draws
    sigma = [math.sqrt(share * (1 - share) / draws) for share in shares]
    assert all(abs(c - s) < 4 * d for c, s, d in zip(chosen.tolist(), shares, sigma, strict=True))
    assert shares == pytest.approx([(i + 1) ** -skew / sum((j + 1) ** -skew for j in range(7)) for i in range(7)])
    for capacity, expected in zip((19, 25), drop, strict=True):
        rates = torch.tensor([sample["rates"]["tokens"][capacity] for sample in samples], dtype=torch.float64)
        assert abs(float(rates.mean()) - expected) < 4 * float(rates.std()) / math.sqrt(400)


@pytest.mark.parametrize("n", [1, 2, 7, 14])
def test_what_moves_is_what_moves_in_the_package(n: int) -> None:
    """For matrices with many sizes of change, and for one without any, at every tolerance."""
    generator = torch.Generator().manual_seed(n)
    large = 10 ** (-8 * torch.rand(n, n, generator=generator)) * (torch.rand(n, n, generator=generator) > 0.3)
    cases = [(matrix, tolerance) for matrix in (large, torch.zeros(n, n)) for tolerance in (1e-9, 1e-6, 1e-3, 0.5, 1.0)]
    given = [(matrix.flatten().tolist(), tolerance, n) for matrix, tolerance in cases]
    expression = "given.map(([changes, tolerance, n]) => { const moves = movesOf(changes, tolerance);"
    expression += "return { moves, ...earlierOf(moves, n), by: movedBy(moves, n, n - 1) } })"

    for (matrix, tolerance), found in zip(cases, run_node(CAUSALITY, expression, given), strict=True):
        moves = influence.moves(matrix, tolerance)
        assert found["moves"] == moves.flatten().tolist()
        assert found["share"] == pytest.approx(influence.earlier_share(matrix, tolerance), abs=1e-12)
        assert (found["moved"], found["pairs"]) == (int(moves.triu(1).sum()), n * (n - 1) // 2)
        assert found["by"] == moves[:, n - 1].nonzero()[:, 0].tolist()


STOPS = "Object.fromEntries(Object.entries(KNOBS).map(([name, [, make]]) => [name, make(...given[name])]))"


@pytest.mark.parametrize(
    ("name", "kind"), {"cost_explorer": CostExplorer, "capacity_explorer": CapacityExplorer}.items()
)
def test_every_slider_goes_from_the_least_to_the_most(name: str, kind: type) -> None:
    """Its stops rise, hold both bounds, and are whole where the number is."""
    limits = {trait: each for trait, each in kind().get_state()["_limits"].items() if trait != "token"}
    found = run_node((f"{name}/{name}.js",), STOPS, limits)

    assert found.keys() == limits.keys()
    for trait, (least, most, whole, _) in limits.items():
        stops = found[trait]
        assert (stops[0], stops[-1]) == (least, most), trait
        assert stops == sorted(set(stops)) and len(stops) > 3, trait
        assert not whole or all(isinstance(stop, int) for stop in stops), trait


def test_the_slider_of_the_tolerance() -> None:
    """It stops at 1, 2 and 5 times the powers of ten, and at the default."""
    stops = run_node(("shared/stops.js",), "decades(1e-9, 1)")

    assert (len(stops), stops[0], stops[-1], influence.TOLERANCE in stops) == (28, 1e-9, 1, True)
