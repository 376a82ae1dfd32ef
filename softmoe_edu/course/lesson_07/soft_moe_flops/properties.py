"""What a right `soft_moe_flops` does."""

from softmoe_edu.teaching.check.properties import as_defined, brief, by_hand, changed, each_of
from softmoe_edu.teaching.draw import Draw


def sizes(*numbers):
    """Return a function that gives these sizes."""
    return lambda draw: numbers


def drawn(draw: Draw) -> tuple:
    """Draw five sizes that differ."""
    while True:
        found = [int(draw.integers(low, high, 1)) for low, high in ((2, 40), (2, 30), (2, 60), (2, 20), (1, 9))]
        if len({*found}) == 5:
            return tuple(found)


def _words(args, output):
    return "routing {}, experts {}".format(*map(brief, output))


def _example(should, *args, name="the example by hand"):
    given = "{} tokens of width {}, hidden width {}, {} experts of {} slots".format(*args)
    return by_hand(sizes(*args), should, given.replace("of 1 slots", "of 1 slot"), show=_words, name=name)


def _split(args, draw):
    tokens, dim, hidden_dim, num_experts, slots = args
    return (tokens, dim, hidden_dim, num_experts * slots, 1), None


def _twice_the_tokens(args, draw):
    tokens, *rest = args
    return (2 * tokens, *rest), None


PROPERTIES = (
    _example("routing is three products of n · s · d MACs, the experts are two of s · d · h", 3, 2, 5, 2, 1),
    _example("all slots of all experts count: s = e · p", 3, 2, 5, 2, 4, name="several slots for each expert"),
    changed(
        "the same slots, split among more experts, cost the same",
        drawn,
        _split,
        lambda before, words: before,
        name="slots, not experts",
        tell=lambda e, g: (_words((), e), _words((), g)),
    ),
    changed(
        "twice the tokens are twice the routing, and the same work for the experts",
        drawn,
        _twice_the_tokens,
        lambda before, words: (2 * before[0], before[1]),
        name="tokens",
        tell=lambda e, g: (_words((), e), _words((), g)),
    ),
    as_defined("routing 2 · 3 n s d, experts 2 · 2 s d h", drawn, repeats=20, show_output=True),
    each_of(
        "sizes of 1, and large ones",
        _example("a single slot costs something, too", 1, 1, 1, 1, 1, name="ones"),
        _example(
            "whole numbers have no rounding, however large", 4096, 12289, 49157, 4096, 3, name="more than 2^53 FLOPs"
        ),
    ),
)
