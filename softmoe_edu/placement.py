"""Which expert stands on which device: packed, one copy of each, or replicated, with copies of the busy ones.

A layer waits for its busiest device, so what counts is the load ratio: the load of the busiest device over the mean.
Experts take the same memory however busy they are, so that every device keeps as many.

    loads = trace.counts()                       # (layers, experts)
    print(pack(loads, devices=8))                # max/mean load of a device, before and after
    replicate(loads, devices=8, copies=16)       # 16 more copies than experts
"""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from softmoe_edu.shapes import check_at_least
from softmoe_edu.text import plural, span

Loads = Float[Tensor, "l e"]
Places = Int[Tensor, "l m c"]

MOST_MOVES, MOST_PLACES = 64, 128
"""Moves of a copy that are tried at once, and places of a layer up to which they are."""


@dataclass(frozen=True, eq=False, repr=False)
class Placement:
    """The experts that each of m devices keeps in its c places, for every layer.

    Attributes:
        experts: (layers, m, c), the expert in each place.
        loads: (layers, experts), the loads that it was made for, in float64.
    """

    experts: Places
    loads: Loads

    @property
    def copies(self) -> Int[Tensor, "l e"]:
        """Count the copies of each expert, (layers, experts)."""
        placed = self.experts.flatten(1)
        return torch.zeros_like(self.loads, dtype=torch.int64).scatter_add_(1, placed, torch.ones_like(placed))

    @property
    def device_of(self) -> Int[Tensor, "l e"]:
        """Return the device of each expert, (layers, experts): of its first copy, where it has several."""
        layers, devices, places = self.experts.shape
        device = torch.arange(devices, device="cpu")[:, None].expand(layers, -1, places).flatten(1)
        first = torch.full(self.loads.shape, devices, dtype=torch.int64, device="cpu")
        return first.scatter_reduce_(1, self.experts.flatten(1), device, "amin")

    def device_loads(self, loads: Tensor | None = None) -> Float[Tensor, "l m"]:
        """Compute the load of each device, (layers, m): an expert's load is shared evenly among its copies.

        Args:
            loads: (layers, experts) or (experts,), such as those of another day; None for those it was made for.
        """
        loads = self.loads if loads is None else _checked(loads)
        if loads.shape != self.loads.shape:
            raise ValueError(
                f"loads must be {tuple(self.loads.shape)} like those it was made for, got {tuple(loads.shape)}"
            )
        return (loads / self.copies).gather(1, self.experts.flatten(1)).view(self.experts.shape).sum(-1)

    def load_ratio(self, loads: Tensor | None = None) -> Float[Tensor, " l"]:
        """Compute the load of the busiest device over the mean, (layers,): 1 for even loads and for no load."""
        return _ratio(self.device_loads(loads))

    @property
    def load_ratio_before(self) -> Float[Tensor, " l"]:
        """Return the load ratio with experts in the order of their numbers and one copy of each, (layers,).

        Where experts do not divide over the devices, the first devices keep one more.
        """
        experts, devices = self.loads.shape[1], self.experts.shape[1]
        device = torch.arange(experts, device="cpu") * devices // experts
        return _ratio(self.loads.new_zeros(len(self.loads), devices).index_add(1, device, self.loads))

    def __repr__(self) -> str:
        layers, devices, places = self.experts.shape
        sizes = f"layers={layers}, devices={devices}, places={places}"
        before, after = (
            span(ratio.min().item(), ratio.max().item(), "{:.2f}".format)
            for ratio in (self.load_ratio_before, self.load_ratio())
        )
        return f"Placement({sizes}, load_ratio {before} before, {after} after)"


def pack(loads: Tensor, devices: int) -> Placement:
    """Place one copy of each expert, as many on every device, so that the busiest device has little to do.

    The busiest expert goes first, each to the device with the least load that has a place left (Graham's rule for
    jobs on machines); then experts of the busiest device change places with others as long as that helps. All layers
    are placed at once, each on its own.

    Args:
        loads: (layers, experts) or (experts,), at least 0: counts of tokens, or any measure of work.
        devices: how many, a divisor of the experts.

    Raises:
        TypeError: loads are no tensor of numbers, or devices is no whole number.
        ValueError: loads are negative or not finite, or experts do not divide over the devices.
    """
    return replicate(loads, devices, 0)


def replicate(loads: Tensor, devices: int, copies: int) -> Placement:
    """Copy the busy experts, and place all copies as `pack` does, with the copies of one expert on different devices.

    Each further copy goes to the expert whose copies have most to do, which leaves least for the busiest copy; then
    copies go to other experts as long as that makes the busiest device less busy. An expert has at most one copy on a
    device; where copies are left over since every expert has one on each, they stay beside others.

    Args:
        loads: (layers, experts) or (experts,), at least 0.
        devices: how many, a divisor of experts and copies together.
        copies: how many places there are beyond one for each expert, 0 or more.

    Raises:
        TypeError: loads are no tensor of numbers, or devices or copies is no whole number.
        ValueError: loads are negative or not finite, or places do not divide over the devices.
    """
    loads = _checked(loads)
    devices, copies = check_at_least("devices", devices), check_at_least("copies", copies, 0)
    experts = loads.shape[1]
    if (experts + copies) % devices:
        more = f" and {copies} more copies" if copies else ""
        raise ValueError(
            f"devices must divide the places, got {plural(devices, 'device')} for {plural(experts, 'expert')}{more}: "
            f"give copies={copies + -(experts + copies) % devices}, or another number of devices"
        )
    number = copies_of(loads, copies, most=devices)
    placed = _placed(loads, number, devices)
    if copies:
        placed = _with_copies_moved(loads, number, placed, devices)
    return Placement(placed, loads)


def copies_of(loads: Loads, more: int, most: int) -> Int[Tensor, "l e"]:
    """Return how many copies of each expert to keep, (layers, experts): one, and `more` in all for the busiest.

    Args:
        loads: the load of each expert, shared evenly among its copies.
        more: copies to give out in each layer.
        most: copies of an expert that are of use; beyond that only where every expert has as many.
    """
    number = torch.ones_like(loads, dtype=torch.int64)
    for _ in range(more):
        share = loads / number
        full = (number >= most) & ~(number >= most).all(1, keepdim=True)
        busiest = share.masked_fill(full, -1).argmax(1, keepdim=True)
        number.scatter_add_(1, busiest, torch.ones_like(busiest))
    return number


def _placed(loads: Loads, number: Int[Tensor, "l e"], devices: int) -> Places:
    """Place the copies of each expert, as busy as each other."""
    layers, experts = loads.shape
    item = (
        torch.arange(experts, device="cpu")
        .expand(layers, -1)
        .reshape(-1)
        .repeat_interleave(number.flatten())
        .view(layers, -1)
    )
    work = (loads / number).gather(1, item)
    order = work.argsort(dim=1, descending=True, stable=True)
    item, work = item.gather(1, order), work.gather(1, order)
    places = _exchanged(_first(item, work, devices), item, work, devices)
    return item.gather(1, places.flatten(1)).view(places.shape)


def _with_copies_moved(loads: Loads, number: Int[Tensor, "l e"], placed: Places, devices: int) -> Places:
    """Take a copy from one expert and give it to another as long as the busiest device is then less busy.

    The copies that leave least for the busiest copy do not always fit together best. All moves, or the likeliest of
    many, are tried at once as if they were layers. Where loads are even to 1 % there is little to gain, and many copies
    fit together well as they are.
    """
    if placed[0].numel() > MOST_PLACES:
        return placed
    even = loads.sum(1) / devices * 1.01
    for layer in range(len(loads)):
        only = slice(layer, layer + 1)
        one, best = number[layer], _busiest(loads[only], number[only], placed[only])
        while bool(best > even[layer]):
            moves = _moves(loads[layer], one, devices)[:MOST_MOVES]
            if not len(moves):
                break
            numbers = one.repeat(len(moves), 1)
            numbers[torch.arange(len(moves), device="cpu"), moves[:, 0]] -= 1
            numbers[torch.arange(len(moves), device="cpu"), moves[:, 1]] += 1
            rows = loads[layer].expand(len(moves), -1)
            tried = _placed(rows, numbers, devices)
            least, at = _busiest(rows, numbers, tried).min(0)
            if not bool(least < best * (1 - 1e-12)):
                break
            one, best, placed[layer] = numbers[at], least, tried[at]
    return placed


def _moves(loads: Float[Tensor, " e"], number: Int[Tensor, " e"], devices: int) -> Int[Tensor, "moves 2"]:
    """Return the moves of a copy from one expert to another, those first that leave least for the busier of the two."""
    giver = torch.where(number > 1, loads / (number - 1).clamp(min=1), torch.inf)[:, None]
    taker = torch.where(number < devices, loads / (number + 1), torch.inf)[None]
    after = torch.maximum(giver, taker).fill_diagonal_(torch.inf)
    order = after.flatten().argsort(stable=True)[: int(after.isfinite().sum())]
    return torch.stack((order // len(loads), order % len(loads)), 1)


def _busiest(loads: Loads, number: Int[Tensor, "l e"], placed: Places) -> Float[Tensor, " l"]:
    return (loads / number).gather(1, placed.flatten(1)).view(placed.shape).sum(-1).amax(1)


def _first(item: Int[Tensor, "l i"], work: Float[Tensor, "l i"], devices: int) -> Places:
    """Place the items in their order, each on the least busy device that has a place and no copy of its expert."""
    layers, items = item.shape
    room = items // devices
    row = torch.arange(layers, device="cpu")
    load, count = work.new_zeros(layers, devices), torch.zeros(layers, devices, dtype=torch.int64, device="cpu")
    holds = torch.zeros(layers, int(item.max()) + 1, devices, dtype=torch.bool, device="cpu")
    places = torch.empty(layers, devices, room, dtype=torch.int64, device="cpu")
    for i in range(items):
        full = count >= room
        beside = holds[row, item[:, i]]
        # Where every device with a place has a copy already, one more beside it is the lesser evil.
        refused = torch.where((full | beside).all(1, keepdim=True), full, full | beside)
        device = load.masked_fill(refused, torch.inf).argmin(1)
        places[row, device, count[row, device]] = i
        holds[row, item[:, i], device] = True
        load[row, device] += work[:, i]
        count[row, device] += 1
    return places


def _exchanged(places: Places, item: Int[Tensor, "l i"], work: Float[Tensor, "l i"], devices: int) -> Places:
    """Exchange an item of the busiest device with one of another as long as both are then less busy than it was."""
    layers, items = item.shape
    places, row = places.clone(), torch.arange(layers, device="cpu")
    load = work.gather(1, places.flatten(1)).view(places.shape).sum(-1)
    device_of = torch.empty(layers, items, dtype=torch.int64, device="cpu")
    device_of.scatter_(1, places.flatten(1), torch.arange(devices, device="cpu")[:, None].expand_as(places).flatten(1))
    holds: Int[Tensor, "l e m"] = torch.zeros(layers, int(item.max()) + 1, devices, dtype=torch.int64, device="cpu")
    holds.index_put_((row[:, None], item, device_of), torch.ones((), device="cpu").long(), accumulate=True)
    for _ in range(4 * items):
        most, busiest = load.max(1)
        mine = places[row, busiest]  # (l, c)
        less = work.gather(1, mine)[:, :, None] - work[:, None, :]  # what the busiest device is rid of, (l, c, i)
        other = load.gather(1, device_of)[:, None] + less
        worst = torch.maximum(most[:, None, None] - less, other)
        # Of copies of an expert, one is enough on a device.
        comes = holds[row[:, None], item, busiest[:, None]] > 0
        goes = holds[row[:, None, None], item.gather(1, mine)[:, :, None], device_of[:, None]] > 0
        same = item.gather(1, mine)[:, :, None] == item[:, None]
        worst = worst.masked_fill(comes[:, None] | goes | same | (device_of == busiest[:, None])[:, None], torch.inf)
        best, at = worst.flatten(1).min(1)
        helps = best < most * (1 - 1e-12)
        if not bool(helps.any()):
            break
        r = row[helps]
        given, taken = mine[r, at[helps] // items], at[helps] % items
        here, there = busiest[r], device_of[r, taken]
        _swap(places, r, (here, given), (there, taken))
        change = work[r, given] - work[r, taken]
        load[r, here] -= change
        load[r, there] += change
        device_of[r, given], device_of[r, taken] = there, here
        for which, gone, come in ((given, here, there), (taken, there, here)):
            holds[r, item[r, which], gone] -= 1
            holds[r, item[r, which], come] += 1
    return places


def _swap(places: Places, r: Tensor, first: tuple[Any, Any], second: tuple[Any, Any]) -> None:
    """Exchange the items of two devices in the layers r."""
    (here, given), (there, taken) = first, second
    place = (places[r, here] == given[:, None]).int().argmax(1)
    other = (places[r, there] == taken[:, None]).int().argmax(1)
    places[r, here, place], places[r, there, other] = taken, given


def _ratio(device_loads: Float[Tensor, "l m"]) -> Float[Tensor, " l"]:
    mean = device_loads.mean(1)
    return torch.where(mean > 0, device_loads.amax(1) / torch.where(mean > 0, mean, 1.0), 1.0)


def _checked(loads: Tensor) -> Loads:
    """Return loads as (layers, experts) in float64 on the CPU, or raise an error that names what is wrong."""
    if not isinstance(loads, Tensor) or loads.dtype == torch.bool or loads.is_complex():
        kind = loads.dtype if isinstance(loads, Tensor) else type(loads).__name__
        raise TypeError(f"loads must be a tensor of numbers, got {kind}: give counts of tokens for each expert")
    whole = loads.detach().cpu().double()
    whole = whole[None] if whole.ndim == 1 else whole
    if whole.ndim != 2 or 0 in whole.shape:
        raise ValueError(f"loads must be (layers, experts) or (experts,), got {tuple(loads.shape)}")
    if not bool((whole.isfinite() & (whole >= 0)).all()):
        raise ValueError("loads must be finite and at least 0, got others: count tokens of each expert")
    return whole
