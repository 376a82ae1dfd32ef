"""Lesson 10, Scaling and expert parallelism."""

from softmoe_edu.teaching.lesson import Lesson

LESSON = Lesson(number="10", title="Scaling and expert parallelism")
