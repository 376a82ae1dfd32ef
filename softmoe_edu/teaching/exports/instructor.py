"""A card for the teacher of each lesson: what the lesson's `CARD` says, and what its files say, executed.

Sample answers are run through their checks, mistakes through theirs, and the keys of questions and clinics computed.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from softmoe_edu import __version__
from softmoe_edu.teaching.card import Card
from softmoe_edu.teaching.discovery import asked, cards, clinics
from softmoe_edu.teaching.exports import files
from softmoe_edu.teaching.exports.answers import exercise_lines
from softmoe_edu.teaching.exports.filling import PATIENTS, wrong_with
from softmoe_edu.teaching.exports.lesson import LessonNotebook
from softmoe_edu.teaching.exports.markdown import bullets, table
from softmoe_edu.teaching.exports.printed import page
from softmoe_edu.teaching.predict.question import Question
from softmoe_edu.text import plural

HEADING = re.compile(r"^## (?P<title>\d+ · .+?)(?: \((?P<minutes>\d+) min\))?$", re.MULTILINE)
ANSWERS = "Answers"


def export(folder: Path, lessons: Sequence[LessonNotebook]) -> list[str]:
    """Write LESSON.md, and LESSON.html to be printed, for each lesson that has a card.

    Raises ValueError where a card and its lesson do not agree, or a check does not say what it should.
    """
    known = [lesson for lesson in lessons if lesson.number in cards()]
    texts = {}
    for lesson in known:
        texts[f"{lesson.name}.md"] = text = card_text(cards()[lesson.number], lesson)
        texts[f"{lesson.name}.html"] = page(text, solutions=ANSWERS)
    files.put(folder, texts)
    said = [
        f"{lesson.name}: timing, vote, questions and their answers, {files.listed(lesson.places)}." for lesson in known
    ]
    missing = [f"{lesson.name} has no card and was left out." for lesson in lessons if lesson not in known]
    return [
        *said,
        *missing,
        f"Wrote {plural(len(known), 'card')} for the teacher into {folder}, each as .md and as .html to print; they "
        "hold the solutions.",
    ]


def card_text(card: Card, lesson: LessonNotebook) -> str:
    """Return the card of a lesson as markdown. Raises ValueError where the two do not agree."""
    title = re.search(r"^# (.+)$", lesson.notebook.cells[0].source, re.MULTILINE)
    lines = [
        f"# {title[1] if title else lesson.name}: for the teacher",
        "",
        card.purpose,
        "",
        f"Built by softmoe-edu {__version__} from the lesson and its exercises; answers, keys and points are computed.",
        *timing_lines(card, lesson),
        *bullets("Hunt these", card.hunt),
        *_vote_lines(card),
        *bullets("Stuck? Ask, do not tell", card.stuck),
        *bullets("Likely questions", card.asked),
    ]
    lines += ["", f"## {ANSWERS}", "", "What follows holds the solutions: keep it from the class."]
    lines += _question_lines([question for question in asked() if question.lesson == lesson.number])
    for place in lesson.places:
        lines += exercise_lines(place.exercise)
    return "\n".join([*lines, *_clinic_lines(lesson.number)]) + "\n"


def headings(lesson: LessonNotebook) -> dict[str, int | None]:
    """Return the parts of a lesson with the minutes in their headings, None where a heading has none."""
    text = "\n".join(cell.source for cell in lesson.notebook.cells if cell.cell_type == "markdown")
    return {found["title"]: found["minutes"] and int(found["minutes"]) for found in HEADING.finditer(text)}


def timing_lines(card: Card, lesson: LessonNotebook) -> list[str]:
    """Return the timing of the lesson's parts, in the minutes that their headings say.

    Raises ValueError where the card's parts are not the lesson's, or a heading has no minutes.
    """
    found = headings(lesson)
    parts = {_plain(part.heading): part for part in card.parts}
    if list(parts) != [_plain(title) for title in found]:
        raise ValueError(f"{lesson.name}: the card's parts are {list(parts)}, the lesson's are {list(found)}")
    rows, start, short = [], 0, 0
    for part, (title, minutes) in zip(parts.values(), found.items(), strict=True):
        if minutes is None:
            raise ValueError(f"{lesson.name}: the heading {title!r} has no minutes; write it as '{title} (10 min)'")
        rows.append((f"{start} to {start + minutes}", title, "cut this first" if part.cut_first else ""))
        start += minutes
        short += minutes if part.cut_first else 0
    without = f", {start - short} without what can be cut" if short else ""
    return ["", f"## Timing: {start} minutes{without}", "", *table(("minutes", "part", ""), rows)]


def _plain(heading: str) -> str:
    """Return a heading without the star, which marks the short path and may change."""
    return re.sub(r"★ ?| \(\d+ min\)$|^## ", "", heading).strip()


def _vote_lines(card: Card) -> list[str]:
    vote = card.vote
    if vote.right not in vote.choices:
        raise ValueError(f"lesson {card.lesson}: the vote's right answer {vote.right!r} is not one of its choices")
    choices = [f"{letter}. {choice}" for letter, choice in zip("abcdefgh", vote.choices, strict=False)]
    key = "abcdefgh"[vote.choices.index(vote.right)]
    lines = ["", "## Vote: alone, in pairs, again", "", vote.question, "", *(f"- {choice}" for choice in choices)]
    return [*lines, "", f"Right: **{key}**, {vote.because}.", "", f"First vote: {vote.expected}"]


def _question_lines(questions: Iterable[Question]) -> list[str]:
    rows = []
    for question in questions:
        computed = question.show(question.read(question.truth())) if question.truth else "measured in the lesson"
        believed = question.show(question.predicts)
        rows.append((f"`{question.id}`", question.text, computed, f"{question.belief}: {believed}"))
    if not rows:
        return []
    head = ("id", "question", "computed", "many think that …: which predicts")
    return ["", "## Predictions (never graded)", "", *table(head, rows)]


def _clinic_lines(number: str) -> list[str]:
    if number not in clinics():
        return []
    clinic = clinics()[number]
    rows = []
    for patient in range(1, PATIENTS + 1):
        for id in wrong_with(number, patient):
            rows.append((str(patient), f"`{id}`", clinic.suspects[id], clinic.findings[id]))
    head = ("patient", "what is wrong", "in words", "how it can be seen")
    return ["", "## Clinic", "", clinic.complaint, "", *table(head, rows)]
