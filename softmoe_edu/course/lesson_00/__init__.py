"""Lesson 00, Look inside."""

from softmoe_edu.teaching.lesson import Lesson

LESSON = Lesson(
    number="00",
    title="Look inside",
    shows=(
        "softmoe_edu.Experts",
        "softmoe_edu.ExpertsChoiceRouter",
        "softmoe_edu.MoE",
        "softmoe_edu.SoftRouter",
        "softmoe_edu.TokensChoiceRouter",
        "softmoe_edu.losses.load_balancing_loss",
        "softmoe_edu.metrics.experts_per_token",
    ),
)
