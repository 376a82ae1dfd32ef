"""The proof of the checks: all mistakes rejected and named, all right answers accepted, in the committed table too."""

import dataclasses
from functools import cache
from pathlib import Path

import pytest

from softmoe_edu.teaching.check.report import LINE, Report
from softmoe_edu.teaching.discovery import exercises, find_exercise
from softmoe_edu.teaching.exercise import Mistake
from softmoe_edu.teaching.hints import hint
from softmoe_edu.teaching.kill_matrix import Row, from_text, render, rows, shown_code

pytestmark = pytest.mark.slow

TABLE = Path(__file__).parents[2] / "docs" / "kill_matrix.md"


@cache
def run(name):
    return tuple(rows(find_exercise(name)))


@pytest.mark.parametrize("name", exercises())
def test_every_mistake_is_named_and_every_right_answer_passes(name):
    """No mistake survives or is misnamed, no variant is rejected, the stub is not started, and no code is shown."""
    assert [fault for row in run(name) for fault in row.faults] == []


@pytest.mark.parametrize("name", exercises())
def test_inputs_of_another_attempt_judge_the_same(name):
    """The verdicts do not depend on the numbers that were drawn."""
    assert [fault for row in rows(find_exercise(name), seed=7) for fault in row.faults] == []


@pytest.mark.parametrize("name", exercises())
def test_no_line_of_a_report_is_cut(name):
    """What a mistake does and what refutes it stand whole in the report."""
    lines = [line for row in run(name) for label, line in row.report.lines if label in ("Suspicion", "Should be")]

    assert [line for line in lines if len(" ".join(line.split())) > LINE] == []


@pytest.mark.parametrize("name", exercises())
def test_hints_run_and_only_the_last_is_right(name):
    """Each hint's code defines the function; none but the last passes its check."""
    from softmoe_edu.teaching.check.examine import examine

    exercise = find_exercise(name)
    passed = [examine(exercise, from_text(exercise, h.code)).passed for h in exercise.hints if h.code]

    assert exercise.hints[-1].code, "the last hint holds an answer"
    assert passed == [False] * (len(passed) - 1) + [True]


def test_the_table_in_the_docs_is_that_of_this_run():
    """The committed table is what the exercises give; its third paragraph says how it is written."""
    text = render([row for name in exercises() for row in run(name)])

    assert TABLE.read_text("utf-8") == text


def test_the_matrix_can_fail():
    """A surviving mistake, a refused right answer, a wrong name, a long message and shown code are all faults."""
    exercise = find_exercise("soft-moe")
    code = "logits = torch.einsum('bnd,dep->bnep', x, phi)".replace("'", '"')

    def faults(kind, **report):
        return Row(exercise, kind, "planted", Report("soft-moe", **report), "swapped-axes").faults

    assert faults("wrong", status="passed") == ["soft-moe, planted: passed at None, expected failed"]
    assert faults("right", status="failed", failed="gradients")
    assert faults("wrong", status="failed", mistake="slot-order")
    assert not faults("wrong", status="failed", mistake="swapped-axes")
    assert faults("stub", status="failed")
    form = {"status": "failed", "mistake": "swapped-axes", "fails": ("dtype",), "form": ("dtype",)}
    assert faults("wrong", **form) == ["soft-moe, planted: gets 0.75 of the points, expected up to 0.5"]
    assert shown_code(exercise, f"Next: write {code}") == [code]
    assert not shown_code(exercise, "dispatch sums to 1 over tokens")


def test_a_check_without_its_last_properties_lets_a_mistake_through():
    """The matrix sees a check that became weaker: without gradients and definition, detached weights survive."""
    exercise = find_exercise("soft-moe")
    weak = dataclasses.replace(exercise, properties=exercise.properties[:5])
    survivors = [fault for row in rows(weak) for fault in row.faults]

    assert any("detached-dispatch" in fault for fault in survivors)


def test_a_mistake_that_is_right_is_seen():
    """A right function listed as a mistake is reported."""
    exercise = find_exercise("soft-moe")
    planted = Mistake("planted", exercise.variants[1], "is right", "b", "r", "s")
    changed = dataclasses.replace(exercise, mistakes=(planted,), variants=())

    assert [fault for row in rows(changed) for fault in row.faults] == [
        "soft-moe, planted: passed at None, expected failed"
    ]


def test_hints_come_one_by_one(monkeypatch):
    """The next call shows the next level, the answer only on demand; a level that there is not is answered."""
    monkeypatch.setenv("SOFTMOE_PROGRESS", "off")
    monkeypatch.setattr("softmoe_edu.teaching.progress._session", [])

    heads = [repr(hint("soft-moe")).splitlines()[0] for _ in range(4)]

    assert [head[:11] for head in heads] == ["Hint 1 of 3", "Hint 2 of 3", "Hint 2 of 3", "Hint 2 of 3"]
    assert heads[-1].endswith('the last one holds an answer: hint("soft-moe", 3)') and "answer" not in heads[0]
    assert "scores.softmax(2) @ answers" in repr(hint("soft-moe", 3))
    assert "role='region'" in hint("soft-moe", 1)._repr_html_()
    with pytest.raises(ValueError, match="soft-moe has hints 1 to 3, got level 4"):
        hint("soft-moe", 4)
