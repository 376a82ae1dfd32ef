"""Exercise: how much each token counts in the slots (lesson 09)."""

from softmoe_edu.course.lesson_09.token_importance.mistakes import MISTAKES
from softmoe_edu.course.lesson_09.token_importance.properties import PROPERTIES, at_two, case, hand
from softmoe_edu.course.lesson_09.token_importance.variants import VARIANTS
from softmoe_edu.metrics import token_contribution
from softmoe_edu.teaching.exercise import Exercise, Hint


def token_importance(dispatch):
    """Measure how much each token counts in the slots, with a mean of 1 (Appendix G).

    dispatch (b, n, e, p): weights of n tokens in e experts of p slots.

    Returns (importance, much, little): a tensor (b, n), and two shares from 0 to 1.
    """
    b, n, e, p = dispatch.shape
    importance = dispatch.sum((2, 3)) * n / (e * p)
    much = (importance > 2).sum().item() / (b * n)
    little = (importance <= 0.25).sum().item() / (b * n)
    return importance, much, little


EXERCISE = Exercise(
    id="token-importance",
    lesson="09",
    order=3,
    title="How much a token counts",
    answer=token_importance,
    probe=case(3, 7, 5, 2),
    probes=(case(4, 30, 3, 2, scale=4.0), hand, at_two),
    parts=("importance", "much", "little"),
    properties=PROPERTIES,
    hints=(
        Hint(
            "In (b, n, e, p), one token has e · p weights, one for each slot. Add them up: over which axes?",
            "def token_importance(dispatch):\n"
            "    b, n, e, p = dispatch.shape\n"
            "    print('weights of one token:', e * p, 'and of one slot:', n)\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "All slots together hold e · p tokens' worth, shared by n tokens: that is the mean to divide by. A "
            "comparison such as importance > 2 gives True and False; how many are True, of how many?",
            "def token_importance(dispatch):\n"
            "    few = torch.tensor([3.0, 0.5, 0.25])\n"
            "    print('share over 2:', (few > 2).float().mean().item())\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "One right answer of several.",
            "def token_importance(dispatch):\n"
            "    given = dispatch.flatten(2).sum(-1)\n"
            "    b, n, e, p = dispatch.shape\n"
            "    importance = given / (e * p / n)\n"
            "    return importance, (importance > 2).float().mean(), (importance <= 0.25).float().mean()",
        ),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=8,
    difficulty=2,
    points=2,
    library=(token_contribution,),
)
