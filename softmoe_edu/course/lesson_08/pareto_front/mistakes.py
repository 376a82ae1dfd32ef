"""Mistakes in who is on the front."""

import torch

from softmoe_edu.teaching.exercise import mistake, mistakes_in


def _pairs(cost, quality):
    return cost[:, None] - cost[None, :], quality[:, None] - quality[None, :]


@mistake(
    does="calls a model beaten only if another one is better in both",
    belief="To beat is to be better in everything.",
    refuted="a model of the same cost that is worse has nothing to say for itself; no other need be cheaper too",
    seen="(cost < c) & (quality > q)",
)
def better_in_both(cost, quality):
    """< and >."""
    c, q = _pairs(cost, quality)
    return ~((c < 0) & (q > 0)).any(0)


@mistake(
    does="lets equal models beat each other, so that neither is left (without equals, a model even beats itself)",
    belief="At most as dear and at least as good is better.",
    refuted="without “and better in one” a model beats itself, and the front is empty",
    seen="(cost <= c) & (quality >= q) alone",
)
def equals_beat(cost, quality):
    """<= and >=, itself included."""
    c, q = _pairs(cost, quality)
    return ~((c <= 0) & (q >= 0)).any(0)


@mistake(
    does="drops models that are equal to another one",
    belief="Two points at one place are beaten by each other.",
    refuted="neither is better in anything: equal models stay together",
    seen="(cost <= c) & (quality >= q), with the diagonal left out",
)
def duplicates_dropped(cost, quality):
    """<= and >= without the diagonal."""
    c, q = _pairs(cost, quality)
    other = ~torch.eye(len(cost), dtype=torch.bool, device=cost.device)
    return ~((c <= 0) & (q >= 0) & other).any(0)


@mistake(
    does="keeps one of several equal models",
    belief="One point needs one model.",
    refuted="neither of two equal models is better in anything: both stay",
    seen="sorting, then keeping what raises the best so far",
)
def first_of_equals(cost, quality):
    """Strictly above the best so far."""
    order = sorted(range(len(cost)), key=lambda i: (float(cost[i]), -float(quality[i])))
    front, best = torch.zeros(len(cost), dtype=torch.bool, device=cost.device), -torch.inf
    for i in order:
        if float(quality[i]) > best:
            front[i], best = True, float(quality[i])
    return front


@mistake(
    does="returns who is beaten",
    belief="The table of pairs says who dominates.",
    refuted="a model that another one beats is off the front: negate",
    seen="a missing ~",
)
def the_beaten(cost, quality):
    """No negation."""
    c, q = _pairs(cost, quality)
    return ((c <= 0) & (q >= 0) & ((c < 0) | (q > 0))).any(0)


@mistake(
    does="reads the table of pairs along the wrong axis: who beats nobody",
    belief="any over either axis says who is beaten.",
    refuted="in one direction the table says who is beaten, in the other who beats: good models fall off the front",
    seen="any(1) in place of any(0)",
)
def wrong_axis(cost, quality):
    """any(1)."""
    c, q = _pairs(cost, quality)
    return ~((c <= 0) & (q >= 0) & ((c < 0) | (q > 0))).any(1)


@mistake(
    does="takes a low quality for good",
    belief="Smaller is better in both.",
    refuted="quality is an accuracy: higher is better, and cheap and bad is not best",
    seen="code written for loss",
)
def low_quality_is_good(cost, quality):
    """Quality turned round."""
    c, q = _pairs(cost, -quality)
    return ~((c <= 0) & (q >= 0) & ((c < 0) | (q > 0))).any(0)


@mistake(
    does="takes a high cost for good",
    belief="Larger is better in both.",
    refuted="cost is what is to be saved: lower is better",
    seen="code written for two accuracies",
)
def high_cost_is_good(cost, quality):
    """Cost turned round."""
    c, q = _pairs(-cost, quality)
    return ~((c <= 0) & (q >= 0) & ((c < 0) | (q > 0))).any(0)


@mistake(
    does="calls a model beaten if another one is cheaper or better",
    belief="To beat is to be better in something.",
    refuted="of two models on the front one is cheaper and the other better: each would be beaten by the other",
    seen="(cost < c) | (quality > q) alone",
)
def either_is_enough(cost, quality):
    """One of the two."""
    c, q = _pairs(cost, quality)
    return ~((c < 0) | (q > 0)).any(0)


@mistake(
    does="lets only cheaper models beat another one",
    belief="At the same cost nobody is beaten.",
    refuted="a better model of the same cost beats a worse one: it costs no more",
    seen="(cost < c) & (quality >= q)",
)
def cheaper_only(cost, quality):
    """< and >=."""
    c, q = _pairs(cost, quality)
    return ~((c < 0) & (q >= 0)).any(0)


@mistake(
    does="keeps the best quality for each unit of cost and drops the rest",
    belief="The best model has the most quality for its cost.",
    refuted="a ratio picks one trade for everybody; the front leaves that to whoever pays",
    seen="accuracy per FLOP",
)
def best_ratio(cost, quality):
    """The highest quality / cost."""
    ratio = quality / cost.clamp_min(1e-9)
    return ratio == ratio.max()


@mistake(
    does="keeps the best model only",
    belief="The front is the winner.",
    refuted="the cheapest model is on the front as well: nobody is both cheaper and as good",
    seen="argmax",
)
def the_best_only(cost, quality):
    """quality.max()."""
    return quality == quality.max()


@mistake(
    does="takes the models to be sorted by cost",
    belief="The table goes from small to large.",
    refuted="models come in any order: sort them, or compare all pairs",
    seen="cummax without a sort",
)
def as_if_sorted(cost, quality):
    """The best so far, in the order given."""
    return quality >= quality.cummax(0).values


MISTAKES = mistakes_in(globals())
