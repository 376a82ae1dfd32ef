"""Exercise: the loss that keeps a router's scores small (lesson 03)."""

from softmoe_edu import losses
from softmoe_edu.course.lesson_03.router_z_loss.mistakes import MISTAKES
from softmoe_edu.course.lesson_03.router_z_loss.properties import PROPERTIES, case
from softmoe_edu.course.lesson_03.router_z_loss.variants import VARIANTS
from softmoe_edu.teaching.exercise import Exercise, Hint


def router_z_loss(logits):
    """Return the mean over tokens of the squared log-sum-exp of a token's scores.

    logits (b, n, e): the score of each token with each expert.
    """
    return logits.logsumexp(-1).square().mean()


EXERCISE = Exercise(
    id="router-z-loss",
    lesson="03",
    order=3,
    title="Keep the scores small",
    answer=router_z_loss,
    probe=case(3, 7, 5),
    probes=(case(2, 6, 4, scale=2000.0),),
    properties=PROPERTIES,
    hints=(
        Hint(
            "For each token there is one number: the logarithm of a sum of exponentials. Over which axis is the sum?",
            "def router_z_loss(logits):\n"
            "    b, n, e = logits.shape\n"
            "    print(b * n, 'tokens, so as many numbers to square and average')\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "exp(1000) is inf. torch.logsumexp subtracts the largest score before exp and adds it again afterwards. "
            "Square each token's number first, then take the mean.",
            "def router_z_loss(logits):\n"
            "    print(torch.tensor([1000.0, 0.0]).exp().sum().log(), torch.tensor([1000.0, 0.0]).logsumexp(0))\n"
            "    raise NotImplementedError",
        ),
        Hint(
            "One right answer of several.",
            "def router_z_loss(logits):\n    return (torch.logsumexp(logits, dim=-1) ** 2).mean()",
        ),
    ),
    variants=VARIANTS,
    mistakes=MISTAKES,
    minutes=8,
    difficulty=2,
    points=2,
    library=(losses.z_loss,),
)
