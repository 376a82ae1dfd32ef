"""Mistakes in counting what a Soft MoE layer costs."""

from softmoe_edu.teaching.exercise import mistake, mistakes_in

SECTION = "Section 2.3 of the paper counts O(mnpd + npk), with m tokens, n · p slots and k for a slot's expert"


def _count(n, d, h, e, p, products=3, tokens_of_experts=None):
    s = e * p
    return 2 * products * n * s * d, 4 * (s if tokens_of_experts is None else tokens_of_experts) * d * h


@mistake(
    does="counts a multiplication with its addition as one FLOP",
    belief="FLOPs are MACs.",
    refuted="a MAC is a multiplication and an addition: two FLOPs",
    seen="MACs printed under the name of FLOPs",
)
def macs_for_flops(tokens, dim, hidden_dim, num_experts, slots_per_expert):
    """Half of everything."""
    routing, experts = _count(tokens, dim, hidden_dim, num_experts, slots_per_expert)
    return routing // 2, experts // 2


@mistake(
    does="counts the scores alone as routing",
    belief="Routing is the router's matrix product.",
    refuted="dispatch and combine are products of the same size: n · s · d MACs each",
    seen="tables that count a router's parameters",
)
def scores_alone(tokens, dim, hidden_dim, num_experts, slots_per_expert):
    """One product of three."""
    return _count(tokens, dim, hidden_dim, num_experts, slots_per_expert, products=1)


@mistake(
    does="leaves out one of the three products of routing",
    belief="Dispatch and combine are one step.",
    refuted="scores, dispatch and combine are three products of n · s · d MACs each",
    seen="a count of two products",
)
def two_products(tokens, dim, hidden_dim, num_experts, slots_per_expert):
    """Two products of three."""
    return _count(tokens, dim, hidden_dim, num_experts, slots_per_expert, products=2)


@mistake(
    does="adds up sizes for an attention between tokens: n · n · d in routing",
    belief="Mixing all tokens costs the square of their number.",
    refuted="each product of routing has tokens on one side and slots on the other: n · s · d",
    seen="a formula for self-attention",
)
def squares_of_tokens(tokens, dim, hidden_dim, num_experts, slots_per_expert):
    """Tokens times tokens."""
    _, experts = _count(tokens, dim, hidden_dim, num_experts, slots_per_expert)
    return 6 * tokens * tokens * dim, experts


@mistake(
    "M06",
    does="lets every expert compute every token",
    belief="Soft means that every token goes through every expert.",
    refuted="experts compute slots, e · p rows in all; only a dense mixture computes n · e",
    seen="descriptions of Soft MoE as a dense mixture",
)
def every_expert_every_token(tokens, dim, hidden_dim, num_experts, slots_per_expert):
    """Dense."""
    rows = tokens * num_experts
    return _count(tokens, dim, hidden_dim, num_experts, slots_per_expert, tokens_of_experts=rows)


@mistake(
    "M06",
    does="lets the experts compute as many rows as there are tokens",
    belief="Each token is computed once, as in an MLP.",
    refuted="experts compute e · p slots, however many tokens are mixed into them",
    seen="the count of a dense MLP",
)
def as_many_rows_as_tokens(tokens, dim, hidden_dim, num_experts, slots_per_expert):
    """An MLP's cost."""
    return _count(tokens, dim, hidden_dim, num_experts, slots_per_expert, tokens_of_experts=tokens)


@mistake(
    "M10",
    does="counts one slot for each expert, in routing and in the experts",
    belief="A slot is an expert.",
    refuted="each expert has p slots: e · p in all",
    seen="the paper's long runs, in which p = 1",
)
def one_slot_each(tokens, dim, hidden_dim, num_experts, slots_per_expert):
    """No p."""
    return _count(tokens, dim, hidden_dim, num_experts, 1)


@mistake(
    "M12",
    does="lets all experts together compute the slots of one: slots_per_expert without num_experts",
    belief="Routing grows with the experts, computing with the slots.",
    refuted="slots_per_expert is one expert's: the layer has e · p, in routing and in the experts alike",
    seen="n and p mixed up",
)
def experts_forgotten(tokens, dim, hidden_dim, num_experts, slots_per_expert):
    """No e in the experts."""
    rows = slots_per_expert
    return _count(tokens, dim, hidden_dim, num_experts, slots_per_expert, tokens_of_experts=rows)


@mistake(
    does="gives routing a score for each expert instead of each slot",
    belief="A router has one score for each expert.",
    refuted="that is a sparse router; Soft MoE has a score for each of the e · p slots",
    seen="a sparse router's count",
)
def a_score_for_each_expert(tokens, dim, hidden_dim, num_experts, slots_per_expert):
    """Routing without p."""
    _, experts = _count(tokens, dim, hidden_dim, num_experts, slots_per_expert)
    return _count(tokens, dim, hidden_dim, num_experts, 1)[0], experts


@mistake(
    does="counts one of an expert's two products",
    belief="An MLP is one matrix product.",
    refuted="an expert goes from d to h and back: two products of s · d · h MACs",
    seen="a count of the first layer alone",
)
def one_layer(tokens, dim, hidden_dim, num_experts, slots_per_expert):
    """Half an MLP."""
    routing, experts = _count(tokens, dim, hidden_dim, num_experts, slots_per_expert)
    return routing, experts // 2


@mistake(
    does="adds the biases of the experts",
    belief="Everything that is computed counts.",
    refuted="the task counts matrix products, as the paper does; a bias is one addition for each number",
    seen="a profiler's count",
)
def with_biases(tokens, dim, hidden_dim, num_experts, slots_per_expert):
    """Biases."""
    routing, experts = _count(tokens, dim, hidden_dim, num_experts, slots_per_expert)
    return routing, experts + num_experts * slots_per_expert * (dim + hidden_dim)


@mistake(
    does="returns the experts first",
    belief="The order of two numbers is clear from their size.",
    refuted="the task says (routing, experts); which of them is larger depends on the sizes",
    seen="a tuple turned round",
)
def turned_round(tokens, dim, hidden_dim, num_experts, slots_per_expert):
    """The other order."""
    return _count(tokens, dim, hidden_dim, num_experts, slots_per_expert)[::-1]


MISTAKES = mistakes_in(globals())
