"""The cost explorer's arithmetic, run in Node, against softmoe_edu.cost."""

import random

import pytest
from nodekit import run_node

from softmoe_edu.cost import Cost, Device, MoESizes, mlp_cost, moe_cost
from softmoe_edu.widgets.cost_explorer import PARTS, ROUTERS, CostExplorer
from softmoe_edu.widgets.explorer import limits_of

FIELDS = ("parameters", "active", "macs", "activations")


def drawn(count: int, seed: int = 0) -> list[dict]:
    """States all over the explorer's bounds, the smallest and the largest among them."""
    rng = random.Random(seed)
    states = []
    for i in range(count):
        state = {"router": ROUTERS[i % len(ROUTERS)]}
        for name, (least, most, *_) in limits_of(CostExplorer).items():
            value = {0: least, 1: most}.get(i // len(ROUTERS), least * (most / least) ** rng.random())
            state[name] = value if name in ("tflops", "gbps") else int(value)
        states.append(state | {"top_k": rng.randint(1, state["num_experts"])})
    return states


def cost_of(state: dict) -> Cost:
    """The cost of a state by the package."""
    sizes = state["tokens"], state["dim"], state["hidden_dim"]
    if state["router"] == "dense":
        return mlp_cost(*sizes)
    names = ("router", "num_experts", "slots_per_expert", "top_k")
    return moe_cost(*sizes, MoESizes(**{name: state[name] for name in names}))


def device_of(state: dict) -> Device:
    """All devices as one of their rates together."""
    return Device(state["devices"] * (1e12 * state["tflops"]), state["devices"] * (1e9 * state["gbps"]))


@pytest.fixture(scope="module")
def measured() -> list[tuple[dict, dict]]:
    """400 states and what the browser makes of each."""
    states = drawn(400)
    return list(zip(states, run_node(("arithmetic/cost.js",), "given.map(measure)", states), strict=True))


def test_every_part_is_counted_exactly_as_the_package_counts_it(measured: list) -> None:
    """Names, order and every number of every part are equal, from the smallest sizes to the largest."""
    for state, found in measured:
        expected = [{"name": part.name} | {f: getattr(part, f) for f in FIELDS} for part in cost_of(state).parts]
        assert [{name: part[name] for name in ("name", *FIELDS)} for part in found["parts"]] == expected, state


def test_bytes_and_seconds_of_every_part_are_exact(measured: list) -> None:
    """Batch, bytes per number, rates and devices enter as in Part.bytes and Part.seconds."""
    for state, found in measured:
        device, batch, width = device_of(state), state["batch"], state["width"]
        for part, own in zip(cost_of(state).parts, found["parts"], strict=True):
            assert (own["bytes"], own["seconds"]) == (part.bytes(batch, width), part.seconds(device, batch, width))
            computing = batch * part.flops / device.operations_per_second
            assert own["bound"] == ("computing" if computing == own["seconds"] and computing else "moving"), state


def test_totals_are_the_package_s(measured: list) -> None:
    """Sums are equal; seconds may differ in the last digits, as Python sums floats more exactly from 3.12 on."""
    for state, found in measured:
        cost, total = cost_of(state), found["total"]
        assert [total[f] for f in FIELDS] == [getattr(cost.whole, f) for f in FIELDS], state
        assert total["bytes"] == cost.whole.bytes(state["batch"], state["width"]), state
        seconds = cost.seconds(device_of(state), state["batch"], state["width"])
        assert total["seconds"] == pytest.approx(seconds, rel=1e-14), state


def test_a_layer_by_hand() -> None:
    """5 tokens of width 2, 3 experts of 4 slots, hidden width 7, soft: as in the tests of the package."""
    state = CostExplorer(num_experts=3, slots_per_expert=4, tokens=5, dim=2, hidden_dim=7, batch=1, width=1).sizes
    found = run_node(("arithmetic/cost.js",), "measure(given)", state)
    one = 2 * 7 + 7 + 7 * 2 + 2

    assert [part["macs"] for part in found["parts"]] == [5 * 12 * 2, 12 * 5 * 2, 12 * 2 * 7 * 2, 5 * 12 * 2]
    assert [part["parameters"] for part in found["parts"]] == [2 * 12 + 1, 0, 3 * one, 0]
    assert found["total"]["bytes"] == 25 + 3 * one + (10 + 60) + 2 * (60 + 10 + 24) + 12 * (2 + 7 + 7 + 2)


def test_what_is_a_mean_is_told_from_a_count(measured: list) -> None:
    """Active parameters of experts choice are a mean over tokens, unless every expert serves every token."""
    for state, found in measured:
        fewer = state["router"] == "experts choice" and state["slots_per_expert"] < state["tokens"]
        assert {part["name"] for part in found["parts"] if part.get("mean")} == ({"experts"} if fewer else set()), state
        assert found["total"]["mean"] == fewer, state
    assert {found["total"]["mean"] for _, found in measured} == {True, False}


def test_every_count_stays_where_the_browser_is_exact() -> None:
    """At the largest sizes the FLOPs of an example and the bytes of a batch are at most 2^53."""
    largest = {name: most for name, (_, most, *_) in limits_of(CostExplorer).items()}
    for router in ROUTERS:
        whole = cost_of(largest | {"router": router}).whole
        assert max(whole.flops, whole.bytes(largest["batch"], largest["width"])) <= 2**53


def test_the_parts_have_the_names_of_the_package(measured: list) -> None:
    """The trait `part` takes the names that occur, and no other."""
    assert {part["name"] for _, found in measured for part in found["parts"]} == set(PARTS)
