"""The sheet that `nbgrader export` writes, for what nbgrader itself makes of submissions that came without our help."""

import os
import sys
from pathlib import Path

import pytest
from graders.course import NAME
from nbformat import writes
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

pytestmark = [pytest.mark.grader, pytest.mark.filterwarnings("default")]  # the tools' own warnings are not ours

ID = "dispatch-weights"


def test_each_0_says_why(tmp_path, monkeypatch):
    """Who was not graded, could not be graded or read, crashed, came late or not at all has a status of their own."""
    gradebook = pytest.importorskip("nbgrader.api").Gradebook
    from softmoe_edu.teaching.exports.sheet import results_of

    # nbgrader calls alembic, which lies beside Python.
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    right = new_output("execute_result", {"text/plain": "2.0"})
    fails = new_output("error", ename="NameError", evalue="name 'torch' is not defined", traceback=[])
    handed_in = writes(new_notebook(cells=[new_code_cell("x = 1")]))
    for student in ("ada", "ben", "cleo", "dan", "eve", "fay"):
        folder = tmp_path / "submitted" / student / NAME
        folder.mkdir(parents=True)
        (folder / f"{NAME}.ipynb").write_text(handed_in[:-30] if student == "dan" else handed_in)
    for student, output in (("ada", right), ("eve", fails), ("fay", right)):
        folder = tmp_path / "autograded" / student / NAME
        folder.mkdir(parents=True)
        check = new_code_cell(metadata={"nbgrader": {"grade_id": f"check-{ID}"}}, outputs=[output])
        (folder / f"{NAME}.ipynb").write_text(writes(new_notebook(cells=[check])))
    with gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}") as book:
        book.add_assignment(NAME, duedate="2026-03-05 18:00:00 UTC")
        book.add_notebook(NAME, NAME)
        book.add_grade_cell(f"check-{ID}", NAME, NAME, max_score=2, cell_type="code")
        for student in ("ada", "ben", "cleo", "dan", "eve", "fay", "gus"):
            book.add_student(student)
        for student, points in (("ada", 2), ("ben", 0), ("eve", 0), ("fay", 2)):
            book.add_submission(NAME, student, timestamp=f"2026-03-0{6 if student == 'fay' else 4} 18:00:00 UTC")
            book.find_grade(f"check-{ID}", NAME, NAME, student).auto_score = points
        late = book.find_submission_notebook(NAME, NAME, "fay")
        late.late_submission_penalty = 0.5
        book.db.commit()
        found = {each.student: each for each in results_of(tmp_path, book, book.find_assignment(NAME))}

    assert {who: each.status for who, each in found.items()} == {
        "ada": "graded",
        "ben": "crashed",
        "cleo": "not graded",
        "dan": "unreadable",
        "eve": "crashed",
        "fay": "late",
        "gus": "missing",
    }
    assert {who: each.points for who, each in found.items() if each.graded} == {"ada": 2, "eve": 0, "fay": 1.5}
    assert f"{ID}: NameError: name 'torch' is not defined" in found["eve"].remarks
    assert found["ben"].remarks == ("nbgrader could not grade it: look at it by hand",)


def test_a_formula_of_a_student_makes_no_link():
    """MathJax would make one that runs; the rest of the formula stays, and so do the lesson's own texts."""
    from softmoe_edu.teaching.exports.autograde import make_harmless

    theirs = r"$\href{javascript:alert(1)}{\alpha} \style{x}{y} \hrefs$"
    ours = r"$\href{https://example.org}{\alpha}$"
    notebook = new_notebook(cells=[new_markdown_cell(text) for text in (theirs, ours)])
    make_harmless(notebook, [new_markdown_cell(ours)])

    assert [cell.source for cell in notebook.cells] == [
        r"$href{javascript:alert(1)}{\alpha} style{x}{y} \hrefs$",
        ours,
    ]
