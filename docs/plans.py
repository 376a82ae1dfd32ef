"""Three plans for a class and what each leaves out; every number of minutes is that of the lessons' headings.

python docs/plans.py writes docs/plans.md; --check says whether it is up to date. A section that is not there is an
error, and so is a session that is longer than its room is booked for.
"""

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from in_step import keep_in_step

from softmoe_edu.teaching.discovery import cards, lessons

ROOT = Path(__file__).resolve().parent.parent
PAGE = "docs/plans.md"
HEAD = """<!-- Written by `python docs/plans.py`; edit the plans there, not this page. -->
# Three plans for a class

How to teach the course in 90 minutes, in one day, or in four weeks, and what each plan leaves out. The minutes are
those of the sections' headings, and are estimates. A plan leaves time *free* in each session: for the vote of the
teacher's card (five minutes, more with a discussion), for opening JupyterLab, and for questions.

Before the first session: `softmoe-edu export instructor cards` for the cards, `softmoe-edu export solutions solved` for
the solved lessons, and `softmoe-edu doctor` on one machine of the room. Sections that are left out stay in the
notebooks, and later ones may need their cells: let students choose *Run > Run All Above Selected Cell* before they go
on. Who is quick finds the next thing to do there. What is marked by hand has [a rubric](rubric.md)."""


@dataclass(frozen=True)
class Session:
    """Sections that are taught without a break.

    Args:
        title: What it is about.
        minutes: For how long the room is booked.
        parts: For each lesson, a part of the heading of each section.
        late: The section that goes first when time runs out: its lesson, and a part of its heading.
    """

    title: str
    minutes: int
    parts: tuple[tuple[str, tuple[str, ...]], ...]
    late: tuple[str, str]


@dataclass(frozen=True)
class Section:
    """A section of a lesson as its heading says it."""

    lesson: str
    number: int
    title: str
    minutes: int
    core: bool


NINETY = (
    Session(
        "From three routers to a Soft MoE layer",
        90,
        (
            ("00", ("Watch three routers",)),
            (
                "05",
                (
                    "Three predictions",
                    "On paper",
                    "Algorithm 1",
                    "Exercise: dispatch",
                    "Exercise: combine",
                    "The whole layer, from numbered lines",
                ),
            ),
            ("07", ("The rest of the batch", "What it costs")),
            ("05", ("Five questions",)),
        ),
        late=("07", "The rest of the batch"),
    ),
)
DAY = (
    Session(
        "Tokens choose: a router, and a buffer that is full",
        90,
        (
            ("00", ("Watch three routers",)),
            ("01", ("1 · ★ Why", "Worked example", "Exercise: choose k", "Exercise: the whole layer")),
            ("02", ("Why, and the ninth token", "Worked example", "Exercise: how large a buffer is")),
        ),
        late=("02", "Exercise: how large a buffer is"),
    ),
    Session(
        "Who is dropped, and experts that choose",
        90,
        (
            ("02", ("A whole router on one screen", "Exercise: what comes back", "9 · ★ Who is dropped")),
            (
                "04",
                (
                    "Predict: who is left out",
                    "One table, read twice",
                    "Exercise: each expert chooses",
                    "who sees the last",
                ),
            ),
        ),
        late=("04", "who sees the last"),
    ),
    Session(
        "Soft MoE by hand, and a layer that is wrong",
        90,
        (
            (
                "05",
                (
                    "Three predictions",
                    "On paper",
                    "Algorithm 1",
                    "Exercise: dispatch",
                    "Exercise: combine",
                    "The whole layer, from numbered lines",
                    "8 · ★ Exercise: the whole layer",
                    "Clinic",
                ),
            ),
        ),
        late=("05", "The whole layer, from numbered lines"),
    ),
    Session(
        "What it promises, and what is inside",
        90,
        (
            (
                "07",
                (
                    "Order, on paper",
                    "Exercise: does the order matter?",
                    "A jump, by hand",
                    "The rest of the batch",
                    "What it costs",
                    "★ The claims",
                ),
            ),
            ("09", ("Predict the table", "Are experts specialists?", "What is settled")),
        ),
        late=("09", "Are experts specialists?"),
    ),
)
WEEKS, MEETINGS, MEETING = 4, 3, 90


def page() -> str:
    """Build the page.

    Raises:
        LookupError: A section is not there.
        ValueError: A session is longer than its room is booked for.
    """
    lines = [HEAD]
    lines += _plan("In 90 minutes", "One session for people who know softmax and some PyTorch; they write two of the "
                   "layer's lines and put the others in order.", NINETY)  # fmt: skip
    lines += _plan("In one day", "Four sessions with breaks between them; people write a sparse router and a Soft MoE "
                   "layer, and find a mistake.", DAY)  # fmt: skip
    return "\n".join([*lines, *_weeks()]) + "\n"


def sections(lesson: str) -> list[Section]:
    """Return the sections of a lesson, in order.

    Raises:
        LookupError: There is no such lesson, or a heading has no minutes.
    """
    for path in sorted((ROOT / "notebooks").glob(f"{lesson}_*.py")):
        found = []
        for heading in re.findall(r"^# ## (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE):
            parts = re.fullmatch(r"(\d+) · (★ )?(.+) \((\d+) min\)", heading)
            if not parts:
                raise LookupError(f"lesson {lesson}: the heading {heading!r} is not of the form '3 · ★ Title (5 min)'")
            found.append(Section(lesson, int(parts[1]), parts[3], int(parts[4]), bool(parts[2])))
        return found
    raise LookupError(f"there is no lesson {lesson}")


def find(lesson: str, part: str) -> Section:
    """Return the one section of a lesson whose heading has this part.

    Raises:
        LookupError: There is none, or several.
    """
    every = sections(lesson)
    found = [each for each in every if part in f"{each.number} · {'★ ' * each.core}{each.title}"]
    if len(found) != 1:
        raise LookupError(f"lesson {lesson} has {len(found)} sections with {part!r}: {[each.title for each in every]}")
    return found[0]


def chosen(session: Session) -> list[Section]:
    """Return the sections of a session, in order.

    Raises:
        ValueError: They take longer than the room is booked for, or what goes first when late is none of them.
    """
    found = [find(lesson, part) for lesson, parts in session.parts for part in parts]
    total = sum(each.minutes for each in found)
    if total > session.minutes:
        raise ValueError(f"{session.title!r} takes {total} minutes, and the room is booked for {session.minutes}")
    if find(*session.late) not in found:
        raise ValueError(f"{session.title!r} leaves out {session.late} when late, which it does not have")
    return found


def _plan(title: str, about: str, sessions: Iterable[Session]) -> list[str]:
    lines, used = ["", f"## {title}", "", about], []
    for number, session in enumerate(sessions, 1):
        found, late = chosen(session), find(*session.late)
        total = sum(each.minutes for each in found)
        head = f"**Session {number}: {session.title}.** " if len([*sessions]) > 1 else ""
        lines += [
            "",
            f"{head}{total} of {session.minutes} minutes are planned, {session.minutes - total} are free.",
            "",
        ]
        lines += ["| minutes | section |", "| --- | --- |"]
        start = 0
        for each in found:
            lines.append(f"| {start} to {start + each.minutes} | {_linked(each)} |")
            start += each.minutes
        lines += ["", f"When time runs out, leave out first: {_linked(late)}, {late.minutes} minutes."]
        used += found
    lines += ["", "**Left out** of these lessons:", ""]
    for lesson in sorted({each.lesson for each in used}):
        out = [each for each in sections(lesson) if each not in used]
        core = [f"{each.number} ({each.minutes})" for each in out if each.core]
        rest = [f"{each.number} ({each.minutes})" for each in out if not each.core]
        said = [f"of the core path {', '.join(core)}"] * bool(core) + [f"of the rest {', '.join(rest)}"] * bool(rest)
        lines.append(f"- lesson {lesson}, sections and their minutes: {'; '.join(said)}")
    others = ", ".join(number for number in lessons() if number not in {each.lesson for each in used})
    return [*lines, *([f"- all of lessons {others}"] if others else [])]


def _weeks() -> list[str]:
    """Return the plan that follows the lessons' own core paths and the cards' advice on what to cut."""
    numbers = [*lessons()]
    if len(numbers) != WEEKS * MEETINGS:
        raise ValueError(f"{len(numbers)} lessons do not make {WEEKS} weeks of {MEETINGS}")
    lines = [
        "",
        "## In four weeks",
        "",
        f"{MEETINGS} meetings of {MEETING} minutes a week, one lesson in each: its core path (★) in class, the rest "
        "at home until the next meeting. What the teacher's card marks *cut this first* is left out. Lessons 08 and 11 "
        "can be given as projects instead: then their home part is handed in a week later, and marked with the rubric.",
        "",
        "| week | lesson | in class | free | at home | left out |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for i, number in enumerate(numbers):
        cut = {re.sub(r"★ ", "", part.heading) for part in cards()[number].parts if part.cut_first}
        every = sections(number)
        core = [each for each in every if each.core]
        out = [each for each in every if not each.core and f"{each.number} · {each.title}" in cut]
        home = [each for each in every if not each.core and each not in out]
        total = sum(each.minutes for each in core)
        if total > MEETING:
            raise ValueError(f"the core path of lesson {number} takes {total} minutes, and a meeting {MEETING}")
        name = f"[{number} {lessons()[number].title}](../notebooks/{_stem(number)}.ipynb)"
        cells = (f"{i // MEETINGS + 1}", name, f"{total} min", f"{MEETING - total} min", _sum(home), _sum(out))
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _sum(parts: list[Section]) -> str:
    numbers = ", ".join(str(each.number) for each in parts)
    return f"{sum(each.minutes for each in parts)} min: {numbers}" if parts else "nothing"


def _linked(section: Section) -> str:
    return f"[{section.lesson}, section {section.number}](../notebooks/{_stem(section.lesson)}.ipynb): {section.title}"


def _stem(lesson: str) -> str:
    return next((ROOT / "notebooks").glob(f"{lesson}_*.ipynb")).stem


def main(args: list[str]) -> None:
    """Write the page, or with --check say whether it is what would be written."""
    keep_in_step(args, ROOT, {PAGE: page()}, "the lessons", "plans.py", __doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
