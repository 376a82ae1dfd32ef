"""Lesson 00, Look inside."""

from softmoe_edu.teaching.lesson import Lesson

LESSON = Lesson(number="00", title="Look inside")
