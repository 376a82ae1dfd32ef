"""What a right check of `soft_moe` does: it accepts what is right, and rejects most of what is wrong."""

from softmoe_edu.course.lesson_05.soft_moe.exercise import EXERCISE as SOFT_MOE
from softmoe_edu.teaching.check.write_the_check import judging

NEEDED = 26
PROPERTIES = judging(SOFT_MOE, NEEDED)
