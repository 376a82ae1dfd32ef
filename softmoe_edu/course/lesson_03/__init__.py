"""Lesson 03, Keeping experts busy."""

from softmoe_edu.teaching.lesson import Lesson

LESSON = Lesson(number="03", title="Keeping experts busy", shows=("softmoe_edu.Experts",))
