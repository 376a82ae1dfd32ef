"""Whose is a submission, of which lesson, and which attempt counts."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime

from softmoe_edu.teaching.exports.lesson import LessonNotebook
from softmoe_edu.teaching.grading import roster
from softmoe_edu.teaching.grading.collect import Submission
from softmoe_edu.teaching.grading.extract import code_of


class Unclear(ValueError):
    """The command cannot go on; the message says why and what to do."""


def by_student(
    submissions: Sequence[Submission],
    lessons: Sequence[LessonNotebook],
    students: Sequence[roster.Student],
    notes: list[str],
    *,
    forced: bool,
) -> dict[tuple[str, str, str], list[Submission]]:
    """Return the attempts by student, name and lesson; what cannot be told is said in the notes.

    Args:
        submissions: What was found.
        lessons: The lessons that are graded.
        students: The roster; without one, students are called what their files are called.
        notes: Sentences for the teacher are added to it.
        forced: Whether everything is taken for the first of the lessons.
    """
    told = {each.path: lessons[0].name if forced else lesson_of(each, lessons) for each in submissions}
    usual = Counter(name for name in told.values() if name).most_common(1)
    groups: dict[tuple[str, str, str], list[Submission]] = defaultdict(list)
    for each in submissions:
        lesson = told[each.path] or (_likely(each, lessons, usual) if each.cells is None else "")
        student, name = each.label, ""
        if students:
            fitting = roster.candidates(each.parts, students)
            if len(fitting) == 1:
                student, name = fitting[0].id, fitting[0].name
            elif fitting:
                who = ", ".join(f"{one.name or one.id} ({one.id})" for one in fitting)
                notes.append(f"{each.path} may be of {who}: it is graded as {each.label!r}; put an id into its name")
                student = f"? {each.path}"
            else:
                notes.append(f"{each.path} fits nobody on the roster: it is graded as {each.label!r}")
                student = f"? {each.label}"
        groups[student, name, lesson].append(each)
    if not students:
        alike = defaultdict(set)
        for student, _, _ in groups:
            for form in roster.folded(student):
                alike[re.sub(r"[^a-z]+|\d+", "", form)].add(student)
        for who in {tuple(sorted(each)) for letters, each in alike.items() if letters and len(each) > 1}:
            notes.append(
                f"{' and '.join(map(repr, who))} may be one student, or several of one name: they are graded apart"
            )
    return groups


def _likely(submission: Submission, lessons: Sequence[LessonNotebook], usual: list[tuple[str, int]]) -> str:
    """Return the lesson of a file that cannot be read: the one in its name, that of the others, or the only one."""
    named = [each.name for each in lessons if each.name in submission.path]
    return [*named, *(name for name, _ in usual), *(each.name for each in lessons if len(lessons) == 1), ""][0]


def lesson_of(submission: Submission, lessons: Sequence[LessonNotebook]) -> str:
    """Return the name of the lesson whose functions a notebook defines most of, "" where it defines none."""
    if submission.cells is None:
        return ""
    code = code_of(submission.cells)
    text = "\n".join(part for part, _ in code.broken)

    def has(name: str) -> bool:
        return code.defines(name) or re.search(rf"^def\s+{re.escape(name)}\b", text, re.MULTILINE) is not None

    counts = {each.name: sum(has(place.name) for place in each.places) / len(each.places) for each in lessons}
    best = max(counts, key=lambda name: (counts[name], name in submission.path))
    return best if counts[best] else ""


def counted(attempts: Sequence[Submission], deadline: datetime | None) -> tuple[Submission, bool]:
    """Return the attempt that counts, and whether it is late: the last one that can be read, and in time if one is."""
    limit = deadline.timestamp() if deadline else None
    in_time = [each for each in attempts if limit is None or each.when <= limit]
    pool = in_time or attempts
    pool = [each for each in pool if each.cells is not None] or pool
    return max(pool, key=lambda each: (each.when, each.number, each.path)), not in_time
