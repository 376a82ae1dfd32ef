"""Exercise: the weights that mix the slots' answers into tokens in a Soft MoE layer (lesson 05)."""

from softmoe_edu.course.lesson_05.combine_weights.mistakes import MISTAKES
from softmoe_edu.course.lesson_05.combine_weights.properties import PROPERTIES
from softmoe_edu.course.lesson_05.combine_weights.variants import VARIANTS
from softmoe_edu.course.lesson_05.dispatch_weights.properties import case
from softmoe_edu.routers import weights
from softmoe_edu.teaching.exercise import Exercise, Hint


def combine_weights(logits):
    """Return the combine weights (Eq. 2) of scores (b, n, e, p), in the same shape."""
    return logits.flatten(2).softmax(dim=-1).view_as(logits)


EXERCISE = Exercise(
    id="combine-weights",
    lesson="05",
    order=2,
    title="Combine: which slots answer a token",
    answer=combine_weights,
    probe=case(3, 7, 4, 2),
    probes=(case(2, 5, 4, 3, scale=1000.0),),
    properties=PROPERTIES,
    hints=(
        Hint(
            "On paper you divided by row sums. How many numbers are in a row, that is, how many slots compete for a "
            "token? They take up two axes of the tensor.",
            "def combine_weights(logits):\n"
            "    b, n, e, p = logits.shape  # examples, tokens, experts, slots per expert\n"
            "    print('a token is averaged over', e * p, 'slots')\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "A softmax takes one axis. First merge experts and slots into one axis, and split it again at the end.",
            "def combine_weights(logits):\n"
            "    flat = logits.flatten(2)\n"
            "    print(tuple(logits.shape), tuple(flat.shape), tuple(flat.view_as(logits).shape))\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "One right answer of several.",
            "def combine_weights(logits):\n    return torch.exp(logits - logits.logsumexp((2, 3), keepdim=True))",
        ),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=5,
    difficulty=2,
    points=2,
    essential=True,
    library=(weights.combine_weights,),
)
