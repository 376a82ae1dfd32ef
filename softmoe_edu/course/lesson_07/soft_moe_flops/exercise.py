"""Exercise: count what routing and experts of a Soft MoE layer cost (lesson 07)."""

from softmoe_edu.cost import moe_cost
from softmoe_edu.course.lesson_07.soft_moe_flops.mistakes import MISTAKES
from softmoe_edu.course.lesson_07.soft_moe_flops.properties import PROPERTIES, sizes
from softmoe_edu.course.lesson_07.soft_moe_flops.variants import VARIANTS
from softmoe_edu.teaching.exercise import Exercise, Hint


def soft_moe_flops(tokens, dim, hidden_dim, num_experts, slots_per_expert):
    """Count the FLOPs of a Soft MoE layer for one example, two for each MAC.

    All arguments are whole numbers. Returns (routing, experts), two whole numbers:
    the products of routing (scores, dispatch, combine), and those of the experts.
    """
    slots = num_experts * slots_per_expert
    return 6 * tokens * slots * dim, 4 * slots * dim * hidden_dim


EXERCISE = Exercise(
    id="soft-moe-flops",
    lesson="07",
    order=2,
    title="What routing and experts cost",
    answer=soft_moe_flops,
    probe=sizes(7, 3, 11, 4, 2),
    probes=(sizes(5, 2, 3, 6, 1), sizes(2, 3, 5, 1, 7), sizes(196, 768, 3072, 128, 1)),
    properties=PROPERTIES,
    parts=("routing", "experts"),
    hints=(
        Hint(
            "Write down the shapes of each product. (r, k) times (k, c) gives r · c numbers, each of them a sum of k "
            "products: r · k · c MACs, and twice as many FLOPs.",
            "def soft_moe_flops(tokens, dim, hidden_dim, num_experts, slots_per_expert):\n"
            "    print('(2, 3) times (3, 5):', 2 * 3 * 5, 'MACs,', 2 * 2 * 3 * 5, 'FLOPs')\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "Scores: tokens (n, d) times phi (d, s), where s counts the slots of all experts. Dispatch: (s, n) times "
            "(n, d). Combine: (n, s) times (s, d). Experts: (s, d) times (d, h), then (s, h) times (h, d).",
            "def soft_moe_flops(tokens, dim, hidden_dim, num_experts, slots_per_expert):\n"
            "    s = num_experts * slots_per_expert\n"
            "    print('slots:', s, ' MACs of the scores:', tokens * dim * s)\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "One right answer of several.",
            "def soft_moe_flops(tokens, dim, hidden_dim, num_experts, slots_per_expert):\n"
            "    s = num_experts * slots_per_expert\n"
            "    scores = dispatch = combine = tokens * s * dim\n"
            "    first = second = s * dim * hidden_dim\n"
            "    return 2 * (scores + dispatch + combine), 2 * (first + second)",
        ),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=10,
    difficulty=2,
    points=2,
    essential=True,
    library=(moe_cost,),
)
