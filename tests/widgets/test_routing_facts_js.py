from collections.abc import Callable
from itertools import product

import torch
from routingkit import ask, case_of, logits_for, near, routed

from softmoe_edu.cost import MoESizes, moe_cost
from softmoe_edu.widgets.router_explorer import IN_BROWSER


def test_the_busiest_expert_over_the_mean() -> None:
    """Loads of 3 and 1 tokens give 1.5, of none nothing; groups are averaged."""
    logits = torch.tensor([[[2.0, 0.0]] * 3 + [[0.0, 2.0]], [[1.0, 0.0], [0.0, 1.0]] * 2])[..., None]
    mask = torch.ones(3, 4, dtype=torch.bool)
    mask[2] = False
    logits = torch.cat([logits, logits[:1]])
    (answer,) = ask([case_of("tokens choice", logits, {"capacity_factor": None}, None, mask, 1)])

    assert answer["loads"]["mostOverMean"] == 1.25


def test_macs_are_those_of_the_cost_model() -> None:
    """Logits, dispatch, combine and experts of every router, with one image or three in a group."""
    cases, expected = [], []
    for name, images in product(IN_BROWSER, (1, 3)):
        logits, settings = logits_for(1, 3, 7, 4, 2), {"top_k": 2} if name == "tokens choice" else {}
        case = case_of(name, logits, settings, None, None, images)
        cases.append(case | {"cost": {"dim": 5, "hiddenDim": 11}})
        slots = routed(name, logits, settings, None, images)[0].sizes[3]
        sizes = MoESizes(router=name, num_experts=4, slots_per_expert=slots, examples_per_group=images)
        expected.append({part.name: part.macs for part in moe_cost(7, 5, 11, sizes).parts})
    for case, answer, parts in zip(cases, ask(cases), expected, strict=True):
        macs = answer["macs"]
        near([macs["experts"]], torch.tensor(parts["experts"], dtype=torch.float64), 1e-9)
        near([macs["logits"]], torch.tensor(parts.get("routing logits", 0), dtype=torch.float64), 1e-9)
        for name in ("dispatch", "combine"):
            near([macs[name]], torch.tensor(parts[name], dtype=torch.float64), 1e-9)
        near([macs["routing"]], torch.tensor(sum(parts.values()) - parts["experts"]), 1e-9)
        assert macs["experts"] > 0, case["settings"]


def test_the_first_experts_and_slots() -> None:
    """What is left of logits is what slicing leaves."""
    logits = logits_for(3, 3, 7, 4, 2)
    given = [logits.flatten().tolist(), dict(zip("bnep", logits.shape, strict=True))]
    calls = [{"call": "expertsOf", "arguments": [*given, *cut]} for cut in ((3, 1), (4, 2), (2, 2))]
    for answer, (e, p) in zip(ask(calls), ((3, 1), (4, 2), (2, 2)), strict=True):
        assert answer == logits[:, :, :e, :p].flatten().tolist()


def mulberry32(seed: int) -> Callable[[], float]:
    """The generator again, in Python's whole numbers."""
    state = seed

    def uniform() -> float:
        nonlocal state
        state = (state + 0x6D2B79F5) % 2**32
        x = (state ^ state >> 15) * (state | 1) % 2**32
        x ^= (x + (x ^ x >> 7) * (x | 61)) % 2**32
        return (x ^ x >> 14) / 2**32

    return uniform


def test_noise_is_standard_normal_and_belongs_to_its_seed() -> None:
    """Box-Muller of mulberry32: the same numbers from the same seed, mean 0 and deviation 1."""
    calls = [(7, 5), (7, 20_001), (8, 20_001)]
    few, many, other = ask([{"call": "normalNoise", "arguments": given} for given in calls])
    uniform = mulberry32(7)
    u, v = torch.tensor([[1 - uniform(), uniform()] for _ in range(3)], dtype=torch.float64).unbind(1)
    radius, angle = (-2 * u.log()).sqrt(), 2 * torch.pi * v
    near(few, torch.stack([radius * angle.cos(), radius * angle.sin()], 1).flatten()[:5])
    assert many[:4] == few[:4]
    for drawn in (torch.tensor(many), torch.tensor(other)):
        assert abs(drawn.mean()) < 0.03
        assert abs(drawn.std() - 1) < 0.03
        assert abs((drawn[:-1] * drawn[1:]).mean()) < 0.03
    assert many != other
