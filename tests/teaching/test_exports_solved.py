"""Solved lessons are complete: whatever a lesson leaves open is answered, and said to be right by the lesson."""

import dataclasses
import re

import nbformat
import pytest
from graders.course import NAME, small_lesson
from nbformat.v4 import new_code_cell

from softmoe_edu.teaching.blank import Blank, Blanks, gaps
from softmoe_edu.teaching.discovery import asked, blanks, clinics, find_question
from softmoe_edu.teaching.exports import filling, solutions
from softmoe_edu.teaching.exports.filling import predictions
from softmoe_edu.teaching.exports.lesson import chosen, read
from softmoe_edu.teaching.exports.solutions import Solution

LESSONS = {lesson.number: lesson for lesson in chosen()}
CELLS = (
    "from softmoe_edu.teaching import clinic, predict",
    'my_slot_1 = "?"  # two numbers\nprint("slot 1: ", "right" if my_slot_1 == "1/3, 4/3" else "no")',
    'predict("m06-expert-rows")',
    "times = []\n\n\ndef show():\n    times.append(1)\n    print('look', len(times))\n    return 0.004\n\n\n"
    'predict("m37-more-parameters", reveal=show)',
    'patient = clinic("05")',
    "my_diagnosis = []  # names\npatient.diagnose(*my_diagnosis)",
)


def code(notebook):
    """The sources of the cells that hold code."""
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def written(folder, cells=CELLS):
    """Read a small lesson with these cells below its exercise."""
    lesson = small_lesson(folder, ["dispatch-weights"])
    lesson.notebook.cells += [new_code_cell(source) for source in cells]
    nbformat.write(lesson.notebook, folder / f"{NAME}.ipynb")
    return read(folder / f"{NAME}.ipynb")


@pytest.mark.parametrize("number", LESSONS)
def test_nothing_that_a_lesson_asks_for_is_missing(number):
    """Every question of the lesson, every blank, every stub and the clinic has its answer, and none is left over."""
    lesson = LESSONS[number]
    solution = Solution(lesson)
    left = [gap.name for source in code(solution.notebook) for gap in gaps(source)]
    open_ = [gap.name for source in code(lesson.notebook) for gap in gaps(source) if gap.name != filling.DIAGNOSIS]
    known = [each.name for each in blanks()[number].answers] if number in blanks() else []

    assert {each.question.id for each in solution.asked} == {each.id for each in asked() if each.lesson == number}
    assert left == [] and sorted(known) == sorted(open_)
    assert (solution.diagnosis is not None) == (number in clinics())
    assert "raise NotImplementedError" not in "\n".join(code(solution.notebook))
    for source in code(solution.notebook):
        compile(source, number, "exec")


@pytest.mark.notebook
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("lesson", [each for each in LESSONS.values() if not each.places], ids=lambda each: each.name)
def test_a_lesson_without_exercises_is_solved_too(lesson, tmp_path):
    """Its predictions are answered and right; those with exercises are run by tests/test_lesson_exercises.py."""
    (said, _) = solutions.export(tmp_path, [lesson])

    assert re.match(rf"{lesson.name}: \d predictions, run in", said)


@pytest.mark.parametrize("number", blanks())
def test_every_blank_says_why(number):
    """What is filled in has a reason that a teacher can read out, as the end of a line that names the blank."""
    for each in blanks()[number].answers:
        assert len(each.why) > 20 and each.why.endswith("."), each.name


def test_blanks_are_found_by_their_form():
    """A name with my_ that is "?", nothing, or holds a "?" is a blank; settings and what uses a blank are none."""
    source = (
        'my_a = "?"  # one\nmy_b = None\nmy_c = []\nmy_d = {"x": "?"}\nmy_e = 3\nother = "?"\nprint(my_a == "?")\n'
        'def my_f(x):\n    return "?"\n\ndef judge(x):\n    return x == "?"'
    )

    assert [(gap.name, gap.first, gap.last) for gap in gaps(source)] == [
        ("my_a", 1, 1),
        ("my_b", 2, 2),
        ("my_c", 3, 3),
        ("my_d", 4, 4),
        ("my_f", 8, 9),
    ]


def test_a_blank_without_an_answer_is_refused(tmp_path):
    """A lesson that asks for what the course does not answer is not exported; the sentence names the blank."""
    with pytest.raises(ValueError, match=r"05_small: blanks\.py has no answer for my_age"):
        Solution(written(tmp_path, ["my_age = None"]))


def test_numbers_are_typed_as_people_would():
    """A computed number gets as few digits as are still right and near; a choice stands as it is."""
    drops = find_question("m15-drop-rate")  # right within 5 points

    assert [filling._short(drops, value) for value in (18.519, 20.4, 7.0)] == [18.5, 20, 7]
    (call,) = predictions(nbformat.v4.new_notebook(cells=[new_code_cell('predict(\n    "m15-drop-rate",\n)')]))
    assert filling.answered('predict(\n    "m15-drop-rate"\n)', call, 18.519).endswith("answer=18.5, confidence=90)")


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_solved_lesson_says_what_is_right_and_why(tmp_path):
    """Computed and measured predictions, a blank and the diagnosis are right in the outputs, and explained below."""
    (said, _) = solutions.export(tmp_path / "out", [written(tmp_path)])
    notebook = nbformat.read(tmp_path / "out" / f"{NAME}.ipynb", 4)
    notes = [cell.source for cell in notebook.cells if "answer" in cell.metadata.get("tags", [])]
    sources = "\n".join(code(notebook))

    assert "1 exercise (dispatch-weights) solved and passed, 2 predictions, 1 blank, the clinic, run in" in said
    assert 'predict("m06-expert-rows", answer=128, confidence=90)' in sources
    assert re.search(r'predict\("m37-more-parameters", reveal=show, answer=.+, confidence=90\)', sources)
    assert "my_diagnosis = ['combine-over-tokens', 'dispatch-over-slots']" in sources
    assert len(notes) == 4
    assert notes[0].startswith("> `my_slot_1`: column 1 is 1 and 2")
    assert notes[1].startswith("> **Right: 128 rows** (computed). Many think that") and "25,088" not in notes[1]
    assert "(measured above)" in notes[2]
    assert "**Patient 1.** `combine-over-tokens`" in notes[3] and "**Patient 3.**" in notes[3]
    assert "_q =" not in sources  # what was measured beforehand leaves no trace


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_an_answer_that_the_lesson_does_not_call_right_is_refused(tmp_path, monkeypatch):
    """A wrong blank, a prediction beside what is measured and a wrong diagnosis are named, and nothing is written."""
    wrong = Blanks("05", (Blank("my_slot_1", '"1, 1"', "So.", "slot 1:  right"),))
    monkeypatch.setattr(filling, "blanks", lambda: {"05": wrong})
    monkeypatch.setattr(filling, "wrong_with", lambda number, patient: ["noisy"])
    question = find_question("m06-expert-rows")
    planted = dataclasses.replace(question, again=())
    planted.__dict__["truth"] = lambda: 127.0
    monkeypatch.setattr(filling, "find_question", lambda id: planted if id == question.id else find_question(id))

    with pytest.raises(ValueError, match=r"\['m06-expert-rows', 'my_slot_1', \"the clinic's diagnosis\"\]"):
        solutions.export(tmp_path / "out", [written(tmp_path)])
    assert not (tmp_path / "out").exists()
