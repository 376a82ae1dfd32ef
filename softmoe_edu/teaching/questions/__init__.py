"""The questions that lessons ask before something is shown: one file per lesson, found by their ids."""

from difflib import get_close_matches

from softmoe_edu.teaching.questions import lesson_01, lesson_02, lesson_05
from softmoe_edu.teaching.questions.question import CONFIDENCES as CONFIDENCES
from softmoe_edu.teaching.questions.question import Question as Question

# What is asked in a lesson itself, in the order of the lessons.
ASKED = (*lesson_01.QUESTIONS, *lesson_02.QUESTIONS, *lesson_05.QUESTIONS)
QUESTIONS = {each.id: each for question in ASKED for each in (question, *question.again)}


def lesson_name(lesson: str | int) -> str:
    """Give a lesson's number as it stands in file names, "05" for 5 and "5"; raises ValueError for anything else."""
    if not str(lesson).isdecimal():
        raise ValueError(f'lesson must be a number such as "05", got {lesson!r}')
    return f"{int(lesson):02}"


def find(id: str) -> Question:
    """Give the question of this id; raises ValueError that names the nearest one."""
    if id not in QUESTIONS:
        (near,) = get_close_matches(str(id), QUESTIONS, 1, 0)
        raise ValueError(f"there is no question {id!r}: did you mean {near!r}?")
    return QUESTIONS[id]
