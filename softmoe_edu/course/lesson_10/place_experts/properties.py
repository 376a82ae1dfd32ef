"""What a right `place_experts` does: equally many experts on each device, and loads at least as even as by the rule."""

import itertools

import torch

from softmoe_edu.teaching.check.properties import TOLERANCE, brief
from softmoe_edu.teaching.exercise import Finding, Property


def many(experts, devices):
    """Return a function that draws loads, with a few experts that are busier than the others."""
    return lambda draw: (draw.normal(experts).exp() * 10, devices)


def example(draw):
    """Return the six loads of the lesson's example."""
    return draw.tensor([9, 8, 7, 3, 2, 1]), 2


def shuffled(draw):
    """Return the example's loads in another order."""
    return draw.tensor([2, 9, 7, 1, 8, 3]), 2


def loads_of(device_of, loads, devices):
    """Return the load of each device."""
    return torch.zeros(devices, dtype=loads.dtype, device=loads.device).index_add(0, device_of.long(), loads)


def least_possible(loads, devices):
    """Try every placement with equally many experts on each device, and return the least load of the busiest one.

    Only for few experts.
    """
    room = len(loads) // devices

    def tried(left):
        if len(left) == room:
            return sum(loads[i].item() for i in left)
        first, rest = left[0], left[1:]
        best = float("inf")
        for others in itertools.combinations(rest, room - 1):
            here = sum(loads[i].item() for i in (first, *others))
            if here < best:
                best = min(best, max(here, tried([i for i in rest if i not in others])))
        return best

    return tried(list(range(len(loads))))


def _looked_at(answer, loads, devices):
    """Return (the placement, None), or (None, what is wrong with it as a placement)."""
    device_of = answer(loads, devices)
    given = f"loads {brief(loads, 1)}, {devices} devices"
    if device_of.dtype.is_floating_point or not ((device_of >= 0) & (device_of < devices)).all():
        should = f"each expert has a device, a number from 0 to {devices - 1}"
        return None, Finding(should, given, got=brief(device_of, 1))
    counts = device_of.long().bincount(minlength=devices)
    room = len(loads) // devices
    if not (counts == room).all():
        should = f"each device has {room} of the {len(loads)} experts: their memory is the same"
        return None, Finding(should, given, f"{brief(counts * 0 + room)} experts", f"{brief(counts)} experts")
    return device_of, None


def _even(name, should, *cases, repeats=1, next_step=""):
    def test(answer, draw):
        for number, repeat in itertools.product(range(len(cases)), range(repeats)):
            dtype = (torch.float64, torch.float32)[repeat % 2]
            loads, devices = cases[number](draw.sub(number, repeat, dtype=dtype))
            device_of, finding = _looked_at(answer, loads, devices)
            if finding:
                return finding
            most = [loads_of(each, loads, devices).max() for each in (answer.expected(loads, devices), device_of)]
            if most[1] > most[0] * (1 + TOLERANCE):
                words = [f"busiest device: {brief(value, 2)}" for value in most]
                return Finding(should, f"loads {brief(loads, 1)}, {devices} devices", f"{words[0]} or less", words[1])
        return None

    return Property(name, test, next_step)


def _near_the_best(answer, draw):
    for number, (experts, devices) in enumerate(((6, 2), (6, 3), (8, 2), (8, 4))):
        loads, _ = many(experts, devices)(draw.sub(number))
        device_of, finding = _looked_at(answer, loads, devices)
        if finding:
            return finding
        best, got = least_possible(loads, devices), loads_of(device_of, loads, devices).max().item()
        if got > 4 / 3 * best * (1 + TOLERANCE):
            given = f"loads {brief(loads, 1)}, {devices} devices"
            return Finding(
                "the busiest device is near the best of all placements",
                given,
                f"at most 4/3 of {best:.2f}",
                f"{got:.2f}",
            )
    return None


RULE = "busiest expert first, each to the device with the least load that has a place left"

PROPERTIES = (
    _even("the example by hand", "9 + 3 + 2 against 8 + 7 + 1: the busiest device has 16", example),
    _even("another order", "the result is in the order of the experts, whichever was placed first", shuffled),
    _even("as even as by the rule", RULE, many(12, 3), many(8, 4), many(10, 2), many(16, 4), repeats=4),
    _even("one device", "a single device has all experts", many(5, 1)),
    _even("as many devices as experts", "each device has one expert", many(6, 6)),
    Property("near the best", _near_the_best),
    _even(
        "far from even",
        "a busy device has places to fill as well: each device ends up with equally many experts",
        lambda draw: (draw.tensor([1000, 1, 1.5, 2, 2.5, 3, 3.5, 4]), 2),
    ),
    _even("no load", "experts without load need a place too", lambda draw: (draw.tensor([4.0, 0, 0, 3, 0, 0]), 3)),
)
