"""What a lesson says about itself, where it stands in the plan of the course, and how its number is written."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Lesson:
    """A lesson of the course.

    Args:
        number: Two digits, such as "05"; they begin the names of the lesson's notebooks and end that of its folder.
        title: The rest of its notebook's first heading.
        shows: What it uses of the library before a later lesson builds it, and explains in words, such as
            "softmoe_edu.SoftRouter"; `softmoe_edu.teaching.prerequisites` reads it.
    """

    number: str
    title: str
    shows: tuple[str, ...] = ()


@dataclass(frozen=True)
class Planned:
    """A lesson as the plan has it: its number, its title until it exists, and what it is about in one line."""

    number: str
    title: str
    about: str


@dataclass(frozen=True)
class Arc:
    """Lessons that belong together: their title, what they have in common, and the lessons in order."""

    title: str
    about: str
    lessons: tuple[Planned, ...]


def lesson_name(lesson: str | int) -> str:
    """Return a lesson's number as it stands in file names, "05" for 5 and "5".

    Raises:
        ValueError: If it is no number.
    """
    if not str(lesson).isdecimal():
        raise ValueError(f'lesson must be a number such as "05", got {lesson!r}')
    return f"{int(lesson):02}"
