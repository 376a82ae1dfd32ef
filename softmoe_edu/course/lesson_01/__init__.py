"""Lesson 01, Token choice: score, select, weigh."""

from softmoe_edu.teaching.lesson import Lesson

LESSON = Lesson(
    number="01",
    title="Token choice: score, select, weigh",
    shows=(
        "softmoe_edu.Experts",
        "softmoe_edu.metrics.experts_per_token",
    ),
)
