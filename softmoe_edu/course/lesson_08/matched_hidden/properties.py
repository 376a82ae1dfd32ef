"""What a right `matched_hidden` does."""

from softmoe_edu.teaching.check.properties import as_defined, by_hand, each_of

TELLING = {
    "widths": ((16, 32, 64, 8, 2), (20, 8, 75, 5, 2), (64, 16, 400, 4, 8), (49, 12, 300, 7, 1), (30, 6, 50, 10, 1)),
    "rounded": ((10, 8, 41, 7, 1), (10, 8, 44, 7, 1), (9, 4, 100, 11, 1)),
    "none": ((16, 32, 20, 8, 2), (2, 4, 7, 3, 1), (10, 4, 15, 10, 1)),
}


def drawn(draw):
    """Draw sizes whose width is no half, and whose cost is not at the very edge of 1 %."""
    while True:
        tokens, dim, hidden, experts, per = (
            int(draw.integers(low, high, 1)) for low, high in ((4, 80), (2, 40), (60, 600), (2, 12), (1, 5))
        )
        slots = experts * per
        doubled = (2 * tokens * hidden - 3 * tokens * slots) / slots
        width = round(doubled / 2)
        gap = abs(1.5 * tokens * slots + slots * width - tokens * hidden) / (tokens * hidden)
        if abs(doubled % 2 - 1) > 0.05 and width > 1 and gap < 0.009:
            return tokens, dim, hidden, experts, per


def _example(name, should, *args):
    given = f"{args[0]} tokens of width {args[1]}, hidden width {args[2]}, {args[3]} experts of {args[4]} slots"
    return by_hand(lambda draw: args, should, given, name=name)


PROPERTIES = (
    _example(
        "the example by hand",
        "16 tokens, 16 slots: routing costs what 24 hidden units cost, and 64 - 24 are left",
        16,
        32,
        64,
        8,
        2,
    ),
    _example(
        "fewer slots than tokens",
        "10 slots get what 20 tokens · 75 units cost, less the routing of 20 tokens · 10 slots: (1500 - 300) / 10",
        20,
        8,
        75,
        5,
        2,
    ),
    each_of(
        "what does not matter",
        _example("width of a token", "every term has one factor dim: it cancels", 16, 7, 64, 8, 2),
        _example("experts", "16 slots cost the same in 2 experts as in 8", 16, 32, 64, 2, 8),
    ),
    each_of(
        "the nearest whole number",
        _example("up", "the width is rounded to the nearest whole number: 43.57 is 44", 10, 8, 41, 7, 1),
        _example("down", "the width is rounded to the nearest whole number: 68.32 is 68", 9, 4, 100, 11, 1),
    ),
    as_defined("the width with which both layers cost the same", drawn, repeats=20, show_output=True),
    each_of(
        "where nothing fits",
        _example("none is left", "the routing alone costs more than the dense MLP: so 0", 16, 32, 20, 8, 2),
        _example(
            "too far",
            "the nearest width, 2, costs over 1 % more than the dense MLP (15 against 14, times 2 · dim): so 0",
            2,
            4,
            7,
            3,
            1,
        ),
        _example("nothing for the experts", "the routing costs all of it and leaves width 0: so 0", 10, 4, 150, 10, 1),
    ),
)
