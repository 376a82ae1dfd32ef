"""Lesson 06, The real layer."""

from softmoe_edu.teaching.lesson import Lesson

LESSON = Lesson(number="06", title="The real layer")
