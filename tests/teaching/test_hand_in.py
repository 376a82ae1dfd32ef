"""One file of what a learner did: from a workspace or from lessons outside of one, under a pseudonym."""

import json

import nbformat
import pytest
from classkit import LEARNERS, TO_TOKENS, line, of, rows, text_of
from IPython.core.formatters import DisplayFormatter

from softmoe_edu import cli
from softmoe_edu.teaching import progress
from softmoe_edu.teaching.check.examine import check
from softmoe_edu.teaching.class_report.report import report
from softmoe_edu.teaching.hand_in.pseudonym import PSEUDONYM
from softmoe_edu.teaching.hand_in.session import hand_in, main


def ada_in(place):
    """Make a workspace that holds Ada's progress."""
    (place / ".softmoe").mkdir(parents=True, exist_ok=True)
    (place / "lessons").mkdir(exist_ok=True)
    (place / progress.FILE).write_text(text_of(LEARNERS["ada"]))
    return place


def handed_in(place):
    """Return the file that was made in a folder, and its lines."""
    (path,) = place.glob("hand-in-*.jsonl")
    return path, [json.loads(each) for each in path.read_text("utf-8").splitlines()]


def wrong(logits):
    """Return an answer that no mistake matches."""
    return logits * 0 + 1.5


def notebook_with(path, *functions):
    """Save a notebook whose checks ran outside of a workspace, with their outputs."""
    cells = [nbformat.v4.new_code_cell("from softmoe_edu.teaching import check")]
    for function in functions:
        data, metadata = DisplayFormatter().format(check("dispatch-weights", function))
        cells.append(nbformat.v4.new_code_cell('check("dispatch-weights", f)'))
        cells[-1].outputs = [nbformat.v4.new_output("execute_result", data=data, metadata=metadata)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbformat.validate(notebook)
    nbformat.write(notebook, path)


@pytest.fixture
def outside(tmp_path, monkeypatch, new_session):
    """The current folder is a folder of fetched assignments, in no workspace."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(progress.SWITCH, raising=False)
    return tmp_path


def test_a_hand_in_counts_as_its_workspace_does(tmp_path):
    """The report on the hand-in is the report on the progress file, and the file is found from a folder below."""
    place = ada_in(tmp_path / "softmoe_lab")
    said = hand_in(place / "lessons")
    path, (head, *events) = handed_in(place)

    assert (head["kind"], head["version"]) == ("hand-in", 1) and PSEUDONYM.fullmatch(head["id"])
    assert path.name == f"hand-in-{head['id']}.jsonl"
    assert len(events) == len(LEARNERS["ada"])
    assert report([path]).tables == report([place / progress.FILE]).tables
    assert said[0] == f"Your hand-in is {path}."
    assert said[1].startswith(
        "It holds 6 checks, 1 hint, 3 reveals, 2 diagnoses, each with its time, under the pseudonym"
    )


def test_the_folder_that_holds_the_workspace_will_do(tmp_path):
    """`softmoe-edu lab` makes softmoe_lab in the current folder, where people stay; of two, one must be named."""
    place = ada_in(tmp_path / "softmoe_lab")
    hand_in(tmp_path)
    assert handed_in(place)

    ada_in(tmp_path / "another")
    with pytest.raises(ValueError, match=r"holds 2 workspaces: name one, such as .*another"):
        hand_in(tmp_path)


def test_the_pseudonym_stays_and_is_made_of_nothing(tmp_path, monkeypatch):
    """It is the same next week; two workspaces with the same name, user and events have different ones."""
    names = []
    for place in (ada_in(tmp_path / "a" / "lab"), ada_in(tmp_path / "b" / "lab")):
        for _ in range(2):
            hand_in(place)
            names.append(handed_in(place)[1][0]["id"])

    assert names[0] == names[1] != names[2] == names[3]


def test_a_damaged_pseudonym_is_drawn_anew(tmp_path):
    """What is in its file never gets into the hand-in unless it is sixteen hexadecimal digits."""
    place = ada_in(tmp_path)
    (place / ".softmoe" / "pseudonym").write_text("Ada Lovelace\n")
    hand_in(place)

    assert PSEUDONYM.fullmatch(handed_in(place)[1][0]["id"])
    assert "Lovelace" not in handed_in(place)[0].read_text()


def test_no_name_no_path_and_no_text_of_the_learner_is_in_it(tmp_path):
    """Unknown keys go, unknown words become "(other)", and what the lessons themselves wrote stays."""
    place = ada_in(tmp_path / "ada-lovelace")
    check_of, reveal, _ = of(0)
    with (place / progress.FILE).open("a") as file:
        odd = [
            check_of(70, "ada", "failed", "ada", str(place), printed="Ada", path=str(place)),
            reveal(71, "m01-sums", TO_TOKENS, "Ada", 90, False),
            line(72, "diary", "ada", text="Ada"),
            line(73, "clinic", "clinic-02", right=True, said=["ada"]),
        ]
        file.write(text_of(odd))
    hand_in(place)
    path, events = handed_in(place)

    assert len(events) == 1 + len(LEARNERS["ada"]) + 3
    assert "ada" not in path.read_text().lower() and str(tmp_path) not in path.read_text()
    assert events[-2]["answer"] == TO_TOKENS and events[-2]["truth"] == "(other)"


def test_checks_of_a_fetched_assignment_are_found_in_its_outputs(outside, capsys):
    """Outside of a workspace the notebook keeps the last run of each check; from then on the folder keeps all."""
    (outside / "ps1").mkdir()
    notebook_with(outside / "ps1" / "05.ipynb", wrong, lambda logits: undefined)  # noqa: F821
    said = hand_in(outside)
    _, (_, *events) = handed_in(outside)

    assert [event["status"] for event in events] == ["failed", "failed"]
    assert [event.get("error") for event in events] == [None, "NameError"]
    assert events[0]["returned"]["shows"] == "(3,7,4,2) 1.5 1.5 1.5 1.5 ..."
    assert "From now on" in said[-1] and "It holds 2 checks" in said[1]
    assert len(rows(report([outside]), "clusters")) == 1

    progress.note("hint", "soft-moe", level=1)
    hand_in(outside / "ps1")
    assert [event["kind"] for event in handed_in(outside)[1]] == ["hand-in", "check", "check", "hint"]


def test_in_a_workspace_a_notebook_keeps_nothing(workspace):
    """What the progress file took stands in no output, nor does anything where progress is switched off."""
    assert check("dispatch-weights", wrong).event is None


def test_where_progress_is_off_a_notebook_keeps_nothing(outside, monkeypatch):
    """SOFTMOE_PROGRESS=off holds for outputs, too."""
    monkeypatch.setenv(progress.SWITCH, "off")
    report_of = check("dispatch-weights", wrong)

    assert report_of.event is None and DisplayFormatter().format(report_of)[1] == {}


def test_without_lessons_there_is_nothing_to_hand_in(outside):
    """A folder of other things stays as it is; one with lessons that did not run becomes a workspace."""
    (outside / "photo.jpg").write_bytes(b"x")
    nbformat.write(nbformat.v4.new_notebook(), outside / "other.ipynb")
    with pytest.raises(ValueError, match="holds no lessons"):
        hand_in(outside)
    assert not (outside / ".softmoe").exists()

    notebook_with(outside / "05.ipynb")
    with pytest.raises(ValueError, match="nothing to hand in yet"):
        hand_in(outside)
    assert (outside / ".softmoe").is_dir() and not list(outside.glob("hand-in-*"))


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"cells": 3}', '{"cells": [{"outputs": [{"metadata": {"softmoe_edu": 3}}]}]}']
)
def test_a_damaged_notebook_costs_its_own_events(tmp_path, content):
    """The others and the progress file are handed in."""
    place = ada_in(tmp_path)
    (place / "lessons" / "05.ipynb").write_text(content + " " * 9 + "softmoe_edu" * (content == "{"))
    hand_in(place)

    assert len(handed_in(place)[1]) == 1 + len(LEARNERS["ada"])


def test_another_file_is_never_overwritten(tmp_path):
    """An older hand-in under the same name is replaced; a notebook that stands there is not."""
    place = ada_in(tmp_path)
    out = tmp_path / "mine.jsonl"
    hand_in(place, out)
    hand_in(place, out)
    out.write_text("my notes\n")

    with pytest.raises(ValueError, match="already exists and is no hand-in"):
        hand_in(place, out)
    assert out.read_text() == "my notes\n"


def test_the_command_says_where_the_file_lies(tmp_path, capsys, monkeypatch):
    """The current folder is the default; errors are sentences with status 1."""
    place = ada_in(tmp_path / "lab")
    monkeypatch.chdir(place / "lessons")
    cli.main(["hand-in", "--out", str(tmp_path / "out.jsonl")])
    assert str(tmp_path / "out.jsonl") in capsys.readouterr().out

    with pytest.raises(SystemExit, match="is no folder"):
        cli.main(["hand-in", str(tmp_path / "gone")])


def test_a_pseudonym_that_cannot_be_kept_is_a_sentence(tmp_path):
    """Without it the next hand-in would be another learner's, so nothing is written."""
    place = ada_in(tmp_path)
    (place / ".softmoe" / "pseudonym").mkdir()
    with pytest.raises(SystemExit, match=r"pseudonym.*cannot be written"):
        main(place)

    assert not list(place.glob("hand-in-*"))


def test_a_folder_that_cannot_be_made_a_workspace_is_a_sentence(outside):
    """The way out is a folder of one's own."""
    notebook_with(outside / "05.ipynb", wrong)
    (outside / ".softmoe").write_text("a file")
    with pytest.raises(ValueError, match=r"cannot be made .*: copy your lessons"):
        hand_in(outside)
