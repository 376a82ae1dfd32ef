"""Mistakes in how many copies an expert has."""

import torch

from softmoe_edu.teaching.exercise import mistake, mistakes_in


def _given_out(loads, places, worth):
    copies = torch.ones_like(loads, dtype=torch.int64)
    for _ in range(places - len(loads)):
        copies[worth(loads, copies).argmax()] += 1
    return copies


@mistake(
    does="gives all spare places to the busiest expert",
    belief="The busiest expert is the problem.",
    refuted="with two copies it has half of its load each, and another expert may then be the busiest",
    seen="argmax of the loads, inside the loop",
)
def all_to_one(loads, places):
    """Never looks again."""
    return _given_out(loads, places, lambda loads, copies: loads)


@mistake(
    does="gives one spare place each to the busiest experts",
    belief="Everybody who is busy gets help.",
    refuted="an expert with four times the load of the others needs more than two copies",
    seen="topk of the loads, plus 1",
)
def one_more_each(loads, places):
    """In turn, by load."""
    order = loads.argsort(descending=True)
    copies = torch.ones_like(loads, dtype=torch.int64)
    for i in range(places - len(loads)):
        copies[order[i % len(loads)]] += 1
    return copies


@mistake(
    does="gives the place to the expert that would have most afterwards: load / (copies + 1)",
    belief="Look ahead to the share with the new copy.",
    refuted="what counts is the busiest copy now, load / copies; the rule with + 1 is d'Hondt's, for seats in "
    "parliaments",
    seen="an index that is off by one",
)
def looks_ahead(loads, places):
    """D'Hondt."""
    return _given_out(loads, places, lambda loads, copies: loads / (copies + 1))


@mistake(
    does="rounds the proportional share of the places, and may use too many or too few",
    belief="Copies are proportional to load.",
    refuted="rounded shares need not add up to the places, and an idle expert would have no copy",
    seen="(places * loads / loads.sum()).round()",
)
def proportional(loads, places):
    """Rounded."""
    return (places * loads / loads.sum()).round().long()


@mistake(
    does="gives one copy to each and rounds proportional shares of the rest down, and leaves places empty",
    belief="Spare places are shared in proportion.",
    refuted="what is cut off in rounding is left over",
    seen="1 + floor(...)",
)
def proportional_rest(loads, places):
    """1 + floor."""
    return 1 + ((places - len(loads)) * loads / loads.sum()).floor().long()


@mistake(
    does="gives out as many additional copies as there are places",
    belief="`places` is what comes on top.",
    refuted="the first copies take places too: places - e are left",
    seen="range(places)",
)
def places_on_top(loads, places):
    """Too many."""
    return _given_out(loads, places + len(loads), lambda loads, copies: loads / copies)


@mistake(
    does="begins without a copy of the idle experts",
    belief="An expert without load needs no place.",
    refuted="it may be chosen in the next batch: each expert keeps a copy",
    seen="copies that begin at 0",
)
def begins_at_zero(loads, places):
    """Zeros."""
    copies = torch.zeros_like(loads, dtype=torch.int64)
    for _ in range(places):
        copies[(loads / copies.clamp(min=0.5)).argmax()] += 1
    return copies


@mistake(
    does="gives the places to the idlest experts",
    belief="argmin finds where help is needed.",
    refuted="the load of the busiest copy does not change then",
    seen="argmin instead of argmax",
)
def to_the_idlest(loads, places):
    """Argmin."""
    return _given_out(loads, places, lambda loads, copies: -loads / copies)


MISTAKES = mistakes_in(globals())
