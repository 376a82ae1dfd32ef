"""Mistakes in how many slots an expert has."""

import math

from softmoe_edu.teaching.exercise import mistake, mistakes_in


def _up(slots, multiple_of):
    return slots + -slots % multiple_of


@mistake(
    does="rounds down",
    belief="Half a slot cannot be used, so it is cut off.",
    refuted="compute_capacity of the official code rounds up; with fewer tokens than experts, rounding down leaves no "
    "slot at all",
    seen="int(...) around the division",
)
def rounded_down(tokens, experts, k, factor, multiple_of=1):
    """int()."""
    return _up(int(tokens * k * factor / experts), multiple_of)


@mistake(
    does="rounds to the nearest whole number",
    belief="Rounding is rounding.",
    refuted="this capacity is rounded up, so that the buffers hold at least what the factor promises; some routers of "
    "the official code do round, and say so",
    seen="the official soft router, where it is intended",
)
def rounded_to_nearest(tokens, experts, k, factor, multiple_of=1):
    """round()."""
    return _up(round(tokens * k * factor / experts), multiple_of)


@mistake(
    "M14",
    does="returns how many experts a token may use",
    belief="Capacity is the number of experts that a token may use.",
    refuted="capacity is the number of slots of one expert and grows with the tokens of the group; how many "
    "experts a token uses is k",
    seen="questions to the authors of DeepSeek-V2",
)
def experts_of_a_token(tokens, experts, k, factor, multiple_of=1):
    """A number without tokens in it."""
    return _up(math.ceil(k * factor), multiple_of)


@mistake(
    "M14",
    does="returns the slots of all experts together",
    belief="Capacity belongs to the layer.",
    refuted="every expert has a buffer of its own, and a full one cannot borrow from its neighbour",
    seen="the name, read alone",
)
def rows_of_the_layer(tokens, experts, k, factor, multiple_of=1):
    """No division."""
    return _up(math.ceil(tokens * k * factor), multiple_of)


@mistake(
    does="counts each token once, however many experts it chooses",
    belief="There are as many slots to fill as tokens.",
    refuted="with k choices a token needs k slots, in k experts",
    seen="a formula from top-1 routing",
)
def forgets_k(tokens, experts, k, factor, multiple_of=1):
    """Tokens, factor, experts."""
    return _up(math.ceil(tokens * factor / experts), multiple_of)


@mistake(
    does="rounds an expert's share up before multiplying by the factor",
    belief="First share the tokens evenly, then add the slack.",
    refuted="the factor is inside the rounding: rounding twice gives up to one slot too many at every factor",
    seen="ceil(tokens / experts) kept in a variable",
)
def rounded_too_early(tokens, experts, k, factor, multiple_of=1):
    """ceil, then the factor, then ceil."""
    return _up(math.ceil(math.ceil(tokens * k / experts) * factor), multiple_of)


@mistake(
    does="rounds down to a multiple",
    belief="A buffer is cut to a size that the hardware likes.",
    refuted="the official code adds slots until it has a multiple; cutting drops tokens that were promised a slot",
    seen="x // m * m",
)
def multiple_below(tokens, experts, k, factor, multiple_of=1):
    """Whole multiples only."""
    return math.ceil(tokens * k * factor / experts) // multiple_of * multiple_of


@mistake(
    does="goes on to the next multiple where it has already reached one",
    belief="Add what is missing to the multiple.",
    refuted="a capacity that is already a multiple stays as it is",
    seen="m - x % m without a second %",
)
def one_block_too_many(tokens, experts, k, factor, multiple_of=1):
    """Always what is missing to the next one."""
    capacity = math.ceil(tokens * k * factor / experts)
    return capacity + (multiple_of - capacity % multiple_of if multiple_of > 1 else 0)


@mistake(
    does="adds a slot to a number that is already whole",
    belief="Cutting and adding one rounds up.",
    refuted="rounding up leaves a whole number alone: 64 tokens on 16 experts need 4 slots",
    seen="int(x) + 1",
)
def one_more_row(tokens, experts, k, factor, multiple_of=1):
    """int() + 1."""
    return _up(int(tokens * k * factor / experts) + 1, multiple_of)


@mistake(
    does="removes the last digits, or computes with fewer or exact digits, before rounding up",
    belief="100 · 1.1 / 2 is 55.",
    refuted="the float 1.1 is a little over 11/10, and the official code rounds the result as it is: a model "
    "trained with 56 slots has 56",
    seen="careful people",
)
def noise_removed(tokens, experts, k, factor, multiple_of=1):
    """round(x, 6) inside ceil."""
    return _up(math.ceil(round(tokens * k * factor / experts, 6)), multiple_of)


@mistake(
    does="rounds up to a multiple with bit operations, which is right only for powers of two",
    belief="(x + m - 1) & ~(m - 1) rounds up to a multiple of m.",
    refuted="the trick needs an m with a single bit, such as 4 or 8; the next multiple of 3 after 3 is 3, not 5",
    seen="memory allocators and CUDA code, where m is a power of two",
)
def powers_of_two_only(tokens, experts, k, factor, multiple_of=1):
    """& ~."""
    return (math.ceil(tokens * k * factor / experts) + multiple_of - 1) & ~(multiple_of - 1)


@mistake(
    does="adds one half and rounds to the nearest whole number, which gives an odd whole number one slot more",
    belief="round(x + 0.5) rounds up.",
    refuted="3 + 0.5 lies between two whole numbers, and round takes the even one, 4: only math.ceil rounds up",
    seen="round(x + 0.5) in place of math.ceil(x)",
)
def half_added(tokens, experts, k, factor, multiple_of=1):
    """round(x + 0.5)."""
    return _up(round(tokens * k * factor / experts + 0.5), multiple_of)


@mistake(
    does="returns no more slots than there are tokens",
    belief="An expert cannot be chosen by more tokens than there are.",
    refuted="the task names no such limit, and the official code has none: a factor may leave slots empty",
    seen="min(tokens, ...) in other libraries",
)
def at_most_tokens(tokens, experts, k, factor, multiple_of=1):
    """min()."""
    return _up(min(tokens, math.ceil(tokens * k * factor / experts)), multiple_of)


@mistake(
    does="returns at least k slots",
    belief="An expert needs a slot for each choice.",
    refuted="a token's k choices go to k different experts; no expert has two of them",
    seen="max(k, ...), or a minimum capacity as in DeepSpeed",
)
def at_least_k(tokens, experts, k, factor, multiple_of=1):
    """max()."""
    return _up(max(k, math.ceil(tokens * k * factor / experts)), multiple_of)


@mistake(
    does="rounds tokens times factor up before sharing them out",
    belief="There is no half a token.",
    refuted="only the share of an expert is rounded: 3 · 1.5 is 4.5, and with two choices on 3 experts that makes 3 "
    "slots; 5 in place of 4.5 makes 4",
    seen="the factor applied in a line of its own",
)
def tokens_rounded(tokens, experts, k, factor, multiple_of=1):
    """ceil(tokens * factor) first."""
    return _up(math.ceil(math.ceil(tokens * factor) * k / experts), multiple_of)


@mistake(
    "M14",
    does="returns the slots of all experts together: those of one, times the number of experts",
    belief="Capacity belongs to the layer.",
    refuted="every expert has a buffer of its own, and a full one cannot borrow from its neighbour",
    seen="capacity * experts, as the size of the whole buffer",
)
def all_buffers_together(tokens, experts, k, factor, multiple_of=1):
    """One expert's slots, times e."""
    return experts * _up(math.ceil(tokens * k * factor / experts), multiple_of)


@mistake(
    does="adds a whole multiple where nothing is missing: with a multiple of 1, one slot to every capacity",
    belief="Add what is missing to the next multiple.",
    refuted="a number that is already a multiple stays as it is, and every whole number is a multiple of 1",
    seen="x + m - x % m, or (x // m + 1) * m",
)
def a_whole_multiple_more(tokens, experts, k, factor, multiple_of=1):
    """Adds m - x % m, which is m for a multiple."""
    capacity = math.ceil(tokens * k * factor / experts)
    return capacity + multiple_of - capacity % multiple_of


@mistake(
    does="does not round up to a multiple of `multiple_of`",
    belief="The default is 1, so it does not matter.",
    refuted="with multiple_of=4 a capacity of 1 becomes 4",
    seen="a parameter that is never read",
)
def multiple_unused(tokens, experts, k, factor, multiple_of=1):
    """No multiple."""
    return math.ceil(tokens * k * factor / experts)


MISTAKES = mistakes_in(globals())
