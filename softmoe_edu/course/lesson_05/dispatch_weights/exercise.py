"""Exercise: the weights by which tokens fill the slots of a Soft MoE layer (lesson 05)."""

from softmoe_edu.course.lesson_05.dispatch_weights.mistakes import MISTAKES
from softmoe_edu.course.lesson_05.dispatch_weights.properties import PROPERTIES, case
from softmoe_edu.course.lesson_05.dispatch_weights.variants import VARIANTS
from softmoe_edu.routers import weights
from softmoe_edu.teaching.exercise import Exercise, Hint


def dispatch_weights(logits):
    """Return the dispatch weights (Eq. 1) of scores (b, n, e, p), in the same shape."""
    return logits.softmax(dim=1)


EXERCISE = Exercise(
    id="dispatch-weights",
    lesson="05",
    order=1,
    title="Dispatch: which tokens fill a slot",
    answer=dispatch_weights,
    probe=case(3, 7, 4, 2),
    probes=(case(2, 5, 4, 3, scale=1000.0),),
    properties=PROPERTIES,
    hints=(
        Hint(
            "Softmax divides each exp(score) by a sum. In which direction does that sum run for a slot? On paper you "
            "divided by column sums. Name the four axes of the tensor first.",
            "def dispatch_weights(logits):\n"
            "    b, n, e, p = logits.shape  # examples, tokens, experts, slots per expert\n"
            "    print('a slot is averaged over', n, 'tokens')\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "A softmax takes the axis over which its weights sum to 1, and subtracts the largest score by itself. "
            "Which of these two divides by column sums? In (b, n, e, p) the axis of tokens has a different number.",
            "def dispatch_weights(logits):\n"
            "    table = torch.tensor([[3.0, 1.0, 2.0], [1.0, 2.0, 1.0]]).log()\n"
            "    print(table.softmax(dim=0), table.softmax(dim=1), sep='\\n')\n"
            "    raise NotImplementedError",
        ),
        Hint("One right answer of several.", "def dispatch_weights(logits):\n    return torch.softmax(logits, 1)"),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=5,
    difficulty=2,
    points=2,
    essential=True,
    library=(weights.dispatch_weights,),
)
