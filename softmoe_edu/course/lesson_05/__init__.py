"""Lesson 05, Soft MoE by hand."""

from softmoe_edu.teaching.lesson import Lesson

LESSON = Lesson(number="05", title="Soft MoE by hand", shows=("softmoe_edu.Experts",))
