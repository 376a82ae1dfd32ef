"""Exercise: count what Soft MoE costs for a text, in three ways (lesson 11)."""

from softmoe_edu.course.lesson_11.generation_macs.mistakes import MISTAKES
from softmoe_edu.course.lesson_11.generation_macs.properties import PROPERTIES
from softmoe_edu.course.lesson_11.generation_macs.variants import VARIANTS
from softmoe_edu.teaching.exercise import Exercise, Hint


def generation_macs(tokens, dim, hidden, slots):
    """Count the MACs of a Soft MoE layer for a text of so many tokens, in three ways.

    tokens; dim (of a token); hidden (of an expert); slots (of all experts).
    Returns three whole numbers: at once, every prefix, running.
    """
    routing, experts = 3 * slots * dim, 2 * slots * dim * hidden
    every_prefix = tokens * (tokens + 1) // 2 * routing + tokens * experts
    return tokens * routing + experts, every_prefix, tokens * (routing + experts)


EXERCISE = Exercise(
    id="generation-macs",
    lesson="11",
    order=4,
    title="The price of every prefix",
    answer=generation_macs,
    probe=lambda draw: (7, 5, 11, 6),
    properties=PROPERTIES,
    hints=(
        Hint(
            "Two building blocks: routing one token costs slots · dim for the scores, the same again for "
            "dispatch and for combine; running the experts once, on all slots, costs 2 · slots · dim · hidden.",
            "def generation_macs(tokens, dim, hidden, slots):\n"
            "    print('one token of routing:', 3 * slots * dim, ' all slots once:', 2 * slots * dim * hidden)\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "How often does each happen? At once: routing for n tokens, experts once. Every prefix: routing for 1 + 2 "
            "+ ... + n tokens, experts n times. Running: routing for n tokens, experts n times.",
            "def generation_macs(tokens, dim, hidden, slots):\n"
            "    print('1 + 2 + ... + n:', sum(range(1, tokens + 1)))\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "One right answer of several.",
            "def generation_macs(tokens, dim, hidden, slots):\n"
            "    def layer(n):\n"
            "        return 3 * n * slots * dim + 2 * slots * dim * hidden\n"
            "    prefixes = [layer(n) for n in range(1, tokens + 1)]\n"
            "    return layer(tokens), sum(prefixes), tokens * layer(1)",
        ),
    ),
    parts=("at once", "every prefix", "running"),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=8,
    difficulty=2,
    points=2,
)
