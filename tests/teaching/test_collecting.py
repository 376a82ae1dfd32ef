"""What a class handed in is put where nbgrader looks for it: whoever is called what, and however often it came."""

import copy
import io
import json
import os
import warnings
import zipfile

import nbformat
import pytest
from graders.course import NAME, cell, small_lesson
from nbformat.v4 import new_markdown_cell

from softmoe_edu.teaching.discovery import find_exercise
from softmoe_edu.teaching.exports import collecting, nbgrader
from softmoe_edu.teaching.exports.collecting import folder_name, into_course, recorded
from softmoe_edu.teaching.grading.attempts import Unclear

SOFT_MOE = find_exercise("soft-moe")
OLD, NEW = 1_700_000_000, 1_700_000_600


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course with a small lesson."""
    lesson = small_lesson(tmp_path / "lesson", ["soft-moe"])
    monkeypatch.setattr(collecting, "chosen", lambda wanted: [lesson])
    nbgrader.export(tmp_path / "course", [lesson])
    return tmp_path / "course"


@pytest.fixture
def notebook(tmp_path, course):
    """The lesson with a right answer."""
    made = nbformat.read(tmp_path / "lesson" / f"{NAME}.ipynb", 4)
    cell(made, "exercise:soft-moe").source = SOFT_MOE.solution
    return made


def hand_in(folder, name, notebook, when=OLD):
    """Write a notebook, or bytes, with a time."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(notebook if isinstance(notebook, bytes) else nbformat.writes(notebook).encode())
    os.utime(path, (when, when))


def submitted(course):
    """Return the paths of all that was collected, within submitted/."""
    folder = course / "submitted"
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_everybody_has_a_folder_of_their_own(course, notebook, tmp_path):
    """Names keep their words and letters; two dots, and a way out of a zip, lead nowhere."""
    came = tmp_path / "came"
    for name in (f"anna_mueller_{NAME}", f"anna_meier_{NAME}", f"Żółta Kaźmierczak_{NAME}", f".._{NAME}"):
        hand_in(came, f"{name}.ipynb", notebook)
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr(f"../../../grace/{NAME}.ipynb", nbformat.writes(notebook))
    hand_in(came, "grace.zip", zipped.getvalue())
    said = into_course(came, course)

    folders = {path.split(os.sep)[0] for path in submitted(course)}
    assert folders == {"anna mueller", "anna meier", "Żółta Kaźmierczak", "05-small", "grace"}
    assert {path.name for path in tmp_path.iterdir()} == {"lesson", "course", "came"}
    assert said[-1].startswith(f"{NAME}: 5 submissions, 5 new or changed. Next")
    assert (course / "submitted" / "grace" / NAME / f"{NAME}.ipynb").read_text("utf-8").count(SOFT_MOE.name)


def test_of_two_attempts_the_last_in_time_counts(course, notebook, tmp_path):
    """The others are named; a deadline makes an earlier one count, whose time nbgrader is told."""
    from datetime import UTC, datetime

    came, second = tmp_path / "came", copy.deepcopy(notebook)
    second.cells.append(new_markdown_cell("the second attempt"))
    hand_in(came, f"ada_attempt_1_{NAME}.ipynb", notebook, OLD)
    hand_in(came, f"ada_attempt_2_{NAME}.ipynb", second, NEW)
    folder = course / "submitted" / "ada" / NAME
    into_course(came, course)
    (one,) = recorded(course, NAME)

    assert "the second attempt" in (folder / f"{NAME}.ipynb").read_text("utf-8")
    assert (one.attempts, one.notes) == (2, (f"not used: ada_attempt_1_{NAME}.ipynb",))
    for made in ("autograded", "feedback"):
        (course / made / "ada" / NAME).mkdir(parents=True)
    into_course(came, course, deadline=datetime.fromtimestamp(OLD + 1, UTC))
    assert "the second attempt" not in (folder / f"{NAME}.ipynb").read_text("utf-8")
    assert (folder / "timestamp.txt").read_text("utf-8") == "2023-11-14 22:13:20 UTC"
    # nbgrader would keep the old grade, and its page.
    assert not [made for made in ("autograded", "feedback") if (course / made / "ada" / NAME).exists()]


def test_two_students_of_one_name_are_never_guessed(course, notebook, tmp_path):
    """With a roster that has two of them, the file has a line of its own, and both are named."""
    came, roster = tmp_path / "came", tmp_path / "class.csv"
    roster.write_text("id,name\ns1,Hal Oz\ns2,Hal Oz\ns3,Ida Pi\n")
    hand_in(came, "hal_oz.ipynb", notebook)
    hand_in(came, "s3.ipynb", notebook)
    said = into_course(came, course, roster_file=roster)
    by_student = {each.student: each for each in recorded(course, NAME)}

    assert any("may be of Hal Oz (s1), Hal Oz (s2)" in sentence for sentence in said)
    assert f"{NAME}: nothing came from Hal Oz, Hal Oz" in said
    assert {who: each.status for who, each in by_student.items()} == {
        "? hal_oz.ipynb": "collected",
        "s1": "missing",
        "s2": "missing",
        "s3": "collected",
    }
    assert by_student["s3"].name == "Ida Pi"
    assert not set("?*[]/") & set(by_student["? hal_oz.ipynb"].folder)  # nbgrader reads them as a pattern


def test_a_file_that_cannot_be_read_gets_a_notebook_that_says_so(course, notebook, tmp_path):
    """nbgrader grades it like another one, and the student gets a page."""
    hand_in(tmp_path / "came", f"ben_{NAME}.ipynb", nbformat.writes(notebook).encode()[:-40])
    said = into_course(tmp_path / "came", course)
    made = nbformat.read(course / "submitted" / "ben" / NAME / f"{NAME}.ipynb", 4)

    assert recorded(course, NAME)[0].status == "unreadable"
    assert f"ben_{NAME}.ipynb: the file is damaged" in said[0]
    assert [c.id for c in made.cells] == [
        collecting.UNREADABLE
    ] and "cannot be read: the file is damaged" in made.cells[0].source


@pytest.mark.parametrize("change", ["metadata", "format 3", "script"])
def test_what_nbgrader_could_not_open_is_made_anew_from_its_code(course, notebook, tmp_path, change):
    """A notebook that breaks the format, one of an old format, and a script become notebooks with the same answers."""
    document = json.loads(nbformat.writes(notebook))
    name = f"ada_{NAME}.ipynb"
    if change == "metadata":
        document["cells"][1]["metadata"] = 7
        content = json.dumps(document)
    elif change == "format 3":
        content = nbformat.writes(nbformat.convert(notebook, 3), version=3)
    else:
        name, content = f"ada_{NAME}.py", f"# %%\n{SOFT_MOE.solution}\n"
    hand_in(tmp_path / "came", name, content.encode())
    into_course(tmp_path / "came", course)
    made = nbformat.read(course / "submitted" / "ada" / NAME / f"{NAME}.ipynb", 4)

    nbformat.validate(made)
    assert any(SOFT_MOE.solution == c.source.strip() for c in made.cells)


def test_collecting_again_changes_what_changed(course, notebook, tmp_path):
    """The same files change nothing; what is gone goes; what somebody else put there is kept and named."""
    came = tmp_path / "came"
    for student in ("ada", "ben"):
        hand_in(came, f"{student}_{NAME}.ipynb", notebook)
    into_course(came, course)
    assert into_course(came, course)[-1].startswith(f"{NAME}: 2 submissions, 0 new or changed")

    (came / f"ben_{NAME}.ipynb").unlink()
    assert f"{NAME}: ben is no longer among them, and was taken out of submitted/" in into_course(came, course)
    assert [path.parent.name for path in (course / "submitted").glob("*/*")] == ["ada"]

    hand_in(course / "submitted", f"cleo/{NAME}/{NAME}.ipynb", b"{}")
    hand_in(came, f"cleo_{NAME}.ipynb", notebook)
    with pytest.raises(FileExistsError, match="was not written by this command: move it away"):
        into_course(came, course)
    assert (course / "submitted" / "cleo" / NAME / f"{NAME}.ipynb").read_bytes() == b"{}"


@pytest.mark.parametrize("change", ["none have ids", "two have one id", "an old format"])
def test_a_notebook_without_names_of_its_cells_reads_the_same_each_time(course, notebook, tmp_path, change):
    """nbformat draws names for such cells: the second collection finds nothing changed, and no grade is lost."""
    raw = json.loads(nbformat.writes(notebook))
    for each in raw["cells"]:
        each.pop("id", None)
        if change == "two have one id":
            each["id"] = "same"
    if change == "an old format":
        raw["nbformat_minor"] = 4
    hand_in(tmp_path / "came", f"ada_{NAME}.ipynb", json.dumps(raw).encode())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nbformat's own, of the names
        into_course(tmp_path / "came", course)
        again = into_course(tmp_path / "came", course)

    assert again[-1].startswith(f"{NAME}: 1 submission, 0 new or changed")


def test_what_cannot_be_collected_is_answered(course, tmp_path):
    """A folder without notebooks, and a course without the lesson, end in a sentence that says what to name."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(Unclear, match="holds no notebook: name the folder"):
        into_course(tmp_path / "empty", course)
    with pytest.raises(Unclear, match="holds no lesson: name the folder that `softmoe-edu export nbgrader` wrote"):
        into_course(tmp_path / "empty", tmp_path)
    with pytest.raises(Unclear, match="is the course itself: save what came back in a folder of its own"):
        into_course(course, course)


def test_folders_are_called_what_every_system_takes():
    """A name that is no folder's, a pattern, or another one in capitals becomes letters of its own."""
    taken: set[str] = set()
    names = [
        folder_name(each, taken) for each in ("s1", "anna.m@uni.edu", "S1", "..", "? a/b", "x[1]", "con", "a ", "学生")
    ]

    assert names[:2] == ["s1", "anna.m@uni.edu"] and names[-1] == "学生"
    assert len({each.casefold() for each in names}) == len(names)
    assert not [each for each in names if set(each) & set("?*[]/\\") or each.strip(". ") != each or each == "con"]
