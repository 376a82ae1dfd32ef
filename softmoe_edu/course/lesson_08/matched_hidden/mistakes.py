"""Mistakes in the width at equal cost."""

import math

from softmoe_edu.teaching.exercise import mistake, mistakes_in


def _fitting(tokens, hidden, slots, width, routing=1.5):
    """Return a width, or 0 where it is under 1 or its cost, as its author counts it, is not within 1 %."""
    cost, wanted = routing * tokens * slots + slots * width, tokens * hidden
    return width if width >= 1 and abs(cost - wanted) <= 0.01 * wanted else 0


@mistake(
    "M45",
    does="keeps the hidden width of the dense MLP",
    belief="Experts of the same width on as many slots as tokens cost the same.",
    refuted="scores, dispatch and combine cost tokens · slots · dim each, on top of the experts: width has to pay",
    seen="comparisons in which only the experts are counted",
)
def same_width(tokens, dim, hidden, experts, slots_per_expert):
    """No arithmetic."""
    return hidden


@mistake(
    "M37",
    does="matches the parameters: the hidden width divided by the number of experts",
    belief="Equal size is equal cost.",
    refuted="an expert's parameters cost nothing until a slot goes through it; MACs go by slots, not by experts",
    seen="tables that compare models of equal size",
)
def equal_parameters(tokens, dim, hidden, experts, slots_per_expert):
    """A share of the width for each expert."""
    return hidden // experts


@mistake(
    "M45",
    does="leaves out the routing altogether",
    belief="The cost of a mixture is that of its experts.",
    refuted="scores, dispatch and combine are three matrix products of tokens · slots · dim MACs each",
    seen="formulas that count experts only",
)
def routing_for_nothing(tokens, dim, hidden, experts, slots_per_expert):
    """Nothing subtracted."""
    slots = experts * slots_per_expert
    return _fitting(tokens, hidden, slots, round(tokens * hidden / slots), 0)


@mistake(
    "M45",
    does="counts the scores, and neither dispatch nor combine",
    belief="Mixing is only a weighted average.",
    refuted="an average of tokens for each slot is a matrix product too: tokens · slots · dim MACs; so is combine",
    seen="a router's cost taken from a sparse layer, where tokens are copied",
)
def scores_only(tokens, dim, hidden, experts, slots_per_expert):
    """One of three products."""
    slots = experts * slots_per_expert
    return _fitting(tokens, hidden, slots, round((tokens * hidden - tokens * slots / 2) / slots), 0.5)


@mistake(
    "M45",
    does="counts two of the three products of the routing",
    belief="Scores and dispatch are the routing; combine is free.",
    refuted="combine multiplies weights (tokens x slots) with answers (slots x dim): as much as dispatch",
    seen="combine taken for a sum",
)
def one_product_missing(tokens, dim, hidden, experts, slots_per_expert):
    """Two of three products."""
    slots = experts * slots_per_expert
    return _fitting(tokens, hidden, slots, round((tokens * hidden - tokens * slots) / slots), 1)


@mistake(
    "M06",
    does="lets every expert compute every token",
    belief="In Soft MoE all experts see all tokens.",
    refuted="each expert computes its own slots only: experts · slots_per_expert rows in all, however many tokens",
    seen="descriptions of a dense mixture under this name",
)
def every_token_in_every_expert(tokens, dim, hidden, experts, slots_per_expert):
    """Rows: tokens · experts."""
    slots = experts * slots_per_expert
    width = round((tokens * hidden - 1.5 * tokens * slots) / (tokens * experts))
    return width if width >= 1 else 0


@mistake(
    does="takes the number of experts for the number of slots",
    belief="One expert, one slot.",
    refuted="each expert has slots_per_expert slots, and all of them are filled and computed",
    seen="code that was written for one slot each",
)
def one_slot_each(tokens, dim, hidden, experts, slots_per_expert):
    """As many slots as experts."""
    return _fitting(tokens, hidden, experts, round((tokens * hidden - 1.5 * tokens * experts) / experts))


@mistake(
    does="counts one of the MLP's two matrix products (or the routing in FLOPs and the MLP in MACs)",
    belief="An MLP of width w costs dim · w for each row.",
    refuted="a row goes into the hidden layer and out of it again: 2 · dim · w MACs",
    seen="FLOPs and MACs in one formula",
)
def one_matrix(tokens, dim, hidden, experts, slots_per_expert):
    """Routing at twice its price."""
    slots = experts * slots_per_expert
    return _fitting(tokens, hidden, slots, round((tokens * hidden - 3 * tokens * slots) / slots), 3)


@mistake(
    does="rounds down",
    belief="A budget may not be exceeded.",
    refuted="the task asks for the nearest width; always rounding down gives every Soft MoE a little less",
    seen="int(...) or // around the division",
)
def rounded_down(tokens, dim, hidden, experts, slots_per_expert):
    """Round with floor."""
    slots = experts * slots_per_expert
    return _fitting(tokens, hidden, slots, math.floor((tokens * hidden - 1.5 * tokens * slots) / slots))


@mistake(
    does="rounds up",
    belief="Half a unit needs a whole one.",
    refuted="the task asks for the nearest width; always rounding up gives every Soft MoE a little more",
    seen="the first width that costs enough",
)
def rounded_up(tokens, dim, hidden, experts, slots_per_expert):
    """Round with ceil."""
    slots = experts * slots_per_expert
    return _fitting(tokens, hidden, slots, math.ceil((tokens * hidden - 1.5 * tokens * slots) / slots))


@mistake(
    does="returns the width of all experts together",
    belief="The layer has one hidden width.",
    refuted="the width of one expert is asked for: a slot goes through one expert, not through all",
    seen="w_in of shape (dim, experts · width)",
)
def all_experts_together(tokens, dim, hidden, experts, slots_per_expert):
    """Width times experts."""
    slots = experts * slots_per_expert
    width = _fitting(tokens, hidden, slots, round((tokens * hidden - 1.5 * tokens * slots) / slots))
    return experts * width


@mistake(
    does="has the routing paid by the slots' number instead of the tokens'",
    belief="Each slot is an average: its cost depends on the slots alone.",
    refuted="each slot is an average of all tokens: tokens · slots · dim MACs, so 1.5 · tokens units of a slot's width",
    seen="slots and tokens swapped, which shows only where they differ",
)
def routing_by_slots(tokens, dim, hidden, experts, slots_per_expert):
    """1.5 · slots."""
    slots = experts * slots_per_expert
    width = round(tokens * hidden / slots - 1.5 * slots)
    return width if width >= 1 else 0


@mistake(
    does="never returns 0: the nearest width, whatever it costs",
    belief="There is always a width.",
    refuted="where the routing alone costs as much as the dense MLP, or the nearest width misses it by over 1 %, the "
    "two must not be compared",
    seen="max(1, width)",
)
def always_a_width(tokens, dim, hidden, experts, slots_per_expert):
    """max(1, ...)."""
    slots = experts * slots_per_expert
    return max(1, round((tokens * hidden - 1.5 * tokens * slots) / slots))


@mistake(
    does="does not compare the cost of the rounded width with the dense MLP's",
    belief="Rounding changes nothing that matters.",
    refuted="with few tokens one unit of width is over 1 % of the cost: 15 against 14 in the smallest example",
    seen="only a test for a width below 1",
)
def cost_not_compared(tokens, dim, hidden, experts, slots_per_expert):
    """0 only below 1."""
    slots = experts * slots_per_expert
    width = round((tokens * hidden - 1.5 * tokens * slots) / slots)
    return width if width >= 1 else 0


@mistake(
    does="returns a width below 1 where the routing costs too much",
    belief="A negative width shows that it does not fit.",
    refuted="no width from 1 on comes within 1 %, and the task asks for 0 then",
    seen="the formula without a look at its result",
)
def below_one(tokens, dim, hidden, experts, slots_per_expert):
    """The formula, rounded."""
    slots = experts * slots_per_expert
    return round((tokens * hidden - 1.5 * tokens * slots) / slots)


MISTAKES = mistakes_in(globals())
