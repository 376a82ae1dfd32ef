"""Lesson 02, A finite buffer."""

from softmoe_edu.teaching.lesson import Lesson

LESSON = Lesson(number="02", title="A finite buffer", shows=("softmoe_edu.Experts",))
