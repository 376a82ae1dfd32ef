"""The plans for a class: their minutes are those of the headings, and no session is longer than its room is free."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from test_architecture import load

from softmoe_edu.teaching.discovery import lessons
from softmoe_edu.teaching.exports.instructor import headings
from softmoe_edu.teaching.exports.lesson import chosen

ROOT = Path(__file__).resolve().parents[1]
plans = load(ROOT / "docs" / "plans.py")


def test_the_page_is_up_to_date():
    """docs/plans.md is what docs/plans.py writes today."""
    assert (ROOT / plans.PAGE).read_text(encoding="utf-8") == plans.page(), "run python docs/plans.py"


def test_minutes_are_those_of_the_notebooks():
    """The plans read every section of every lesson with the minutes that the teacher's cards read."""
    for lesson in chosen():
        found = {
            f"{each.number} · {'★ ' * each.core}{each.title}": each.minutes for each in plans.sections(lesson.number)
        }

        assert found == headings(lesson), lesson.number


def test_a_session_adds_up():
    """The minutes of the 90-minute plan, added by hand from its table, are the sum that stands above it."""
    part = plans.page().split("## In 90 minutes")[1].split("When time runs out")[0]
    rows = [(int(start), int(end)) for start, end in re.findall(r"^\| (\d+) to (\d+) \|", part, re.MULTILINE)]
    planned, free = map(int, re.search(r"(\d+) of 90 minutes are planned, (\d+) are free", part).groups())

    assert [start for start, _ in rows] == [0, *(end for _, end in rows[:-1])]
    assert planned == rows[-1][1] and planned + free == 90
    assert free >= 10, "a vote, and the time to open JupyterLab"


def test_the_weeks_hold_every_section_once():
    """In class, at home and left out together are the whole lesson, for each of the lessons."""
    rows = [line.split(" | ") for line in plans.page().splitlines() if re.match(r"\| \d \| \[", line)]

    assert len(rows) == len(lessons())
    for number, (_, _, core, _, home, out) in zip(lessons(), rows, strict=True):
        minutes = [int(found[0]) for cell in (core, home, out) if (found := re.match(r"\d+", cell))]
        assert sum(minutes) == sum(each.minutes for each in plans.sections(number)), number


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"parts": (("05", ("Nowhere",)),)}, LookupError, "lesson 05 has 0 sections with 'Nowhere'"),
        ({"parts": (("05", ("Exercise",)),)}, LookupError, r"lesson 05 has \d sections with 'Exercise'"),
        ({"parts": (("99", ("On paper",)),)}, LookupError, "there is no lesson 99"),
        ({"minutes": 60}, ValueError, "takes 71 minutes, and the room is booked for 60"),
        ({"late": ("05", "Clinic")}, ValueError, r"leaves out \('05', 'Clinic'\) when late, which it does not have"),
    ],
)
def test_a_plan_that_cannot_be_kept_is_an_error(monkeypatch, change, error, said):
    """A section that was renamed, or a session that has become too long, stops the page."""
    monkeypatch.setattr(plans, "NINETY", (replace(plans.NINETY[0], **change),))
    with pytest.raises(error, match=said):
        plans.page()
