"""Lesson 11, The open problem: autoregressive Soft MoE."""

from softmoe_edu.teaching.lesson import Lesson

LESSON = Lesson(number="11", title="The open problem: autoregressive Soft MoE")
