"""What a right `generation_macs` does."""

from softmoe_edu.cost import MoESizes, moe_cost
from softmoe_edu.teaching.check.properties import as_defined, by_hand, close
from softmoe_edu.teaching.exercise import Finding, Property

NAMES = ("at once", "every prefix", "running")


def _words(args, output):
    return ", ".join(f"{name} {int(count):,}" for name, count in zip(NAMES, output, strict=True))


def _library(answer, draw):
    """Compare what is computed at once with the library's count."""
    for slots in (3, 8):
        expected = moe_cost(12, 16, 64, MoESizes(router="soft", num_experts=1, slots_per_expert=slots)).macs
        got = answer(12, 16, 64, slots)[0]
        if not close(expected, got):
            given = f"12 tokens of 16 numbers, hidden 64, {slots} slots"
            return Finding("at once is what lesson 07 counted", given, f"{expected:,}", f"{got:,}")
    return None


PROPERTIES = (
    by_hand(
        lambda draw: (2, 1, 1, 1),
        "routing 3 for each token, experts 2 for each run",
        "2 tokens of 1 number, hidden 1, 1 slot",
        show=_words,
    ),
    Property("at once", _library),
    as_defined(
        "at once: n routed, experts once; every prefix: 1 + ... + n routed, experts n times; running: n and n",
        lambda draw: (7, 5, 11, 6),
        lambda draw: (196, 32, 128, 24),
        lambda draw: (1, 3, 4, 2),
        repeats=1,
        tell=lambda expected, got: (_words((), expected), _words((), got)),
    ),
)
