"""Lesson 04, Expert choice."""

from softmoe_edu.teaching.lesson import Lesson

LESSON = Lesson(number="04", title="Expert choice", shows=("softmoe_edu.Experts",))
