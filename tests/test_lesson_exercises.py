"""The exercises as they stand in the lessons: with every answer in place, and with every mistake in place."""

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from softmoe_edu.teaching.discovery import clinics, exercises
from softmoe_edu.teaching.exports import solutions
from softmoe_edu.teaching.exports.lesson import chosen

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
WIDTH = 88
LESSONS = sorted({exercise.lesson for exercise in exercises().values()})


def lesson(number):
    (path,) = NOTEBOOKS.glob(f"{number}_*.ipynb")
    return nbformat.read(path, as_version=4)


def tagged(notebook, kind):
    """Return {exercise id: cell} for the cells with such a tag."""
    pairs = [(tag, cell) for cell in notebook.cells for tag in cell.metadata.get("tags", [])]
    return {tag.removeprefix(f"{kind}:"): cell for tag, cell in pairs if tag.startswith(f"{kind}:")}


def of_lesson(number):
    return {name: exercise for name, exercise in exercises().items() if exercise.lesson == number}


def text_of(cell):
    """Return what a cell printed or showed, as plain text."""
    return "\n".join(o.get("text") or o.get("data", {}).get("text/plain", "") for o in cell.outputs)


def executed(notebook, folder):
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(folder)}}).execute()
    return notebook


@pytest.mark.parametrize("number", LESSONS)
def test_stubs_and_checks_stand_in_the_lesson(number):
    """Each exercise of a lesson has its stub, letter by letter, and a cell that checks it."""
    notebook, known = lesson(number), of_lesson(number)

    assert {name: cell.source for name, cell in tagged(notebook, "exercise").items()} == {
        name: exercise.stub for name, exercise in known.items()
    }
    checks = {name: cell.source.splitlines()[-1] for name, cell in tagged(notebook, "check").items()}
    assert checks == {name: f'check("{name}", {exercise.name})' for name, exercise in known.items()}


@pytest.mark.parametrize("name", exercises())
def test_a_specification_fits_its_cell(name):
    """Signature and docstring have at most 88 characters a line: in a cell of 1280 pixels no more is seen."""
    assert [line for line in exercises()[name].stub.splitlines() if len(line) > WIDTH] == []


@pytest.mark.parametrize("number", LESSONS)
def test_no_lesson_shows_a_solution(number):
    """No line of a reference's or a variant's body stands in a code cell of its lesson."""
    squeezed = ["".join(cell.source.split()) for cell in lesson(number).cells if cell.cell_type == "code"]
    for exercise in of_lesson(number).values():
        body = exercise.solution[len(exercise.stub) - len("raise NotImplementedError") :]
        lines = ["".join(line.split()) for line in body.splitlines()]
        shown = [line for line in lines if len(line) > 30 and any(line in source for source in squeezed)]
        assert not shown, exercise.id


@pytest.mark.parametrize("number", LESSONS)
def test_a_lesson_has_its_spine(number):
    """Objectives and the core path, minutes in every part up to 12, five quiz questions, a clinic."""
    text = "\n".join(cell.source for cell in lesson(number).cells if cell.cell_type == "markdown")
    minutes = [int(m) for m in re.findall(r"^## .*\((\d+) min\)", text, re.MULTILINE)]
    assert len(minutes) == len(re.findall(r"^## ", text, re.MULTILINE)) and max(minutes) <= 12
    assert "core path" in text.lower() and "rest" in text.lower()
    assert len(re.findall(r"<details>", text)) >= 5 + 3
    assert number in clinics()
    assert sum(exercise.essential for exercise in of_lesson(number).values()) >= 2


def test_no_core_path_takes_over_an_hour():
    """The minutes of the parts that are marked with a star, in every lesson, add up to 60 at most."""
    for path in NOTEBOOKS.glob("*.ipynb"):
        text = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)
        core = [int(m) for m in re.findall(r"^## .*★.*\((\d+) min\)", text, re.MULTILINE)]
        assert core and sum(core) <= 60, (path.stem, core)


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem[:2])
def test_every_figure_has_a_sentence_with_its_number(path):
    """Under the picture or in the text below it; the numbers go up by one, and there are as many as figures."""
    text = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)
    numbers = [int(found) for found in re.findall(r"Figure (\d+)\.(?:\*\*)? [A-Z]", text)]

    assert numbers == list(range(1, text.count("figures.described(") + 1))


def test_every_lesson_says_what_to_do_after_a_restart():
    """Its introduction names JupyterLab's command, as it stands in the menu Run."""
    for path in NOTEBOOKS.glob("*.ipynb"):
        first = nbformat.read(path, as_version=4).cells[0].source
        assert "**Run > Run All Above Selected Cell**" in " ".join(first.split()), path.stem


@pytest.mark.parametrize("number", LESSONS)
def test_the_first_imports_are_what_every_exercise_needs(number):
    """Whoever runs the cell of imports can check, ask for hints, and go on with the library's version."""
    cells = [cell for cell in lesson(number).cells if cell.cell_type == "code" and "import" in cell.source]
    code = [cell.source for cell in cells if "setup" not in cell.metadata.get("tags", [])]
    # A cell that shows where the lesson stands may come before.
    first = code["course_map" in code[0] and "check" not in code[0]]
    (names,) = re.findall(r"^from softmoe_edu\.teaching import (.+)$", first, re.MULTILINE)
    assert {"check", "hint", "use"} <= {*names.split(", ")}
    assert "import hint" not in "\n".join(cell.source for cell in lesson(number).cells if cell.cell_type == "markdown")


@pytest.mark.notebook
@pytest.mark.filterwarnings("default")  # the Jupyter client's own warnings are no fault of a lesson
@pytest.mark.parametrize("number", LESSONS)
def test_references_in_place_are_all_green(number, tmp_path):
    """A lesson that is exported as solved has run whole, each of its checks passed, and nothing is left to start."""
    solutions.export(tmp_path, chosen([number]))
    (path,) = tmp_path.glob("*.ipynb")
    notebook = nbformat.read(path, as_version=4)
    reports = {name: text_of(cell) for name, cell in tagged(notebook, "check").items()}

    assert {name for name, report in reports.items() if "passed: all" not in report} == set()
    assert reports.keys() == of_lesson(number).keys()
    assert "not started" not in "\n".join(text_of(cell) for cell in notebook.cells if cell.cell_type == "code")


@pytest.mark.notebook
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("number", LESSONS)
def test_mistakes_in_place_are_named(number, tmp_path):
    """In the lesson's kernel, each mistake under the learner's name is named by the lesson's own check cell."""
    notebook, known = lesson(number), of_lesson(number)
    cells = [
        nbformat.v4.new_code_cell(
            "from softmoe_edu.teaching import check\n"
            "from softmoe_edu.teaching.discovery import find_exercise\nfrom softmoe_edu.teaching.kill_matrix import own"
        )
    ]
    expected = {}
    for name, check in tagged(notebook, "check").items():
        for i, mistake in enumerate(known[name].mistakes):
            put = f'{known[name].name} = own(find_exercise("{name}").mistakes[{i}].function)\nreport = '
            cells.append(nbformat.v4.new_code_cell(put + check.source.splitlines()[-1] + "\nprint(report.mistake)"))
            expected[f"{name}/{mistake.id}"] = mistake.same_as or mistake.id
    executed(nbformat.v4.new_notebook(cells=cells, metadata=notebook.metadata), tmp_path)

    said = [text_of(cell).strip().splitlines()[-1] for cell in cells[1:]]
    assert dict(zip(expected, said, strict=True)) == expected
