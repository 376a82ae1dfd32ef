"""What is exported: lessons that are read correctly, overwrite nothing, and are solved."""

import copy
import dataclasses

import nbformat
import pytest
from graders.course import NAME, POINTS, card_of, cell, small_lesson

from softmoe_edu import cli
from softmoe_edu.teaching.discovery import exercises, find_exercise
from softmoe_edu.teaching.exports import KINDS, export, instructor, nbgrader, otter, solutions
from softmoe_edu.teaching.exports.lesson import chosen, read

SOFT_MOE = find_exercise("soft-moe")


@pytest.fixture
def lesson(tmp_path):
    """A lesson with one exercise."""
    return small_lesson(tmp_path / "lessons", ["soft-moe"])


def changed(lesson, folder, tag, **new):
    """Write a lesson with another text or other tags in one cell, and give its path."""
    notebook = lesson.copy()
    found = cell(notebook, tag)
    found.source = new.get("source", found.source)
    found.metadata.tags = new.get("tags", found.metadata.tags)
    path = folder / "05_changed.ipynb"
    nbformat.write(notebook, path)
    return path


def test_real_lessons_can_be_exported():
    """Every lesson is read, and every exercise of a lesson that is there has its cells in it and in no other."""
    found = chosen()
    numbers = {lesson.number for lesson in found}
    placed = [
        place.exercise.id for lesson in found for place in lesson.places if place.exercise.lesson == lesson.number
    ]

    assert sorted(placed) == sorted(each.id for each in exercises().values() if each.lesson in numbers)
    for lesson in found:
        assert len(nbgrader.assignment(lesson).cells) == len(lesson.notebook.cells)
        assert len(otter.assignment(lesson).cells) == len(lesson.notebook.cells) + 1 + 9 * len(lesson.places)


def test_lessons_are_chosen_by_number_or_name(lesson, tmp_path):
    """A number or a name picks a lesson, and an unknown one is answered with those that there are."""
    folder = tmp_path / "lessons"

    assert [each.name for each in chosen(["05"], folder)] == [each.name for each in chosen([NAME], folder)] == [NAME]
    assert [each.name for each in chosen(None, folder)] == [NAME]
    with pytest.raises(ValueError, match=rf"there is no lesson '11': choose among {NAME}"):
        chosen(["11"], folder)


@pytest.mark.parametrize(
    ("tag", "new", "sentence"),
    [
        ("exercise:soft-moe", {"source": SOFT_MOE.stub + "\nx = 1"}, "must hold the exercise's stub and nothing else"),
        (
            "check:soft-moe",
            {"source": "check('soft-moe', soft_moe).points(4)"},
            r'must end in check\("soft-moe", soft_moe',
        ),
        ("check:soft-moe", {"source": "check('soft-moe', soft_moe)\nprint(1)"}, "must end in check"),
        ("check:soft-moe", {"source": ""}, "must end in check"),
        ("check:soft-moe", {"tags": []}, "soft-moe has a cell exercise:NAME or check:NAME without the other"),
        ("check:soft-moe", {"tags": ["exercise:soft-moe"]}, "two cells have the tag exercise:soft-moe"),
    ],
    ids=["stub", "points", "not last", "empty", "alone", "double"],
)
def test_a_lesson_with_a_fault_is_refused(lesson, tmp_path, tag, new, sentence):
    """What an export could not turn into an assignment stops it with a sentence that names the lesson."""
    with pytest.raises(ValueError, match=f"05_changed: .*{sentence}"):
        read(changed(lesson, tmp_path, tag, **new))


def test_what_a_check_cell_does_first_is_kept(lesson, tmp_path):
    """Lines before the check in its cell stay before it in an export."""
    path = changed(lesson, tmp_path, "check:soft-moe", source='tokens = 3\nprint(tokens)\ncheck("soft-moe", soft_moe)')
    (place,) = read(path).places

    assert nbgrader.graded(place).startswith("tokens = 3\nprint(tokens)\nfrom softmoe_edu.teaching import check\n")


def test_the_command_knows_the_same_kinds():
    """The command `softmoe-edu export` offers every kind of export."""
    assert tuple(KINDS) == cli.KINDS


def test_unknown_kinds_and_files_are_answered(tmp_path):
    """A kind that does not exist, or a file in place of a folder, gets a sentence."""
    (tmp_path / "file").touch()

    with pytest.raises(ValueError, match="there is no export 'moodle': choose among nbgrader, otter, sol"):
        export("moodle", tmp_path)
    with pytest.raises(FileExistsError, match="is a file: name a folder"):
        export("otter", tmp_path / "file")


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_written_over(kind, tmp_path, monkeypatch, lesson):
    """Where one file would change, it is kept, nothing else is written, and a sentence names it."""
    monkeypatch.setattr("softmoe_edu.teaching.exports.chosen", lambda wanted: [lesson])
    monkeypatch.setattr(solutions.Solution, "run", lambda solution: None)
    monkeypatch.setattr(solutions.Solution, "faults", lambda solution: [])
    monkeypatch.setattr(instructor, "cards", lambda: {"05": card_of(lesson)})
    folder = tmp_path / "out"
    said = export(kind, folder)
    first = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    kept = max(first)
    kept.write_text("mine")
    for path in first.keys() - {kept}:
        path.unlink()

    assert any(NAME in sentence for sentence in said) and str(folder) in said[-1]
    with pytest.raises(FileExistsError, match="already exists and may hold somebody's work: name another folder"):
        export(kind, folder)
    assert [path for path in folder.rglob("*") if path.is_file()] == [kept]
    assert kept.read_text() == "mine"


def test_an_export_twice_is_the_same(tmp_path, lesson):
    """The assignments are the same bytes each time, so that a second export into a folder changes nothing."""
    for module in (nbgrader, otter):
        folder = tmp_path / module.__name__
        assert module.export(folder, [lesson]) == module.export(folder, [lesson])


def test_a_lesson_without_exercise_is_left_out(tmp_path, lesson):
    """A lesson without exercises is named in a sentence and exported as no assignment."""
    empty = dataclasses.replace(lesson, name="00_empty", places=())
    for module in (nbgrader, otter):
        said = module.export(tmp_path / module.__name__, [empty, lesson])

        assert "00_empty has no exercise and was left out." in said
    assert not list(tmp_path.rglob("00_empty*"))


def test_the_solution_stands_between_the_markers(lesson):
    """Without what is marked, nbgrader's source is the stub; with it, and without the markers, the reference."""
    (place,) = lesson.places
    source = cell(nbgrader.assignment(lesson), "exercise:soft-moe").source
    before, rest = source.split(f"    {nbgrader.BEGIN}\n")
    inside, after = rest.split(f"    {nbgrader.END}")

    assert before + "    raise NotImplementedError" == place.exercise.stub
    assert (before + inside).strip() == place.exercise.solution and after == ""
    compile(source, "answer", "exec")
    compile(cell(otter.assignment(lesson), "exercise:soft-moe").source, "answer", "exec")


def test_nbgraders_metadata_is_complete(tmp_path):
    """Every role has the keys of schema 3, ids that are unique, and nothing else; tags stay beside it."""
    notebook = nbgrader.assignment(small_lesson(tmp_path))
    roles = [each.metadata.nbgrader for each in notebook.cells if "nbgrader" in each.metadata]
    keys = {"schema_version", "grade", "solution", "locked", "task", "grade_id"}

    assert len({role["grade_id"] for role in roles}) == len(roles) == 2 * len(POINTS)
    assert all(set(role) == keys | ({"points"} if role["grade"] else set()) for role in roles)
    assert sum(role["points"] for role in roles if role["grade"]) == sum(POINTS.values())
    assert [role["grade"] for role in roles] == [not role["solution"] for role in roles]


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # the Jupyter client's own warnings are no fault of a lesson
def test_a_solved_lesson_is_executed_and_green(tmp_path, lesson):
    """The written notebook holds the reference and a check that passed, and what it was told to say is said."""
    said = solutions.export(tmp_path / "out", [lesson])
    notebook = nbformat.read(tmp_path / "out" / f"{NAME}.ipynb", 4)

    assert cell(notebook, "exercise:soft-moe").source == SOFT_MOE.solution
    assert "soft-moe · passed" in cell(notebook, "check:soft-moe").outputs[0].data["text/plain"]
    assert said[0].startswith(f"{NAME}: 1 exercise (soft-moe) solved and passed, run in ")


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_lesson_that_is_not_green_is_not_written(tmp_path, lesson):
    """Where the reference does not pass, or a cell raises, the export stops and writes no file."""
    wrong = dataclasses.replace(SOFT_MOE)
    wrong.__dict__["solution"] = "def soft_moe(x, phi, experts):\n    return x"
    (place,) = lesson.places
    broken = copy.deepcopy(lesson.notebook)
    broken.cells[1].source = "import no_such_package"

    with pytest.raises(ValueError, match=r"05_small: .* it does not say that these are right: \['soft-moe'\]"):
        places = (dataclasses.replace(place, exercise=wrong),)
        solutions.export(tmp_path / "out", [dataclasses.replace(lesson, places=places)])
    with pytest.raises(ValueError, match="05_small does not run: ModuleNotFoundError"):
        solutions.export(tmp_path / "out", [dataclasses.replace(lesson, notebook=broken)])
    assert not (tmp_path / "out").exists()


def test_a_lesson_without_exercises_is_not_exported(tmp_path):
    """Lesson 00 alone has nothing to hand out: no folder is made for a grader; "5" is lesson 05."""
    for kind in ("nbgrader", "otter"):
        with pytest.raises(ValueError, match="There is nothing to export"):
            export(kind, tmp_path / kind, lessons=["0"])
        assert not (tmp_path / kind).exists()
    assert any("05_soft_moe_by_hand" in line for line in export("nbgrader", tmp_path / "course", lessons=["5"]))
