"""Exercise: the hidden width at which a Soft MoE layer costs as much as a dense MLP (lesson 08)."""

from softmoe_edu.course.lesson_08.matched_hidden.mistakes import MISTAKES
from softmoe_edu.course.lesson_08.matched_hidden.properties import PROPERTIES, TELLING
from softmoe_edu.course.lesson_08.matched_hidden.variants import VARIANTS
from softmoe_edu.evidence import toy
from softmoe_edu.teaching.exercise import Exercise, Hint


def matched_hidden(tokens, dim, hidden, experts, slots_per_expert):
    """Return the hidden width of the experts, an int, that matches a dense MLP's MACs.

    tokens, dim, hidden: of the dense MLP. experts, slots_per_expert: of the Soft MoE.
    Nearest whole number; 0 if none from 1 on comes within 1 % of the dense MLP's MACs.
    """
    slots = experts * slots_per_expert
    dense, routing = 2 * tokens * dim * hidden, 3 * tokens * dim * slots
    width = round((dense - routing) / (2 * slots * dim))
    cost = routing + 2 * slots * dim * width
    return width if width >= 1 and abs(cost - dense) <= 0.01 * dense else 0


def observe(function, draw):
    """Return the widths for sizes on which all mistakes differ, or the name of the error that the function raises."""
    seen = {}
    for name, cases in TELLING.items():
        try:
            seen[name] = [int(function(*sizes)) for sizes in cases]
        except Exception as error:
            seen[name] = type(error).__name__
    return seen


EXERCISE = Exercise(
    id="matched-hidden",
    lesson="08",
    order=1,
    title="The width at equal cost",
    answer=matched_hidden,
    probe=lambda draw: TELLING["widths"][0],
    observe=observe,
    properties=PROPERTIES,
    hints=(
        Hint(
            "Write down the MACs of the dense MLP and those of the Soft MoE layer with an unknown width w. Which of "
            "the Soft MoE terms does not contain w?",
            "def matched_hidden(tokens, dim, hidden, experts, slots_per_expert):\n"
            "    print('MACs of the dense MLP:', 2 * tokens * dim * hidden)\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "Scores, dispatch and combine cost tokens · slots · dim each. Subtract all three from what the dense MLP "
            "costs; the rest is spent on the slots, 2 · dim for each unit of width and each slot. Round, and compute "
            "the cost of the rounded width before you return it.",
            "def matched_hidden(tokens, dim, hidden, experts, slots_per_expert):\n"
            "    print('slots:', experts * slots_per_expert)\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "One right answer of several.",
            "def matched_hidden(tokens, dim, hidden, experts, slots_per_expert):\n"
            "    slots = experts * slots_per_expert\n"
            "    wanted = tokens * hidden\n"
            "    width = round((wanted - 1.5 * tokens * slots) / slots)\n"
            "    gap = 1.5 * tokens * slots + slots * width - wanted\n"
            "    return width if width > 0 and abs(gap) <= wanted / 100 else 0",
        ),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=10,
    difficulty=2,
    points=3,
    essential=True,
    library=(toy.matched_hidden,),
)
