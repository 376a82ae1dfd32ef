"""Where a lesson stands: its arc, what is done by this learner, and what is still to come."""

import re
import sys

import pytest

from softmoe_edu.teaching import course_map, progress
from softmoe_edu.teaching.discovery import asked, exercises, lessons, plan

MAP = sys.modules["softmoe_edu.teaching.course_map"]  # the package has the function under this name


def stations(lesson="02"):
    return {each.number: each for *_, arc in course_map(lesson).arcs for each in arc}


def note_essential(lesson, status="passed", but=()):
    """Note what became of the essential exercises of a lesson."""
    for id, exercise in exercises().items():
        if exercise.lesson == lesson and exercise.essential and id not in but:
            progress.note("check", id, status=status)


def test_the_plan_has_twelve_lessons_in_order():
    """Their numbers are 00 to 11, each in one arc, with a title and one short line."""
    planned = [each for arc in plan() for each in arc.lessons]

    assert [each.number for each in planned] == [f"{number:02}" for number in range(12)]
    assert len(plan()) == 3
    assert all(each.title and 20 < len(each.about) <= 60 and each.about[-1] in ".?" for each in planned)


def test_titles_are_those_of_the_lessons(monkeypatch, workspace):
    """A lesson that exists has the title of its LESSON; one that does not has that of the plan, and is to come."""
    known = dict(lessons())
    del known["05"]
    monkeypatch.setattr(MAP, "lessons", lambda: known)
    shown, planned = stations(), {each.number: each for arc in plan() for each in arc.lessons}

    for number, each in planned.items():
        assert shown[number].title == (known[number].title if number in known else each.title)
        assert (shown[number].state == "to come") == (number not in known), number


def test_here_is_marked_by_more_than_colour(workspace):
    """One lesson is the current one: in words, by its mark, and for a screen reader."""
    shown = course_map(1)

    assert [each.number for each in stations("01").values() if each.state == "here"] == ["01"]
    assert len(re.findall(r"^  ▶ 01 .*\(you are here\)\.", str(shown), re.MULTILINE)) == 1
    html = shown._repr_html_()
    assert html.count("aria-current='step'") == 1
    assert re.search(r"aria-current='step'.*?01 Token choice.*?you are here", html)
    assert html.count("you are here") == 1


def test_a_lesson_is_done_with_its_essential_exercises(workspace):
    """All of them must have passed: failed attempts do not count, exercises off the core path are not needed."""
    note_essential("05", "failed")
    note_essential("01", but=["top-k-route"])
    assert {number for number, each in stations().items() if each.done} == set()

    note_essential("01")
    shown = stations()
    assert {number for number, each in shown.items() if each.done} == {"01"}
    assert (shown["01"].state, shown["02"].state) == ("done", "here")
    assert "✓ 01 " in str(course_map("02")) and "1 of 12 lessons done" in str(course_map("02"))
    assert "(you are here, done)" in str(course_map("01"))


def test_a_lesson_without_exercises_is_done_with_its_predictions(workspace):
    """Lesson 00 has no exercise: it is done when each of its cards is locked."""
    *some, last = [question.id for question in asked() if question.lesson == "00"]
    for id in some:
        progress.note("prediction", id)
    assert not stations()["00"].done
    progress.note("prediction", last)
    assert stations()["00"].done


def test_a_lesson_outside_the_plan_comes_last(monkeypatch, workspace):
    """A teacher's own lesson has an arc of its own."""
    known = dict(lessons()) | {"71": type(lessons()["00"])("71", "Routers <at home>")}
    monkeypatch.setattr(MAP, "lessons", lambda: known)
    shown = course_map("71")

    assert str(shown).splitlines()[-2:] == ["More lessons", "  ▶ 71 Routers <at home> (you are here)."]
    assert "Routers &lt;at home&gt;" in shown._repr_html_()


@pytest.mark.parametrize("lesson", ["12", 99, "soft"])
def test_an_unknown_lesson_is_refused_in_a_sentence(lesson):
    """A number that no lesson has, and what is no number."""
    with pytest.raises(ValueError, match=r"choose among 00, 01|must be a number such as"):
        course_map(lesson)
