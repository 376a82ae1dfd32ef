"""Lesson 71, A small lesson: what every lesson has, and no more."""

from softmoe_edu.teaching.lesson import Lesson

LESSON = Lesson(number="71", title="A small lesson")
