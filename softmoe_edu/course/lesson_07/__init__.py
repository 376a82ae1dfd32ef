"""Lesson 07, Properties, measured."""

from softmoe_edu.teaching.lesson import Lesson

LESSON = Lesson(number="07", title="Properties, measured")
