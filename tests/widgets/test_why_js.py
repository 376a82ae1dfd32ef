"""What the browser gives as the reason for a drop, against the routers of the library."""

import pytest
import torch
from nodekit import run_node
from torch import Tensor

from softmoe_edu.routers.experts_choice import ExpertsChoiceRouter
from softmoe_edu.routers.tokens_choice import TokensChoiceRouter, choose_experts

MODULES = ("arithmetic/why.js", "arithmetic/routing.js")
ROUTE = """((given) => {
    const it = route(Float32Array.from(given.logits), given.sizes, given.settings);
    return { ...it, asked: it.chosen?.expert, priority: given.settings.priority };
})(given)"""
REFUSALS = f"((it) => Array.from({{ length: it.n }}, (_, t) => refusalsOf(it, t)))({ROUTE})"
MISSES = f"""((it) => Array.from({{ length: it.n }}, (_, t) => ({{
    near: nearestMiss(it, t), all: Array.from({{ length: it.e }}, (_, j) => missOf(it, t, j)) }})))({ROUTE})"""
TOKENS, EXPERTS, TOP_K = 23, 5, 2


def scores(coarse: bool) -> Tensor:
    """Seeded scores of one group; coarse ones tie often."""
    logits = 2 * torch.randn(1, TOKENS, EXPERTS, generator=torch.Generator().manual_seed(3))
    return logits.round() if coarse else logits


def given(logits: Tensor, **settings: object) -> dict:
    """What a routing in the browser is made of."""
    sizes = {"b": 1, "n": TOKENS, "e": EXPERTS, "p": 1}
    return {"logits": logits.flatten().tolist(), "sizes": sizes, "settings": settings}


@pytest.mark.parametrize("coarse", [False, True])
@pytest.mark.parametrize("priority", ["position", "gate"])
def test_a_refusal_names_who_holds_the_slots_and_was_served_before(priority: str, coarse: bool) -> None:
    """The holders are the library's, each was served before the token, and every lost choice is explained."""
    logits = scores(coarse)
    router = TokensChoiceRouter(7, EXPERTS, TOP_K, capacity_factor=0.6, priority=priority)
    routing = router.decide(logits)
    asked, _ = choose_experts(logits, TOP_K)
    assert routing.gates is not None
    largest = routing.gates[0].amax(-1)
    settings = {"router": "tokens choice", "topK": TOP_K, "capacityFactor": 0.6, "priority": priority}
    found = run_node(MODULES, REFUSALS, given(logits, **settings))

    def served(token: int, choice: int) -> tuple:
        return (choice, -largest[token].item() if priority == "gate" else 0, token)

    lost = 0
    for token, refusals in enumerate(found):
        slots = {x for x in range(EXPERTS) if token in routing.token[0, x]}
        choices = asked[0, token].tolist()
        assert [one["expert"] for one in refusals] == [x for x in choices if x not in slots]
        for one in refusals:
            holders = one["holders"]
            assert [each["token"] for each in holders] == routing.token[0, one["expert"]].tolist()
            turn = served(token, one["choice"])
            assert choices[one["choice"]] == one["expert"]
            assert all(served(each["token"], each["choice"]) < turn for each in holders)
            assert one["gate"] == pytest.approx(routing.gates[0, token, one["expert"]].item())
            lost += 1
    assert lost == TOKENS * TOP_K - int((routing.token >= 0).sum()) > 10


@pytest.mark.parametrize("coarse", [False, True])
def test_a_miss_is_what_the_gate_lacks_of_the_last_one_taken(coarse: bool) -> None:
    """Rank and shortfall are those of the sorted column, and the nearest expert is the one missed by least."""
    logits = scores(coarse)
    routing = ExpertsChoiceRouter(7, EXPERTS, capacity_factor=0.7).decide(logits)
    assert routing.gates is not None
    gates, slots = routing.gates[0], routing.sizes[3]
    found = run_node(MODULES, MISSES, given(logits, router="experts choice", capacityFactor=0.7))

    missed_all = 0
    for token, answer in enumerate(found):
        taken = [token in routing.token[0, x] for x in range(EXPERTS)]
        assert [miss is None for miss in answer["all"]] == taken
        order = gates.sort(dim=0, descending=True, stable=True)
        for expert, miss in enumerate(answer["all"]):
            if miss is None:
                continue
            assert miss["rank"] == order.indices[:, expert].tolist().index(token) + 1 > slots
            assert miss["last"]["token"] == order.indices[slots - 1, expert]
            assert miss["by"] == pytest.approx(
                (order.values[slots - 1, expert] - gates[token, expert]).item(), abs=1e-6
            )
        near = answer["near"]
        assert (near is None) == any(taken)
        if near is not None:
            assert near["by"] == min(miss["by"] for miss in answer["all"])
            missed_all += 1
    assert 0 < missed_all < TOKENS
