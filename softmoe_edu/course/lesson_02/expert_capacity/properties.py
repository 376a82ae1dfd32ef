"""What a right `expert_capacity` does."""

import math
from fractions import Fraction

from softmoe_edu.teaching.check.properties import as_defined, by_hand, each_of

FACTORS = (0.5, 0.75, 1.0, 1.05, 1.125, 1.25, 1.5, 2.0)
NOISE = (100, 2, 1, 1.1, 1)
ONE = (10, 1, 1, 1.5, 4)


def calm(draw):
    """Draw sizes for which every order of the arithmetic, even an exact one, rounds to the same number."""
    while True:
        tokens, experts, k = (int(draw.integers(low, high, 1)) for low, high in ((1, 300), (1, 40), (1, 6)))
        factor = FACTORS[int(draw.integers(0, len(FACTORS), 1))]
        orders = (
            tokens * k * factor / experts,
            factor * k * tokens / experts,
            tokens / experts * k * factor,
            factor / experts * k * tokens,
            Fraction(factor) * k * tokens / experts,
            round(tokens * k * factor / experts, 6),
        )
        if k <= experts and len({math.ceil(share) for share in orders}) == 1:
            return tokens, experts, k, factor, (1, 1, 3, 4, 6, 8)[int(draw.integers(0, 6, 1))]


def _example(name, should, *args):
    given = f"{args[0]} tokens, {args[1]} experts, k = {args[2]}, factor {args[3]}"
    given += f", a multiple of {args[4]}" if args[4:] else ""
    return by_hand(lambda draw: args, should, given, name=name)


PROPERTIES = (
    _example("the example by hand", "10 choices shared by 4 experts are 2.5 slots each: rounded up", 10, 4, 1, 1.0),
    _example("two choices each", "with k = 2 every token needs two slots", 10, 4, 2, 1.25),
    _example("fewer tokens than experts", "each expert has a slot; without one it could serve no token", 3, 8, 1, 1.0),
    each_of(
        "nothing to round",
        _example("even", "a whole number stays as it is", 64, 16, 1, 1.0),
        _example("odd", "a whole number stays as it is", 12, 4, 1, 1.0),
    ),
    each_of(
        "multiples",
        _example("few", "the slots are rounded up to the next multiple, even for few tokens", 3, 8, 1, 1.0, 4),
        _example("three", "any whole number can be the multiple, not only powers of two", 10, 4, 1, 1.0, 3),
        _example("six", "any whole number can be the multiple, not only powers of two", 10, 4, 1, 1.0, 6),
    ),
    _example("already a multiple", "a multiple stays as it is", 64, 16, 1, 2.0, 8),
    each_of(
        "no other limit",
        _example("above", "a factor over 1 may give more slots than tokens: nothing limits them", 10, 2, 2, 1.5),
        _example("below", "6 choices on 8 experts are less than a slot each, and give one slot, not k", 3, 8, 2, 1.0),
    ),
    _example("rounded once", "3 · 2 · 1.5 / 3 is 3 and stays 3: nothing is rounded on the way", 3, 3, 2, 1.5),
    each_of(
        "one expert, many choices",
        _example("one", "one expert has slots for all tokens, times the factor, up to the multiple", *ONE),
        _example("many", "k may be any number up to the number of experts", 10, 8, 5, 1.0),
    ),
    _example("floating point", "100 · 1.1 / 2 is a little over 55 in floating point, and is rounded up", *NOISE),
    as_defined("choices · factor / experts, rounded up, then up to a multiple", calm, repeats=40, show_output=True),
)
