"""What a check says about answers of all kinds, and what it leaves alone."""

import re

import pytest
import torch

from softmoe_edu.course.lesson_05.soft_moe.mistakes import swapped_axes
from softmoe_edu.teaching import Report, check, progress, use
from softmoe_edu.teaching.check.examine import examine
from softmoe_edu.teaching.discovery import exercises, find_exercise
from softmoe_edu.teaching.kill_matrix import from_text, own

SOFT_MOE = find_exercise("soft-moe")


@pytest.fixture(autouse=True)
def no_progress(monkeypatch, tmp_path):
    """Notes of these tests stay in memory."""
    monkeypatch.setenv("SOFTMOE_PROGRESS", "off")


def right():
    return from_text(SOFT_MOE, SOFT_MOE.solution)


def said(function, **options):
    return examine(SOFT_MOE, function, **options)


def test_a_right_answer_passes_with_full_points():
    """The reference's text passes every property."""
    report = check("soft-moe", right())

    assert report.passed and report.mistake is None
    assert report.points(4) == 4.0
    assert str(report) == f"✓ soft-moe · passed: all {report.total} properties hold"
    report.raise_if_failed()


def test_swapped_axes_are_told_in_words_with_the_sums_that_show_it():
    """The report names the mistake, the equation, and both sums of the hand example."""
    lines = str(check("soft-moe", own(swapped_axes.function))).splitlines()

    assert lines[0] == "✗ soft-moe · not yet right: 3 of 12 properties hold"
    assert lines[1].startswith("Should be: every slot is an average of tokens")
    assert "tokens [[1, 0], [0, 2]]" in lines[2]
    assert lines[3] == (
        "Expected: answers [[2.333, 2.333], [1.75, 3]]; dispatch sums over tokens [1, 1, 1]; "
        "combine sums over slots [1, 1]"
    )
    assert lines[4] == (
        "Got: answers [[2.333, 3.5], [1.167, 3]]; dispatch sums over tokens [0.75, 0.667, 0.583]; "
        "combine sums over slots [1.75, 1.25]"
    )
    assert "the two axes are swapped" in lines[5] and "Algorithm 1" in lines[5]
    assert lines[6] == 'Next: look at that step in your function; hint("soft-moe") helps'
    assert len(lines) <= 8


def test_the_stub_is_not_started_and_gets_no_points():
    """An untouched stub is neither right nor wrong."""
    report = check("soft-moe", from_text(SOFT_MOE, SOFT_MOE.stub))

    assert (report.status, report.failed, report.points(4)) == ("not started", None, 0.0)
    assert "write soft_moe(x, phi, experts) in the cell above" in str(report)


@pytest.mark.slow
def test_points_of_a_wrong_answer_are_at_most_half():
    """A wrong answer gets at most half of the points, and more if more properties hold; only its form may be wrong."""
    wrong = [each.function for each in SOFT_MOE.mistakes if not each.form]
    points = [said(own(function)).points(4) for function in wrong]
    (form,) = (each.function for each in SOFT_MOE.mistakes if each.form)

    assert all(type(p) is float and 0 <= p <= 2 for p in points)
    assert len(set(points)) > 3
    assert said(own(form)).points(4) == 3


def test_no_random_state_is_touched():
    """A check draws its inputs from a generator of its own."""
    torch.manual_seed(3)
    before = torch.get_rng_state()
    check("soft-moe", right())

    assert torch.equal(torch.get_rng_state(), before)


def test_inputs_change_with_attempts_and_with_the_class_key(monkeypatch):
    """The same seed gives the same inputs; another one, or another class, gives others."""
    seen = []

    def spy(x, phi, experts):
        seen.append(x.flatten()[0].item())
        raise ValueError

    def first(**options):
        seen.clear()
        said(spy, **options)
        return seen[0]

    plain = first(seed=1)
    assert first(seed=1) == plain
    assert first(seed=2) != plain
    monkeypatch.setenv("SOFTMOE_CLASS_KEY", "autumn")
    assert first(seed=1) != plain


def test_an_unknown_exercise_names_the_nearest():
    """A mistyped exercise id is answered with ids that exist."""
    with pytest.raises(ValueError, match=r"there is no exercise 'soft_moe': did you mean .*'soft-moe'"):
        check("soft_moe", right())


def test_attempts_and_mistakes_are_noted():
    """Each check adds one event with status, mistake, property and attempt."""
    before = len(progress.events("check", "soft-moe"))
    check("soft-moe", own(swapped_axes.function))
    (event,) = progress.events("check", "soft-moe")[before:]

    assert (event["status"], event["mistake"], event["property"]) == ("failed", "swapped-axes", "the example by hand")
    assert event["attempt"] == before + 1


def test_use_gives_the_learners_function_if_it_is_right(capsys):
    """What follows an exercise runs on, with the learner's answer or the library's, and says which."""
    mine, stub = right(), from_text(SOFT_MOE, SOFT_MOE.stub)

    assert use("soft-moe", mine) is mine
    assert use("soft-moe", stub) is SOFT_MOE.answer
    out = capsys.readouterr().out.splitlines()
    assert out == ["soft_moe: yours", "soft_moe: the library's (yours: not started)"]


def test_html_is_escaped_and_named_for_a_screen_reader():
    """What came from the answer cannot become markup; the region says its result in words."""

    def soft_moe(x, phi, experts):
        raise ValueError("<script>alert(1)</script>")

    html = said(soft_moe)._repr_html_()

    assert "<script>" not in html and "&lt;script&gt;" in html
    assert "role='region' aria-label='Check soft-moe · not yet right" in html


def test_html_has_a_box_for_each_property():
    """Those that hold are filled, also where colours are forced; a screen reader hears the head alone."""
    html = Report("soft-moe", "failed", ("a", "b"), 7)._repr_html_()

    boxes = re.findall(r"<i style='[^']*background:([^;]*);forced-color-adjust:none'></i>", html)
    assert [box != "none" for box in boxes] == [True, True, False, False, False, False, False]
    assert "<p aria-hidden='true' style='display:flex" in html
    assert Report("soft-moe", "passed", total=7)._repr_html_().count("<i style") == 7
    assert "<i style" not in Report("soft-moe", "not started")._repr_html_()


def test_a_report_is_never_longer_than_eight_lines():
    """A report has at most eight lines, however much an answer prints and raises."""

    def soft_moe(x, phi, experts):
        for i in range(50):
            print("line", i)
        raise ValueError("x\n" * 50)

    text = str(said(soft_moe))

    assert len(text.splitlines()) <= 8
    assert max(map(len, text.splitlines())) < 360


def test_a_report_is_a_value_with_a_status():
    """A Report can be made by hand and compared."""
    assert Report("soft-moe", "passed", share=1.0) == Report("soft-moe", "passed", share=1.0)


def test_every_exercise_has_what_it_promises():
    """Every exercise has an id, up to three hints, two variants, mistakes in words, and three if it is essential."""
    assert list(exercises())
    for exercise in exercises().values():
        assert 1 <= len(exercise.hints) <= 3 and len(exercise.variants) >= 2 and exercise.points > 0
        assert len(exercise.mistakes) >= (3 if exercise.essential else 1)
        assert 1 <= exercise.difficulty <= 5 and 0 < exercise.minutes <= 20
        for mistake in exercise.mistakes:
            words = (mistake.does, mistake.belief, mistake.refuted, mistake.seen)
            assert all(words) and not mistake.does.endswith("."), mistake.id
    assert len(SOFT_MOE.mistakes) >= 22 and len(SOFT_MOE.variants) >= 5


def test_a_device_that_is_not_there_is_no_mistake_of_the_answer():
    """An unusable device gets a sentence, and no attempt is noted."""
    before = progress.attempts("check", "soft-moe")
    with pytest.raises(ValueError, match="device 'vulkan' cannot be used here"):
        check("soft-moe", right(), device="vulkan")

    assert progress.attempts("check", "soft-moe") == before
