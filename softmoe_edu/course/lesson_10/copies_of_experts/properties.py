"""What a right `copies_of_experts` does: all places are used, each expert has one, and the busiest copy has least."""

import itertools

import torch

from softmoe_edu.teaching.check.properties import TOLERANCE, brief
from softmoe_edu.teaching.exercise import Finding, Property


def many(experts, places):
    """Return a function that draws loads, with a few experts that are busier than the others."""
    return lambda draw: (draw.normal(experts).exp() * 10, places)


def example(draw):
    """Return the three loads of the lesson's example."""
    return draw.tensor([12, 5, 3]), 5


def least_possible(loads, places):
    """Try every way to give out the copies, and return the least load of the busiest copy. Only for few experts."""
    spare = places - len(loads)
    ways = itertools.combinations_with_replacement(range(len(loads)), spare)
    values = loads.tolist()
    return min(max(load / (1 + way.count(i)) for i, load in enumerate(values)) for way in ways)


def _even(name, should, *cases, repeats=1, exhaustive=False, next_step=""):
    def test(answer, draw):
        for number, repeat in itertools.product(range(len(cases)), range(repeats)):
            dtype = (torch.float64, torch.float32)[repeat % 2]
            loads, places = cases[number](draw.sub(number, repeat, dtype=dtype))
            copies, given = answer(loads, places), f"loads {brief(loads, 1)}, {places} places"
            if not (copies >= 1).all():
                return Finding("every expert has at least one copy", given, "1 or more", brief(copies))
            if copies.sum() != places:
                return Finding("all places are used, and no more", given, f"sum {places}", f"sum {brief(copies.sum())}")
            expected = (loads / answer.expected(loads, places)).max().item()
            best = least_possible(loads, places) if exhaustive else expected
            most = (loads / copies).max().item()
            if most > best * (1 + TOLERANCE):
                words = [f"busiest copy: {brief(value, 2)}" for value in (best, most)]
                return Finding(should, given, words[0], f"{words[1]}, with {brief(copies)} copies")
        return None

    return Property(name, test, next_step)


PROPERTIES = (
    _even("the example by hand", "12 shared by 3 copies is 4 each, so the busiest copy is the one with 5", example),
    _even("the best of all ways", "no way leaves less for the busiest copy", many(3, 7), many(4, 8), exhaustive=True),
    _even("many experts", "copies go where the load of a copy is largest", many(8, 12), many(6, 20), repeats=4),
    _even("no place to spare", "each expert has the one copy", many(5, 5)),
    _even("one to spare", "the busiest expert has two copies", many(7, 8)),
    _even("no load", "experts without load keep one copy", lambda draw: (draw.tensor([4.0, 0, 3, 0]), 7)),
)
