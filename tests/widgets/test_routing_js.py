from collections.abc import Callable
from itertools import product

import pytest
import torch
from routingkit import JS_NAMES, SIZES, SOFT, ask, case_of, hold, logits_for, mask_for, routed

from softmoe_edu.capacity import capacity_for
from softmoe_edu.moe import MoE
from softmoe_edu.routers import ROUTERS
from softmoe_edu.routers.router import top_in_order


@pytest.mark.parametrize("name", SOFT)
def test_dense_weights_are_the_librarys(name: str) -> None:
    """With scale, noise, padding and merged images, dispatch and combine are those of the soft routers."""
    cases = []
    for seed, (sizes, masked) in enumerate(product(SIZES, (False, True))):
        mask = mask_for(seed, *sizes[:2]) if masked else None
        images = 2 if sizes[0] % 2 == 0 and seed % 4 < 3 else 1
        extra = {} if name == "uniform" else {"scale": (0.5, 1.0, 7.3, 40.0)[seed % 4]}
        cases.append((logits_for(seed, *sizes, coarse=seed % 3 == 2), extra, mask, images))
        if name != "uniform":
            cases.append((logits_for(seed, *sizes), extra | {"noise_std": 0.7}, mask, images))
    hold(name, cases)


@pytest.mark.slow
@pytest.mark.parametrize("gating", ["vmoe", "switch", "gshard", "top_k_then_softmax"])
@pytest.mark.parametrize("priority", ["position", "gate"])
def test_tokens_choice_fills_the_same_slots(gating: str, priority: str) -> None:
    """Every rounding, capacity and number of choices, with ties, padding, noise and merged images."""
    cases = []
    options = product(SIZES, (1, 2, 3), (None, 0.5, 1.0, 1.3), ("ceil", "round"), (1, 4))
    for seed, (sizes, top_k, factor, rounding, multiple_of) in enumerate(options):
        b, n, e, _ = sizes
        images = 2 if b % 2 == 0 and seed % 5 < 2 else 1
        if top_k > (1 if gating == "switch" else e):
            continue
        if factor is not None and round(images * n * top_k * factor / e) < 1:
            continue
        # Rows that are permutations of each other tie only up to the order of summation: no such ones by gate.
        logits = logits_for(seed, *sizes, coarse=priority == "position" and seed % 2 == 0)
        settings = {"top_k": top_k, "capacity_factor": factor, "rounding": rounding, "multiple_of": multiple_of}
        settings |= {"priority": priority, "gating": gating, "scale": (1.0, 0.37)[seed % 2]}
        settings |= {"noise_std": 0.9} if seed % 7 == 1 else {}
        cases.append((logits, settings, mask_for(seed, b, n) if seed % 3 == 0 else None, images))
    assert len(cases) >= 40
    hold("tokens choice", cases)


def test_experts_choice_takes_the_same_tokens() -> None:
    """Best first and equal gates by position, padding never, up to a capacity of all tokens."""
    cases = []
    for seed, (sizes, factor, rounding) in enumerate(product(SIZES, (0.5, 1.0, 2.0), ("ceil", "round"))):
        b, n, e, _ = sizes
        images = 2 if b % 2 == 0 and seed % 2 else 1
        share = round(images * n * factor / e)
        if not 1 <= share < images * n:
            continue
        settings = {"capacity_factor": factor, "rounding": rounding, "multiple_of": 1, "scale": (1.0, 2.7)[seed % 2]}
        settings |= {"noise_std": 1.5} if seed % 5 == 2 else {}
        cases.append((logits_for(seed, *sizes), settings, mask_for(seed, b, n) if seed % 3 == 0 else None, images))
    full = {"capacity_factor": 3.0, "rounding": "ceil", "multiple_of": 1}
    cases.append((logits_for(9, 4, 57, 3, 1), full, None, 1))
    assert len(cases) >= 12
    hold("experts choice", cases)


def test_identity_deals_tokens_in_turn() -> None:
    """As many slots as needed or a given number; padding leaves its slot empty."""
    cases = []
    for seed, (sizes, slots) in enumerate(product(SIZES, (None, 30, 120))):
        if slots is None or sizes[1] <= slots * sizes[2]:
            mask = mask_for(seed, *sizes[:2]) if seed % 2 else None
            cases.append((logits_for(seed, *sizes), {"slots_per_expert": slots}, mask, 1))
    hold("identity", cases)


def test_capacity_is_capacity_for() -> None:
    """Halves go to the even number under "round"; what the library refuses is refused."""
    grid = [
        (tokens, experts, {"top_k": k, "factor": factor, "rounding": rounding, "multiple_of": multiple_of})
        for tokens, experts, k in product((0, 1, 5, 6, 10, 49, 57, 196), (1, 2, 4, 7, 32), (1, 2))
        for factor, rounding, multiple_of in product((0.1, 0.5, 1.0, 1.05, 1.25), ("ceil", "round"), (None, 0, 1, 3, 4))
    ]
    calls = [
        [tokens, experts, {"topK": s["top_k"], **{JS_NAMES.get(k, k): v for k, v in s.items() if k != "top_k"}}]
        for tokens, experts, s in grid
    ]
    answers = ask([{"call": "capacityFor", "arguments": given} for given in calls])
    refused = 0
    for (tokens, experts, settings), answer in zip(grid, answers, strict=True):
        try:
            assert answer == capacity_for(tokens, experts, **settings), (tokens, experts, settings)
        except ValueError:
            refused += 1
            assert answer["error"].startswith("capacity must be at least 1 slot per expert, got 0 from"), settings
    assert 0 < refused < len(grid) / 2


def refusals() -> dict[str, tuple[Callable, dict]]:
    """Inputs that the library refuses, as a call of it and as the browser's case."""
    logits = logits_for(2, 3, 7, 4, 2)

    def router(name: str, settings: dict) -> tuple[Callable, dict]:
        return lambda: routed(name, logits, settings, None, 1), case_of(name, logits, settings, None, None, 1)

    moe = MoE(ROUTERS["uniform"](8, 4, 2), lambda x: x, examples_per_group=2)
    uneven = case_of("uniform", logits, {}, None, None, 2)
    return {
        "top_k": router("tokens choice", {"top_k": 5}),
        "switch": router("tokens choice", {"top_k": 2, "gating": "switch"}),
        "slots": router("identity", {"slots_per_expert": 1}),
        "capacity": router("experts choice", {"capacity_factor": 4.5}),
        "groups": (lambda: moe(logits.flatten(2)), uneven),
    }


@pytest.mark.parametrize("name", ["top_k", "switch", "slots", "capacity", "groups"])
def test_refusals_say_what_the_library_says(name: str) -> None:
    """The same sentence in the browser as in Python."""
    call, case = refusals()[name]
    with pytest.raises(ValueError) as raised:
        call()

    assert ask([case]) == [{"error": str(raised.value)}]


def test_an_unknown_word_is_refused() -> None:
    """Router, gating and priority each list what they know."""
    logits = logits_for(2, 3, 7, 4, 2)
    wrong = [("soft", "router", "hard"), ("tokens choice", "gating", "x"), ("tokens choice", "priority", "last")]
    cases = [case_of(router, logits, {name: value}, None, None, 1) for router, name, value in wrong]
    cases[0]["settings"]["router"] = "hard"
    for (_, name, value), answer in zip(wrong, ask(cases), strict=True):
        assert answer["error"].startswith(f"{name} must be one of ") and answer["error"].endswith(f"got {value}")


def test_the_largest_come_first_and_equal_ones_by_index() -> None:
    """Few are searched and many are sorted: both are the library's order, with negatives, ties and both zeros."""
    values = torch.randint(-3, 4, (60,), generator=torch.Generator().manual_seed(0)) / 4
    values[:40] += torch.randn(40, generator=torch.Generator().manual_seed(1))
    values[44:50] = torch.tensor([-0.0, 0.0, -0.0, 0.0, -0.75, -0.75])
    calls = [{"call": "topInOrder", "arguments": [values.tolist(), 0, 60, 1, k]} for k in (1, 7, 23, 60)]
    strided = {"call": "topInOrder", "arguments": [values.tolist(), 1, 20, 3, 20]}
    *answers, column = ask([*calls, strided])

    for answer, k in zip(answers, (1, 7, 23, 60), strict=True):
        assert answer == top_in_order(values, k)[1].tolist()
    assert column == top_in_order(values[1::3], 20)[1].tolist()
