"""Lesson 08, training comparisons that mean something."""

from softmoe_edu.teaching.lesson import Lesson

LESSON = Lesson(number="08", title="Training comparisons that mean something")
