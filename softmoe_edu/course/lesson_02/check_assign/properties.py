"""What a right check of `assign_with_capacity` does: it accepts what is right, and rejects most of what is wrong."""

from softmoe_edu.course.lesson_02.assign_with_capacity.exercise import EXERCISE as ASSIGN
from softmoe_edu.teaching.check.write_the_check import judging

NEEDED = 17
PROPERTIES = judging(ASSIGN, NEEDED)
