"""Lesson 09, Ablations and looking inside."""

from softmoe_edu.teaching.lesson import Lesson

LESSON = Lesson(number="09", title="Ablations and looking inside")
