"""Exercise: which expert stands on which device (lesson 10)."""

import torch

from softmoe_edu.course.lesson_10.place_experts.mistakes import MISTAKES
from softmoe_edu.course.lesson_10.place_experts.properties import PROPERTIES, many
from softmoe_edu.course.lesson_10.place_experts.variants import VARIANTS
from softmoe_edu.teaching.exercise import Exercise, Hint


def place_experts(loads, devices):
    """Return the device of each expert, (e,): equally many on each, loads nearly even.

    loads (e,): the load of each expert. e is a multiple of devices.
    """
    device_of = torch.zeros(len(loads), dtype=torch.int64)
    places, load = [len(loads) // devices] * devices, [0.0] * devices
    for expert in loads.argsort(descending=True).tolist():
        free = [device for device in range(devices) if places[device]]
        chosen = min(free, key=lambda device: load[device])
        device_of[expert] = chosen
        places[chosen] -= 1
        load[chosen] += loads[expert].item()
    return device_of.to(loads.device)


def _named_by_first(device_of):
    """Number the devices in the order in which experts meet them: which device is called 0 does not matter."""
    names = {}
    return [float(names.setdefault(device, len(names))) for device in device_of]


TELLING = (
    ([3.1, 41.0, 9.7, 2.2, 17.0, 5.3, 30.0, 8.4, 1.9, 12.6, 4.5, 6.8], 3),
    ([2.0, 9.0, 7.0, 1.0, 8.0, 3.0], 2),
    ([5.0, 1.0, 21.0, 3.5, 2.5, 13.0, 8.0, 4.4], 4),
)


def observe(function, draw):
    """Return the experts that stand together, for loads on which all mistakes differ."""
    seen = {}
    for number, (values, devices) in enumerate(TELLING):
        try:
            device_of = torch.as_tensor(function(draw.tensor(values), devices))
            seen[f"together {number}"] = _named_by_first(device_of.tolist())
        except Exception as error:
            seen[f"together {number}"] = type(error).__name__
    return seen


EXERCISE = Exercise(
    id="place-experts",
    lesson="10",
    order=3,
    title="Which expert stands where",
    answer=place_experts,
    probe=many(12, 3),
    observe=observe,
    properties=PROPERTIES,
    hints=(
        Hint(
            "Keep two lists, with one entry for each device: its load so far, and how many places it has left. Go "
            "through the experts from the busiest to the idlest.",
            "def place_experts(loads, devices):\n"
            "    print('experts by load:', loads.argsort(descending=True).tolist())\n"
            "    print('places of each device:', len(loads) // devices)\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "min(some_list, key=f) returns the element for which f is least. The result is in the order of the "
            "experts, not in the order in which you placed them.",
            "def place_experts(loads, devices):\n"
            "    load = [3.0, 1.0, 2.0]\n"
            "    print('least loaded of devices 0 and 2:', min([0, 2], key=lambda device: load[device]))\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "One right answer of several.",
            "def place_experts(loads, devices):\n"
            "    members = [[] for _ in range(devices)]\n"
            "    device_of = [0] * len(loads)\n"
            "    for expert in sorted(range(len(loads)), key=lambda i: -loads[i].item()):\n"
            "        free = [m for m in members if len(m) < len(loads) // devices]\n"
            "        best = min(free, key=lambda m: sum(loads[i].item() for i in m))\n"
            "        best.append(expert)\n"
            "    for device, here in enumerate(members):\n"
            "        for expert in here:\n"
            "            device_of[expert] = device\n"
            "    return torch.tensor(device_of, device=loads.device)",
        ),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=10,
    difficulty=3,
    points=3,
)
