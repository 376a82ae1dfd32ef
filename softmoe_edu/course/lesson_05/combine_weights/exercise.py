"""Exercise: the weights by which the slots of a Soft MoE layer answer the tokens (lesson 05)."""

from softmoe_edu.course.lesson_05.combine_weights.mistakes import MISTAKES
from softmoe_edu.course.lesson_05.combine_weights.properties import PROPERTIES
from softmoe_edu.course.lesson_05.combine_weights.variants import VARIANTS
from softmoe_edu.course.lesson_05.dispatch_weights.properties import case
from softmoe_edu.routers import weights
from softmoe_edu.teaching.exercise import Exercise, Hint


def combine_weights(logits):
    """Turn scores into combine weights: by these the slots' answers are mixed into tokens (Eq. 2 of the paper).

    logits: the score of each token with each slot, (b, n, e, p): b examples, n tokens, e experts, p slots of each.
    Returns the weights, of the same shape and dtype. Every token's answer is an average of all slots of all experts.
    A gradient must flow through, so use torch.
    """
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
            "On paper you divided by row sums. How many numbers stand in a row, that is, how many slots compete for a "
            "token? They fill two axes of the tensor.",
            "def combine_weights(logits):\n"
            "    b, n, e, p = logits.shape  # examples, tokens, experts, slots of each\n"
            "    print('a token hears', e * p, 'slots')\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "A softmax takes one axis. Make one axis of experts and slots first, and two of it again at the end.",
            "def combine_weights(logits):\n"
            "    flat = logits.flatten(2)\n"
            "    print(tuple(logits.shape), tuple(flat.shape), tuple(flat.view_as(logits).shape))\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "An answer, in one way of several.",
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
