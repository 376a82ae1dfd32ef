"""Mistakes in where experts are placed."""

import torch

from softmoe_edu.teaching.exercise import mistake, mistakes_in


def _packed(order, loads, devices, limited=True, best=min):
    """Place the experts one by one, each on the device with the smallest load; or with the largest, if asked."""
    result, load = torch.zeros(len(loads), dtype=torch.int64), [0.0] * devices
    places = [len(loads) // devices] * devices
    for expert in order:
        free = [device for device in range(devices) if places[device] > 0 or not limited]
        chosen = best(free, key=lambda device: load[device])
        result[expert] = chosen
        places[chosen] -= 1
        load[chosen] += loads[expert].item()
    return result.to(loads.device)


@mistake(
    does="places experts in the order of their numbers, without a look at their loads",
    belief="With enough experts the loads even out.",
    refuted="in a real model the busiest expert of a layer has had several times the mean load, and neighbours differ",
    seen="the default of most engines: expert i on device i // (e / devices)",
)
def in_blocks(loads, devices):
    """Blocks of neighbours."""
    return torch.arange(len(loads), device=loads.device) // (len(loads) // devices)


@mistake(
    does="deals experts out in turn, without a look at their loads",
    belief="Dealing like cards is fair.",
    refuted="it is fair in numbers of experts, and not in loads",
    seen="i % devices",
)
def dealt_in_turn(loads, devices):
    """Round robin."""
    return torch.arange(len(loads), device=loads.device) % devices


@mistake(
    does="places no limit on the experts of a device",
    belief="Only the load counts.",
    refuted="each expert takes the same memory, busy or not: every device has places for e / devices",
    seen="the textbook rule for jobs on machines, where jobs take no memory",
)
def no_limit(loads, devices):
    """Least load alone."""
    return _packed(loads.argsort(descending=True).tolist(), loads, devices, limited=False)


@mistake(
    does="begins with the idlest expert",
    belief="The order does not matter, since each goes to the least loaded device.",
    refuted="the busiest experts come last then, and nothing is left to even them out",
    seen="argsort without descending=True",
)
def idlest_first(loads, devices):
    """Ascending."""
    return _packed(loads.argsort().tolist(), loads, devices)


@mistake(
    does="takes experts in the order of their numbers, each to the least loaded device",
    belief="The least loaded device is all one needs.",
    refuted="a busy expert that comes late finds no idle device: sort first",
    seen="the loop without a sort",
)
def unsorted(loads, devices):
    """No sort."""
    return _packed(range(len(loads)), loads, devices)


@mistake(
    does="puts the busiest experts together on one device",
    belief="Sorted experts can be cut into equal parts.",
    refuted="then the first device has the busiest of all and the last one the idlest",
    seen="argsort and chunk",
)
def busiest_together(loads, devices):
    """Chunks of the sorted experts."""
    order = loads.argsort(descending=True)
    result = torch.empty_like(order)
    result[order] = torch.arange(len(loads), device=loads.device) // (len(loads) // devices)
    return result


@mistake(
    does="deals the sorted experts out in turn, always beginning with the same device",
    belief="After sorting, neighbours are alike, so that dealing in turn is even.",
    refuted="the first device gets the busier one in every round",
    seen="rank % devices",
    same_as="idlest-first",
)
def sorted_then_dealt(loads, devices):
    """Rank modulo devices."""
    order = loads.argsort(descending=True)
    result = torch.empty_like(order)
    result[order] = torch.arange(len(loads), device=loads.device) % devices
    return result


@mistake(
    does="deals the sorted experts out there and back, without a look at the devices' loads",
    belief="Going back and forth evens out what dealing in turn does not.",
    refuted="one expert may be busier than two others together: look at the loads so far",
    seen="teams in sports",
)
def there_and_back(loads, devices):
    """Boustrophedon."""
    order = loads.argsort(descending=True)
    rank = torch.arange(len(loads), device=loads.device)
    turn = rank % devices
    result = torch.empty_like(order)
    result[order] = torch.where(rank // devices % 2 == 0, turn, devices - 1 - turn)
    return result


@mistake(
    does="returns the devices in the order in which experts were placed, not in that of the experts",
    belief="The list of devices is the result.",
    refuted="entry i has to be the device of expert i",
    seen="append in the loop over sorted experts",
)
def in_order_of_placing(loads, devices):
    """No way back from the sort."""
    order = loads.argsort(descending=True)
    return _packed(order.tolist(), loads, devices)[order]


@mistake(
    does="gives each expert to the device with the largest load that has a place left",
    belief="Fill one device, then the next.",
    refuted="that would save devices; but here all devices are used, and the busiest one sets the time",
    seen="max instead of min",
    same_as="busiest-together",
)
def to_the_busiest(loads, devices):
    """Max."""
    return _packed(loads.argsort(descending=True).tolist(), loads, devices, best=max)


MISTAKES = mistakes_in(globals())
